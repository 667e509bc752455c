"""Sending again, as somebody orders it on a page: what a form asks of the API, and what the API tells of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hub.core.dead_letters import CAUSES
from hub.core.redelivery import ANY, PACE, PACE_MOST, WHY
from hub.monitor.words import CITY

RANGE = "range"
"""Stands for no cause: every message of the range, refused or not."""

FIELDS = ("cause", "from", "to", "since", "until", "why", "pace")
NUMBERS = ("from", "to", "pace")
MOMENTS = ("since", "until")


class Options(NamedTuple):
    """What can be chosen."""

    any: str
    range: str
    causes: tuple[str, ...]
    reasons: tuple[str, ...]
    pace: int
    fastest: int


CHOICE = Options(ANY, RANGE, tuple(CAUSES), tuple(WHY), PACE, PACE_MOST)


class Replay(NamedTuple):
    """A replay as `GET /v1/subscriptions/{id}/replays` tells of it; `counts` by what became of them, no zeros."""

    id: str
    state: str
    total: int
    done: int
    counts: dict[str, int]
    pace: int
    by: str
    why: str
    ordered: str

    @property
    def over(self) -> bool:
        return self.state in ("finished", "stopped")


def shown(told: Mapping[str, Any]) -> Replay:
    names = ("delivered", "failed", "withdrawn", "gone", "live")
    return Replay(
        **{name: told[name] for name in ("id", "state", "total", "done", "pace", "by", "ordered")},
        counts={name: told[name] for name in names if told[name]},
        why=told["why"]["code"],
    )


def chosen(fields: Mapping[str, str]) -> dict[str, str]:
    """What stands in the form: as it was sent, or as it is proposed."""
    proposed = {"cause": ANY, "pace": str(PACE)}
    return {name: fields.get(name, "") or proposed.get(name, "") for name in FIELDS}


def order(fields: Mapping[str, str]) -> dict[str, Any]:
    """The body of `_replay` but for `dryRun`; what is wrong goes along as it is, for the API to say so."""
    given = {name: fields[name].strip() for name in FIELDS if fields.get(name, "").strip()}
    if given.get("cause") == RANGE:
        del given["cause"]
    made: dict[str, Any] = dict(given)
    made |= {name: int(given[name]) for name in NUMBERS if given.get(name, "").isdecimal()}
    return made | {name: _instant(given[name]) for name in MOMENTS if name in given}


def _instant(given: str) -> str:
    """With its offset, of a moment as a form has it, which is in the time of the city."""
    try:
        return datetime.fromisoformat(given).replace(tzinfo=ZoneInfo(CITY)).isoformat()
    except ValueError:
        return given
