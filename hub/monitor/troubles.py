"""Pure: what is wrong with deliveries now, by cause and worst first, and what whoever looks may know of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from hub.core import dead_letters
from hub.core.contact import Contact
from hub.core.letters import Group
from hub.core.people import PersonRole
from hub.core.topics import DAY_MS
from hub.monitor.figures import LATE_MS, STUCK_MS
from hub.monitor.shown import Shown, banded, exact
from hub.monitor.viewer import Viewer

UNREAD_MS = DAY_MS
"""A feed that nobody reads for so long, though something waits in it, is a trouble."""

LIGHTS = ("stuck", "late", "ended", "quiet", "well")
"""Worst first: nothing goes out · it goes too slowly · refused for good · as the partner wants it · nothing wrong."""

CAUSES = (
    *("stopped", "expired", "handshake"),
    *dead_letters.CAUSES,
    *("unreachable", "busy", "backlog", "unread", "pending", "paused"),
)
"""Why something is stuck: the causes of dead letters, and what else keeps a subscription from getting its events."""

_STANDS = {
    "stopped": ("stopped", "stuck"),
    "expired": ("expired", "stuck"),
    "refused": ("handshake", "stuck"),
    "pending": ("pending", "late"),
    "paused": ("paused", "quiet"),
}
_FAILING = ("breaker-open", "backing-off")
_BUSY = "429"


class Lane(NamedTuple):
    """One subscription as it stands. `state` is one of `hub.core.subscription.Status`, paused, or pull; `since` when
    it began and `next_at` when the next attempt is due (milliseconds since 1970, 0 = unknown). `oldest`, `attempts` and
    `answer` are as in `hub.core.contact.Waiting`. `fetched` tells whether its feed is how its partner gets events."""

    subscription: str
    partner: str
    state: str
    reason: str = ""
    since: int = 0
    next_at: int = 0
    open: int = 0
    oldest: int = 0
    attempts: int = 0
    answer: str = ""
    contact: Contact = Contact()
    fetched: bool = False


class Reading(NamedTuple):
    """All lanes and all open dead letters, as they are before it is decided who may see them. `published` says by
    partner when it last sent something."""

    at: int
    lanes: Sequence[Lane] = ()
    letters: Sequence[Group] = ()
    published: Mapping[str, int] = {}


class Scope(NamedTuple):
    """What somebody may know: of one `partner`, or of all (""); `rough` when numbers are shown as a range, and nothing
    that a receiver said."""

    partner: str = ""
    rough: bool = True

    def sees(self, partner: str) -> bool:
        return self.partner in ("", partner)

    def number(self, count: int) -> Shown:
        return banded(count) if self.rough else exact(count)


class Row(NamedTuple):
    """One subscription that has one trouble; `letters` were refused for good by that cause. `light` is that of the
    trouble, `stand` that of the state. `age` is that of the oldest undelivered, in milliseconds. None = does not
    apply."""

    cause: str
    light: str
    stand: str
    subscription: str
    partner: str
    state: str
    since: int
    age: int | None
    waiting: Shown
    letters: Shown
    attempts: int
    next_at: int


class Trouble(NamedTuple):
    cause: str
    light: str
    rows: list[Row]


class Board(NamedTuple):
    """`own` is whether the reader is of the partner itself, and so addressed; `partner` whom it was narrowed to."""

    at: int
    own: bool
    partner: str
    troubles: list[Trouble]


class LaneRow(NamedTuple):
    """One subscription, whatever its state; `dead` tells whether anything was refused for good. Ages in milliseconds,
    None = never."""

    subscription: str
    state: str
    stand: str
    dead: bool
    since: int
    delivered: int | None
    tried: int | None
    pulled: int | None
    pull: bool


class PartnerRow(NamedTuple):
    id: str
    partner: str
    published: int | None
    lanes: list[LaneRow]


class Standing(NamedTuple):
    """One subscription, and its troubles, worst first."""

    at: int
    own: bool
    rough: bool
    lane: Lane
    row: LaneRow
    partner: str
    age: int | None
    waiting: Shown
    troubles: list[Row]


def scope(viewer: Viewer) -> Scope:
    if viewer.person is None:
        raise ValueError("nobody may know of troubles without a role")
    exactly = (PersonRole.OPERATOR, PersonRole.PARTNER_ADMINISTRATOR)
    return Scope(viewer.partner, rough=viewer.person.role not in exactly)


def board(reading: Reading, name: Callable[[str], str], given: Scope, partner: str = "") -> Board:
    """`name` gives that of a partner by its id; `partner` narrows it to one."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for lane in reading.lanes:
        if given.sees(lane.partner) and partner in ("", lane.partner):
            for row in _rows(reading, lane, name, given):
                found[row.cause].append(row)
    troubles = []
    for cause, rows in found.items():
        rows.sort(key=_worst)
        troubles.append(Trouble(cause, rows[0].light, rows))
    troubles.sort(key=lambda one: _worst(one.rows[0]))
    return Board(reading.at, bool(given.partner), partner, troubles)


def standing(
    reading: Reading, name: Callable[[str], str], given: Scope, subscription: str
) -> Standing | None:
    """None for what is not there, and for what is another's."""
    lane = next((one for one in reading.lanes if one.subscription == subscription), None)
    if lane is None or not given.sees(lane.partner):
        return None
    rows = sorted(_rows(reading, lane, name, given), key=_worst)
    return Standing(
        at=reading.at,
        own=bool(given.partner),
        rough=given.rough,
        lane=lane,
        row=_lane(reading, lane),
        partner=name(lane.partner),
        age=_waited(lane, reading.at),
        waiting=given.number(lane.open),
        troubles=rows,
    )


def partners(reading: Reading, name: Callable[[str], str], given: Scope) -> list[PartnerRow]:
    """Everybody, by name, with its subscriptions. A feed that nobody needs to read stands there when somebody does."""
    lanes: defaultdict[str, list[LaneRow]] = defaultdict(list)
    for lane in reading.lanes:
        shown = lanes[lane.partner] if given.sees(lane.partner) else []
        if lane.state != "pull" or lane.fetched or lane.contact.pulled:
            shown.append(_lane(reading, lane))
    rows = [
        PartnerRow(id, name(id), _age(reading.published.get(id, 0), reading.at), sorted(own, key=_by_light))
        for id, own in lanes.items()
    ]
    return sorted(rows, key=lambda row: (row.partner, row.id))


def blocked(lane: Lane, at: int) -> tuple[str, str] | None:
    """The cause why nothing, or too little, reaches this subscription now, and its light."""
    if found := _STANDS.get(lane.state):
        return found
    age = _waited(lane, at) or 0
    if lane.state == "pull":
        return ("unread", "late") if lane.fetched and lane.open and age >= UNREAD_MS else None
    if lane.state in _FAILING:
        still = lane.state == "breaker-open" or age >= STUCK_MS
        return _failure(lane.answer), "stuck" if still else "late"
    if age >= LATE_MS:
        return "backlog", "stuck" if age >= STUCK_MS else "late"
    return None


def _failure(answer: str) -> str:
    if not answer:
        return "unreachable"
    return "busy" if answer == _BUSY else dead_letters.cause(answer)


def _rows(reading: Reading, lane: Lane, name: Callable[[str], str], given: Scope) -> list[Row]:
    letters = {one.cause: one.count for one in reading.letters if one.subscription == lane.subscription}
    stuck = blocked(lane, reading.at)
    causes = dict.fromkeys([*([stuck[0]] if stuck else []), *letters])
    made = []
    for cause in causes:
        here = stuck is not None and cause == stuck[0]
        made.append(
            Row(
                cause=cause,
                light=stuck[1] if stuck and here else "ended",
                stand=stuck[1] if stuck else "well",
                subscription=lane.subscription,
                partner=name(lane.partner),
                state=lane.state,
                since=lane.since,
                age=_waited(lane, reading.at) if here else None,
                waiting=given.number(lane.open if here else 0),
                letters=given.number(letters.get(cause, 0)),
                attempts=lane.attempts if here else 0,
                next_at=lane.next_at if here and lane.next_at > reading.at else 0,
            )
        )
    return made


def _worst(row: Row) -> tuple[int, int, int, int, str, str]:
    """By what is shown, for the order of what is hidden would tell of it."""
    place = CAUSES.index(row.cause) if row.cause in CAUSES else len(CAUSES)
    return (
        LIGHTS.index(row.light),
        -(row.age or 0),
        place,
        -row.letters.low,
        row.partner,
        row.subscription,
    )


def _lane(reading: Reading, lane: Lane) -> LaneRow:
    stuck, contact = blocked(lane, reading.at), lane.contact
    return LaneRow(
        subscription=lane.subscription,
        state=lane.state,
        stand=stuck[1] if stuck else "well",
        dead=any(one.subscription == lane.subscription for one in reading.letters),
        since=lane.since,
        delivered=_age(contact.delivered, reading.at),
        tried=_age(contact.tried, reading.at),
        pulled=_age(max(contact.pulled, contact.shown), reading.at),
        pull=lane.state == "pull",
    )


def _by_light(row: LaneRow) -> tuple[int, str]:
    return LIGHTS.index(row.stand), row.subscription


def _waited(lane: Lane, at: int) -> int | None:
    """How long the oldest waits; of a feed that was read before, how long ago that was: it is the most it can be."""
    read = lane.contact.pulled if lane.state == "pull" else 0
    return _age(read or lane.oldest, at) if lane.open else None


def _age(moment: int, at: int) -> int | None:
    return max(0, at - moment) if moment else None
