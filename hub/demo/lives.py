"""A year in the life of one learner, twelve kinds of it (domain.md §1, §4.3). Each function tells one whole story."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from hub.core.partners import Role
from hub.demo import cast
from hub.demo.teller import Data, Learner, Teller, later

HOLIDAYS = (((10, 12), (10, 30)), ((12, 14), (12, 31)), ((2, 15), (3, 5)), ((4, 19), (5, 7)))
"""Families move in and around the school holidays (domain.md F19, F20)."""

SUPPORTED = 0.2
"""Share of po-vo handovers with a need for extra support (domain.md §4.3)."""

MODULES = (
    ("Basis installatietechniek", "25297", "techniek"),
    ("Domotica en sensoren", "25298", "technologie"),
    ("Duurzaam bouwen", "25299", "bouw"),
    ("Zorgtechnologie", "25300", "zorg"),
)
LEVELS = ("vmbo-bb", "vmbo-kb", "vmbo-tl", "havo", "vwo")


def peuter(t: Teller) -> None:
    """Voorschoolse educatie, then the first day at school at four (F09). One in seven parents refuses consent."""
    birthday = t.day((9, 7), (7, 2))
    child, school = t.learner(4, birthday), t.pick(Role.PO)
    consent = "refused" if t.chance(1 / 7) else "given"
    began = birthday - timedelta(days=550)
    participation = {"participationId": t.uuid(), "kind": "ve"}
    _tell(t, child, later(birthday, -120, -60, t.rng), cast.OPVANG, "participation.started", began, "VE-DUTY", {
        **participation, "atOrg": t.cast.ref(cast.OPVANG), "startOn": began.isoformat(),
        "plannedEnd": birthday.isoformat(), "hoursPerWeek": 16, "consent": consent,
    })  # fmt: skip
    hand_over(
        t, child, later(birthday, -35, -20, t.rng), cast.OPVANG, school, "VSPO", birthday, consent=consent
    )
    _tell(t, child, birthday, cast.OPVANG, "participation.ended", birthday, "VE-DUTY", {
        **participation, "endOn": birthday.isoformat(), "result": "completed",
    })  # fmt: skip
    enrol(t, child, birthday, school, "po", "1", birthday)


def groep8(t: Teller) -> None:
    """po to vo: enrolled in the last year, handed over in May and June, over at the summer (F12, F13)."""
    pupil, school = t.learner(11, t.start), t.pick(Role.PO)
    support = t.chance(SUPPORTED)
    pro = support and t.chance(0.3)
    target = cast.PRO if pro else t.pick(Role.VO)
    first = _running(t, pupil, school, "po", "8")
    start = t.end + timedelta(days=1)
    day = t.day((5, 17), (6, 18))
    hand_over(t, pupil, day, school, target, "POVO", start, support=support)
    leave(t, pupil, t.day((7, 1), (7, 16)), school, first, t.end, "transfer", target)
    level = None if pro else [t.rng.choice(LEVELS)]
    stage = "pro" if pro else "vo"
    enrol(t, pupil, t.day((7, 5), (7, 23)), target, stage, "11", start, came_from=school, level=level)


def next_year(t: Teller) -> None:
    """The yearly roll-over at the start of August; one in ten is put right before 1 October (§4.3)."""
    role, stage, years = t.rng.choice(((Role.PO, "po", "2345"), (Role.VO, "vo", "1234")))
    year = t.rng.choice(years) if stage == "po" else "1" + t.rng.choice(years)
    pupil, school = t.learner(8 if stage == "po" else 14, t.start), t.pick(role)
    day = t.day((8, 1), (8, 5))
    data = _enrolment(t, pupil, stage, year, _started(t, pupil, stage))
    told = _tell(t, pupil, day, school, "enrolment.started", t.start, "WPO-OKR", data)
    if t.chance(0.1):
        right = {**data, "year": years[0] if stage == "po" else "1" + years[0]}
        corrects = {"corrects": {"source": told["source"], "id": told["id"]}}
        day = t.day((8, 17), (9, 30))
        _tell(t, pupil, day, school, "enrolment.started", t.start, "WPO-OKR", {**right, **corrects})


def moves(t: Teller) -> None:
    """Another school in the middle of the year (F19). Now and then the old school does not know which."""
    day = t.day(*t.rng.choice(HOLIDAYS))
    pupil, old = t.learner(7, day), t.pick(Role.PO)
    new = t.pick(Role.PO, other_than=old)
    first = _running(t, pupil, old, "po", "4")
    start = day + timedelta(days=1)
    leave(t, pupil, day, old, first, day, "moved", "" if t.chance(0.15) else new)
    enrol(t, pupil, later(start, 0, 4, t.rng), new, "po", "4", start, came_from=old)
    hand_over(t, pupil, later(day, -3, 5, t.rng), old, new, "POPO", start, support=t.chance(SUPPORTED))


def to_mbo(t: Teller) -> None:
    """vmbo diploma, then mbo (F39)."""
    pupil, school = t.learner(16, t.start), t.pick(Role.VO)
    first = _running(t, pupil, school, "vo", "14", level=["vmbo-tl"])
    start = t.end + timedelta(days=1)
    hand_over(t, pupil, t.day((6, 10), (7, 5)), school, cast.ROC, "VOMBO", start)
    leave(t, pupil, t.day((6, 28), (7, 14)), school, first, t.end, "graduated", cast.ROC, diploma="vmbo")
    day = t.day((7, 5), (7, 23))
    enrol(
        t,
        pupil,
        day,
        cast.ROC,
        "mbo",
        "M1",
        start,
        came_from=school,
        mbo_level=4,
        leerweg="bol",
        code="25297",
    )


def onboard(t: Teller) -> None:
    """Failed the exam: the vo diploma yet, and mbo modules at once (F36). The certificate goes along afterwards."""
    day = t.day((8, 24), (9, 25))
    pupil, school = t.learner(t.rng.choice((16, 17, 18)), day), t.pick(Role.VO)
    first = _running(t, pupil, school, "vo", "14", level=["vmbo-tl"])
    start = day + timedelta(days=3)
    _tell(t, pupil, day, school, "onboard.enrolled", day, "AGREEMENT", {
        "onboardId": t.uuid(), "baseEnrolment": "vo", "voSchool": t.cast.ref(school),
        "missingSubjects": t.rng.sample(["0011", "0021", "0031", "0133", "0153"], 2), "voLevel": "vmbo-tl",
        "mboOrg": t.cast.ref(cast.ROC), "mboCode": "25297", "mboLevel": 4, "startOn": start.isoformat(),
        "plannedExam": f"{t.end.year}-05",
    })  # fmt: skip
    attend(t, pupil, start, t.day((6, 21), (7, 2)), school, "onboard-vo")
    attend(t, pupil, start, t.day((6, 21), (7, 2)), cast.ROC, "onboard-mbo", mboLevel=4, sector="techniek")
    certify(t, pupil, t.day((1, 11), (2, 5)), cast.ROC, "mbo-certificaat", "mbo3")
    leave(t, pupil, t.day((6, 28), (7, 14)), school, first, t.end, "graduated", cast.ROC, diploma="vmbo")
    after = t.end + timedelta(days=1)
    enrol(t, pupil, t.day((7, 5), (7, 23)), cast.ROC, "mbo", "M2", after, came_from=school, mbo_level=4)


def techlab(t: Teller) -> None:
    """A vo pupil in a techlab of the mbo, with a certificate that its own school recognises (F34, F35)."""
    pupil, school = t.learner(15, t.start), t.pick(Role.VO)
    mbo = t.pick(Role.MBO)
    first = _running(t, pupil, school, "vo", "13", level=["vmbo-kb"])
    end = t.day((1, 18), (2, 5))
    more = {"enrolmentId": first, "sector": "techniek"}
    attend(t, pupil, t.day((9, 1), (9, 18)), end, mbo, "techlab", **more)
    certificate = certify(t, pupil, later(end, 1, 10, t.rng), mbo, "mbo-certificaat", "mbo2")
    if t.chance(0.5):
        recognise(t, pupil, later(end, 14, 40, t.rng), school, certificate)


def hbo_module(t: Teller) -> None:
    """A vwo pupil who follows a module at the hogeschool (F37)."""
    pupil, school = t.learner(17, t.start), t.pick(Role.VO)
    hbo = t.pick(Role.HBO)
    first = _running(t, pupil, school, "vo", "16", level=["vwo"])
    end = t.day((1, 18), (2, 5))
    attend(t, pupil, t.day((9, 7), (10, 2)), end, hbo, "hbo-module", enrolmentId=first, sector="technologie")
    certify(t, pupil, later(end, 1, 10, t.rng), hbo, "hbo-module", "hbo")


def drops_out(t: Teller) -> None:
    """Leaves without a diploma and without a next school; most come back some weeks later (T04, Doorstroompunt)."""
    day = t.day((10, 5), (3, 26))
    pupil, school = t.learner(t.rng.choice((16, 17)), day), t.pick(Role.VO)
    first = _running(t, pupil, school, "vo", "14", level=["vmbo-bb"])
    leave(t, pupil, later(day, 1, 6, t.rng), school, first, day, "dropout", "")
    if t.chance(0.7):
        back = later(day, 20, 60, t.rng)
        mbo = t.pick(Role.MBO)
        enrol(t, pupil, later(back, 0, 5, t.rng), mbo, "mbo", "M1", back, came_from=school, mbo_level=1)


def newcomer(t: Teller) -> None:
    """Learns Dutch at the Taalcentrum, enrolled at De Ontdekking, then goes on to a school nearby (F03, F04)."""
    arrived = t.day((8, 17), (3, 19))
    child, school = t.learner(8, arrived), t.pick(Role.PO, other_than=cast.ONTDEKKING)
    first = enrol(t, child, later(arrived, 0, 4, t.rng), cast.ONTDEKKING, "po", "4", arrived)
    leaves = min(later(arrived, 90, 200, t.rng), t.on(7, 10))
    attend(t, child, arrived, leaves, cast.TAALCENTRUM, "taalcentrum-po", enrolmentId=first, erkBand="A2")
    start = leaves + timedelta(days=1)
    hand_over(t, child, later(leaves, -20, -12, t.rng), cast.TAALCENTRUM, school, "POPO", start, support=True)
    leave(t, child, later(leaves, 0, 3, t.rng), cast.ONTDEKKING, first, leaves, "transfer", school)
    enrol(t, child, later(start, 0, 3, t.rng), school, "po", "5", start, came_from=cast.ONTDEKKING)


def tlv(t: Teller) -> None:
    """Declared admissible to special education, then handed over with its TLV (F21)."""
    day = t.day((2, 8), (6, 11))
    pupil, school = t.learner(8, day), t.pick(Role.PO)
    target = t.pick(Role.SO_SBO)
    kind, category = ("so", t.rng.choice("LMH")) if t.chance(0.5) else ("sbo", "Nvt")
    first = _running(t, pupil, school, "po", "5")
    start = t.end + timedelta(days=1)
    ref = f"tlv:{t.uuid()}"
    _tell(t, pupil, day, cast.SWV, "tlv.decided", day, "SWV-TAAK", {
        "tlvRef": ref, "kind": kind, "category": category, "from": start.isoformat(),
        "to": date(start.year + 2, 7, 31).isoformat(), "action": "granted", "requestedBy": t.cast.ref(school),
    })  # fmt: skip
    hand_over(t, pupil, t.day((6, 14), (7, 2)), school, target, "POWEC", start, support=True, tlv=ref)
    leave(t, pupil, t.day((7, 1), (7, 16)), school, first, t.end, "transfer", target)
    enrol(t, pupil, t.day((7, 5), (7, 23)), target, kind, "S", start, came_from=school)


def opdc(t: Teller) -> None:
    """For a time at the OPDC, enrolled at the own school all along (F26)."""
    start = t.day((9, 7), (1, 29))
    pupil, school = t.learner(14, start), t.pick(Role.VO)
    first = _running(t, pupil, school, "vo", "12")
    end = min(later(start, 80, 170, t.rng), t.on(7, 9))
    attend(t, pupil, start, end, cast.OPDC, "opdc", enrolmentId=first)


LIVES: dict[Callable[[Teller], None], float] = {
    next_year: 30,
    groep8: 16,
    peuter: 12,
    to_mbo: 9,
    moves: 8,
    techlab: 6,
    newcomer: 5,
    onboard: 4,
    tlv: 3,
    drops_out: 3,
    opdc: 2,
    hbo_module: 2,
}
"""How often each story is told, in proportion to the others: domain.md §4.3 in miniature, with the rare ones told more
often than life would."""


def enrol(
    t: Teller, who: Learner, day: date, school: str, stage: str, year: str, start: date,
    *, came_from: str = "", level: list[str] | None = None, mbo_level: int | None = None,
    leerweg: str | None = None, code: str | None = None,
) -> str:  # fmt: skip
    """Tells of a new enrolment and gives its id."""
    data = _enrolment(t, who, stage, year, start) | _given(
        {
            "from": t.cast.ref(came_from) if came_from else None,
            "level": level,
            "mboLevel": mbo_level,
            "leerweg": leerweg,
            "code": code,
        }
    )
    _tell(t, who, day, school, "enrolment.started", start, "WPO-OKR", data)
    return str(data["enrolmentId"])


def leave(
    t: Teller, who: Learner, day: date, school: str, enrolment: str, end: date, reason: str, next: str,
    *, diploma: str = "none",
) -> None:  # fmt: skip
    """`next` is the partner to which the learner goes, "" when the school does not know."""
    known = {"nextOrg": t.cast.ref(next)} if next else {}
    _tell(t, who, day, school, "enrolment.ended", end, "WPO-OKR", {
        "enrolmentId": enrolment, "endOn": end.isoformat(), "reason": reason, "nextOrgKnown": bool(next), **known,
        "diploma": diploma,
    })  # fmt: skip


def hand_over(
    t: Teller, who: Learner, day: date, sender: str, receiver: str, transfer: str, start: date,
    *, support: bool = False, consent: str = "not-needed", tlv: str | None = None,
) -> None:  # fmt: skip
    """What the receiver answers is up to the receiver (`hub.demo.reactions`)."""
    basis = "CONSENT" if transfer == "VSPO" else "WPO-OKR"
    _tell(t, who, day, sender, "handover.prepared", day, basis, {
        "handoverId": t.uuid(), "transfer": transfer, "fromOrg": t.cast.ref(sender),
        "toOrg": t.cast.ref(receiver), "system": "digidoor", "dossierRef": f"dd:{t.uuid()}",
        "extraSupport": support, "warmNeeded": support, "consent": consent, "plannedStart": start.isoformat(),
        "ackBy": (day + timedelta(days=14)).isoformat(), **_given({"tlvRef": tlv}),
    })  # fmt: skip


def attend(t: Teller, who: Learner, start: date, end: date, place: str, kind: str, **more: object) -> None:
    """Takes part from `start` to `end`; each side of it is told within days."""
    id = t.uuid()
    band = {"erkBand": more.pop("erkBand")} if "erkBand" in more else {}
    _tell(t, who, later(start, 0, 5, t.rng), place, "participation.started", start, "AGREEMENT", {
        "participationId": id, "kind": kind, "atOrg": t.cast.ref(place), "startOn": start.isoformat(),
        "plannedEnd": end.isoformat(), "consent": "not-needed", **more,
    })  # fmt: skip
    _tell(t, who, later(end, 0, 8, t.rng), place, "participation.ended", end, "AGREEMENT", {
        "participationId": id, "kind": kind, "endOn": end.isoformat(), "result": "completed", **band,
    })  # fmt: skip


def certify(t: Teller, who: Learner, day: date, issuer: str, kind: str, level: str) -> str:
    title, code, sector = t.rng.choice(MODULES)
    id = t.uuid()
    _tell(t, who, day, issuer, "certificate.issued", day, "AGREEMENT", {
        "certificateId": id, "kind": kind, "code": code, "codeSystem": "crebo", "title": title, "level": level,
        "sector": sector, "issuedOn": day.isoformat(), "issuer": t.cast.ref(issuer), "hours": 80,
    })  # fmt: skip
    return id


def recognise(t: Teller, who: Learner, day: date, by: str, certificate: str) -> None:
    _tell(t, who, day, by, "certificate.recognised", day, "AGREEMENT", {
        "certificateId": certificate, "byOrg": t.cast.ref(by), "effect": "partial", "decidedOn": day.isoformat(),
    })  # fmt: skip


def _tell(t: Teller, who: Learner, day: date, by: str, name: str, on: date, basis: str, data: Data) -> Data:
    return t.tell_of(who, day, by, name, on, basis, data)


def _running(
    t: Teller, who: Learner, school: str, stage: str, year: str, *, level: list[str] | None = None
) -> str:
    """An enrolment from earlier years, told again at the start of this one."""
    return enrol(t, who, t.day((8, 1), (8, 28)), school, stage, year, _started(t, who, stage), level=level)


def _started(t: Teller, who: Learner, stage: str) -> date:
    """po begins at four, the rest after a summer."""
    if stage == "po":
        year, month = map(int, who.born.split("-"))
        return date(year + 4, month, 1)
    return date(t.start.year - t.rng.randint(1, 2), 8, 1)


def _enrolment(t: Teller, who: Learner, stage: str, year: str, start: date) -> Data:
    return {
        "enrolmentId": t.uuid(),
        "stage": stage,
        "year": year,
        "startOn": start.isoformat(),
        "primary": True,
        "birthMonth": who.born,
    }


def _given(fields: Data) -> Data:
    return {name: value for name, value in fields.items() if value is not None}
