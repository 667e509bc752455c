"""A year in Almere as a file: the volumes of domain.md §4.3, the answers of receivers, the same bytes every time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date
from functools import cache
from itertools import islice

import orjson
import pytest

from hub.core.admission import Admitted
from hub.core.catalogue import KINDS
from hub.core.event import Rejected
from hub.core.life import age_on
from hub.core.offline import Offline
from hub.core.policy import Policy
from hub.core.records import Out
from hub.core.views import Line
from hub.demo import story
from hub.demo.cast import Cast
from hub.demo.lives import FLOWS, STORIES, YEAR
from hub.demo.mess import Mess
from hub.demo.teller import Happening
from hub.wiring.replay import line
from tests.unit.test_demo_story import DIRECTORY, judged

SIZE = 8_000


@cache
def year(seed: str = "1", events: int = SIZE) -> tuple[Happening, ...]:
    return tuple(story.school_year(DIRECTORY, seed, 2026, events, answers=True))


def of_kind(code: str) -> list[Happening]:
    return [h for h in year() if not h.refused and KINDS[h.event["type"]].code == code]


def test_each_flow_has_its_share_of_the_year() -> None:
    told = Counter(one.flow for one in year())
    share = {flow: told[flow] / (size * SIZE / story.FULL) for flow, size in FLOWS.items()}
    assert {flow: ratio for flow, ratio in share.items() if not 0.9 < ratio < 1.1} == {}


def test_the_flows_add_up_to_the_year_of_the_load_model() -> None:
    assert abs(YEAR - story.FULL) < 1_000
    assert {one.flow for one in STORIES} | {"roll-over"} == set(FLOWS)


def test_the_roll_over_comes_in_the_first_days_and_a_tenth_of_it_is_put_right_before_october() -> None:
    told = [one for one in year() if one.flow == "roll-over" and not one.refused]
    first = [one for one in told if one.event["time"] < "2026-08-02"]
    corrections = [one for one in told if "corrects" in one.event["data"]]
    assert len(first) > 0.7 * len(told)
    assert 0.06 * len(told) < len(corrections) < 0.13 * len(told)
    assert all("2026-08-15" < one.event["time"] < "2026-10-01" for one in corrections)


def test_four_in_five_register_for_vo_on_three_days_of_the_week_of_25_march() -> None:
    asked = [h.event["data"] for h in of_kind("E6") if h.event["data"].get("preferenceRank")]
    days = Counter(data["occurredOn"] for data in asked)
    assert set(days) <= {f"2027-03-{day}" for day in range(25, 32)}
    assert sum(n for _, n in days.most_common(3)) > 0.75 * len(asked)


def test_most_groups_are_announced_in_a_few_weeks() -> None:
    city = [c for c in story._plan("1/2026", 2026, 1.0) if c.flow == "newcomers" and c.story is None]
    told = [one for c in city for one in story._told(c, Cast(DIRECTORY), 2026, Mess(10_000), False)]
    announced = [one for one in told if one.event["type"].endswith("arrival-group.announced.v1")]
    weeks = Counter(one.at.isocalendar().week for one in announced)
    assert len(announced) == story.GROUPS
    assert sum(n for _, n in weeks.most_common(5)) > 0.5 * len(announced)


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_door_admits_all_that_is_told_in_good_faith_and_refuses_the_rest_as_promised(seed: str) -> None:
    for one in year(seed, 3_000):
        outcome = judged(one)
        if one.refused:
            assert isinstance(outcome, Rejected)
            assert one.refused in {fault.code for fault in outcome.faults}
        else:
            assert isinstance(outcome, Admitted)
            assert outcome.warnings == ()


def test_the_same_seed_makes_the_same_bytes_in_another_process() -> None:
    arguments = [sys.executable, "-m", "hub", "year", "--seed", "5", "--events", "300"]
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    made = subprocess.run(arguments, env=environment, capture_output=True, check=True).stdout
    assert made == b"".join(line(one) for one in year("5", 300))


def test_another_seed_or_year_shares_no_id_with_the_first() -> None:
    ids = [
        {one.event["id"] for one in story.school_year(DIRECTORY, seed, start, 300)}
        for seed, start in (("1", 2026), ("2", 2026), ("1", 2027))
    ]
    assert not ids[0] & ids[1] and not ids[0] & ids[2] and not ids[1] & ids[2]


def test_spring_is_not_told_before_autumn_is_out(monkeypatch: pytest.MonkeyPatch) -> None:
    chapters: list[date] = []
    told = story._told
    monkeypatch.setattr(
        story, "_told", lambda chapter, *rest: chapters.append(chapter.since) or told(chapter, *rest)
    )
    first = list(islice(story.school_year(DIRECTORY, "1", 2026, SIZE), 100))
    assert len(first) == 100
    assert {since.month for since in chapters} == {8}


def test_without_answers_the_story_leaves_them_to_the_receivers() -> None:
    told = {KINDS[one.event["type"]].code for one in story.school_year(DIRECTORY, "1", 2026, SIZE)}
    assert "E14" not in told
    assert "E14" in {KINDS[one.event["type"]].code for one in year()}


def test_a_handover_to_the_wrong_school_is_sent_back_withdrawn_purged_and_made_again() -> None:
    answers: dict[str, list[str]] = defaultdict(list)
    for one in of_kind("E14"):
        answers[one.event["data"]["handoverId"]].append(one.event["data"]["result"])
    prepared = {one.event["data"]["handoverId"] for one in of_kind("E13")}
    withdrawn = of_kind("E17")
    assert withdrawn
    for one in withdrawn:
        assert set(answers[one.event["data"]["handoverId"]]) == {"wrong-recipient", "purged"}
        assert one.event["data"]["replacedBy"] in prepared
        assert "wrong-recipient" not in answers[one.event["data"]["replacedBy"]]


DELIVERED: list[Out] = []


@cache
def folded() -> Offline:
    hub = Offline(Policy(DIRECTORY), DELIVERED.append)
    for one in year(events=2_500):
        outcome = judged(one)
        if isinstance(outcome, Admitted):
            hub.feed(outcome, round(one.at.timestamp() * 1000))
    hub.advance("2027-08-20")
    return hub


def test_no_event_of_the_year_breaks_a_step() -> None:
    assert set(folded().quarantined) == {"id-conflict", "after-cancellation"}


def test_the_wrong_school_is_told_to_purge() -> None:
    folded()
    told = [orjson.loads(out.value or b"") for out in DELIVERED]
    purges = {one["data"]["handoverId"] for one in told if one["type"].endswith("handover.withdrawn.v1")}
    withdrawn = [h for h in year(events=2_500) if h.event["type"].endswith("handover.withdrawn.v1")]
    assert purges == {one.event["data"]["handoverId"] for one in withdrawn} != set()


def test_every_outcome_is_in_it() -> None:
    outcomes = {count.labels[2] for count in folded().counted if count.name == "hub_events_total"}
    assert outcomes >= {"duplicate", "conflict", "stale", "quarantined"}


def test_lines_are_merged_split_closed_and_left() -> None:
    lines = [view for _, view in folded().views() if isinstance(view, Line)]
    assert {line.status for line in lines} >= {"active", "closed", "left-region", "gap"}
    assert any(line.merged_into for line in lines)
    assert {line.close_reason for line in lines} >= {"age-27", "left-region", "completed-work"}
    closed = [line for line in lines if line.close_reason == "age-27"]
    assert all(age_on(line.birth_month, line.closed_on) == 27 for line in closed)


def test_nobody_of_the_year_lives_an_unusual_life() -> None:
    lines = [view for _, view in folded().views() if isinstance(view, Line)]
    assert [line.unusual for line in lines if line.unusual] == []


def test_signals_are_few_beside_the_lines() -> None:
    hub = folded()
    assert 0 < len(list(hub.signals())) < 0.05 * len(hub.states)
