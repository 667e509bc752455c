"""Every number and date tagged [A] in domain.md: configuration, not code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

from hub.core.purposes import SWITCHED

Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
MonthDay = Annotated[str, msgspec.Meta(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
Notice = Annotated[str, msgspec.Meta(pattern=r"^\d{1,3}[dwm]$")]


class Calendar(msgspec.Struct, frozen=True, cache_hash=True, forbid_unknown_fields=True):
    """Dates of the school years: `holidays` are first and last day (ISO) of school holidays in region Noord, when
    counts of school days pause (domain.md §3.5); fixed dates are `MM-DD`. A school year runs from `year_start`."""

    year_start: MonthDay = "08-01"
    holidays: tuple[tuple[Day, Day], ...] = (
        ("2026-07-04", "2026-08-16"),
        ("2026-10-10", "2026-10-18"),
        ("2026-12-19", "2027-01-03"),
        ("2027-02-20", "2027-02-28"),
        ("2027-03-26", "2027-03-29"),
        ("2027-04-24", "2027-05-09"),
        ("2027-05-17", "2027-05-17"),
        ("2027-07-10", "2027-08-22"),
        ("2027-10-16", "2027-10-24"),
        ("2027-12-25", "2028-01-09"),
        ("2028-02-26", "2028-03-05"),
        ("2028-04-22", "2028-05-07"),
        ("2028-07-15", "2028-08-27"),
    )
    handover_by: MonthDay = "05-31"
    """T05: a handover po-vo must be ready."""
    follow_up_by: MonthDay = "12-01"
    """T08: the follow-up warm contact must have been held."""
    review_by: MonthDay = "07-31"
    """T10: an ijkpunt of that school year must have been held."""
    count_day: MonthDay = "10-01"
    """T14: who meant to go to mbo must be enrolled there."""
    snapshots: tuple[MonthDay, ...] = (
        "01-01", "02-01", "03-01", "04-01", "05-01", "06-01", "07-01", "08-01", "09-01", "10-01", "11-01", "12-01",
    )  # fmt: skip
    """Fixed moments at which aggregates are published, and no other (domain.md §3.7)."""


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Thresholds and choices that are configuration, not code (domain.md §3.5, [A]). Days are calendar days, school
    days are days that are neither weekend nor holiday of `calendar`."""

    hub_source: str = "urn:nld:oin:00000099000000000000:systeem:onderwijshub"
    hub_org: str = "oin:00000099000000000000"
    small_cell: int = 5
    public_cell: int = 10
    percent_from: int = 20
    public_percent_from: int = 100
    arrival_warn_days: int = 30
    arrival_breach_months: int = 3
    decision_warn_days: int = 28
    decision_breach_days: int = 42
    decision_extended_days: int = 70
    crisis_decision_work_days: int = 5
    """F30: a request for a crisis place is warned of sooner."""
    enrolment_gap_warn_days: int = 7
    enrolment_gap_breach_days: int = 28
    ack_school_days: int = 10
    purge_work_days: int = 5
    tlv_notice: tuple[Notice, ...] = ("6m", "3m", "4w")
    """T09: how long before the end of a TLV, in months (m), weeks (w) or days (d). The first is for information."""
    absence_warn_days: int = 28
    absence_breach_months: int = 3
    recognition_days: int = 56
    onboard_absence_days: int = 28
    ve_request_months: int = 45
    """T15: 3 years and 9 months."""
    ve_breach_months: int = 48
    """T15: 4 years, when school may begin."""
    stay_months: Mapping[str, int] = msgspec.field(
        default_factory=lambda: {"taalcentrum-po": 18, "isk": 18, "opdc": 18}
    )
    """T16: a longer stay without an onward plan."""
    stay_limit_months: Mapping[str, int] = msgspec.field(default_factory=lambda: {"opdc": 24})
    """T16: a longer stay, with a plan or without."""
    changes: int = 3
    changes_months: int = 24
    """T17: so many primary enrolments within so many months."""
    supervisors: Mapping[str, str] = msgspec.field(
        default_factory=lambda: {
            "T01": "leerplicht",
            "T03": "swv",
            "T04": "leerplicht",
            "T09": "swv",
            "T10": "swv",
            "T11": "leerplicht",
            "T14": "doorstroompunt",
        }
    )
    """Role that hears of a signal when it becomes a breach."""
    placement_first: frozenset[str] = frozenset({"POVO", "WECVO"})
    """Transfers (CL-TRANSFER) whose handover waits until the receiving school accepted the pupil (domain.md D6)."""
    retention_months: int = 24
    """So long after a line was closed it is erased (domain.md §5.9)."""
    journal_months: int = 60
    """So long is kept what happened to each event, and who was told (domain.md §5.9)."""
    flows: Mapping[str, bool] = msgspec.field(default_factory=lambda: dict.fromkeys(SWITCHED, True))
    """Flows about persons (`hub.core.purposes`) that are on; one that is left out is on. What is off is refused at the
    door, kept by nobody and told to nobody (domain.md §7.1)."""
    pairwise: frozenset[str] = frozenset({"gemeente", "leerplicht", "doorstroompunt", "jgz", "jeugdhulp"})
    """Roles outside education: a partner that has no other is never told a learnerId, but a reference of its own."""
    calendar: Calendar = Calendar()

    def off(self) -> frozenset[str]:
        """Flows that are switched off."""
        return frozenset(flow for flow, on in self.flows.items() if not on)
