"""The learning line 0-27 as it follows from facts (domain.md §3), whoever looks at it: where a learner is."""

from __future__ import annotations

import pytest

from hub.core.line.stays import running
from tests import city
from tests.linekit import (
    asked,
    attends,
    decided,
    enrolled,
    left,
    line_of,
    onboard,
    returned,
    sent,
    stopped,
    taken_back,
)

PO = enrolled("e1", city.SCHOOL_A, "2023-08-01")


class TestEnrolments:
    def test_a_new_school_makes_the_old_one_left_though_its_own_end_has_not_come_in(self) -> None:
        line = line_of(PO, enrolled("e2", city.SCHOOL_B, "2027-02-15", from_=city.SCHOOL_A))
        assert (line.primary, line.unusual, line.status) == (city.SCHOOL_B, [], "active")

    def test_a_handover_to_the_new_school_tells_as_much(self) -> None:
        there = enrolled("e2", city.VO, "2027-08-01", "vo")
        assert line_of(PO, there, sent()).primary == city.VO
        assert line_of(PO, there, sent()).unusual == []
        assert line_of(PO, there, sent(), taken_back()).unusual == ["two-primaries"]

    def test_two_running_primary_enrolments_without_a_link_are_unusual_and_never_refused(self) -> None:
        line = line_of(PO, enrolled("e2", city.SCHOOL_B, "2027-02-15"))
        assert line.unusual == ["two-primaries"] and len(line.enrolments) == 2

    def test_a_second_enrolment_that_is_not_primary_is_not_unusual(self) -> None:
        line = line_of(PO, enrolled("e2", city.SCHOOL_B, "2027-02-15", primary=False, from_=city.SCHOOL_A))
        assert (line.unusual, line.primary) == ([], city.SCHOOL_A)

    @pytest.mark.parametrize(
        ("reason", "status"), [("moved-out", "left-region"), ("moved", "gap"), ("death", "closed")]
    )
    def test_how_a_line_stands_follows_from_why_the_last_enrolment_ended(
        self, reason: str, status: str
    ) -> None:
        assert line_of(PO, left("e1", city.SCHOOL_A, "2027-02-14", reason)).status == status

    def test_who_left_with_a_startkwalificatie_is_in_no_gap(self) -> None:
        mbo = enrolled("e1", city.ROC, "2024-08-01", "mbo", birthMonth="2007-01")
        assert line_of(mbo, left("e1", city.ROC, "2027-02-14", "graduated", diploma="mbo1")).status == "gap"
        done = line_of(mbo, left("e1", city.ROC, "2027-02-14", "graduated", diploma="mbo2"))
        assert done.status == "active" and done.regions.enrolment == "ended"

    def test_an_enrolment_told_by_mistake_leaves_no_gap(self) -> None:
        mistake = (
            enrolled("e2", city.SCHOOL_B, "2027-01-04"),
            left("e2", city.SCHOOL_B, "2027-01-05", "error"),
        )
        assert line_of(*mistake).status == "active"
        assert (line_of(PO, *mistake).status, line_of(PO, *mistake).unusual) == ("active", [])


class TestUnusual:
    @pytest.mark.parametrize(
        ("before", "after", "more"),
        [
            ("opvang", "po", {}),
            ("po", "vo", {}),
            ("sbo", "vso", {}),
            ("vo", "mbo", {"mboLevel": 4}),
            ("vo", "vavo", {}),
            ("vso", "mbo", {"mboLevel": 1}),
            ("vavo", "hbo", {}),
            ("mbo", "mbo", {}),
            ("hbo", "wo", {}),
        ],
    )
    def test_a_normal_step_is_not_marked(self, before: str, after: str, more: dict[str, int]) -> None:
        assert self.steps(before, after, **more) == []

    @pytest.mark.parametrize(
        ("before", "after", "more", "mark"),
        [
            ("mbo", "vo", {}, "mbo-vo"),
            ("opvang", "vo", {}, "opvang-vo"),
            ("po", "mbo", {}, "po-mbo"),
            ("hbo", "mbo", {}, "hbo-mbo"),
            ("mbo", "vavo", {}, "mbo-vavo"),
            ("pro", "mbo", {"mboLevel": 2}, "pro-mbo2"),
            ("work", "hbo", {}, "work-hbo"),
        ],
    )
    def test_an_odd_step_is_marked(self, before: str, after: str, more: dict[str, int], mark: str) -> None:
        assert self.steps(before, after, **more) == [mark]

    def test_after_a_drop_out_vavo_and_mbo_are_a_way_back(self) -> None:
        assert self.steps("mbo", "vavo", reason="dropout") == []
        assert self.steps("hbo", "mbo", reason="dropout") == []

    def test_from_isk_the_way_goes_to_po_vo_and_the_first_levels_of_mbo(self) -> None:
        assert self.steps("vo", "mbo", level="isk", mboLevel=2) == []
        assert self.steps("vo", "mbo", level="isk", mboLevel=3) == ["isk-mbo3"]
        assert self.steps("vo", "po", level="isk") == []
        assert self.steps("vo", "po") == ["vo-po"]

    def test_a_child_of_three_in_po_is_marked_and_one_that_turns_four_that_month_is_not(self) -> None:
        assert line_of(enrolled("e1", city.SCHOOL_A, "2022-02-28")).unusual == ["age-3-po"]
        assert line_of(enrolled("e1", city.SCHOOL_A, "2022-03-01")).unusual == []

    @staticmethod
    def steps(before: str, after: str, reason: str = "moved", level: str = "", **more: int) -> list[str]:
        first = enrolled("e1", city.SCHOOL_A, "2026-08-01", before, level=level)
        return line_of(
            first,
            left("e1", city.SCHOOL_A, "2027-02-14", reason),
            enrolled("e2", city.SCHOOL_B, "2027-02-15", after, **more),
        ).unusual


class TestParallelTracks:
    """domain.md §3.4: several places at once, one primary enrolment, nothing unusual."""

    def test_onboard_is_two_tracks_under_one_base_enrolment(self) -> None:
        line = line_of(enrolled("e1", city.VO, "2025-08-01", "vo"), onboard())
        assert {(p.kind, p.org) for p in line.participations} == {
            ("onboard-vo", city.VO),
            ("onboard-mbo", city.ROC),
        }
        assert line.regions.participation == ["onboard-mbo", "onboard-vo"]
        assert (line.primary, line.unusual, line.status) == (city.VO, [], "active")

    def test_onboard_with_an_enrolment_on_both_sides_is_no_odd_pair(self) -> None:
        both = [
            enrolled("e1", city.VO, "2025-08-01", "vavo"),
            enrolled("e2", city.ROC, "2027-08-30", "mbo", from_=city.VO),
        ]
        line = line_of(*both, onboard())
        assert line.unusual == [] and {e.id for e in running(line)} == {"e1", "e2"}
        assert line_of(enrolled("e1", city.VO, "2025-08-01", "vavo"), both[1], onboard()).primary == city.ROC
        assert line_of(*both[::-1], enrolled("e3", city.VO_OTHER, "2027-09-01", "vo"), onboard()).unusual

    def test_a_track_of_onboard_told_by_its_own_event_is_not_shown_twice(self) -> None:
        line = line_of(onboard(), attends("p1", city.ROC, "onboard-mbo", "2027-09-06"))
        assert [(p.kind, p.start) for p in line.participations] == [
            ("onboard-vo", "2027-08-30"),
            ("onboard-mbo", "2027-09-06"),
        ]

    def test_the_vo_track_of_onboard_ends_with_the_vo_diploma_and_the_mbo_track_goes_on(self) -> None:
        line = line_of(
            enrolled("e1", city.VO, "2025-08-01", "vo"),
            onboard(),
            left("e1", city.VO, "2028-07-15", "graduated", diploma="vmbo"),
        )
        assert [(p.kind, p.end, p.result) for p in line.participations] == [
            ("onboard-mbo", "", ""),
            ("onboard-vo", "2028-07-15", "completed"),
        ]

    def test_an_enrolment_that_ended_before_onboard_began_ends_no_track(self) -> None:
        line = line_of(
            enrolled("e1", city.VO, "2022-08-01", "vo"), left("e1", city.VO, "2027-07-31"), onboard()
        )
        assert [p.end for p in line.participations] == ["", ""]

    def test_a_track_of_onboard_runs_as_long_as_one_enrolment_there_does(self) -> None:
        line = line_of(
            *(enrolled("e1", city.VO, "2026-08-01", "vo"), left("e1", city.VO, "2027-09-30"), onboard()),
            enrolled("e2", city.VO, "2027-10-01", "vavo"),
        )
        assert [p.end for p in line.participations] == ["", ""]

    def test_taalcentrum_with_a_stam_school_is_one_enrolment_and_one_place(self) -> None:
        line = line_of(PO, attends("p1", city.TAAL, "taalcentrum-po", enrolmentId="e1"))
        assert (line.primary, line.unusual) == (city.SCHOOL_A, [])
        assert line.regions.participation == ["taalcentrum-po"]

    def test_opdc_keeps_the_enrolment_and_a_return_to_the_stam_school_shows_where_from(self) -> None:
        opdc = "brin:99XX15"
        line = line_of(
            enrolled("e1", city.VO, "2026-08-01", "vo"),
            attends("p1", opdc, "opdc", "2027-01-11", enrolmentId="e1", plannedEnd="2027-07-31"),
            stopped("p1", opdc, "2027-07-16", kind="opdc", result="transferred"),
            returned("p1", opdc, city.VO, occurredOn="2027-07-16"),
        )
        assert (line.primary, line.status, line.regions.participation) == (city.VO, "active", [])
        assert [(r.id, r.direction, r.from_org, r.to_org, r.on) for r in line.returns] == [
            ("p1", "to-stam", opdc, city.VO, "2027-07-16")
        ]

    def test_ten_fourteen_is_attended_beside_po_and_leads_to_vo(self) -> None:
        line = line_of(
            PO,
            attends("p1", city.VO, "ten-fourteen", "2026-08-24"),
            left("e1", city.SCHOOL_A, "2028-07-31", "transfer"),
            enrolled("e2", city.VO, "2028-08-01", "vo"),
        )
        assert (line.primary, line.unusual, line.regions.participation) == (city.VO, [], ["ten-fourteen"])

    def test_a_doorlopende_leerroute_moves_from_vmbo_to_mbo(self) -> None:
        line = line_of(
            enrolled("e1", city.VO, "2023-08-01", "vo", level=["vmbo-bb", "vmbo-kb"]),
            attends("p1", city.ROC, "mbo-module", "2025-08-25", enrolmentId="e1"),
            left("e1", city.VO, "2027-07-31", "transfer"),
            enrolled("e2", city.ROC, "2027-08-01", "mbo", mboLevel=2),
        )
        assert (line.primary, line.unusual, line.enrolments[0].level) == (city.ROC, [], "vmbo-bb,vmbo-kb")


class TestPlacements:
    def test_a_request_alone_announces_a_learner(self) -> None:
        line = line_of(asked("r1", city.SCHOOL_A, by=city.TAAL, stage="po"))
        assert (line.status, line.regions.enrolment) == ("anticipated", "requested")

    @pytest.mark.parametrize(
        ("outcome", "region", "status"),
        [
            ("accepted", "accepted", "in-transition"),
            ("temporary", "temporary", "in-transition"),
            ("waitlisted", "waitlisted", "anticipated"),
            ("declined", "none", "anticipated"),
        ],
    )
    def test_the_decision_moves_the_region(self, outcome: str, region: str, status: str) -> None:
        line = line_of(asked("r1", city.VO), decided("r1", city.VO, outcome))
        assert (line.regions.enrolment, line.status) == (region, status)

    def test_a_place_is_taken_by_enrolling_there(self) -> None:
        place = (asked("r1", city.VO), decided("r1", city.VO))
        assert line_of(PO, *place).status == "in-transition"
        line = line_of(PO, *place, enrolled("e2", city.VO, "2027-08-01", "vo", from_=city.SCHOOL_A))
        assert (line.status, line.regions.enrolment) == ("active", "enrolled")

    def test_a_place_at_one_school_lapses_by_starting_at_another(self) -> None:
        place = (asked("r1", city.VO), decided("r1", city.VO, startOn="2027-08-01"))
        elsewhere = enrolled("e2", city.VO_OTHER, "2027-07-26", "vo", from_=city.SCHOOL_A)
        assert line_of(PO, *place, elsewhere).status == "active"

    def test_a_move_within_po_does_not_undo_the_place_in_vo(self) -> None:
        place = (asked("r1", city.VO), decided("r1", city.VO, startOn="2027-08-01"))
        moved = enrolled("e2", city.SCHOOL_B, "2027-06-01", from_=city.SCHOOL_A)
        assert line_of(PO, *place, moved).status == "in-transition"
