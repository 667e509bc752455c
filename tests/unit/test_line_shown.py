"""What one partner sees of a line (domain.md §3.6): rows of the parties, and no trace of the rest."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from hub.core.line import for_partner
from hub.core.partners import PARTIES, Partner, Role
from tests import city
from tests.linekit import (
    OTHER,
    Slot,
    absent,
    advised,
    answered,
    asked,
    attends,
    back,
    breach,
    certified,
    closed,
    decided,
    enrolled,
    left,
    line_of,
    onboard,
    recognised,
    reported,
    returned,
    reviewed,
    revoked,
    sent,
    stopped,
    support,
    taken_back,
    tlv,
    warm,
)

PO = enrolled("e1", city.SCHOOL_A, "2023-08-01")
VO = enrolled("e2", city.VO, "2027-08-01", "vo", from_=city.SCHOOL_A)
GONE = left("e1", city.SCHOOL_A, "2027-07-31", "transfer")


def sees(partner: str, *slots: Slot, **more: Any) -> dict[str, Any]:
    """What a partner that has to do with the line sees of it."""
    shown = for_partner(line_of(*slots, **more), city.BY_ID[partner])
    assert shown is not None
    return shown


def who(*slots: Slot, **more: Any) -> set[str]:
    """The partners that see the line at all."""
    line = line_of(*slots, **more)
    return {partner.id for partner in city.PARTNERS if for_partner(line, partner) is not None}


def stations(shown: dict[str, Any]) -> list[str]:
    return [row["org"] for row in shown["enrolments"]]


class TestWhoHasToDoWithALine:
    def test_the_school_of_enrolment_until_the_enrolment_ends(self) -> None:
        assert who(PO) == {"school-a"}
        assert who(PO, GONE, VO) == {"vo"}

    def test_a_school_that_was_left_loses_the_line_though_its_own_end_has_not_come_in(self) -> None:
        assert who(PO, VO) == {"vo"}

    def test_where_a_learner_attends_until_that_ends(self) -> None:
        assert who(PO, attends("p1", city.ROC, "techlab")) == {"school-a", "roc"}
        assert who(PO, attends("p1", city.ROC, "techlab"), stopped("p1", city.ROC, "2027-06-01")) == {
            "school-a"
        }

    def test_both_sides_of_onboard(self) -> None:
        assert who(onboard()) == {"vo", "roc"}

    def test_the_school_that_gave_a_place_until_the_learner_went_elsewhere(self) -> None:
        place = (asked("r1", city.VO), decided("r1", city.VO))
        assert who(PO, *place) == {"school-a", "vo"}
        elsewhere = enrolled("e3", city.VO_OTHER, "2027-08-01", "vo", from_=city.SCHOOL_A)
        assert who(PO, *place, elsewhere) == {"vo-other"}

    @pytest.mark.parametrize("outcome", ["waitlisted", "declined", "referred", "withdrawn"])
    def test_a_school_that_gave_no_place_sees_nothing(self, outcome: str) -> None:
        assert who(PO, asked("r1", city.VO)) == {"school-a"}
        assert who(PO, asked("r1", city.VO), decided("r1", city.VO, outcome)) == {"school-a"}

    def test_the_receiver_of_a_handover_as_long_as_it_is_not_withdrawn(self) -> None:
        assert who(PO, sent()) == {"school-a", "vo"}
        assert who(PO, sent(), answered()) == {"school-a", "vo"}
        assert who(PO, sent(), answered("incomplete")) == {"school-a", "vo"}
        for end in (answered("wrong-recipient"), answered("purged"), taken_back(reason="error")):
            assert who(PO, sent(), end) == {"school-a"}

    def test_a_receiver_that_is_done_waits_for_the_learner_until_it_starts_elsewhere(self) -> None:
        done = (PO, sent(warm=False), answered())
        assert who(*done) == {"school-a", "vo"}
        assert who(*done, enrolled("e3", city.VO_OTHER, "2027-08-02", "vo")) == {"school-a", "vo-other"}

    def test_a_receiver_that_the_learner_left_again_has_no_line_for_a_contact_that_was_never_told(
        self,
    ) -> None:
        left_again = (VO, left("e2", city.VO, "2028-01-10"))
        assert who(sent(), answered(), VO) == {"vo"}
        assert who(sent(), answered(), *left_again) == set()

    def test_a_wrong_receiver_loses_the_line_at_once_and_the_right_one_gets_it(self) -> None:
        """Scenario S6."""
        wrong = (PO, sent(), answered("wrong-recipient"))
        right = (*wrong, taken_back(replacedBy="h2"), sent("h2", city.VO_OTHER))
        assert (who(*wrong), who(*right)) == ({"school-a"}, {"school-a", "vo-other"})
        assert [t["toOrg"] for t in sees("vo-other", *right)["transfers"]] == [city.VO_OTHER]

    def test_a_wrong_receiver_that_has_to_do_with_the_learner_for_another_reason_has_no_row_of_it(
        self,
    ) -> None:
        slots = (PO, attends("p1", city.VO, "techlab"), sent(), answered("wrong-recipient"))
        assert sees("vo", *slots)["transfers"] == []
        assert [t["nextAction"] for t in sees("school-a", *slots)["transfers"]] == ["withdraw"]

    def test_who_runs_support_or_holds_a_tlv(self) -> None:
        assert who(PO, support("s1", city.OPDC, 3)) == {"school-a", "opdc"}
        assert who(PO, support("s1", city.OPDC, 3, "end")) == {"school-a"}
        assert who(PO, tlv()) == {"school-a", "swv"}
        for action in ("refused", "revoked", "expired"):
            assert who(PO, tlv(action)) == {"school-a"}

    def test_a_tlv_or_support_that_ended_before_the_newest_fact_is_no_tie(self) -> None:
        assert who(PO, tlv(to="2027-02-14")) == {"school-a"}
        assert who(PO, support("s1", city.OPDC, 3, until="2027-02-14")) == {"school-a"}

    def test_the_school_that_asked_for_a_tlv_keeps_no_line_when_the_learner_has_left_it(self) -> None:
        so = enrolled("e2", city.SO, "2027-08-01", "so", from_=city.SCHOOL_A)
        assert who(PO, GONE, so, tlv(), support("s1", city.SCHOOL_A, 2)) == {"so", "swv"}

    def test_the_parties_of_an_open_absence_and_leerplicht(self) -> None:
        case = absent("c1", "absolute", org=city.LPA, lastOrg=city.SCHOOL_A)
        assert who(PO, GONE, case) == {"school-a", "leerplicht"}
        assert who(PO, GONE, case, back("c1")) == set()

    def test_doorstroompunt_has_the_cases_of_18_and_over(self) -> None:
        grown = enrolled("e1", city.ROC, "2025-08-01", "mbo", birthMonth="2008-12")
        case = absent("c1", org=city.ROC)
        assert who(grown, case) == {"roc", "leerplicht", "doorstroompunt"}
        assert "doorstroompunt" not in who(grown, absent("c1", org=city.ROC, since="2026-12-31"))

    def test_leerplicht_and_doorstroompunt_when_a_breach_stands_that_they_supervise(self) -> None:
        assert who(PO, GONE, signals=breach("T04", city.SCHOOL_A)) == {"leerplicht"}
        assert who(PO, GONE, signals=breach("T14", city.SCHOOL_A)) == {"doorstroompunt"}
        assert who(PO, GONE, signals=breach("T05", city.SCHOOL_A)) == set()
        warned = breach("T04", city.SCHOOL_A)
        warned["T04/x"].severity = "warn"
        assert who(PO, GONE, signals=warned) == set()

    def test_a_signal_is_no_reason_for_who_is_to_act(self) -> None:
        assert who(signals=breach("T05", city.SCHOOL_A)) == set()

    def test_nobody_sees_a_closed_line(self) -> None:
        everything = (PO, VO, tlv(), support("s1", city.OPDC, 3), absent("c1"), sent())
        stand = {"signals": breach("T04", city.SCHOOL_A)}
        for reason in ("left-region", "deceased", "completed-work", "error"):
            assert who(*everything, closed(reason, "2027-09-01"), **stand) == set()
        assert who(PO, left("e1", city.SCHOOL_A, "2027-02-14", "death"), sent()) == set()

    @pytest.mark.parametrize("role", [Role.PROCESREGISSEUR, Role.BOARD, Role.JGZ, Role.JEUGDHULP])
    def test_some_roles_see_no_line_even_when_the_learner_is_theirs(self, role: Role) -> None:
        school = city.BY_ID["school-a"]
        assert for_partner(line_of(PO), school) is not None
        assert for_partner(line_of(PO), msgspec.structs.replace(school, roles=(Role.PO, role))) is None


class TestWhatIsInIt:
    def test_every_list_is_there_however_little_there_is_to_see(self) -> None:
        full = (
            enrolled("e2", city.SO, "2026-08-01", "so", primary=False),
            *(attends("p1", city.TAAL, "taalcentrum-po"), support("s1", city.OPDC, 3), tlv(kind="vso")),
            *(absent("c1", org=city.OPDC), reviewed(org=city.SO), sent(to=city.VO)),
        )
        assert sees("school-a", PO).keys() == sees("roc", attends("p2", city.ROC, "techlab"), *full).keys()

    def test_no_row_names_its_privacy_class_its_time_of_logging_or_an_empty_field(self) -> None:
        shown = sees("school-a", PO)
        assert shown["enrolments"] == [
            {"org": city.SCHOOL_A, "stage": "po", "start": "2023-08-01", "primary": True}
        ]
        assert "P1" not in msgspec.json.encode(shown).decode()

    def test_of_another_school_only_where_what_and_when(self) -> None:
        havo = enrolled("e2", city.VO, "2027-08-01", "vo", level="havo", year="11", from_=city.SCHOOL_A)
        slots = (PO, left("e1", city.SCHOOL_A, "2027-07-31", "transfer", nextOrg=city.VO), havo)
        assert sees("vo", *slots)["enrolments"] == [
            {
                "org": city.SCHOOL_A,
                "stage": "po",
                "start": "2023-08-01",
                "end": "2027-07-31",
                "primary": True,
            },
            {
                "org": city.VO,
                "stage": "vo",
                "year": "11",
                "level": "havo",
                "start": "2027-08-01",
                "primary": True,
                "cameFrom": city.SCHOOL_A,
            },
        ]

    def test_a_special_place_is_seen_by_itself_and_by_the_school_it_was_told_to_belong_to(self) -> None:
        loose, tied = (
            attends("p1", city.TAAL, "taalcentrum-po", **more) for more in ({}, {"enrolmentId": "e1"})
        )
        kinds = {
            p: [r["kind"] for r in sees(p, PO, loose)["participations"]] for p in ("school-a", "taalcentrum")
        }
        assert kinds == {"school-a": [], "taalcentrum": ["taalcentrum-po"]}
        assert [r["kind"] for r in sees("school-a", PO, tied)["participations"]] == ["taalcentrum-po"]

    def test_the_end_of_a_plain_participation_is_seen_though_it_does_not_say_what_ended(self) -> None:
        slots = (PO, attends("p1", city.ROC, "techlab"), stopped("p1", city.ROC, "2027-06-01"))
        assert [p["end"] for p in sees("school-a", *slots)["participations"]] == ["2027-06-01"]

    def test_an_enrolment_in_so_is_seen_by_that_school_alone(self) -> None:
        so = enrolled("e2", city.SO, "2026-08-01", "so", primary=False)
        assert stations(sees("school-a", PO, so)) == [city.SCHOOL_A]
        assert stations(sees("so", PO, so)) == [city.SCHOOL_A, city.SO]

    def test_choices_are_seen_by_who_asked_and_by_the_school_that_was_asked_never_by_the_others(self) -> None:
        """domain.md D6, scenario S5: no selection at the gate."""
        choices = (
            *(asked("r1", city.VO, preferenceRank=1), decided("r1", city.VO, "declined")),
            *(asked("r2", city.VO_OTHER, preferenceRank=2), decided("r2", city.VO_OTHER)),
        )
        slots = (PO, *choices, attends("p1", city.VO, "techlab"))
        assert [p["rank"] for p in sees("school-a", *slots)["placements"]] == [1, 2]
        other = sees("vo-other", *slots)
        assert [p["outcome"] for p in other["placements"]] == ["accepted"] and "rank" not in other[
            "placements"
        ][0]
        assert other["status"] == "in-transition" and sees("vo", *slots)["placements"] == []

    def test_a_second_choice_hears_nothing_before_it_is_asked(self) -> None:
        there = attends("p1", city.VO, "techlab")
        assert sees("vo", there, asked("r1", city.VO, preferenceRank=2))["placements"] == []
        assert len(sees("vo", there, asked("r1", city.VO, preferenceRank=1))["placements"]) == 1

    def test_the_definitive_advice_reaches_the_school_that_gave_a_place_and_no_other(self) -> None:
        slots = (
            *(PO, advised("provisional", "bb-t/m-kb"), advised("definitive", "kb")),
            *(asked("r1", city.VO), decided("r1", city.VO), attends("p1", city.VO_OTHER, "techlab")),
            *(asked("r2", city.VO_OTHER), attends("p2", city.ROC, "techlab")),
            *(asked("r3", city.ROC, stage="mbo"), decided("r3", city.ROC)),
        )
        seen = {
            p: [a["advice"] for a in sees(p, *slots)["advice"]] for p in ("school-a", "vo", "vo-other", "roc")
        }
        assert seen == {"school-a": ["bb-t/m-kb", "kb"], "vo": ["kb"], "vo-other": [], "roc": []}

    def test_a_tlv_is_of_who_decided_who_asked_and_the_school_placed_at(self) -> None:
        so = enrolled("e2", city.SO, "2027-08-01", "so", from_=city.SCHOOL_A)
        slots = (so, tlv(), attends("p1", city.SCHOOL_A, "symbiosis"), attends("p2", city.ROC, "techlab"))
        parties = ("so", "swv", "school-a", "roc")
        assert [len(sees(p, *slots)["tlvs"]) for p in parties] == [1, 1, 1, 0]

    def test_support_reviews_progress_and_returns_are_of_the_organisations_named_in_them(self) -> None:
        slots = (
            *(PO, support("s1", city.OPDC, 3, atOrg=city.SO), reviewed(), attends("p1", city.ROC, "techlab")),
            *(reported("language-after", city.TAAL), attends("p2", city.TAAL, "taalcentrum-po")),
            returned("p3", city.OPDC, city.SCHOOL_A),
        )
        names = ("supports", "reviews", "progress", "returns")
        partners = ("school-a", "opdc", "so", "taalcentrum", "roc")
        assert {p: [len(sees(p, *slots)[name]) for name in names] for p in partners} == {
            "school-a": [0, 1, 0, 1],
            "opdc": [1, 0, 0, 1],
            "so": [1, 0, 0, 0],
            "taalcentrum": [0, 0, 1, 0],
            "roc": [0, 0, 0, 0],
        }

    def test_who_has_to_do_with_a_case_alone_sees_enrolments_and_the_case(self) -> None:
        slots = (PO, attends("p1", city.ROC, "techlab"), certified("c1"), absent("c1"))
        shown = sees("leerplicht", *slots)
        assert stations(shown) == [city.SCHOOL_A] and len(shown["absences"]) == 1
        assert shown["participations"] == shown["certificates"] == []

    def test_an_absence_is_seen_by_who_told_it_and_the_last_school_and_by_no_other_school(self) -> None:
        case = absent("c1", "absolute", org=city.LPA, lastOrg=city.SCHOOL_A)
        slots = (PO, case, attends("p1", city.ROC, "techlab"))
        assert [len(sees(p, *slots)["absences"]) for p in ("leerplicht", "school-a", "roc")] == [1, 1, 0]

    def test_a_certificate_is_shown_as_it_stands(self) -> None:
        slots = (PO, certified("c1"), recognised("c1", city.HBO, "none"), recognised("c2", city.HBO))
        assert [(c["status"], c.get("effects")) for c in sees("school-a", *slots)["certificates"]] == [
            ("issued", None)
        ]
        assert [c["status"] for c in sees("school-a", *slots, revoked("c1"))["certificates"]] == ["revoked"]
        issuer = sees("roc", *slots, attends("p1", city.ROC, "techlab"))
        assert [c["effects"] for c in issuer["certificates"]] == [{city.HBO: "none"}]

    def test_signals_are_of_who_must_act_and_at_a_breach_of_who_supervises(self) -> None:
        stand = breach("T04", city.SCHOOL_A) | breach("T05", city.VO)
        slots = (PO, attends("p1", city.VO, "techlab"))
        rules = {
            p: [s["rule"] for s in sees(p, *slots, signals=stand)["signals"]]
            for p in ("school-a", "vo", "leerplicht")
        }
        assert rules == {"school-a": ["T04"], "vo": ["T05"], "leerplicht": ["T04"]}

    def test_what_is_to_be_done_next_and_by_when(self) -> None:
        steps = [sent(), answered(), warm("initial"), warm("follow-up")]
        rows = [sees("vo", PO, *steps[: n + 1])["transfers"][0] for n in range(4)]
        assert [(row.get("nextAction"), row.get("dueOn")) for row in rows] == [
            ("acknowledge", "2027-06-11"),
            ("warm-initial", "2027-08-01"),
            ("warm-follow-up", "2027-12-01"),
            (None, None),
        ]


class TestWhatLeavesNoTrace:
    def test_a_handover_to_another_school_moves_neither_status_nor_date(self) -> None:
        late = {"time": "2027-05-28T12:00:00Z"}
        slots = (PO, attends("p1", city.ROC, "techlab"))
        assert sees("roc", *slots, sent(**late)) == sees("roc", *slots)
        told = sees("school-a", *slots, sent(**late))
        assert (told["status"], told["asOf"]) == ("in-transition", "2027-05-28T12:00:00Z")

    def test_that_an_enrolment_ended_is_no_gap_for_who_cannot_see_the_next(self) -> None:
        slots = (PO, GONE, attends("p1", city.ROC, "techlab"))
        so = enrolled("e2", city.SO, "2027-08-01", "so")
        assert sees("roc", *slots) == sees("roc", *slots, so)

    def test_a_gap_is_shown_to_who_must_close_it(self) -> None:
        stand = breach("T04", city.SCHOOL_A)
        assert sees("leerplicht", PO, GONE, signals=stand)["status"] == "gap"

    def test_the_other_line_of_a_merged_learner_is_not_named(self) -> None:
        line = msgspec.structs.replace(line_of(PO), linked=[OTHER], merged_into=OTHER)
        shown = for_partner(line, city.BY_ID["school-a"])
        assert shown is not None and OTHER not in msgspec.json.encode(shown).decode()


def test_a_partner_of_several_organisations_sees_the_rows_of_each() -> None:
    both = Partner("both", "Both", (Role.PO,), (*city.BY_ID["school-a"].orgs, *city.BY_ID["so"].orgs))
    so = enrolled("e2", city.SO, "2026-08-01", "so", primary=False)
    shown = for_partner(line_of(PO, so), both)
    assert shown is not None and stations(shown) == [city.SCHOOL_A, city.SO]


@pytest.mark.parametrize("role", sorted(set(Role) - PARTIES))
def test_whoever_is_no_side_of_a_matter_sees_no_line_even_where_it_is_named(role: Role) -> None:
    named = Partner("named", "Named", (role,), city.BY_ID["school-a"].orgs)
    assert for_partner(line_of(PO), named) is None
