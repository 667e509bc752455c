"""What goes wrong in real life: repeats, swapped order, late events, and systems that send what they must not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

from hub.core.partners import Role
from hub.demo import cast
from hub.demo.teller import Data, Happening, Learner, Teller

MESSY = 0.03
"""Share of all events that goes wrong somehow: two thirds of it in good faith, one third to be refused."""

CANARIES = ("Kanarie Testpersoon", "123456782")
"""A name and a BSN (a well-known test number) that only refused events hold: neither may ever be found in the hub."""


def add(t: Teller) -> None:
    """Spoils some of what was told, and adds what must be refused. Each way to go wrong comes in turn, so that a
    short story leaves none out."""
    clean = len(t.happenings)
    for turn in range(max(len(HONEST), round(clean * MESSY * 2 / 3))):
        HONEST[turn % len(HONEST)](t)
    for turn in range(max(len(HOSTILE), round(clean * MESSY / 3))):
        code, wrong = HOSTILE[turn % len(HOSTILE)]
        told = len(t.happenings)
        wrong(t)
        t.happenings[told:] = [one._replace(refused=code) for one in t.happenings[told:]]


def _repeat(t: Teller) -> None:
    """The same event again: a system that did not get, or did not keep, the answer."""
    one = t.rng.choice(t.happenings)
    t.happenings.append(one._replace(at=one.at + timedelta(hours=t.rng.choice((0, 1, 30)))))


def _conflict(t: Teller) -> None:
    """The same source and id with other content: accepted at the door, set aside by the processor (S2)."""
    one = t.rng.choice([h for h in t.happenings if h.event["type"].endswith("offer.published.v1")])
    data = {**one.event["data"], "capacity": 9_999}
    t.happenings.append(Happening(one.at + timedelta(hours=3), one.partner, {**one.event, "data": data}))


def _late(t: Teller) -> None:
    """Sent days after it was recorded: `time` stays what it was."""
    place = t.rng.randrange(len(t.happenings))
    one = t.happenings[place]
    t.happenings[place] = one._replace(at=one.at + timedelta(days=t.rng.randint(2, 10)))


def _swapped(t: Teller) -> None:
    """Two events that follow one another, of one learner or group, come in the wrong way round."""
    first, second = t.rng.choice(_neighbours(t))
    one, other = t.happenings[first], t.happenings[second]
    t.happenings[first], t.happenings[second] = one._replace(at=other.at), other._replace(at=one.at)


def _neighbours(t: Teller) -> list[tuple[int, int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(t.happenings):
        found[_about(one.event["data"])].append(place)
    return [(a, b) for places in found.values() for a, b in pairwise(places)]


def _about(data: Data) -> str:
    return str(data.get("learnerId") or data.get("groupId") or data.get("offerId"))


def _stray(t: Teller) -> None:
    """A change with a lower sequence, after the group was called off (S3)."""
    cancelled = [h for h in t.happenings if h.event["type"].endswith("arrival-group.cancelled.v1")]
    if cancelled:
        end = t.rng.choice(cancelled)
        group = end.event["data"]["groupId"]
        known = [h for h in t.happenings if h.event["data"].get("groupId") == group and h is not end]
        changed = [h for h in known if h.event["type"].endswith("arrival-group.updated.v1")]
        if changed:
            again = {**changed[0].event, "id": t.uuid()}
            t.happenings.append(Happening(end.at + timedelta(days=1), cast.GEMEENTE, again))


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


def _enrolment(t: Teller, more: Data) -> Data:
    """The event as it stands in the story, to be spoiled."""
    day, somebody = t.day((8, 10), (7, 10)), _somebody(t)
    data = {"enrolmentId": t.uuid(), "stage": "po", "year": "3", "startOn": day.isoformat(), "primary": True,
            "birthMonth": somebody.born, **more}  # fmt: skip
    return t.tell_of(somebody, day, t.pick(Role.PO), "enrolment.started", day, "WPO-OKR", data)


def _somebody(t: Teller) -> Learner:
    return t.learner(7, t.start)


HONEST: tuple[Callable[[Teller], None], ...] = (
    _repeat,
    _swapped,
    _late,
    _repeat,
    _conflict,
    _stray,
    _swapped,
)
HOSTILE: tuple[tuple[str, Callable[[Teller], None]], ...] = (
    ("unknown-field", _name),
    ("not-your-type", _tlv_by_school),
    ("personal-data", _bsn_in_reference),
    ("foreign-source", _foreign_source),
    ("unknown-field", _bsn),
    ("foreign-organisation", _foreign_school),
    ("unknown-field", _remark),
    ("missing", _half),
)
"""Ways to be refused, each with the fault code that must be among the answers."""
