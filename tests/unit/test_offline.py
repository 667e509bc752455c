"""The hub in memory does what the parts around the core do: commands, clocks, snapshots; and says the same."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any

import orjson
import pytest

from hub.core import batch, census, offline
from hub.core.admission import Admitted
from hub.core.calendar import add_days
from hub.core.offline import CENSUS, Offline
from hub.core.policy import Policy
from hub.core.records import Out
from hub.core.rules import Calendar, Rules
from hub.core.topics import subscription_of
from hub.core.views import View
from hub.demo import story
from hub.demo.teller import Happening
from hub.replay import Arrival, Door, fold, shuffled
from tests.pure import PureHub
from tests.unit.test_demo_story import DIRECTORY

POLICY = Policy(DIRECTORY)
END = "2027-08-20"
DAY_MS = 24 * 3600 * 1000
START = (date(2026, 8, 1) - date(1970, 1, 1)).days


@cache
def arrivals(events: int = 1_500) -> tuple[Arrival, ...]:
    told = story.school_year(DIRECTORY, "9", 2026, events, answers=True)
    return tuple(_arrival(one) for one in told)


def _arrival(one: Happening) -> Arrival:
    return Arrival(round(one.at.timestamp() * 1000), one.partner, orjson.dumps(one.event))


def admitted(events: int = 1_500) -> list[tuple[int, Admitted]]:
    door = Door(DIRECTORY)
    return [(one.at, found) for one in arrivals(events) if (found := door.admit(one))]


@cache
def whole() -> Offline:
    hub = Offline(POLICY)
    fold(arrivals(), Door(DIRECTORY), hub, END)
    return hub


def test_states_and_deliveries_are_those_of_the_processor() -> None:
    """Every record and every tick through `batch.run`, with states as they would be stored."""
    told: list[Out] = []
    policy = Policy(DIRECTORY, rules=Rules(calendar=Calendar(snapshots=())))
    ours, theirs = Offline(policy, told.append), PureHub(policy)
    today = START
    for at, event in admitted(300):
        while today < day_of(at):
            today += 1
            theirs.tick_all(today * DAY_MS)
        ours.feed(event, at)
        theirs.publish([event], at)
    assert dict(ours.views()) == {key: view for key, view in theirs.views().items() if view}
    outboxes = [out for out in theirs.out if out.topic.startswith("outbox.")]
    assert sorted(map(_name, told)) == sorted(map(_name, outboxes))


def _name(out: Out) -> tuple[str, bytes]:
    return subscription_of(out.topic), dict(out.headers)["delivery"]


@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_any_order_within_the_grace_window_gives_the_same_views_and_counts(seed: str) -> None:
    hub = Offline(POLICY)
    fold(shuffled(arrivals(), 24, seed), Door(DIRECTORY), hub, END)
    assert _but_published(hub) == _but_published(whole())
    assert hub.counts() == whole().counts()


def _but_published(hub: Offline) -> dict[bytes, View]:
    """What was published on a day holds what had come by then, so an event that is held up past it is not in it."""
    return {key: view for key, view in hub.views() if key != CENSUS}


def test_any_order_within_a_day_publishes_the_same_aggregates() -> None:
    mixed = sorted(arrivals(), key=lambda one: (day_of(one.at), hashlib.sha256(one.raw).digest()))
    hub = Offline(POLICY)
    fold(mixed, Door(DIRECTORY), hub, END)
    assert hub.census() == whole().census()
    assert len(hub.census().published) > 10


def day_of(at: int) -> int:
    return at // DAY_MS


def test_the_order_really_differs_when_it_is_shuffled() -> None:
    given = [one.raw for one in arrivals()]
    mixed = [one.raw for one in shuffled(arrivals(), 24, "1")]
    assert given != mixed
    assert sorted(given) == sorted(mixed)
    assert all(a.at <= b.at for a, b in pairwise(shuffled(arrivals(), 24, "1")))


def test_counts_kept_by_change_are_those_counted_anew() -> None:
    anew: Counter[str] = Counter()
    for _, view in whole().views():
        anew.update(census.counts(view))
    assert whole().counts() == {cell: n for cell, n in sorted(anew.items()) if n > 0}


def test_aggregates_are_published_on_every_fixed_moment_and_on_no_other() -> None:
    days: list[str] = []
    original = batch.command

    def spy(given: dict[str, Any], *rest: Any) -> Any:
        if given["command"] == "snapshot":
            days.append(given["on"])
        return original(given, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(offline.batch, "command", spy)
        hub = Offline(POLICY)
        hub.advance("2026-10-15")
        hub.advance("2027-01-31")
    assert days == ["2026-11-01", "2026-12-01", "2027-01-01"]
    assert hub.next_snapshot == "2027-02-01"


def test_clocks_run_to_the_day_and_not_beyond() -> None:
    early, late = (Offline(POLICY) for _ in range(2))
    young = {e.key: e for _, e in admitted() if e.event.data.get("birthMonth", "") > "2010"}
    dropped = [(at, e) for at, e in admitted() if e.event.data.get("reason") == "dropout" and e.key in young]
    at, end = dropped[0]
    start = next(e for _, e in admitted() if e.key == end.key)
    for hub in (early, late):
        hub.feed(start, at)
        hub.feed(end, at)
    due = early.states[end.key].due
    assert due > early.day
    early.advance(add_days(due, -1))
    late.advance(due)
    assert list(early.signals()) == []
    assert [raised.rule for _, raised in late.signals()] == ["T04"]


def test_an_event_that_breaks_a_step_is_set_aside_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (at, first), (_, second) = admitted()[:2]
    original = offline.step

    def broken(state: Any, event: Any, *rest: Any) -> Any:
        if event.id == first.event.id:
            raise ZeroDivisionError
        return original(state, event, *rest)

    monkeypatch.setattr(offline, "step", broken)
    hub = Offline(POLICY)
    hub.feed(first, at)
    hub.feed(second, at)
    assert hub.quarantined == {"unreadable:ZeroDivisionError": 1}
    assert set(hub.states) - {CENSUS} == {second.key}


def test_what_is_delivered_is_counted_per_subscription() -> None:
    told: list[Out] = []
    hub = Offline(POLICY, told.append)
    for at, event in admitted()[:300]:
        hub.feed(event, at)
    assert hub.delivered.total() == len(told) > 0
    assert {subscription_of(out.topic) for out in told} == set(hub.delivered)
