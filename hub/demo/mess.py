"""What goes wrong in real life: repeats, swapped order, late events, and systems that send what they must not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise

from hub.core.partners import Role
from hub.demo import cast
from hub.demo.teller import Data, Learner, Teller

HONEST_IN, HOSTILE_IN = 50, 100
"""One in so many events goes wrong in good faith, one in so many more is to be refused."""
CLOSE = timedelta(days=10)
"""Events further apart than this do not change places."""
AFTER_GRACE = timedelta(hours=30)

CANARIES = ("Kanarie Testpersoon", "123456782")
"""A name and a BSN (a well-known test number) that only refused events hold: neither may ever be found in the hub."""

Spoiler = Callable[[Teller], bool]
"""Spoils something of a chapter; False when there is nothing in it that can go wrong that way."""


class Mess:
    """Spoils one in `every` events. Each way to go wrong comes in turn, so that a short year leaves none out."""

    def __init__(self, every: int = HONEST_IN) -> None:
        self._every = max(1, every)
        self._told = self._turn = 0

    def spoil(self, t: Teller) -> None:
        """Looks at the events of one chapter."""
        self._told += len(t.happenings)
        if self._told >= self._every * (self._turn + 1) and HONEST[self._turn % len(HONEST)](t):
            self._turn += 1


def _repeat(t: Teller) -> bool:
    """The same event again: a system that did not get, or did not keep, the answer."""
    one = t.rng.choice(t.happenings)
    t.happenings.append(one._replace(at=one.at + timedelta(hours=t.rng.choice((0, 1, 30)))))
    return True


def _conflict(t: Teller) -> bool:
    """The same source and id with other content: accepted at the door, set aside by the processor (S2)."""
    one = t.rng.choice(t.happenings)
    data = one.event["data"]
    if "occurredOn" in data:
        other = {
            **data,
            "occurredOn": (date.fromisoformat(data["occurredOn"]) + timedelta(days=1)).isoformat(),
        }
    elif "offerId" in data:
        other = {**data, "capacity": 9_999}
    else:
        return False
    t.happenings.append(one._replace(at=one.at + AFTER_GRACE, event={**one.event, "data": other}))
    return True


def _late(t: Teller) -> bool:
    """Sent days after it was recorded: `time` stays what it was."""
    return _held_up(t, timedelta(days=t.rng.randint(2, 10)))


def _later_that_day(t: Teller) -> bool:
    """Within the day in which events of one moment may come in any order."""
    return _held_up(t, timedelta(hours=t.rng.randint(2, 20)))


def _held_up(t: Teller, time: timedelta) -> bool:
    place = t.rng.randrange(len(t.happenings))
    one = t.happenings[place]
    t.happenings[place] = one._replace(at=one.at + time)
    return True


def _swapped(t: Teller) -> bool:
    """Two events that follow one another, of one learner or group, come in the wrong way round."""
    order = sorted(range(len(t.happenings)), key=lambda n: t.happenings[n].at)
    close = [(a, b) for a, b in pairwise(order) if t.happenings[b].at - t.happenings[a].at < CLOSE]
    if not close:
        return False
    first, second = t.rng.choice(close)
    one, other = t.happenings[first], t.happenings[second]
    t.happenings[first], t.happenings[second] = one._replace(at=other.at), other._replace(at=one.at)
    return True


def hostile(t: Teller, turn: int) -> None:
    """One event that must be refused, each way in turn."""
    code, wrong = HOSTILE[turn % len(HOSTILE)]
    wrong(t)
    t.happenings[:] = [one._replace(refused=code) for one in t.happenings]


def _tlv_by_school(t: Teller) -> None:
    """Only the swv may decide on a TLV (S15)."""
    day, school = t.day((9, 1), (6, 30)), t.pick(Role.PO)
    data = {"tlvRef": f"tlv:{t.uuid()}", "kind": "so", "category": "L", "from": "2027-08-01", "to": "2029-07-31",
            "action": "granted", "requestedBy": t.cast.ref(school)}  # fmt: skip
    t.tell_of(_somebody(t), day, school, "tlv.decided", day, "SWV-TAAK", data)


def _foreign_source(t: Teller) -> None:
    event = _enrolment(t, {})
    event["source"] = t.cast.source(cast.GEMEENTE)


def _foreign_school(t: Teller) -> None:
    event = _enrolment(t, {})
    event["data"]["orgId"] = t.cast.ref(cast.ROC)


def _name(t: Teller) -> None:
    _enrolment(t, {"naam": CANARIES[0]})


def _bsn(t: Teller) -> None:
    _enrolment(t, {"bsn": CANARIES[1]})


def _remark(t: Teller) -> None:
    _enrolment(t, {"opmerking": f"{CANARIES[0]} heeft extra aandacht nodig"})


def _bsn_in_reference(t: Teller) -> None:
    """Hidden in a field that may hold any opaque text."""
    day, school = t.day((5, 17), (6, 18)), t.pick(Role.PO)
    data = {"handoverId": t.uuid(), "transfer": "POVO", "fromOrg": t.cast.ref(school),
            "toOrg": t.cast.ref(t.pick(Role.VO)), "system": "digidoor", "dossierRef": f"dd:{CANARIES[1]}",
            "extraSupport": False, "warmNeeded": False, "consent": "not-needed",
            "plannedStart": t.end.isoformat(), "ackBy": t.end.isoformat()}  # fmt: skip
    t.tell_of(_somebody(t), day, school, "handover.prepared", day, "WPO-OKR", data)


def _half(t: Teller) -> None:
    event = _enrolment(t, {})
    del event["data"]["startOn"]


def _open_class(t: Teller) -> None:
    """Says of itself that everybody may see it."""
    _enrolment(t, {})["privacyclass"] = "G0"


def _name_in_attribute(t: Teller) -> None:
    _enrolment(t, {})["subject"] = f"leerling {CANARIES[0]}"


def _enrolment(t: Teller, more: Data) -> Data:
    """The event as it stands in the story, to be spoiled."""
    day, somebody = t.day((8, 10), (7, 10)), _somebody(t)
    data = {"enrolmentId": t.uuid(), "stage": "po", "year": "3", "startOn": day.isoformat(), "primary": True,
            "birthMonth": somebody.born, **more}  # fmt: skip
    return t.tell_of(somebody, day, t.pick(Role.PO), "enrolment.started", day, "WPO-OKR", data)


def _somebody(t: Teller) -> Learner:
    return t.learner(7, t.start)


HONEST: tuple[Spoiler, ...] = (_repeat, _swapped, _late, _repeat, _conflict, _later_that_day, _swapped)
HOSTILE: tuple[tuple[str, Callable[[Teller], None]], ...] = (
    ("unknown-field", _name),
    ("not-your-type", _tlv_by_school),
    ("personal-data", _bsn_in_reference),
    ("foreign-source", _foreign_source),
    ("unknown-field", _bsn),
    ("foreign-organisation", _foreign_school),
    ("unknown-field", _remark),
    ("missing", _half),
    ("privacyclass", _open_class),
    ("free-text", _name_in_attribute),
)
"""Ways to be refused, each with the fault code that must be among the answers."""
