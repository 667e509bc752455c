"""Support, TLV, ijkpunten and thuiszitters (domain.md F21-F30): all of it is P2."""

from __future__ import annotations

from datetime import date, timedelta

from hub.core.partners import Role
from hub.demo import cast
from hub.demo.lives import acts
from hub.demo.teller import Data, Learner, Pupil, Teller

IJKPUNT = {"2": "end-kleuter", "5": "end-groep5", "12": "end-klas2"}
"""Year group to the review that must be held in it (T10)."""
CODES = ("nt2", "language", "in-class", "individual-guidance")
CAUSES = ("no-place", "waiting-list", "illness-dispute", "conflict", "unknown")


def plan(t: Teller) -> None:
    """An OPP: begun, changed in spring, looked at with the parents; for some with a joint plan (1 Kind 1 Plan)."""
    pupil, since = t.pupil, t.day((9, 7), (3, 26))
    support, level = t.uuid(), t.rng.choices((1, 2, 3), (5, 4, 1))[0]
    joint = _joint(t) if t.chance(0.1) else {}
    _support(t, since, support, level, "new", **joint)
    if t.chance(0.6):
        changed = t.day((3, 29), (7, 2))
        up = t.chance(0.4)
        _support(t, changed, support, max(0, level + (1 if up else -1)), "up" if up else "down", **joint)
    if t.chance(0.15):
        _support(t, t.day((7, 1), (7, 9)), support, 0, "end")
    if t.chance(0.85):
        moment = IJKPUNT.get(pupil.year, "opp-yearly")
        _review(t, t.day((4, 12), (7, 9)), pupil.school, moment)


def _joint(t: Teller) -> Data:
    who = t.rng.choice((["jeugdhulp"], ["jgz"], ["jeugdhulp", "jgz"]))
    return {"planPartners": who, "reviewOn": t.on(6, 15).isoformat(), "contactDesk": "zorgteam"}


def _support(t: Teller, day: date, id: str, level: int, direction: str, **more: object) -> None:
    """E19."""
    p = t.pupil
    basis = "CONVENANT" if "planPartners" in more else "SWV-TAAK"
    t.tell_of(p.learner, t.later(day, 0, 3), p.school, "support.changed", day, basis, {
        "supportId": id, "atOrg": t.cast.ref(p.school), "level": level, "direction": direction,
        "from": day.isoformat(), "oppRef": f"opp:{id}", "supportCode": t.rng.choice(CODES),
        **more,
    })  # fmt: skip


def _review(t: Teller, day: date, by: str, moment: str) -> None:
    """E20."""
    outcome = t.rng.choices(
        ("stay", "scale-down", "scale-up", "other-school", "permanent"), (60, 18, 12, 5, 5)
    )[0]
    data = {"moment": moment, "heldOn": day.isoformat(), "outcome": outcome}
    t.tell_of(t.pupil.learner, t.later(day, 0, 5), by, "review.held", day, "SWV-TAAK", data)


def to_special(t: Teller) -> None:
    """Declared admissible to special education, then placed and handed over with the TLV (F21)."""
    pupil, day = t.pupil, t.day((2, 8), (5, 7))
    target = t.pick(Role.SO_SBO)
    kind = "sbo" if target in ("de-bombardon", "de-watertuin") else "so"
    ref = f"tlv:{t.uuid()}"
    _tlv(t, pupil.learner, day, ref, kind, t.after, "granted", pupil.school, _category(t, kind))
    asked = t.later(day, 3, 12)
    acts.place(
        t, pupil.learner, asked, pupil.school, target, kind, t.after, "support", within=(10, 35), support=True
    )
    over = t.day((6, 14), (7, 2))
    acts.hand_over(t, pupil.learner, over, pupil.school, target, "POWEC", t.after, support=True, tlv=ref)
    acts.pupil_leaves(t, t.day((7, 5), (7, 16)), t.end, "transfer", target)
    came = pupil.school
    acts.enrol(t, pupil.learner, t.day((7, 6), (7, 20)), target, kind, "S", t.after, came_from=came)


def renewal(t: Teller) -> None:
    """A TLV of two years that ends this summer: reviewed, then renewed; now and then not in time (T09)."""
    pupil = t.pupil
    ref, since = f"tlv:{t.uuid()}", date(t.start.year - 1, 8, 1)
    category = _category(t, pupil.stage)
    ask = (t, pupil.learner)
    _tlv(*ask, since, ref, pupil.stage, since, "granted", pupil.school, category)
    if t.chance(0.85):
        _review(t, t.day((2, 8), (6, 4)), pupil.school, "tlv-renewal")
    if t.chance(0.9):
        decided = t.day((3, 8), (7, 2))
        action = "renewed" if t.chance(0.95) else "revoked"
        _tlv(
            *ask,
            decided,
            ref,
            pupil.stage,
            t.after if action == "renewed" else since,
            action,
            pupil.school,
            category,
        )


def _category(t: Teller, kind: str) -> str:
    return "Nvt" if kind == "sbo" else t.rng.choice("LMH")


def _tlv(
    t: Teller,
    who: Learner,
    day: date,
    ref: str,
    kind: str,
    since: date,
    action: str,
    school: str,
    category: str,
) -> None:
    """E18, for two school years."""
    t.tell_of(who, day, cast.SWV, "tlv.decided", day, "SWV-TAAK", {
        "tlvRef": ref, "kind": kind, "category": category, "from": since.isoformat(),
        "to": date(since.year + 2, 7, 31).isoformat(), "action": action, "requestedBy": t.cast.ref(school),
    })  # fmt: skip


def stays_at_home(t: Teller) -> None:
    """A thuiszitter who is still enrolled (LRV): half is back at school within the year (T11)."""
    pupil, since = t.pupil, t.day((9, 21), (5, 28))
    case = _opened(t, t.later(since, 28, 35), pupil.school, "lrv", since, pupil)
    if t.chance(0.5):
        _closed(t, t.later(since, 50, 160), pupil.school, case, "placed", pupil.school)


def without_school(t: Teller) -> None:
    """Not enrolled anywhere (absolute): leerplicht opens the case, and a school takes the pupil in."""
    pupil, since = t.pupil, t.day((9, 21), (4, 16))
    acts.pupil_leaves(t, t.later(since, 0, 5), since, "moved")
    case = _opened(t, t.later(since, 29, 40), cast.LEERPLICHT, "absolute", since, pupil)
    new, start = t.pick(Role.PO, other_than=pupil.school), t.later(since, 50, 90)
    acts.enrol(t, pupil.learner, start, new, "po", pupil.year, start, came_from=pupil.school)
    _closed(t, t.later(start, 0, 5), cast.LEERPLICHT, case, "placed", new)


def _opened(t: Teller, day: date, by: str, kind: str, since: date, pupil: Pupil) -> str:
    """E21."""
    id = t.uuid()
    t.tell_of(pupil.learner, day, by, "absence.opened", day, "LPW", {
        "caseId": id, "kind": kind, "since": since.isoformat(), "lastOrg": t.cast.ref(pupil.school),
        "causeCode": t.rng.choice(CAUSES), "outsideAlmere": False,
    })  # fmt: skip
    return id


def _closed(t: Teller, day: date, by: str, case: str, how: str, to: str) -> None:
    """E22; not told when it falls after the year."""
    if day <= t.end:
        data = {"caseId": case, "closedOn": day.isoformat(), "how": how, "toOrg": t.cast.ref(to)}
        t.tell_of(t.pupil.learner, day, by, "absence.closed", day, "LPW", data)


def opdc(t: Teller) -> None:
    """Some months at the OPDC, enrolled at the own school, then back there or on (F26)."""
    pupil, start = t.pupil, t.day((8, 31), (12, 11))
    end = t.day((5, 10), (7, 2))
    id = acts.attend(t, pupil.learner, start, end, cast.OPDC, "opdc", enrolmentId=pupil.enrolment)
    acts.hand_over(
        t, pupil.learner, t.later(end, -20, -10), cast.OPDC, pupil.school, "VOVO", end + timedelta(days=1),
        support=True,
    )  # fmt: skip
    acts.go_back(t, pupil.learner, end, cast.OPDC, id, "to-stam", pupil.school)


def crisis(t: Teller) -> None:
    """A crisis place (F30): decided within days, for some weeks, then back."""
    pupil, asked = t.pupil, t.day((9, 14), (5, 14))
    start = t.later(asked, 3, 6)
    request = acts.ask(t, pupil.learner, asked, pupil.school, cast.OPDC, "vo", start, "crisis", support=True)
    acts.decide(t, pupil.learner, t.later(asked, 1, 3), cast.OPDC, request, "temporary", start=start)
    end = t.later(start, 30, 70)
    more: Data = {"enrolmentId": pupil.enrolment}
    id = acts.attend(t, pupil.learner, start, end, cast.OPDC, "crisis", **more)
    acts.go_back(t, pupil.learner, end, cast.OPDC, id, "to-stam", pupil.school)
