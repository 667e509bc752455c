"""Who is a party to which row of a line (domain.md §2.9, §3.6). Whatever is not said here is seen by nobody (D5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from hub.core import life
from hub.core.line import stays, transfers
from hub.core.line.ties import ties
from hub.core.partners import PARTIES, Partner, Role
from hub.core.purposes import GAPS
from hub.core.rules import Rules
from hub.core.views import (
    Absence,
    Advice,
    Certificate,
    Enrolment,
    Line,
    Participation,
    Placement,
    SignalView,
    Tlv,
    Transfer,
)

Row = TypeVar("Row")

NEVER = (Role.PROCESREGISSEUR, Role.BOARD, Role.JGZ, Role.JEUGDHULP)
"""No case role, whatever else they are (domain.md D8, §2.9)."""

ADULT = 18
SECONDARY = frozenset({"vo", "pro", "vso"})


class Sight:
    """What one partner may see of one line. `school` when the learner is there, or a place waits for it there;
    `case` when it is party to a running case, or supervises one by its task."""

    def __init__(self, line: Line, partner: Partner, rules: Rules) -> None:
        self._line, self._partner, self._rules = line, partner, rules
        self._off = rules.off()
        self._refs = {org.ref for org in partner.orgs}
        if line.closed_on or partner.has(*NEVER) or PARTIES.isdisjoint(partner.roles):
            self.school = self.case = False
            return
        own = [tie for tie in ties(line) if tie.active and tie.org in self._refs]
        self.school = any(not tie.case for tie in own)
        self.case = any(tie.case for tie in own) or self._supervises()

    def own(self, *orgs: str) -> bool:
        return not self._refs.isdisjoint(orgs)

    def line(self) -> Line:
        """The line with the rows that may be seen and nothing else: all that is told must come from this one."""
        given = self._line
        return Line(
            learner_id=given.learner_id,
            enrolments=self._only("enrolment", given.enrolments, self._enrolment),
            participations=self._only("participation", given.participations, self._participation),
            placements=self._only("placement", given.placements, self._placement),
            transfers=self._only("handovers", given.transfers, self._transfer),
            returns=self._only("participation", given.returns, lambda r: self.own(r.from_org, r.to_org)),
            advice=self._only("advice", given.advice, self._advice),
            tlvs=self._only("support", given.tlvs, self._tlv),
            supports=self._only("support", given.supports, lambda s: self.own(s.org, s.told_by)),
            reviews=self._only("support", given.reviews, lambda r: self.own(r.org)),
            absences=self._only("absence", given.absences, self._absence),
            progress=self._only("progress", given.progress, lambda p: self.own(p.org)),
            certificates=self._only("certificates", given.certificates, self._certificate),
            signals=[s for s in given.signals if GAPS.get(s.rule) not in self._off and self._signal(s)],
        )

    def _only(self, flow: str, rows: Iterable[Row], seen: Callable[[Row], bool]) -> list[Row]:
        """Nothing of a flow that is switched off, whoever asks."""
        return [] if flow in self._off else [row for row in rows if seen(row)]

    def attends(self, row: Participation) -> bool:
        """Where the learner attends, and the school of the enrolment that this was told to belong to."""
        behind = [e.org for e in self._line.enrolments if e.id == row.enrolment]
        return self.own(row.org, *behind)

    def _enrolment(self, row: Enrolment) -> bool:
        return row.privacy != "P2" or self.own(row.org)

    def _participation(self, row: Participation) -> bool:
        return (self.school and row.privacy != "P2") or self.attends(row)

    def _placement(self, row: Placement) -> bool:
        """A second or third choice hears nothing before it is asked, and who said no is no party any more (D6)."""
        asked = row.rank < 2 or row.outcome != ""
        to = asked and row.outcome in ("", "waitlisted", *stays.PLACED)
        return self.own(row.asked_by) or (to and self.own(row.to_org))

    def _transfer(self, row: Transfer) -> bool:
        return self.own(row.from_org) or (row.state not in transfers.LOST and self.own(row.to_org))

    def _advice(self, row: Advice) -> bool:
        """Its own, or the definitive one at the secondary school that gave a place (domain.md E12)."""
        placed = [
            p.to_org for p in self._line.placements if p.outcome in stays.PLACED and p.stage in SECONDARY
        ]
        return self.own(row.org) or (row.moment == "definitive" and self.own(*placed))

    def _tlv(self, row: Tlv) -> bool:
        """Who decided, who asked, and the school that the learner is placed at with it."""
        placed = [e.org for e in stays.running(self._line) if e.stage == row.kind]
        return self.own(row.org, row.requested_by, *placed)

    def _absence(self, row: Absence) -> bool:
        named = self.own(row.last_org, row.told_by)
        return named or any(self._of_role(role, row) for role in self._partner.roles)

    def _of_role(self, role: Role, row: Absence) -> bool:
        """Leerplicht has every case, doorstroompunt those of 18 and over."""
        if role is Role.DOORSTROOMPUNT:
            month = self._line.birth_month
            return bool(month and row.since) and life.age_on(month, row.since) >= ADULT
        return role is Role.LEERPLICHT

    def _certificate(self, row: Certificate) -> bool:
        return self.school and row.status != "unknown"

    def _signal(self, row: SignalView) -> bool:
        return self.own(row.responsible) or self._watches(row)

    def _watches(self, row: SignalView) -> bool:
        task = self._rules.supervisors.get(row.rule)
        by_task = task in (Role.LEERPLICHT, Role.DOORSTROOMPUNT) and task in self._partner.roles
        return by_task and row.severity == "breach"

    def _supervises(self) -> bool:
        """Only as long as a case is open or a breach stands."""
        open_ = (a for a in self._line.absences if not a.closed_on)
        cases = any(self._of_role(role, a) for a in open_ for role in self._partner.roles)
        return cases or any(self._watches(s) for s in self._line.signals)
