"""Signals: raised once, told again when they change, cleared once, and told to whom they concern. T04 and T13 stand
for all rules here; what each rule asks is in test_gaps_*, T01 and T02 in test_newcomers."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hub.core import batch, journal, signals
from hub.core.admission import Admitted
from hub.core.gaps.gap import Gap
from hub.core.records import Out
from hub.core.state import Raised
from tests import city
from tests import strategies as some
from tests.pure import DAY_MS, PureHub, day_ms, entries, tick, told
from tests.said import LEARNER, A, B, attends, ended, onboard, started, stops

KEY = f"learner/{LEARNER}".encode()
LEFT = "2027-02-14"


def changes(out: list[Out]) -> list[tuple[str, str, str]]:
    """(rule, raised or cleared, severity) of every change of a signal."""
    found = [e for e in entries(out) if isinstance(e, journal.Signal)]
    return [(e.rule, e.change, e.severity) for e in found]


def told_of(out: list[Out]) -> set[str]:
    return {t.subscription.removeprefix("inbox-") for t in told(out) if ".signal." in t.event["type"]}


def left(reason: str = "moved", born: str = "2018-03", **more: Any) -> PureHub:
    """A learner whose only enrolment ended on 14 February 2027, all of it known on that day."""
    hub = PureHub(some.PLAIN)
    start = started(city.SCHOOL_A, A, "2023-08-01", birthMonth=born)
    hub.publish([start, ended(city.SCHOOL_A, A, LEFT, reason, **more)], day_ms(LEFT))
    return hub


def on(hub: PureHub, day: str) -> list[tuple[str, str, str]]:
    return changes(hub.tick(KEY, day_ms(day)))


def test_after_seven_days_the_school_is_warned_and_after_twenty_eight_leerplicht_hears_of_a_breach() -> None:
    hub = left()
    assert on(hub, "2027-02-20") == []
    warned = hub.tick(KEY, day_ms("2027-02-21"))
    assert (changes(warned), told_of(warned)) == ([("T04", "raised", "warn")], {"school-a"})
    assert on(hub, "2027-03-13") == []
    breach = hub.tick(KEY, day_ms("2027-03-14"))
    assert (changes(breach), told_of(breach)) == ([("T04", "raised", "breach")], {"school-a", "leerplicht"})


def test_the_state_says_when_to_look_again() -> None:
    hub = left()
    assert hub.state(KEY).due == "2027-02-21"
    on(hub, "2027-02-21")
    assert hub.state(KEY).due == "2027-03-14"
    on(hub, "2027-03-14")
    assert hub.state(KEY).due == "2036-04-01", "of age, when nobody need be enrolled"


def test_a_late_tick_raises_the_breach_at_once() -> None:
    assert on(left(), "2027-06-01") == [("T04", "raised", "breach")]


def test_ticking_twice_says_nothing_the_second_time() -> None:
    hub = left()
    on(hub, "2027-02-21")
    assert on(hub, "2027-02-21") == []


def test_who_is_killed_and_handles_a_tick_again_says_the_same_and_after_another_one_not_under_the_same_id() -> (
    None
):
    hub = left()
    first, second = tick(hub, KEY, day_ms("2027-02-21")), tick(hub, KEY, day_ms("2027-03-14"))
    said, again = (batch.run([first], hub.states.get, hub.policy).out for _ in range(2))
    assert said == again
    otherwise = batch.run([second], hub.states.get, hub.policy).out
    assert ids(said) and ids(otherwise)
    assert not ids(said) & ids(otherwise), "the same step, and something else is said"


def ids(out: list[Out]) -> set[str]:
    return {t.event["id"] for t in told(out) if ".signal." in t.event["type"]}


@given(st.lists(st.integers(0, 60), min_size=2, max_size=6))
def test_clocks_that_run_late_or_back_raise_each_severity_once_and_clear_nothing(days: list[int]) -> None:
    hub = left()
    said = [c for day in days for c in changes(hub.tick(KEY, day_ms(LEFT) + day * DAY_MS))]
    assert len(said) == len(set(said))
    assert all(change == "raised" for _, change, _ in said)


@given(st.integers(0, 60), st.integers(0, 60))
def test_an_event_that_was_held_up_does_not_set_the_clock_back(ticked: int, accepted: int) -> None:
    """Backlog of one topic may be read after a tick of a later day."""
    hub = left()
    before = changes(hub.tick(KEY, day_ms(LEFT) + ticked * DAY_MS))
    late = hub.publish([attends(city.ROC, "techlab")], day_ms(LEFT) + accepted * DAY_MS)
    assert ("T04", "cleared", "warn") not in changes(late)
    assert ("T04", "cleared", "breach") not in changes(late)
    assert len({*before, *changes(late)}) == len([*before, *changes(late)])


def test_a_new_enrolment_clears_the_signal_for_everyone_who_heard_of_it() -> None:
    hub = left()
    on(hub, "2027-03-14")
    out = hub.publish([started(city.SCHOOL_B, B, "2027-03-15")], day_ms("2027-03-15"))
    assert changes(out) == [("T04", "cleared", "breach")]
    assert told_of(out) == {"school-a", "leerplicht"}
    enrolled = [t for t in told(out) if t.event["type"].endswith("enrolment.started.v1")]
    assert {t.subscription for t in enrolled} == {"inbox-leerplicht"}, "it ends a case of leerplicht"


def test_a_warning_that_leerplicht_never_heard_of_ends_without_leerplicht() -> None:
    hub = left()
    on(hub, "2027-02-21")
    out = hub.publish([started(city.SCHOOL_B, B, "2027-02-22")], day_ms("2027-02-22"))
    assert "leerplicht" not in {t.subscription.removeprefix("inbox-") for t in told(out)}


def test_an_enrolment_at_the_next_school_means_no_signal_in_whatever_order_it_came() -> None:
    start = started(city.SCHOOL_A, A, "2023-08-01")
    end, new = (
        ended(city.SCHOOL_A, A, LEFT),
        started(city.SCHOOL_B, B, "2027-02-15", **{"from": city.SCHOOL_A}),
    )
    for order in ([start, end, new], [new, end, start], [end, new, start]):
        hub = PureHub(some.PLAIN)
        hub.publish(order, day_ms(LEFT))
        assert on(hub, "2027-06-01") == []


def test_no_clock_judges_before_late_events_had_a_day_to_come_in() -> None:
    """An end that is reported weeks late is no breach on the spot."""
    hub = PureHub(some.PLAIN)
    hub.publish([started(city.SCHOOL_A, A, "2023-08-01")])
    out = hub.publish([ended(city.SCHOOL_A, A, LEFT)], day_ms("2027-04-01"))
    assert changes(out) == []
    assert on(hub, "2027-04-02") == [("T04", "raised", "breach")]


def test_who_died_or_moved_out_leaves_no_gap() -> None:
    for reason in ("death", "moved-out", "error"):
        assert on(left(reason), "2027-06-01") == []


def test_only_who_must_go_to_school_leaves_a_gap() -> None:
    """From 5 to 18, both reached at the end of the birth month."""
    assert on(left(born="2022-02"), "2027-06-01") == []
    assert on(left(born="2022-01"), "2027-06-01") != []
    assert on(left(born="2009-02"), "2027-02-28") != []
    assert on(left(born="2009-01"), "2027-02-28") == []


def test_a_signal_that_time_ends_is_cleared_once_on_that_day() -> None:
    """Of age on 1 March."""
    hub = left(born="2009-02")
    on(hub, "2027-02-21")
    assert hub.state(KEY).due == "2027-03-01"
    assert on(hub, "2027-03-01") == [("T04", "cleared", "warn")]
    assert on(hub, "2027-03-14") == []
    assert hub.state(KEY).due == "2036-03-01", "the end of the line at 27 is all that is to come"


def test_who_has_a_startkwalificatie_leaves_no_gap() -> None:
    assert on(left("graduated", "2010-02", diploma="havo"), "2027-06-01") == []
    assert on(left("graduated", "2010-02", diploma="vmbo"), "2027-06-01") != []


def test_onboard_with_a_track_that_stopped_is_a_signal_to_the_desk() -> None:
    hub = PureHub(some.PLAIN)
    hub.publish([onboard(), attends(city.ROC, "onboard-mbo", startOn="2027-08-30")], day_ms("2027-08-30"))
    out = hub.publish([stops(city.ROC, endOn="2028-02-01", result="stopped")], day_ms("2028-02-02"))
    assert (changes(out), told_of(out)) == ([("T13", "raised", "warn")], {"vo"})


def test_onboard_with_a_track_that_was_completed_is_no_signal() -> None:
    hub = PureHub(some.PLAIN)
    hub.publish([onboard(), attends(city.ROC, "onboard-mbo", startOn="2027-08-30")], day_ms("2027-08-30"))
    assert changes(hub.publish([stops(city.ROC, endOn="2028-02-01")], day_ms("2028-02-02"))) == []


@given(some.histories(), st.integers(0, 400))
def test_the_same_step_taken_again_makes_the_same_signal_events(events: list[Admitted], days: int) -> None:
    one, other = PureHub(some.PLAIN), PureHub(some.PLAIN)
    for hub in (one, other):
        hub.publish(events)
        hub.tick_all(day_ms("2027-03-01") + days * DAY_MS)
    assert one.out == other.out
    ids = [t.id for t in told(one.out)]
    assert len(ids) == len(set(ids))


@given(st.data(), some.histories())
def test_when_all_has_come_in_and_the_clocks_ran_any_order_left_the_same_signals(
    data: st.DataObject, events: list[Admitted]
) -> None:
    standing = []
    for order in (events, data.draw(st.permutations(events))):
        hub = PureHub(some.PLAIN)
        hub.publish(order, day_ms(LEFT))
        hub.tick_all(day_ms("2028-01-01"))
        standing.append({key: hub.state(key).signals for key in hub.states if hub.state(key).signals})
    assert standing[0] == standing[1]


WARN = Raised("T09", "warn", "2027-04-30", city.SCHOOL_A, "tlv/t")


def told_again(before: Raised, after: Raised) -> list[tuple[bool, Raised]]:
    return [(c.raised, c.signal) for c in signals.changes({"key": before}, {"key": after})]


def test_a_signal_is_told_again_when_its_severity_its_date_or_who_must_act_changes() -> None:
    for change in ({"severity": "breach"}, {"due": "2027-07-03"}, {"responsible": city.SCHOOL_B}):
        other = msgspec.structs.replace(WARN, **change)
        assert told_again(WARN, other) == [(True, other)]
        assert told_again(other, WARN) == [(True, WARN)], "back again too, as after a correction"
    assert told_again(WARN, WARN) == []


def gap(severity: str, at: str, until: str = "", due: str = "") -> Gap:
    return Gap("key", "T09", severity, at, due or at, city.SCHOOL_A, "tlv/t", until)


def severity_on(day: str, *gaps: Gap) -> str:
    found = signals.standing(list(gaps), day)
    return found["key"].severity if found else ""


def test_of_one_gap_the_gravest_threshold_that_has_passed_stands() -> None:
    gaps = gap("breach", "2027-03-01"), gap("info", "2027-01-01"), gap("warn", "2027-02-01")
    days = ("2026-12-31", "2027-01-01", "2027-02-01", "2027-02-28", "2027-03-01")
    assert [severity_on(day, *gaps) for day in days] == ["", "info", "warn", "warn", "breach"]


def test_of_two_as_grave_the_last_stands_also_when_both_came_late() -> None:
    early, late = gap("warn", "2027-05-01", due="2027-01-01"), gap("warn", "2027-05-01", due="2027-02-01")
    for order in ([early, late], [late, early]):
        assert signals.standing(order, "2027-05-01")["key"].due == "2027-02-01"


def test_a_gap_stands_from_its_day_until_the_day_on_which_it_is_over() -> None:
    one = gap("warn", "2027-02-01", until="2027-03-01")
    days = ("2027-01-31", "2027-02-01", "2027-02-28", "2027-03-01")
    assert [severity_on(day, one) for day in days] == ["", "warn", "warn", ""]
    assert [signals.next_due([one], day) for day in days] == ["2027-02-01", "2027-03-01", "2027-03-01", ""]


def test_a_correction_that_takes_time_back_is_told_and_clears() -> None:
    """The school had the wrong day: it was a week later, so there is no breach yet, but a warning."""
    hub = left()
    assert on(hub, "2027-03-14") == [("T04", "raised", "breach")]
    corrected = ended(city.SCHOOL_A, A, "2027-03-01")
    out = hub.publish([corrected], day_ms("2027-03-14"))
    assert changes(out) == [("T04", "cleared", "breach")]
    assert on(hub, "2027-03-15") == [("T04", "raised", "warn")]


def test_a_day_is_that_of_utc() -> None:
    assert signals.day_of(day_ms("2027-02-21")) == "2027-02-21"
