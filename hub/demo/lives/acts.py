"""What people and schools do in a story, one event each: ask for a place, enrol, hand over, attend, certify."""

from __future__ import annotations

from datetime import date, timedelta

from hub.demo import cast, reactions
from hub.demo.teller import Data, Learner, Pupil, Teller

MODULES = (
    ("Basis installatietechniek", "25297", "techniek"),
    ("Domotica en sensoren", "25298", "technologie"),
    ("Duurzaam bouwen", "25299", "bouw"),
    ("Zorgtechnologie", "25300", "zorg"),
)
SUPPORTED = 0.2
"""Share of pupils with a need for extra support (domain.md §4.3)."""


def ask(
    t: Teller, who: Learner, day: date, by: str, to: str, stage: str, start: date, reason: str,
    *, rank: int | None = None, support: bool = False,
) -> str:  # fmt: skip
    """A place is asked for (E6); gives the id of the request."""
    id = t.uuid()
    t.tell_of(who, day, by, "placement.requested", day, "LPW", {
        "requestId": id, "toOrg": t.cast.ref(to), "stage": stage, "requestedStart": start.isoformat(),
        "supportExpected": support, "reason": reason, "birthMonth": who.born, **given({"preferenceRank": rank}),
    })  # fmt: skip
    return id


def decide(
    t: Teller, who: Learner, day: date, by: str, request: str, outcome: str, *, start: date | None = None,
    referred: str = "", corrects: Data | None = None,
) -> Data:  # fmt: skip
    """The school that was asked decides (E7)."""
    more = given(
        {
            "startOn": start.isoformat() if start else None,
            "referredTo": t.cast.ref(referred) if referred else None,
            "corrects": named(corrects) if corrects else None,
        }
    )
    data = {"requestId": request, "outcome": outcome, "decidedOn": day.isoformat(), **more}
    return t.tell_of(who, day, by, "placement.decided", day, "LPW", data)


def place(
    t: Teller, who: Learner, asked: date, by: str, to: str, stage: str, start: date, reason: str,
    *, within: tuple[int, int] = (5, 30), support: bool = False,
) -> None:  # fmt: skip
    """Asked and accepted, so many days later."""
    request = ask(t, who, asked, by, to, stage, start, reason, support=support)
    decide(t, who, t.later(asked, *within), to, request, "accepted", start=start)


def enrol(
    t: Teller, who: Learner, day: date, school: str, stage: str, year: str, start: date,
    *, came_from: str = "", level: tuple[str, ...] = (), mbo_level: int = 0, leerweg: str = "", code: str = "",
) -> str:  # fmt: skip
    """A new enrolment (E8); gives its id."""
    id = t.uuid()
    data = enrolment(who, id, stage, year, start, level, mbo_level) | given(
        {
            "from": t.cast.ref(came_from) if came_from else None,
            "leerweg": leerweg or None,
            "code": code or None,
        }
    )
    t.tell_of(who, day, school, "enrolment.started", start, "WPO-OKR", data)
    return id


def enrolment(
    who: Learner, id: str, stage: str, year: str, start: date, level: tuple[str, ...] = (), mbo_level: int = 0
) -> Data:
    """Data of an enrolment that started."""
    return {
        "enrolmentId": id,
        "stage": stage,
        "year": year,
        "startOn": start.isoformat(),
        "primary": True,
        "birthMonth": who.born,
        **given({"level": list(level) or None, "mboLevel": mbo_level or None}),
    }


def leave(
    t: Teller, who: Learner, day: date, school: str, enrolment: str, end: date, reason: str, next: str = "",
    *, diploma: str = "none",
) -> None:  # fmt: skip
    """An enrolment ends (E9). `next` is the partner to which the learner goes, "" when the school does not know."""
    known = {"nextOrg": t.cast.ref(next)} if next else {}
    t.tell_of(who, day, school, "enrolment.ended", end, "WPO-OKR", {
        "enrolmentId": enrolment, "endOn": end.isoformat(), "reason": reason, "nextOrgKnown": bool(next), **known,
        "diploma": diploma,
    })  # fmt: skip


def pupil_leaves(
    t: Teller, day: date, end: date, reason: str, next: str = "", *, diploma: str = "none"
) -> None:
    """The pupil of the story leaves the school where it was in August."""
    p = t.pupil
    leave(t, p.learner, day, p.school, p.enrolment, end, reason, next, diploma=diploma)


def hand_over(
    t: Teller, who: Learner, day: date, sender: str, receiver: str, transfer: str, start: date,
    *, support: bool = False, consent: str = "not-needed", tlv: str | None = None, wrong: bool = False,
) -> str:  # fmt: skip
    """A handover is ready (E13); gives its id. What the receiver answers is up to the receiver (`reactions`): with
    `wrong` it finds that the dossier is of a pupil who does not come."""
    basis = "CONSENT" if transfer == "VSPO" else "WPO-OKR"
    id = t.uuid()
    t.tell_of(who, day, sender, "handover.prepared", day, basis, {
        "handoverId": id, "transfer": transfer, "fromOrg": t.cast.ref(sender),
        "toOrg": t.cast.ref(receiver), "system": "digidoor",
        "dossierRef": f"{reactions.ELSEWHERE if wrong else reactions.DOSSIER}{t.uuid()}",
        "extraSupport": support, "warmNeeded": support, "consent": consent, "plannedStart": start.isoformat(),
        "ackBy": (day + timedelta(days=14)).isoformat(), **given({"tlvRef": tlv}),
    })  # fmt: skip
    return id


def withdraw(
    t: Teller, who: Learner, day: date, sender: str, handover: str, reason: str, replaced_by: str
) -> None:
    """The handover is taken back (E17): its receiver must purge it."""
    data = {"handoverId": handover, "reason": reason, "replacedBy": replaced_by}
    t.tell_of(who, day, sender, "handover.withdrawn", day, "WPO-OKR", data)


def bind(t: Teller, who: Learner, day: date, by: str, evidence: str = "digidoor-transfer") -> None:
    """The receiving school knows its own pupil by the id of the transfer (E27, domain.md D2)."""
    link(t, who, day, by, "bound", evidence=evidence)


def link(
    t: Teller, who: Learner, day: date, by: str, action: str, *, other: Learner | None = None,
    evidence: str = "digidoor-transfer",
) -> None:  # fmt: skip
    data = {"action": action, "boundBy": t.cast.ref(by), "evidence": evidence}
    more = {"otherLearnerId": other.id} if other else {}
    t.tell_of(who, day, by, "learner.linked", day, "WPO-OKR", {**data, **more})


def close(t: Teller, who: Learner, day: date, by: str, reason: str, on: date) -> None:
    """The line is closed (E29)."""
    data = {"reason": reason, "closedOn": on.isoformat(), "reopenable": True}
    t.tell_of(who, day, by, "line.closed", on, "WPO-OKR", data)


def attend(t: Teller, who: Learner, start: date, end: date, place: str, kind: str, **more: object) -> str:
    """Takes part from `start` to `end` (E10, E11); each side of it is told within days. Gives its id."""
    band = more.pop("erkBand", None)
    id = begin(t, who, start, end, place, kind, **more)
    stop(t, who, end, place, id, kind, **given({"erkBand": band}))
    return id


def begin(t: Teller, who: Learner, start: date, end: date, place: str, kind: str, **more: object) -> str:
    """A participation starts (E10), planned to last until `end`; gives its id."""
    id = t.uuid()
    t.tell_of(who, t.later(start, 0, 5), place, "participation.started", start, "AGREEMENT", {
        "participationId": id, "kind": kind, "atOrg": t.cast.ref(place), "startOn": start.isoformat(),
        "plannedEnd": end.isoformat(), "consent": "not-needed", **more,
    })  # fmt: skip
    return id


def stop(
    t: Teller,
    who: Learner,
    end: date,
    place: str,
    id: str,
    kind: str,
    result: str = "completed",
    **more: object,
) -> None:
    data = {"participationId": id, "kind": kind, "endOn": end.isoformat(), "result": result, **more}
    t.tell_of(who, t.later(end, 0, 8), place, "participation.ended", end, "AGREEMENT", data)


def go_back(t: Teller, who: Learner, day: date, place: str, id: str, direction: str, to: str) -> None:
    """Back to the stamschool, or on from there (E16)."""
    data = {"participationId": id, "direction": direction, "toOrg": t.cast.ref(to), "from": t.cast.ref(place)}
    t.tell_of(who, day, place, "transfer.returned", day, "AGREEMENT", data)


def certify(t: Teller, who: Learner, day: date, issuer: str, kind: str, level: str) -> str:
    """A certificate is issued (E23); gives its id."""
    title, code, sector = t.rng.choice(MODULES)
    id = t.uuid()
    t.tell_of(who, day, issuer, "certificate.issued", day, "AGREEMENT", {
        "certificateId": id, "kind": kind, "code": code, "codeSystem": "crebo", "title": title, "level": level,
        "sector": sector, "issuedOn": day.isoformat(), "issuer": t.cast.ref(issuer), "hours": 80,
        "consent": "given",
    })  # fmt: skip
    return id


def recognise(t: Teller, who: Learner, day: date, by: str, certificate: str) -> None:
    effect = t.rng.choice(("partial", "full-exemption", "partial", "none"))
    t.tell_of(who, day, by, "certificate.recognised", day, "AGREEMENT", {
        "certificateId": certificate, "byOrg": t.cast.ref(by), "effect": effect, "decidedOn": day.isoformat(),
    })  # fmt: skip


def progress(t: Teller, who: Learner, day: date, by: str, moment: str, **more: object) -> None:
    """Where somebody stands at one moment (E26)."""
    t.tell_of(who, day, by, "progress.reported", day, "CONVENANT", {"moment": moment, **more})


def pupil_data(t: Teller) -> Data:
    """The enrolment of the story's pupil, as its school exports it in August."""
    p: Pupil = t.pupil
    return enrolment(p.learner, p.enrolment, p.stage, p.year, p.since, p.level, p.mbo_level)


def named(event: Data) -> Data:
    """How a correction points at the event that it puts right."""
    return {"source": event["source"], "id": event["id"]}


def given(fields: Data) -> Data:
    """Fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def mbo_or_hbo(t: Teller, level: tuple[str, ...]) -> tuple[str, str, str]:
    """Where one goes after vo: partner, stage and year."""
    if level and level[0] in ("havo", "vwo"):
        return t.rng.choice((cast.WINDESHEIM, "aeres-hogeschool")), "hbo", "H1"
    return t.rng.choice((cast.ROC, cast.ROC, "aeres-mbo-almere")), "mbo", "M1"
