"""From voorschoolse educatie to school (domain.md F09)."""

from __future__ import annotations

from datetime import date, timedelta

from hub.core.partners import Role
from hub.demo import cast
from hub.demo.lives import acts
from hub.demo.teller import Learner, Teller

REFUSED = 1 / 7
"""Share of parents who refuse consent: then nothing but programme and duration passes."""
TALK = 0.4
"""Share of peuters that are handed over in a talk as well."""


def peuter(t: Teller) -> None:
    """Signed in at 3 years and 9 months, first day at school at four."""
    birthday = t.day((8, 10), (7, 24))
    child, school = t.learner(4, birthday + timedelta(days=27)), t.pick(Role.PO)
    consent = "refused" if t.chance(REFUSED) else "given"
    asked = t.later(birthday, -110, -60 if t.chance(0.1) else -85)
    id = _programme(t, child, birthday, consent)
    request = acts.ask(t, child, asked, school, school, "po", birthday, "regular")
    _decided(t, child, asked, school, request, birthday)
    acts.hand_over(
        t, child, t.later(birthday, -40, -28), cast.OPVANG, school, "VSPO", birthday, consent=consent,
        support=t.chance(TALK),
    )  # fmt: skip
    acts.stop(t, child, birthday, cast.OPVANG, id, "ve")
    acts.enrol(t, child, t.later(birthday, 0, 3), school, "po", "1", birthday)
    if t.chance(0.8):
        acts.bind(t, child, t.later(birthday, 1, 10), school)


def _programme(t: Teller, child: Learner, birthday: date, consent: str) -> str:
    """Told with the form at 3 years and 6 months."""
    id, began = t.uuid(), birthday - timedelta(days=550)
    t.tell_of(child, t.later(birthday, -185, -175), cast.OPVANG, "participation.started", began, "VE-DUTY", {
        "participationId": id, "kind": "ve", "atOrg": t.cast.ref(cast.OPVANG), "startOn": began.isoformat(),
        "plannedEnd": birthday.isoformat(), "hoursPerWeek": 16, "consent": consent,
    })  # fmt: skip
    return id


def _decided(t: Teller, child: Learner, asked: date, school: str, request: str, start: date) -> None:
    day = t.later(asked, 7, 30)
    if t.chance(0.05):
        acts.decide(t, child, day, school, request, "waitlisted")
        day = t.later(day, 7, 20)
    acts.decide(t, child, day, school, request, "accepted", start=start)
