"""Handovers, support, results, and the end and merging of a line (domain.md §3.2), whoever looks at it."""

from __future__ import annotations

from hub.core.line import ties, view
from hub.core.state import Bundle, State
from hub.core.views import Line
from tests import city
from tests.linekit import (
    LEARNER,
    OTHER,
    Slot,
    absent,
    advised,
    answered,
    attends,
    back,
    certified,
    closed,
    enrolled,
    left,
    line_of,
    link,
    recognised,
    reported,
    reviewed,
    revoked,
    sent,
    state_of,
    support,
    taken_back,
    tlv,
    warm,
)

PO = enrolled("e1", city.SCHOOL_A, "2023-08-01")


class TestTransfers:
    """Region 3, as scenarios S5 and S6 go through it."""

    def state(self, *slots: Slot) -> str:
        return line_of(*slots).transfers[0].state

    def test_step_by_step_from_prepared_to_complete(self) -> None:
        steps = [sent(), answered(), warm("initial"), warm("follow-up")]
        states = [self.state(*steps[: n + 1]) for n in range(4)]
        assert states == ["prepared", "acknowledged", "warm-initial-held", "complete"]

    def test_every_order_of_the_same_steps_ends_the_same(self) -> None:
        steps = [sent(), answered(), warm("initial"), warm("follow-up")]
        assert self.state(*steps[::-1]) == "complete"

    def test_without_extra_support_an_accepted_handover_is_complete(self) -> None:
        assert self.state(sent(warm=False), answered()) == "complete"

    def test_a_planned_warm_contact_is_not_a_held_one(self) -> None:
        assert self.state(sent(), answered(), warm("initial", "planned")) == "acknowledged"

    def test_one_contact_told_by_both_sides_counts_once(self) -> None:
        line = line_of(
            sent(), answered(), warm("initial", on="2027-06-24"), warm("initial", org=city.SCHOOL_A)
        )
        assert [(t.state, t.warm_initial_on) for t in line.transfers] == [("warm-initial-held", "2027-06-24")]

    def test_a_follow_up_without_acceptance_or_first_contact_completes_nothing(self) -> None:
        assert self.state(sent(), warm("initial"), warm("follow-up")) == "warm-followup-held"
        assert self.state(sent(), answered(), warm("follow-up")) == "warm-followup-held"

    def test_parents_who_decline_the_contact_hold_nothing_up(self) -> None:
        declined = [warm(phase, "declined-by-parents") for phase in ("initial", "follow-up")]
        assert self.state(sent(), answered(), *declined) == "complete"

    def test_an_incomplete_handover_is_open_again_when_it_is_prepared_anew(self) -> None:
        assert self.state(sent(), answered("incomplete")) == "incomplete"
        assert (
            self.state(sent(occurredOn="2027-06-18"), answered("incomplete", on="2027-06-16")) == "prepared"
        )

    def test_of_one_day_the_time_of_logging_decides_what_came_last(self) -> None:
        anew = sent(occurredOn="2027-06-16", time="2027-06-16T15:00:00+02:00")
        early, late = "2027-06-16T12:00:00Z", "2027-06-16T14:00:00Z"
        assert self.state(anew, answered("incomplete", time=early)) == "prepared"
        assert self.state(anew, answered("incomplete", time=late)) == "incomplete"

    def test_a_wrong_recipient_stays_wrong_until_it_is_sent_to_another(self) -> None:
        assert self.state(sent(), answered("wrong-recipient")) == "wrong-recipient"
        assert self.state(sent(occurredOn="2027-06-18"), answered("wrong-recipient")) == "wrong-recipient"
        again = sent(to=city.VO_OTHER, occurredOn="2027-06-18")
        assert self.state(again, answered("wrong-recipient")) == "prepared"

    def test_withdrawn_then_purged(self) -> None:
        back = taken_back(replacedBy="h2")
        line = line_of(sent(), answered("wrong-recipient"), back, sent("h2", city.VO_OTHER))
        assert [(t.id, t.state, t.replaced_by, t.withdrawn_for) for t in line.transfers] == [
            ("h", "withdrawn", "h2", "wrong-recipient"),
            ("h2", "prepared", "", ""),
        ]
        assert self.state(sent(), answered("purged", on="2027-06-23"), back) == "purged"

    def test_an_answer_before_its_handover_is_no_handover_yet(self) -> None:
        assert self.state(answered()) == "none"
        assert line_of(answered()).status == "active"

    def test_a_learner_on_the_way_is_in_transition_until_it_came(self) -> None:
        assert line_of(PO, sent()).status == "in-transition"
        there = enrolled("e2", city.VO, "2027-08-01", "vo", from_=city.SCHOOL_A)
        assert line_of(PO, sent(), there).status == "active"

    def test_going_back_to_a_school_of_long_ago_is_a_way_too(self) -> None:
        was = (enrolled("e0", city.VO, "2020-08-01"), left("e0", city.VO, "2023-07-31"))
        assert line_of(*was, PO, sent()).status == "in-transition"

    def test_the_region_shows_the_gravest_of_several(self) -> None:
        line = line_of(sent("h1", warm=False), answered(id="h1"), sent("h2"), answered("incomplete", "h2"))
        assert line.regions.transfer == "incomplete"
        assert line_of(sent(), taken_back()).regions.transfer == "withdrawn"


class TestCare:
    def test_the_region_shows_the_highest_level_that_runs(self) -> None:
        line = line_of(support("s1", city.SCHOOL_A, 1), support("s2", city.SCHOOL_A, 2, "up"))
        assert line.regions.support == "2"
        ended = line_of(support("s1", city.SCHOOL_A, 1), support("s2", city.SCHOOL_A, 2, "end"))
        assert ended.regions.support == "1"

    def test_the_newest_decision_on_a_tlv_stands_in_the_region(self) -> None:
        first, second = tlv(to="2027-07-31"), tlv("refused", ref="tlv-2", occurredOn="2027-03-01")
        assert line_of(first).regions.tlv == "granted"
        assert line_of(second, first).regions.tlv == "refused"
        assert line_of().regions.tlv == "none"

    def test_an_absence_is_open_until_it_is_closed(self) -> None:
        assert line_of().regions.attendance == "ok"
        assert line_of(absent("c1")).regions.attendance == "lrv"
        assert line_of(absent("c1"), absent("c2", "absolute")).regions.attendance == "absolute"
        assert line_of(absent("c1"), back("c1")).regions.attendance == "closed"
        assert line_of(absent("c1"), back("c1", "error")).regions.attendance == "ok"

    def test_a_review_and_progress_know_their_moment_and_school_year(self) -> None:
        line = line_of(reviewed(), reported("vo-year3", city.VO, vsAdvice="up", levelNow="havo"))
        assert [(r.moment, r.year, r.outcome) for r in line.reviews] == [("end-groep5", "2026-2027", "stay")]
        assert [(p.moment, p.versus_advice, p.level) for p in line.progress] == [("vo-year3", "up", "havo")]


class TestResults:
    def test_advice_is_provisional_and_then_definitive(self) -> None:
        line = line_of(advised("definitive", "kb"), advised("provisional", "bb-t/m-kb", "2027-01-20"))
        assert [(a.year, a.moment, a.advice) for a in line.advice] == [
            ("2026-2027", "provisional", "bb-t/m-kb"),
            ("2026-2027", "definitive", "kb"),
        ]

    def test_a_certificate_is_recognised_by_who_gives_it_an_effect(self) -> None:
        line = line_of(certified("c1"), recognised("c1", city.HBO, "none"), recognised("c1", city.ROC_POORT))
        (found,) = line.certificates
        assert (found.status, found.recognised_by) == ("recognised", [city.ROC_POORT])
        assert found.effects == {city.ROC_POORT: "partial", city.HBO: "none"}

    def test_revoked_is_the_end_whatever_comes_after(self) -> None:
        (found,) = line_of(certified("c1"), revoked("c1"), recognised("c1", city.ROC_POORT)).certificates
        assert (found.status, found.revoked_on) == ("revoked", "2027-11-02")

    def test_what_is_known_of_a_certificate_before_it_was_issued_makes_it_unknown(self) -> None:
        assert [c.status for c in line_of(recognised("c1", city.ROC), revoked("c2")).certificates] == [
            "unknown",
            "unknown",
        ]


class TestTheEnd:
    def test_a_line_is_closed_for_a_reason_on_a_day(self) -> None:
        line = line_of(PO, closed("completed-work", "2027-02-14"))
        assert (line.status, line.closed_on, line.close_reason) == ("closed", "2027-02-14", "completed-work")
        assert line.primary == ""

    def test_nobody_has_an_active_tie_with_a_closed_line(self) -> None:
        assert any(tie.active for tie in ties(line_of(PO, tlv())))
        assert not any(tie.active for tie in ties(line_of(PO, tlv(), closed("error", "2027-02-14"))))

    def test_leaving_the_region_by_e29_is_shown_as_such(self) -> None:
        assert line_of(PO, closed("left-region", "2027-02-14", reopenable=True)).status == "left-region"

    def test_a_later_enrolment_opens_a_reopenable_line_again_and_no_other(self) -> None:
        again = enrolled("e2", city.SCHOOL_B, "2028-01-08", from_=city.SCHOOL_A)
        line = line_of(PO, closed("left-region", "2027-02-14", reopenable=True), again)
        assert (line.status, line.closed_on, line.primary) == ("active", "", city.SCHOOL_B)
        assert line_of(PO, closed("left-region", "2027-02-14"), again).status == "left-region"

    def test_a_death_told_by_the_school_alone_closes_the_line(self) -> None:
        line = line_of(PO, left("e1", city.SCHOOL_A, "2027-02-14", "death"), sent())
        assert (line.status, line.closed_on, line.close_reason) == ("closed", "2027-02-14", "deceased")

    def test_what_is_dated_after_the_27th_birthday_is_no_part_of_the_line(self) -> None:
        mbo = enrolled("e1", city.ROC, "2020-08-01", "mbo", birthMonth="2000-03")
        last = enrolled("e2", city.HBO, "2027-03-31", "hbo", birthMonth="2000-03", occurredOn="2027-03-31")
        late = enrolled("e3", city.HBO, "2027-04-01", "hbo", birthMonth="2000-03", occurredOn="2027-04-01")
        on = closed("age-27", "2027-04-01")
        assert line_of(mbo, last, late) == line_of(mbo, last)
        assert [e.id for e in line_of(late, last, mbo, on).enrolments] == ["e1", "e2"]
        assert line_of(mbo, late, on).close_reason == "age-27"
        assert line_of(mbo, absent("c1", occurredOn="2027-04-01")).absences == []
        assert len(line_of(mbo, absent("c1", occurredOn="2027-03-31")).absences) == 1

    def test_of_an_erased_learner_nothing_is_shown(self) -> None:
        assert view(State(f"learner/{LEARNER}", erased="2027-03-01")) is None


class TestCorrections:
    def test_what_another_fact_corrects_is_nowhere_seen_again(self) -> None:
        slot, wrong = enrolled("e1", city.SCHOOL_B, "2027-02-15")
        given = {"source": wrong.attributes["source"], "id": wrong.attributes["id"]}
        line = line_of((slot, wrong), enrolled("e2", city.SCHOOL_A, "2027-02-15", corrects=given))
        assert [e.id for e in line.enrolments] == ["e2"]
        assert city.SCHOOL_B not in {tie.org for tie in ties(line)}


class TestMergeAndSplit:
    """E27: both lines show the union while they are linked, and their own history before and after."""

    MINE = (PO, certified("c1"))
    THEIRS = (
        enrolled("e2", city.SCHOOL_B, "2027-02-15", from_=city.SCHOOL_A),
        attends("p1", city.ROC, "techlab"),
    )

    def lines(self, action: str) -> tuple[Line, Line]:
        """The line that stays and the other, as both stand after that word."""
        own, other = state_of(*self.MINE, link(OTHER, action)), state_of(*self.THEIRS, learner=OTHER)
        if action == "merged":
            own.shared[other.key] = Bundle(1, facts=other.facts)
            other.shared[own.key] = Bundle(1, survivor=True, facts=own.facts)
        else:
            own.shared[other.key] = Bundle(2, open=False)
            other.shared[own.key] = Bundle(2, survivor=True, open=False)
        stays, goes = view(own), view(other)
        assert stays and goes
        return stays, goes

    def test_both_show_what_either_knows_and_one_of_them_stays(self) -> None:
        stays, goes = self.lines("merged")
        for line in (stays, goes):
            assert [e.id for e in line.enrolments] == ["e1", "e2"]
            assert [len(line.participations), len(line.certificates)] == [1, 1]
            assert (line.primary, line.unusual) == (city.SCHOOL_B, [])
        assert (stays.events, stays.as_of) == (goes.events, goes.as_of)
        assert (stays.linked, stays.merged_into) == ([OTHER], "")
        assert (goes.linked, goes.merged_into) == ([LEARNER], LEARNER)

    def test_a_split_gives_both_their_own_history_back(self) -> None:
        stays, goes = self.lines("split")
        alone = line_of(*self.MINE)
        assert (stays.enrolments, stays.certificates) == (alone.enrolments, alone.certificates)
        assert (stays.linked, stays.merged_into, stays.participations) == ([], "", [])
        assert goes == line_of(*self.THEIRS, learner=OTHER)
