"""What whoever keeps the hub is told, and when: from what is wrong now and what was said before.

Pure. Moments are milliseconds since 1970. No trouble names a person, and numbers of messages are text that was made
rough before it came here (domain.md §3.7).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

import msgspec

from hub.core.flows import HOUR_MS
from hub.core.topics import DAY_MS

MINUTE_MS = 60_000


class Kind(StrEnum):
    DOWN = "down"
    """A part of the hub does not answer."""
    UNREADY = "unready"
    """A part answers that it cannot do its work."""
    KAFKA = "kafka"
    DATABASE = "database"
    DISK = "disk"
    FINAL = "final"
    """Something was refused for good, or nothing is sent to a subscription any more."""
    BACKLOG = "backlog"
    SILENCE = "silence"
    SIGNALS = "signals"
    REFUSALS = "refusals"


class Manner(NamedTuple):
    """How a kind of trouble is spoken of. `rest`: so long nothing is said of it after it was said, though it went and
    came back; `again`: after so long it is said again while it stands; `fresh`: and then only if there is news."""

    rest: int
    again: int
    fresh: bool = False


_MACHINE = Manner(HOUR_MS, DAY_MS)
_WEEKLY = Manner(DAY_MS, 7 * DAY_MS)
MANNERS: Mapping[Kind, Manner] = {
    Kind.DOWN: _MACHINE,
    Kind.UNREADY: _MACHINE,
    Kind.KAFKA: _MACHINE,
    Kind.DATABASE: _MACHINE,
    Kind.DISK: _MACHINE,
    Kind.FINAL: Manner(DAY_MS, DAY_MS, fresh=True),
    Kind.BACKLOG: Manner(HOUR_MS, DAY_MS),
    Kind.SILENCE: _WEEKLY,
    Kind.SIGNALS: _WEEKLY,
    Kind.REFUSALS: Manner(6 * HOUR_MS, DAY_MS),
}
TOLD_BY_DATABASE = frozenset({Kind.FINAL, Kind.BACKLOG, Kind.SILENCE, Kind.SIGNALS, Kind.REFUSALS})
"""Of these nothing is known while the read model does not answer."""


class Trouble(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that is wrong: `about` is a part, a subscription, an organisation, or a publisher with its flow; `who`
    the partner or organisation to speak to; `what` and `amount` say more of it. `since` is None when only the looking
    can tell, `latest` the last moment at which there was news of it."""

    kind: Kind
    about: str = ""
    who: str = ""
    what: str = ""
    amount: str = ""
    since: int | None = None
    latest: int = 0

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.about}"


class Sight(NamedTuple):
    """One look: what is wrong, and of which kinds nothing could be seen."""

    troubles: tuple[Trouble, ...] = ()
    blind: frozenset[Kind] = frozenset()


class Standing(msgspec.Struct, frozen=True):
    """A trouble as it was seen last, at `seen`, and seen first at `first`."""

    trouble: Trouble
    first: int
    seen: int

    @property
    def since(self) -> int:
        return self.first if self.trouble.since is None else self.trouble.since


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """That a trouble was told of at `at`, for the `times`-th time since it began; `over`: and then that it is over."""

    trouble: Trouble
    since: int
    at: int
    times: int = 1
    over: bool = False


class Phase(StrEnum):
    RAISED = "raised"
    AGAIN = "again"
    OVER = "over"


class Alert(NamedTuple):
    """One thing to tell. `times` counts how often the trouble was told of, this time with it."""

    phase: Phase
    trouble: Trouble
    since: int
    times: int


Standings = dict[str, Standing]
Sayings = dict[str, Said]


def sight(troubles: Iterable[Trouble], blind: Iterable[Kind] = ()) -> Sight:
    """A look without what merely follows from something else: no part can do its work without Kafka."""
    found, unseen = tuple(troubles), frozenset(blind)
    if any(one.kind is Kind.KAFKA for one in found):
        found = tuple(one for one in found if one.kind is not Kind.UNREADY)
        unseen |= {Kind.UNREADY}
    return Sight(found, unseen)


def follow(before: Mapping[str, Standing], seen: Sight, now: int, patience: int) -> Standings:
    """What stands after a look at `now`. A trouble that is not seen for a moment goes on; after `patience` it is over,
    unless nothing could be seen of its kind."""
    after: Standings = {}
    for one in seen.troubles:
        known = before.get(one.key)
        after[one.key] = Standing(one, known.first if known else now, now)
    for key, known in before.items():
        if key not in after and (known.trouble.kind in seen.blind or now - known.seen < patience):
            after[key] = known
    return after


def tell(
    standing: Mapping[str, Standing], said: Mapping[str, Said], now: int, patience: int
) -> tuple[list[Alert], Sayings]:
    """What is to be said at `now`, and what has been said once that is done. A trouble is told of when it was seen for
    as long as `patience`."""
    alerts: list[Alert] = []
    after: Sayings = {}
    for key, one in standing.items():
        before = said.get(key)
        alert = _spoken(one, before, now) if one.seen - one.first >= patience else None
        if alert is not None:
            alerts.append(alert)
            after[key] = Said(one.trouble, alert.since, now, alert.times)
        elif before is not None:
            after[key] = before
    for key, before in said.items():
        if key in standing:
            continue
        if not before.over:
            alerts.append(Alert(Phase.OVER, before.trouble, before.since, before.times))
            after[key] = msgspec.structs.replace(before, over=True)
        elif now - before.at < MANNERS[before.trouble.kind].rest:
            after[key] = before
    return alerts, after


def _spoken(one: Standing, before: Said | None, now: int) -> Alert | None:
    trouble = one.trouble
    if before is None:
        return Alert(Phase.RAISED, trouble, one.since, 1)
    manner = MANNERS[trouble.kind]
    if now - before.at < (manner.rest if before.over else manner.again):
        return None
    if before.over:
        return Alert(Phase.RAISED, trouble, one.since, 1)
    if manner.fresh and trouble.latest <= before.at and trouble.what == before.trouble.what:
        return None
    return Alert(Phase.AGAIN, trouble, before.since, before.times + 1)
