"""What may be asked of a replay. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from hub.core import attributes
from hub.core.dead_letters import CAUSES
from hub.core.event import Fault
from hub.core.identity import instant
from hub.core.redelivery import ANY, PACE, PACE_MOST, WHY, Selection
from hub.core.strict_json import MAX_INTEGER

_NUMBERS = {"from": "first", "to": "last"}
_MOMENTS = ("since", "until")
_FIELDS = frozenset({*_NUMBERS, *_MOMENTS, "cause", "subject", "pace", "why", "dryRun"})
_LONGEST = 500


class Asked(NamedTuple):
    selection: Selection
    pace: int
    why: str
    dry: bool


def read(given: object) -> Asked | list[Fault]:
    """What is asked, or everything that is wrong with it."""
    if not isinstance(given, dict):
        return [Fault("", "json", "a replay is a JSON object")]
    if faults := list(_check(given)):
        return faults
    dry = given.get("dryRun", True)
    selection = _selection(given)
    faults = [*_order(selection), *_reason(given.get("why"), dry)]
    return faults or Asked(selection, given.get("pace", PACE), given.get("why", ""), dry)


def _selection(given: Mapping[str, Any]) -> Selection:
    numbers: dict[str, Any] = {_NUMBERS[name]: given[name] for name in _NUMBERS if name in given}
    moments: dict[str, Any] = {name: _milliseconds(given[name]) for name in _MOMENTS if name in given}
    cause, subject = given.get("cause", ""), given.get("subject", "")
    return Selection(**numbers, **moments, cause=cause, subject=subject)


def _check(given: Mapping[str, Any]) -> Iterator[Fault]:
    if set(given) - _FIELDS:
        yield Fault("", "unknown-field", f"there is a field that a replay has not; known: {_known(_FIELDS)}")
    for name in _NUMBERS:
        if name in given and not _whole(given[name], MAX_INTEGER):
            yield Fault(f"/{name}", "number", "must be a number of the feed, from 1")
    for name in _MOMENTS:
        if name in given and (not isinstance(given[name], str) or attributes.wrong("time", given[name])[0]):
            yield Fault(f"/{name}", "time", "must be a moment as in RFC 3339, such as 2026-11-21T09:12:44Z")
    if given.get("cause", ANY) not in (*CAUSES, ANY):
        yield Fault("/cause", "cause", f"must be {ANY}, for all dead letters, or one of {_known(CAUSES)}")
    if "subject" in given and not _text(given["subject"]):
        yield Fault(
            "/subject", "subject", f"must be the subject of an event: a code, at most {_LONGEST} characters"
        )
    if not _whole(given.get("pace", PACE), PACE_MOST):
        yield Fault("/pace", "pace", f"must be requests per minute, 1 to {PACE_MOST}")
    if not isinstance(given.get("dryRun", True), bool):
        yield Fault("/dryRun", "type", "must be true or false")


def _order(selection: Selection) -> Iterator[Fault]:
    if not selection.criteria:
        yield Fault("", "selection", "say what to send again: from, to, since, until, cause or subject")
    if selection.last and selection.last < selection.first:
        yield Fault("/to", "range", "lies before from")
    if selection.until and selection.until <= selection.since:
        yield Fault("/until", "range", "does not lie after since")


def _reason(why: object, dry: bool) -> Iterator[Fault]:
    if not (isinstance(why, str) and why in WHY) and not (dry and why is None):
        yield Fault("/why", "why", f"say why, with one of the codes {_known(WHY)}")


def _known(names: Mapping[str, object] | frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _text(given: object) -> bool:
    return isinstance(given, str) and 0 < len(given) <= _LONGEST and not attributes.wrong("subject", given)[0]


def _whole(given: object, most: int) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= most


def _milliseconds(time: str) -> int:
    return int(datetime.fromisoformat(instant(time)).timestamp() * 1000)
