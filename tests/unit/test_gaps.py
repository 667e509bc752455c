"""What holds for all gap rules T03-T17; each has sentences of its own in test_gaps_*."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core import calendar, signals
from hub.core.case import Case
from hub.core.directory import Directory
from hub.core.gaps import RULES
from hub.core.policy import Policy
from hub.core.state import Bundle, Fact, State
from tests import city
from tests.city import OPVANG, ROC, SCHOOL_A, SCHOOL_B, SO, SWV, VO
from tests.lines import (
    KEY,
    Slot,
    absent,
    answered,
    asked,
    attends,
    back,
    case,
    certified,
    closed,
    decided,
    enrolled,
    fact,
    handed,
    left,
    line,
    on,
    onboard,
    reviewed,
    stops,
    supported,
    taken_back,
    tlv,
)

# All rules

GONE = enrolled(), left()
PLACED = enrolled(), asked(), decided()
SENT = asked(), decided(), handed()
WARM = asked(), decided(), handed(warmNeeded=True), answered()
TLV = enrolled(SO, stage="so", year="S"), tlv()
VE = enrolled(OPVANG, "2025-09-01", "opvang", "P", birthMonth="2023-05"), attends("ve", OPVANG, "2025-09-01")
MOVES = (
    *(enrolled(SCHOOL_A, "2025-09-01"), left(SCHOOL_A, "2026-03-01")),
    *(enrolled(SCHOOL_B, "2026-03-02", id="e2"), left(SCHOOL_B, "2027-01-10", id="e2")),
)
EVERYTHING = (
    *GONE,
    *PLACED[1:],
    handed(warmNeeded=True),
    tlv(),
    absent(),
    certified(),
    onboard(),
    *MOVES[2:3],
)


def test_a_closed_line_has_no_gaps_and_a_reopened_one_has() -> None:
    assert len({key[:3] for key in on("2028-01-01", *EVERYTHING)}) > 3
    assert on("2028-01-01", *EVERYTHING, closed()) == {}
    reopened = enrolled(SCHOOL_B, "2027-04-01", id="e9")
    assert on("2028-01-01", *EVERYTHING, closed("2027-03-01"), reopened) != {}


@pytest.mark.parametrize("reason", ["death", "moved-out"])
def test_who_died_or_moved_out_leaves_no_gap_of_any_kind(reason: str) -> None:
    assert on("2028-01-01", enrolled(), left(reason=reason), absent(), tlv(), asked()) == {}
    assert on("2028-01-01", enrolled(), left(reason="moved"), absent(), tlv(), asked()) != {}


def test_who_moved_out_and_came_back_counts_again() -> None:
    came = enrolled(SCHOOL_B, "2027-08-23", id="e2")
    assert on("2028-01-01", enrolled(), left(reason="moved-out"), absent(), came) != {}


def test_a_line_that_was_merged_into_another_has_no_gaps() -> None:
    away = line(*GONE)
    away.shared["learner/other"] = Bundle(1, survivor=True)
    assert signals.gaps(case(away)) == []
    stays = line(*GONE)
    stays.shared["learner/other"] = Bundle(1, survivor=False)
    split = line(*GONE)
    split.shared["learner/other"] = Bundle(2, survivor=True, open=False)
    assert signals.gaps(case(stays)) == signals.gaps(case(split)) == signals.gaps(case(line(*GONE))) != []


def test_what_a_linked_line_knows_fills_a_gap_here() -> None:
    stays = line(*GONE)
    slot, data = enrolled(SCHOOL_B, "2027-02-15", id="e2")
    stays.shared["learner/other"] = Bundle(1, facts={slot: fact(slot, data, "2027-02-15")})
    assert signals.gaps(case(stays)) == []


def test_no_clock_judges_before_what_started_it_has_been_known_a_day() -> None:
    for told in (GONE, (asked(day="2027-02-01"),), SENT, WARM, TLV, (absent(),), VE):
        assert on("2027-12-20", *told, known="2027-12-20") == {}
        assert on("2027-12-21", *told, known="2027-12-20") != {}


def test_a_roll_over_that_tells_an_enrolment_again_does_not_start_clocks_anew() -> None:
    rolled = enrolled(SO, "2027-01-11", year="6", id="e3", occurredOn="2027-08-01")
    assert on("2027-08-01", *MOVES, rolled)["T17"] == ("info", "2027-01-11", SO)


def test_without_the_authority_in_the_directory_there_is_nobody_to_tell() -> None:
    alone = Policy(Directory([p for p in city.PARTNERS if p.id != "leerplicht"]))
    found = signals.gaps(Case(Fact({}, {}), line(absent()), alone))
    assert {gap.responsible for gap in found} == {SWV}


# In any order, on any day

ids = st.sampled_from(("a", "b"))
days = st.sampled_from(("2026-06-14", "2027-02-14", "2027-05-28", "2027-08-01", "9999-12-31", "0001-01-01"))
orgs = st.sampled_from((SCHOOL_A, VO, ROC, SO))
stages = st.sampled_from(("po", "so", "vo", "mbo", "opvang"))
years = st.sampled_from(("2", "5", "6", "12", "S"))
kinds = st.sampled_from(("ve", "isk", "opdc", "onboard-mbo"))
outcomes = st.sampled_from(("accepted", "waitlisted", "declined"))
answers = st.sampled_from(("accepted", "incomplete", "purged"))
reasons = st.sampled_from(("po-vo", "vo-mbo"))
transfers = st.sampled_from(("POVO", "POPO", "VOMBO"))
actions = st.sampled_from(("granted", "renewed", "revoked", "refused"))
slots = st.one_of(
    st.builds(enrolled, orgs, days, stages, years, ids),
    st.builds(left, orgs, days, st.sampled_from(("moved", "error")), ids, nextOrg=orgs),
    st.builds(asked, orgs, days, reasons, stages, ids, supportExpected=st.booleans()),
    st.builds(decided, outcomes, days, orgs, ids),
    st.builds(handed, orgs, days, transfers, ids, warmNeeded=st.booleans()),
    st.builds(answered, answers, days, ids),
    st.builds(taken_back, days, ids),
    st.builds(tlv, days, actions, days, ids),
    st.builds(supported, st.integers(0, 3), days),
    st.builds(reviewed, st.just("end-groep5"), days),
    st.builds(absent, days),
    st.builds(back, st.sampled_from(("placed", "exempt")), days),
    st.builds(certified, days, orgs),
    st.builds(onboard, days),
    st.builds(attends, kinds, orgs, days),
    st.builds(stops, days, st.sampled_from(("completed", "stopped"))),
)
lines = st.lists(slots, max_size=14)


@given(lines, st.randoms(use_true_random=False), days)
def test_what_stands_on_a_day_is_the_same_for_any_order_of_arrival(
    told: list[Slot], random: Any, day: str
) -> None:
    known = dict(told)
    shuffled = list(known.items())
    random.shuffle(shuffled)
    assert on(day, *known.items(), known="2027-01-01") == on(day, *shuffled, known="2027-01-01")


@given(lines)
def test_nothing_changes_between_two_days_on_which_the_clocks_are_read(told: list[Slot]) -> None:
    """So a clock that looks only on the days it asked for misses nothing."""
    found = signals.gaps(case(line(*told, known="2027-01-01")))
    day = "2026-12-01"
    for _ in range(60):
        next_day = signals.next_due(found, day)
        if not next_day:
            break
        assert next_day > day
        before = calendar.add_days(next_day, -1)
        assert signals.standing(found, before) == signals.standing(found, day)
        day = next_day
    else:
        raise AssertionError("the clocks never come to rest")
    assert signals.standing(found, "9999-12-31") == signals.standing(found, day)


@given(lines, days)
def test_every_signal_names_a_rule_that_may_speak_and_an_organisation(told: list[Slot], day: str) -> None:
    for key, (severity, due, responsible) in on(day, *told, known="2026-01-01").items():
        assert key[:3] in {rule.id for rule in RULES}
        assert severity in signals.SEVERITY
        assert due
        assert responsible


@given(lines)
def test_no_rule_speaks_without_a_fact_of_its_kinds(told: list[Slot]) -> None:
    """They are what lets a rule be skipped."""
    whole = line(*told, known="2027-01-01")
    for rule in RULES:
        kept = {slot: fact for slot, fact in whole.facts.items() if _kind(slot) not in rule.kinds}
        assert list(rule.find(case(State(KEY, facts=kept)))) == []


def _kind(slot: str) -> tuple[str, str]:
    family, _, part = slot.partition("@")[0].split("/", 2)
    return family, part
