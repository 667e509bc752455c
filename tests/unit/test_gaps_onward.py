"""Gap rules T12-T15 and T17: certificates, ONboard, zomerlek, peuters, and school after school."""

from __future__ import annotations

import pytest

from tests.city import HBO, OPVANG, ROC, SCHOOL_A, SCHOOL_B, SO, VO, VO_OTHER
from tests.lines import (
    Slot,
    absent,
    answered,
    asked,
    attends,
    back,
    certified,
    decided,
    enrolled,
    handed,
    left,
    on,
    onboard,
    stops,
)

# T12: certificates

AT_ROC_2 = enrolled(HBO, "2028-08-28", "hbo", "H1", id="e2")


def test_a_certificate_must_be_decided_on_eight_weeks_after_enrolment() -> None:
    key = f"T12/certificate/k1/{HBO}"
    assert on("2028-10-22", certified(), AT_ROC_2) == {}
    assert on("2028-10-23", certified(), AT_ROC_2) == {key: ("warn", "2028-10-23", HBO)}
    decided_on = f"certificate/k1/recognised/{HBO}", {"occurredOn": "2028-11-01", "effect": "none"}
    assert on("2028-11-02", certified(), AT_ROC_2, decided_on) == {}


def test_what_is_revoked_refused_or_at_home_needs_no_decision() -> None:
    revoked = "certificate/k1/revoked", {"occurredOn": "2028-02-01"}
    assert on("2028-12-01", certified(), AT_ROC_2, revoked) == {}
    assert on("2028-12-01", certified(consent="refused"), AT_ROC_2) == {}
    assert on("2028-12-01", certified(issuer=HBO), AT_ROC_2) == {}
    assert on("2028-12-01", certified(), enrolled(SCHOOL_B, "2028-08-28", "vo")) == {}
    assert on("2028-12-01", certified("2028-09-10"), AT_ROC_2) == {}, "issued when already there"


def test_who_left_again_took_the_question_along() -> None:
    told = certified(), AT_ROC_2, left(HBO, "2028-11-30", "dropout", "e2")
    assert on("2028-11-30", *told) != {}
    assert not [key for key in on("2028-12-01", *told) if key.startswith("T12")]


# T13: ONboard

ONBOARD = onboard(), attends("onboard-mbo", ROC, "2027-08-30")


def test_a_track_that_stopped_is_told_to_the_desk_at_once() -> None:
    told = *ONBOARD, stops("2028-02-10", "stopped")
    assert on("2028-02-10", *told) == {"T13/onboard/o1": ("warn", "2028-02-10", VO)}
    assert on("2028-02-10", *ONBOARD, stops("2028-02-10", "completed")) == {}


def test_a_learner_on_onboard_who_stays_away_four_weeks_is_told_to_the_desk() -> None:
    key = "T13/onboard/o1/absence/c1"
    assert key not in on("2027-11-27", *ONBOARD, absent("2027-10-31"))
    assert on("2027-11-28", *ONBOARD, absent("2027-10-31"))[key] == ("warn", "2027-11-28", VO)
    assert key not in on("2027-11-28", *ONBOARD, absent("2027-10-31"), back(day="2027-11-20"))
    assert key not in on("2028-10-01", *ONBOARD, absent("2028-06-01")), "after the exam"


# T14: zomerlek

PUPIL = enrolled(VO, "2023-08-01", "vo", "14", birthMonth="2010-10")
TO_MBO = asked(ROC, "2027-03-01", "vo-mbo", "mbo"), decided(day="2027-04-01", org=ROC)
DONE = left(VO, "2027-07-09", "graduated", diploma="vmbo")
SIGNS = [
    TO_MBO,
    (handed(ROC, "2027-06-01", "VOMBO", fromOrg=VO, consent="given"), answered()),
]


@pytest.mark.parametrize("sign", SIGNS)
def test_who_meant_to_go_to_mbo_and_is_not_there_on_1_october_is_missed(sign: tuple[Slot, ...]) -> None:
    told = PUPIL, *sign
    assert "T14/2027-10-01" not in on("2027-09-30", *told)
    assert on("2027-10-01", *told)["T14/2027-10-01"] == ("breach", "2027-10-01", VO)


def test_a_school_that_names_an_mbo_as_next_is_a_sign_too() -> None:
    gone = left(VO, "2027-07-09", "graduated", diploma="vmbo", nextOrg=ROC)
    assert on("2027-10-01", PUPIL, gone)["T14/2027-10-01"] == ("breach", "2027-10-01", VO)
    elsewhere = left(VO, "2027-07-09", "graduated", diploma="vmbo", nextOrg=VO_OTHER)
    assert "T14/2027-10-01" not in on("2027-10-01", PUPIL, elsewhere)


def test_an_mbo_enrolment_clears_it_also_when_it_comes_late() -> None:
    for start in ("2027-08-23", "2027-10-11"):
        there = enrolled(ROC, start, "mbo", "M1", id="e2", birthMonth="2010-10")
        assert on("2027-10-12", PUPIL, DONE, *TO_MBO, there) == {}


def test_who_started_and_left_before_the_day_is_missed() -> None:
    there = enrolled(ROC, "2027-08-23", "mbo", "M1", id="e2", birthMonth="2010-10")
    gone = left(ROC, "2027-09-20", "dropout", "e2")
    assert "T14/2027-10-01" in on("2027-10-01", PUPIL, DONE, *TO_MBO, there, gone)


def test_who_stayed_in_vo_or_went_to_onboard_is_not_lost() -> None:
    again = enrolled(VO, "2023-08-01", "vo", "14", birthMonth="2010-10", occurredOn="2027-08-01")
    assert on("2027-10-01", again, *TO_MBO) == {}
    assert "T14/2027-10-01" not in on("2027-10-01", PUPIL, *TO_MBO, onboard())
    assert "T14/2027-10-01" in on("2027-10-01", PUPIL, *TO_MBO), "still on the books of last year is no place"


def test_an_mbo_that_did_not_accept_is_no_sign() -> None:
    assert "T14/2027-10-01" not in on("2027-10-01", PUPIL, TO_MBO[0], decided("declined", org=ROC))


# T15: peuters

VE = enrolled(OPVANG, "2025-09-01", "opvang", "P", birthMonth="2023-05"), attends("ve", OPVANG, "2025-09-01")


def test_a_child_in_ve_without_a_request_is_told_to_the_opvang_alone() -> None:
    assert on("2027-02-28", *VE) == {}
    assert on("2027-03-01", *VE) == {"T15/participation/p1": ("warn", "2027-03-01", OPVANG)}
    assert on("2027-06-01", *VE) == {"T15/participation/p1": ("breach", "2027-06-01", OPVANG)}


def test_a_request_for_a_primary_school_or_a_place_there_ends_it() -> None:
    request = asked(SCHOOL_A, "2027-02-20", "regular", "po", birthMonth="2023-05")
    assert on("2027-03-01", *VE, request) == {}
    assert on("2027-03-01", *VE, enrolled(start="2027-03-01", year="1", id="e2")) == {}
    in_vain = decided("declined", "2027-02-10", SCHOOL_A)
    assert set(on("2027-03-01", *VE, request, in_vain)) == {"T15/participation/p1"}


def test_who_left_ve_young_is_not_missed() -> None:
    assert on("2027-06-01", *VE, stops("2026-12-18")) == {}
    assert on("2027-06-01", *VE, stops("2027-05-20")) != {}


# T17: school changes

MOVES = (
    *(enrolled(SCHOOL_A, "2025-09-01"), left(SCHOOL_A, "2026-03-01")),
    *(enrolled(SCHOOL_B, "2026-03-02", id="e2"), left(SCHOOL_B, "2027-01-10", id="e2")),
)
THIRD = enrolled(SO, "2027-01-11", year="5", id="e3")


def test_the_third_school_within_two_years_is_told_so() -> None:
    assert on("2027-01-10", *MOVES) == {}
    assert on("2027-01-12", *MOVES, THIRD) == {"T17": ("info", "2027-01-11", SO)}


def test_it_ends_when_the_two_years_are_over() -> None:
    assert "T17" in on("2027-08-31", *MOVES, THIRD)
    assert "T17" not in on("2027-09-01", *MOVES, THIRD)


def test_a_new_enrolment_at_the_same_school_is_no_change() -> None:
    again = enrolled(SCHOOL_B, "2027-01-11", id="e3")
    assert on("2027-01-12", *MOVES, again) == {}


def test_three_schools_in_more_than_two_years_are_no_signal() -> None:
    assert "T17" not in on(
        "2027-09-03", *MOVES[:3], left(SCHOOL_B, "2027-09-01", id="e2"), enrolled(SO, "2027-09-02", id="e3")
    )
