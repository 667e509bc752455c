"""Gap rules T09-T11 and T16: TLV, ijkpunten, thuiszitters, and temporary places that last."""

from __future__ import annotations

import pytest

from tests.city import LPA, OPDC, SCHOOL_A, SCHOOL_B, SO, SWV, TAAL, VO
from tests.lines import (
    absent,
    asked,
    attends,
    back,
    decided,
    enrolled,
    handed,
    left,
    on,
    reviewed,
    stops,
    supported,
    taken_back,
    tlv,
)

# T09: TLV

IN_SO = enrolled(SO, stage="so", year="S")


def test_a_tlv_that_ends_is_told_three_times_and_breached_when_it_has() -> None:
    told = IN_SO, tlv()
    key = "T09/tlv/t1"
    assert on("2027-01-30", *told) == {}
    assert on("2027-01-31", *told) == {key: ("info", "2027-01-31", SO)}
    assert on("2027-04-30", *told) == {key: ("warn", "2027-04-30", SO)}
    assert on("2027-07-03", *told) == {key: ("warn", "2027-07-03", SO)}
    assert on("2027-07-31", *told)[key][0] == "warn"
    assert on("2027-08-01", *told) == {key: ("breach", "2027-07-31", SO)}


@pytest.mark.parametrize("ref", ["t1", "t2"])
def test_a_renewal_or_another_tlv_clears_it(ref: str) -> None:
    assert on("2027-08-01", IN_SO, tlv(), tlv("2029-07-31", "renewed", "2027-06-01", ref)) == {}


def test_a_refused_renewal_changes_nothing() -> None:
    assert on("2027-08-01", IN_SO, tlv(), tlv("2029-07-31", "refused", ref="t2"))["T09/tlv/t1"][0] == "breach"


def test_a_tlv_taken_back_is_a_breach_the_day_after() -> None:
    told = IN_SO, tlv(action="revoked", day="2026-11-02")
    assert on("2026-11-03", *told) == {"T09/tlv/t1": ("breach", "2026-11-02", SO)}


def test_who_leaves_special_education_by_the_end_needs_no_new_one() -> None:
    assert (
        on("2027-07-10", IN_SO, left(SO, "2027-07-09"), tlv(), enrolled(VO, "2027-07-10", "vo", id="e2"))
        == {}
    )


def test_a_breach_ends_when_the_learner_leaves() -> None:
    told = IN_SO, tlv(), left(SO, "2027-08-20", "moved-out")
    assert on("2027-08-10", *told[:2]) != {}
    assert on("2027-08-21", *told) == {}


def test_a_tlv_that_was_never_used_is_told_to_who_asked_for_it_and_never_breached() -> None:
    told = enrolled(), tlv()
    assert on("2027-07-03", *told) == {"T09/tlv/t1": ("warn", "2027-07-03", SCHOOL_A)}
    assert on("2027-08-01", *told) == {}


# T10: ijkpunten

GROEP_5 = enrolled(start="2026-08-17", year="5"), supported()


@pytest.mark.parametrize(("year", "moment"), [("2", "end-kleuter"), ("5", "end-groep5"), ("12", "end-klas2")])
def test_an_ijkpunt_must_be_held_by_31_july(year: str, moment: str) -> None:
    told = enrolled(start="2026-08-17", year=year), supported()
    assert on("2027-07-31", *told) == {}
    assert on("2027-08-01", *told) == {f"T10/review/{moment}.2026-2027": ("breach", "2027-07-31", SCHOOL_A)}
    assert on("2027-08-01", *told, reviewed(moment)) == {}
    assert on("2027-09-10", *told, reviewed(moment, "2027-09-09")) == {}, "late, but held"


def test_only_who_has_support_or_a_tlv_needs_one() -> None:
    pupil = enrolled(start="2026-08-17", year="5")
    assert on("2027-08-01", pupil) == {}
    assert on("2027-08-01", pupil, supported(0)) == {}
    assert on("2027-08-01", pupil, supported(direction="end")) == {}
    assert on("2027-08-01", pupil, supported(until="2027-01-01")) == {}
    assert "T10/review/end-groep5.2026-2027" in on("2027-08-01", pupil, tlv())


def test_the_other_years_have_none() -> None:
    assert on("2027-08-01", enrolled(start="2026-08-17", year="4"), supported()) == {}


def test_an_ijkpunt_of_another_year_does_not_count_and_a_renewed_tlv_does() -> None:
    assert on("2027-08-01", *GROEP_5, reviewed(day="2026-06-01")) != {}
    assert on("2027-08-01", *GROEP_5, reviewed("end-klas2")) != {}
    assert on("2027-08-01", *GROEP_5, tlv("2029-07-31", "renewed", "2027-06-01")) == {}


def test_the_roll_over_to_the_next_year_group_does_not_hide_what_was_missed() -> None:
    rolled = enrolled(start="2023-08-01", year="6", occurredOn="2027-08-01")
    found = on("2027-08-01", rolled, supported(), known="2027-08-01")
    assert found == {"T10/review/end-groep5.2026-2027": ("breach", "2027-07-31", SCHOOL_A)}


def test_who_left_during_the_year_is_not_reviewed_there() -> None:
    gone = left(day="2027-02-14"), enrolled(SCHOOL_B, "2027-02-15", year="5", id="e2")
    assert on("2027-08-01", *GROEP_5, *gone)["T10/review/end-groep5.2026-2027"][2] == SCHOOL_B


# T11: thuiszitters


def test_leerplicht_and_swv_each_hear_of_an_absence_of_four_weeks_and_of_three_months() -> None:
    assert on("2027-02-07", absent()) == {}
    for day, severity, due in (("2027-02-08", "warn", "2027-02-08"), ("2027-04-11", "breach", "2027-04-11")):
        assert on(day, absent()) == {
            "T11/absence/c1/leerplicht": (severity, due, LPA),
            "T11/absence/c1/swv": (severity, due, SWV),
        }
    assert on("2027-04-11", absent(), back()) == {}


# T16: long stays


def test_a_stay_of_eighteen_months_without_a_plan_is_told() -> None:
    stay = attends("taalcentrum-po", TAAL)
    assert on("2027-07-11", stay) == {}
    assert on("2027-07-12", stay) == {"T16/participation/p1": ("warn", "2027-07-12", TAAL)}
    assert on("2027-07-12", stay, stops("2027-07-10")) == {}


def test_a_request_a_handover_a_return_or_a_planned_end_is_a_plan() -> None:
    stay = attends("isk", TAAL)
    request = asked(VO, "2027-06-01", "newcomer", "vo")
    assert on("2027-07-12", stay, request, decided("accepted", "2027-06-10")) == {}
    assert "T16/participation/p1" in on("2027-07-12", stay, request, decided("declined"))
    handover = handed(VO, "2027-06-28", "OVERIG", fromOrg=TAAL)
    assert on("2027-07-12", stay, handover) == {}
    assert "T16/participation/p1" in on("2027-07-12", stay, handover, taken_back("2027-06-29"))
    assert on("2027-07-12", stay, ("return/p1/moved", {"occurredOn": "2027-07-01"})) == {}
    planned = attends("isk", TAAL, plannedEnd="2027-07-16")
    assert on("2027-07-16", planned) == {}
    assert on("2027-07-17", planned) == {"T16/participation/p1": ("warn", "2027-07-17", TAAL)}


def test_the_request_by_which_a_learner_came_is_no_plan_for_after() -> None:
    assert on("2027-07-12", attends("isk", TAAL), asked(VO, "2026-01-05"), decided("declined")) != {}


def test_more_than_two_years_at_the_opdc_is_a_breach_with_any_plan() -> None:
    stay = attends("opdc", OPDC, plannedEnd="2029-01-01")
    assert on("2028-01-11", stay) == {}
    assert on("2028-01-12", stay) == {"T16/participation/p1": ("breach", "2028-01-12", OPDC)}


def test_other_participations_may_last() -> None:
    assert on("2030-01-01", attends("arrangement", SCHOOL_B)) == {}
