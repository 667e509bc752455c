"""Pure: alerts in words for people, and as JSON for machines."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from hub.alerts.words import AMOUNTS, LABELS, PHASES, SENDER, SEVERAL, STATES, WORDS, Pair
from hub.core.alerts import Alert, Kind, Phase
from hub.core.event import moment

CITY = ZoneInfo("Europe/Amsterdam")
SUBJECT = "[onderwijshub] "
SUBJECT_LENGTH = 120
DUTCH, ENGLISH = 0, 1
_DAYS = (["ma", "di", "wo", "do", "vr", "za", "zo"], ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
_MONTHS = (
    ["jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"],
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
)


class Names(NamedTuple):
    """What partners (by id), organisations (by OrgRef) and flows (in Dutch and English) are called."""

    partner: Callable[[str], str]
    org: Callable[[str], str]
    flow: Callable[[str], Pair]


class Letter(NamedTuple):
    """`id` is the same whenever the same is told; `body` is the JSON of a webhook."""

    id: str
    subject: str
    text: str
    body: bytes


def compose(alerts: Sequence[Alert], names: Names, url: str, now: int) -> Letter:
    """All `alerts` in one letter, those of the machine first. `url` is that of the pages."""
    ordered = sorted(
        alerts, key=lambda one: (one.phase is Phase.OVER, _PLACE[one.trouble.kind], one.trouble.key)
    )
    first = _title(ordered[0], names, DUTCH)
    subject = first if len(ordered) == 1 else SEVERAL[DUTCH].format(n=len(ordered), first=first)
    text = "\n\n".join(
        [
            *(_told(one, names, url, DUTCH) for one in ordered),
            SENDER[DUTCH],
            "---",
            *(_told(one, names, url, ENGLISH) for one in ordered),
            SENDER[ENGLISH],
        ]
    )
    id = _id(ordered)
    return Letter(id, _one_line(SUBJECT + subject), text + "\n", _body(id, ordered, names, url, now))


_PLACE = {kind: place for place, kind in enumerate(Kind)}


def _id(alerts: Sequence[Alert]) -> str:
    told = "\n".join(f"{one.phase} {one.trouble.key} {one.since} {one.times}" for one in alerts)
    return "alert_" + hashlib.blake2b(told.encode(), digest_size=16).hexdigest()


def _body(id: str, alerts: Sequence[Alert], names: Names, url: str, now: int) -> bytes:
    told = [
        {
            "phase": one.phase,
            "kind": one.trouble.kind,
            "about": one.trouble.about,
            "who": _who(one, names),
            "what": one.trouble.what,
            "amount": one.trouble.amount,
            "since": moment(one.since),
            "title": {"nl": _title(one, names, DUTCH), "en": _title(one, names, ENGLISH)},
            "look": url + WORDS[one.trouble.kind].page,
        }
        for one in alerts
    ]
    content: dict[str, Any] = {"type": "hub.alerts", "timestamp": moment(now), "data": {"alerts": told}}
    return orjson.dumps(content)


def _told(alert: Alert, names: Names, url: str, language: int) -> str:
    rows = (f"  {LABELS[label][language]}: {said}" for label, said in _rows(alert, names, url, language))
    return "\n".join([_title(alert, names, language), *rows])


def _rows(alert: Alert, names: Names, url: str, language: int) -> Iterator[tuple[str, str]]:
    trouble, words = alert.trouble, WORDS[alert.trouble.kind]
    if trouble.who:
        yield "who", f"{_who(alert, names)} ({trouble.who})"
    if trouble.kind in (Kind.FINAL, Kind.BACKLOG):
        yield "subscription", trouble.about
    if trouble.what in STATES:
        yield "state", STATES[trouble.what][language]
    if trouble.amount:
        yield "amount", AMOUNTS[trouble.kind][language].format(amount=trouble.amount, what=trouble.what)
    yield "since", written(alert.since, language)
    if alert.phase is not Phase.OVER:
        yield "do", words.do[language].format(about=trouble.about)
    yield "look", url + words.page


def _title(alert: Alert, names: Names, language: int) -> str:
    trouble, words = alert.trouble, WORDS[alert.trouble.kind]
    said = (words.over if alert.phase is Phase.OVER else words.wrong)[language]
    flow = names.flow(trouble.what)[language] if trouble.kind is Kind.SILENCE else ""
    return PHASES[alert.phase][language] + said.format(about=trouble.about, who=_who(alert, names), flow=flow)


def _who(alert: Alert, names: Names) -> str:
    trouble = alert.trouble
    return (names.org if trouble.kind is Kind.SIGNALS else names.partner)(trouble.who) if trouble.who else ""


def written(at: int, language: int) -> str:
    """A moment as people here write it."""
    local = datetime.fromtimestamp(at / 1000, UTC).astimezone(CITY)
    day, month = _DAYS[language][local.weekday()], _MONTHS[language][local.month - 1]
    return f"{day} {local.day} {month} {local.year} {local:%H:%M}"


def _one_line(text: str) -> str:
    """Names come from the directory; a header is one line and not long."""
    plain = " ".join(text.split())
    return plain if len(plain) <= SUBJECT_LENGTH else plain[: SUBJECT_LENGTH - 1] + "…"
