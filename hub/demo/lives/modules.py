"""ONboard, techlabs and portable certificates (domain.md F34-F37)."""

from __future__ import annotations

from datetime import date, timedelta

from hub.core.partners import Role
from hub.demo import cast
from hub.demo.lives import acts
from hub.demo.teller import Teller


def onboard(t: Teller) -> None:
    """Failed the exam: the vo diploma yet, and mbo modules at once (F36). The certificate goes along afterwards."""
    pupil, day = t.pupil, t.day((8, 24), (9, 25))
    start = day + timedelta(days=3)
    _signs_up(t, day, start)
    acts.attend(t, pupil.learner, start, t.day((6, 21), (7, 2)), pupil.school, "onboard-vo")
    _at_mbo(t, start)
    acts.progress(t, pupil.learner, t.day((1, 18), (2, 12)), pupil.school, "onboard-half", levelNow="vmbo-tl")
    certificate = acts.certify(t, pupil.learner, t.day((1, 11), (2, 5)), cast.ROC, "mbo-certificaat", "mbo3")
    acts.pupil_leaves(t, t.day((6, 28), (7, 14)), t.end, "graduated", cast.ROC, diploma="vmbo")
    enrolled, came = t.day((7, 5), (7, 16)), pupil.school
    acts.enrol(t, pupil.learner, enrolled, cast.ROC, "mbo", "M2", t.after, came_from=came, mbo_level=4)
    if t.chance(0.4):
        acts.recognise(t, pupil.learner, t.later(enrolled, 5, 12), cast.ROC, certificate)


def _signs_up(t: Teller, day: date, start: date) -> None:
    """E28."""
    pupil, roc = t.pupil, t.cast.ref(cast.ROC)
    t.tell_of(pupil.learner, day, pupil.school, "onboard.enrolled", day, "AGREEMENT", {
        "onboardId": t.uuid(), "baseEnrolment": "vo", "voSchool": t.cast.ref(pupil.school),
        "missingSubjects": t.rng.sample(["0011", "0021", "0031", "0133", "0153"], 2), "voLevel": "vmbo-tl",
        "mboOrg": roc, "mboCode": "25297", "mboLevel": 4, "startOn": start.isoformat(),
        "plannedExam": f"{t.end.year}-05",
    })  # fmt: skip


def _at_mbo(t: Teller, start: date) -> None:
    """One in eight stops there (T13)."""
    who = t.pupil.learner
    end = t.day((6, 21), (7, 2))
    more = {"mboLevel": 4, "sector": "techniek"}
    id = acts.begin(t, who, start, end, cast.ROC, "onboard-mbo", **more)
    if t.chance(1 / 8):
        acts.stop(t, who, t.day((2, 1), (3, 26)), cast.ROC, id, "onboard-mbo", "stopped")
    else:
        acts.stop(t, who, end, cast.ROC, id, "onboard-mbo")


def techlab(t: Teller) -> None:
    """A vo pupil in a techlab of the mbo, with a certificate that its own school recognises (F34, F35)."""
    certificate = _module(t, "techlab", t.pick(Role.MBO), "mbo-certificaat", "mbo2")
    if t.chance(0.5):
        acts.recognise(t, t.pupil.learner, t.day((2, 22), (4, 2)), t.pupil.school, certificate)


def revoked(t: Teller) -> None:
    """A certificate that must be taken back from all who have it (E24)."""
    mbo = t.pick(Role.MBO)
    certificate = _module(t, "techlab", mbo, "mbo-certificaat", "mbo2")
    acts.recognise(t, t.pupil.learner, t.day((2, 22), (4, 2)), t.pupil.school, certificate)
    day = t.day((4, 12), (6, 18))
    reason = t.rng.choice(("exam-error", "admin", "duplicate"))
    data = {"certificateId": certificate, "reason": reason, "revokedOn": day.isoformat()}
    t.tell_of(t.pupil.learner, day, mbo, "certificate.revoked", day, "AGREEMENT", data)


def hbo_module(t: Teller) -> None:
    """A vwo pupil who follows a module at the hogeschool (F37)."""
    _module(t, "hbo-module", t.pick(Role.HBO), "hbo-module", "hbo")


def _module(t: Teller, kind: str, place: str, certificate: str, level: str) -> str:
    """From September to January; gives the certificate."""
    pupil, end = t.pupil, t.day((1, 18), (2, 5))
    more = {"enrolmentId": pupil.enrolment, "sector": "techniek"}
    acts.attend(t, pupil.learner, t.day((9, 1), (9, 25)), end, place, kind, **more)
    return acts.certify(t, pupil.learner, t.later(end, 1, 10), place, certificate, level)
