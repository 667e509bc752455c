"""Gap rules T03-T08: places asked for, schools left, handovers and warm contacts."""

from __future__ import annotations

import pytest

from tests.city import SCHOOL_A, SCHOOL_B, VO, VO_OTHER
from tests.lines import answered, asked, back, decided, enrolled, handed, left, on, taken_back, warm

# T03: zorgplicht


def test_an_undecided_request_warns_after_four_weeks_and_breaches_after_six() -> None:
    request = asked(day="2027-03-01")
    assert on("2027-03-28", request) == {}
    assert on("2027-03-29", request) == {"T03/placement/r1": ("warn", "2027-03-29", VO)}
    assert on("2027-04-11", request)["T03/placement/r1"][0] == "warn"
    assert on("2027-04-12", request) == {"T03/placement/r1": ("breach", "2027-04-12", VO)}


def test_one_extension_moves_the_breach_to_ten_weeks() -> None:
    told = asked(day="2027-03-01"), decided("waitlisted", "2027-04-01", extended=True)
    assert on("2027-05-09", *told)["T03/placement/r1"][0] == "warn"
    assert on("2027-05-10", *told) == {"T03/placement/r1": ("breach", "2027-05-10", VO)}


def test_a_waiting_list_decides_nothing_and_every_other_outcome_does() -> None:
    request = asked(day="2027-03-01", reason="regular")
    assert on("2027-04-12", request, decided("waitlisted"))["T03/placement/r1"][0] == "breach"
    for outcome in ("accepted", "declined", "referred", "withdrawn", "temporary"):
        assert on("2027-04-12", request, decided(outcome)) == {}


def test_only_the_school_of_first_choice_is_held_to_its_term() -> None:
    first, second = asked(preferenceRank=1), asked(VO_OTHER, id="r2", preferenceRank=2)
    assert set(on("2027-09-01", first, second)) == {"T03/placement/r1"}


def test_no_holiday_pauses_a_statutory_term() -> None:
    """The six weeks from 28 June lie in the summer holiday."""
    assert on("2027-08-09", asked(day="2027-06-28"))["T03/placement/r1"] == ("breach", "2027-08-09", VO)


def test_a_request_for_a_crisis_place_is_warned_of_after_five_work_days() -> None:
    request = asked(day="2027-03-01", reason="crisis", stage="none")
    assert on("2027-03-07", request) == {}
    assert on("2027-03-08", request) == {"T03/placement/r1": ("warn", "2027-03-08", VO)}


# T04: nowhere enrolled

GONE = enrolled(), left()


def test_an_enrolment_without_a_next_warns_after_a_week_and_breaches_after_four() -> None:
    assert on("2027-02-20", *GONE) == {}
    assert on("2027-02-21", *GONE) == {"T04/enrolment/e1": ("warn", "2027-02-21", SCHOOL_A)}
    assert on("2027-03-14", *GONE) == {"T04/enrolment/e1": ("breach", "2027-03-14", SCHOOL_A)}


def test_a_new_enrolment_or_an_exemption_ends_the_gap() -> None:
    assert on("2027-06-01", *GONE, enrolled(SCHOOL_B, "2027-03-15", id="e2")) == {}
    for how in ("exempt", "moved", "reached-18"):
        assert on("2027-06-01", *GONE, back(how)) == {}
    assert on("2027-06-01", *GONE, back("placed")) != {}
    assert on("2027-06-01", *GONE, back("exempt", "2026-09-01")) != {}, "an older exemption says nothing"


def test_an_enrolment_by_mistake_fills_no_gap() -> None:
    mistake = enrolled(SCHOOL_B, "2027-02-15", id="e2"), left(SCHOOL_B, "2027-02-16", "error", "e2")
    assert set(on("2027-06-01", *GONE, *mistake)) == {"T04/enrolment/e1"}


def test_who_comes_of_age_must_no_longer_be_enrolled() -> None:
    told = enrolled(birthMonth="2009-02", stage="vo"), left()
    assert on("2027-02-28", *told)["T04/enrolment/e1"][0] == "warn"
    assert on("2027-03-01", *told) == {}
    assert on("2027-06-01", *told) == {}


# T05: po-vo placed, nothing prepared

PLACED = enrolled(), asked(), decided()


def test_a_handover_to_the_placed_school_is_missed_from_the_day_after_31_may() -> None:
    assert on("2027-05-31", *PLACED) == {}
    assert on("2027-06-01", *PLACED) == {"T05/placement/r1": ("warn", "2027-05-31", SCHOOL_A)}


def test_a_handover_elsewhere_or_withdrawn_does_not_count() -> None:
    due = "2027-06-01"
    assert "T05/placement/r1" not in on(due, *PLACED, handed())
    assert "T05/placement/r1" in on(due, *PLACED, handed(VO_OTHER))
    assert "T05/placement/r1" in on(due, *PLACED, handed(), taken_back("2027-05-29"))


def test_only_an_accepted_pupil_needs_one_and_only_the_last_placement_counts() -> None:
    assert "T05/placement/r1" not in on("2027-06-01", enrolled(), asked(), decided("declined"))
    moved = asked(VO_OTHER, id="r2"), decided(org=VO_OTHER, day="2027-05-20", id="r2")
    found = on("2027-06-01", *PLACED, *moved, handed(VO_OTHER))
    assert not [key for key in found if key.startswith("T05")]


def test_the_last_po_school_must_act_also_when_the_pupil_is_at_the_vo_school_already() -> None:
    told = *PLACED, enrolled(SCHOOL_B, "2026-01-05", id="e2"), enrolled(VO, "2027-08-01", "vo", "11", id="e3")
    assert on("2027-09-01", *told)["T05/placement/r1"][2] == SCHOOL_B


def test_without_a_known_po_school_the_asking_school_must_act() -> None:
    assert on("2027-06-01", asked(), decided())["T05/placement/r1"][2] == SCHOOL_A


# T06: not acknowledged, not purged

SENT = asked(), decided(), handed()


def test_a_handover_must_be_acknowledged_in_ten_school_days() -> None:
    assert on("2027-06-11", *SENT) == {}
    assert on("2027-06-12", *SENT) == {"T06/handover/h1": ("warn", "2027-06-11", VO)}
    assert on("2027-06-17", *SENT, answered()) == {}


def test_school_days_pause_in_the_holidays() -> None:
    found = on("2027-09-30", asked(), decided(), handed(day="2027-07-08"))
    assert found["T06/handover/h1"][1] == "2027-09-02", "one day in July, nine from 23 August on"


def test_a_school_that_may_not_know_of_the_pupil_owes_no_answer() -> None:
    """Its signal would tell it (D6)."""
    assert on("2027-09-01", handed(warmNeeded=True)) == {}
    assert on("2027-09-01", asked(), decided("declined"), handed(warmNeeded=True)) == {}
    assert on("2027-09-01", *SENT[:2], handed(consent="refused", warmNeeded=True)).keys() <= {
        "T05/placement/r1"
    }
    assert on("2027-09-01", handed(transfer="VSPO")) == {}, "opvang to school needs consent"
    assert set(on("2027-09-01", handed(transfer="VSPO", consent="given"))) == {"T06/handover/h1"}


def test_a_school_of_first_choice_looks_into_support_before_it_decides() -> None:
    looking = asked(day="2027-05-20", supportExpected=True), handed()
    assert set(on("2027-06-12", *looking)) == {"T06/handover/h1"}
    assert on("2027-06-12", *looking, decided("declined")) == {}


def test_the_term_runs_from_acceptance_when_that_came_after_the_handover() -> None:
    told = (
        asked(day="2027-05-20"),
        decided(day="2027-06-04"),
        handed(),
        enrolled(VO, "2027-08-01", "vo", "11"),
    )
    assert on("2027-06-18", *told) == {}
    assert on("2027-06-19", *told)["T06/handover/h1"][1] == "2027-06-18"


def test_an_incomplete_handover_waits_for_a_new_answer_once_it_is_prepared_again() -> None:
    assert on("2027-07-01", *SENT, answered("incomplete", "2027-06-01")) == {}
    again = asked(), decided(), handed(day="2027-06-07"), answered("incomplete", "2027-06-01")
    assert set(on("2027-07-01", *again)) == {"T06/handover/h1"}


def test_a_wrong_receiver_must_purge_within_five_work_days() -> None:
    wrong = *SENT, answered("wrong-recipient", "2027-06-10"), taken_back("2027-06-14")
    purge = "T06/handover/h1/purge"
    assert purge not in on("2027-06-21", *wrong)
    assert on("2027-06-22", *wrong)[purge] == ("breach", "2027-06-21", VO)
    assert purge not in on("2027-06-22", *SENT, answered("purged", "2027-06-15"), taken_back())


def test_what_was_withdrawn_before_it_could_arrive_need_not_be_purged() -> None:
    found = on("2027-09-01", asked(), decided(day="2027-06-20"), handed(), taken_back("2027-06-14"))
    assert "T06/handover/h1/purge" not in found


# T07, T08: warm contact

WARM = asked(), decided(), handed(warmNeeded=True), answered()


def test_both_sides_hear_that_no_warm_contact_was_held_by_the_last_school_day() -> None:
    assert on("2027-07-08", *WARM) == {}
    assert on("2027-07-09", *WARM) == {
        "T07/handover/h1/fromOrg": ("warn", "2027-07-09", SCHOOL_A),
        "T07/handover/h1/toOrg": ("warn", "2027-07-09", VO),
    }


@pytest.mark.parametrize("status", ["held", "not-needed", "declined-by-parents"])
@pytest.mark.parametrize("org", [SCHOOL_A, VO])
def test_one_side_that_tells_of_it_is_enough(status: str, org: str) -> None:
    assert on("2027-07-09", *WARM, warm(status=status, org=org)) == {}


def test_a_plan_is_no_contact_and_without_need_there_is_no_gap() -> None:
    assert len(on("2027-07-09", *WARM, warm(status="planned"))) == 2
    assert on("2027-12-24", *SENT, answered()) == {}


def test_on_1_december_the_follow_up_is_missed_by_the_vo_school() -> None:
    held = *WARM, warm(), enrolled(VO, "2027-08-01", "vo", "11", birthMonth="2015-03")
    assert on("2027-11-30", *held) == {}
    assert on("2027-12-01", *held) == {"T08/handover/h1": ("warn", "2027-12-01", VO)}
    assert on("2027-12-08", *held, warm("follow-up", day="2027-12-08")) == {}


def test_no_follow_up_is_missed_when_parents_declined_or_the_pupil_left() -> None:
    assert on("2027-12-01", *WARM, warm(status="declined-by-parents")) == {}
    there = enrolled(VO, "2027-08-01", "vo", "11", id="e2")
    gone = left(VO, "2027-12-02", id="e2"), enrolled(VO_OTHER, "2027-12-03", "vo", "11", id="e3")
    before = enrolled(VO, "2027-07-01", "vo", "11", id="e4"), left(VO, "2027-07-31", id="e4")
    assert "T08/handover/h1" in on("2027-12-02", *WARM, warm(), there, *gone, *before)
    assert "T08/handover/h1" not in on("2027-12-03", *WARM, warm(), there, *gone, *before)


def test_a_wrong_receiver_owes_no_warm_contact() -> None:
    assert on("2027-07-09", *WARM[:3], answered("wrong-recipient")) == {}
