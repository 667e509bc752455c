"""The school year of the demo: believable, after the seasons of domain.md §4.3, and messy in the ways that it says."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from functools import cache

import orjson
import pytest

from hub import directory
from hub.core.admission import Admitted, admit
from hub.core.catalogue import KINDS
from hub.core.cloudevents import STRUCTURED, draft_http
from hub.core.codes import ADVICE_RANK
from hub.core.directory import Directory
from hub.core.event import Rejected
from hub.core.policy import Policy
from hub.core.views import Line
from hub.demo import mess, reactions, story
from hub.demo.run import DIRECTORY
from hub.demo.teller import Happening
from tests.pure import PureHub, outcomes

DIRECTORY = Directory(directory.load(DIRECTORY))
SEEDS = ("1/1", "2/1", "7/3")


@cache
def year(seed: str, events: int = 1500) -> tuple[Happening, ...]:
    return tuple(story.school_year(DIRECTORY, seed, 2026, events))


@cache
def answered(seed: str, events: int = 1500) -> tuple[Happening, ...]:
    return tuple(story.school_year(DIRECTORY, seed, 2026, events, answers=True))


def judged(one: Happening) -> Admitted | Rejected:
    draft = draft_http(STRUCTURED, {}, orjson.dumps(one.event))
    assert not isinstance(draft, list)
    assert not draft.faults
    return admit(draft.event, DIRECTORY.partners[one.partner])


def of_kind(seed: str, code: str) -> list[Happening]:
    return [h for h in year(seed) if not h.refused and KINDS[h.event["type"]].code == code]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_door_admits_everything_that_is_told_in_good_faith_without_a_warning(seed: str) -> None:
    outcomes = [judged(one) for one in year(seed) if not one.refused]
    assert [o for o in outcomes if not isinstance(o, Admitted) or o.warnings] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_the_door_refuses_every_hostile_event_for_the_reason_that_the_story_gives(seed: str) -> None:
    hostile = [one for one in year(seed) if one.refused]
    assert {one.refused for one in hostile} == {code for code, _ in mess.HOSTILE}
    for one in hostile:
        outcome = judged(one)
        assert isinstance(outcome, Rejected)
        assert one.refused in {fault.code for fault in outcome.faults}


def test_the_name_and_the_bsn_stand_in_refused_events_only() -> None:
    for one in year("1/1"):
        if any(canary in str(one.event) for canary in mess.CANARIES):
            assert one.refused


def test_the_same_seed_tells_the_same_story() -> None:
    first, second = (list(story.school_year(DIRECTORY, "4/1", 2026, 300)) for _ in range(2))
    assert first == second


def test_another_run_uses_none_of_the_ids_of_the_first() -> None:
    first, second = ({one.event["id"] for one in year(seed)} for seed in ("1/1", "1/2"))
    assert first.isdisjoint(second)


def test_even_the_shortest_story_has_every_kind_of_event_and_every_mess() -> None:
    told = answered("1/1", 10)
    codes = {KINDS[one.event["type"]].code for one in told}
    assert codes == {k.code for k in KINDS.values() if k.code[0] == "E"}
    assert {one.refused for one in told} >= {code for code, _ in mess.HOSTILE}


def test_about_as_much_happens_as_was_asked_for() -> None:
    assert 1400 <= len(answered("1/1")) <= 1700


def test_it_is_told_in_order_and_within_the_school_year() -> None:
    moments = [one.at for one in year("1/1")]
    assert moments == sorted(moments)
    assert date(2026, 8, 1) <= moments[0].date()
    assert moments[-1].date() <= date(2027, 8, 15)


def test_the_year_has_its_seasons() -> None:
    months = Counter(one.at.month for one in year("1/1"))
    assert months.most_common(1) == [(8, months[8])]
    assert min(months.values()) > 15
    povo = [h.at.month for h in of_kind("1/1", "E13") if h.event["data"]["transfer"] == "POVO"]
    assert sum(m in (5, 6, 8) for m in povo) >= 0.95 * len(povo)
    onboard = [date.fromisoformat(h.event["data"]["startOn"]) for h in of_kind("1/1", "E28")]
    assert all(date(2026, 6, 15) <= day <= date(2026, 10, 1) for day in onboard)


def test_advice_is_given_on_the_days_that_the_law_names_and_is_never_lowered() -> None:
    advice: dict[str, dict[str, str]] = defaultdict(dict)
    for one in of_kind("1/1", "E12"):
        data = one.event["data"]
        if data["occurredOn"] > "2026-08-01":
            advice[data["learnerId"]][data["moment"]] = data["advice"]
            last = {"provisional": ("2027-01-10", "2027-01-31"), "definitive": ("2027-03-20", "2027-03-25")}
            low, high = last[data["moment"]]
            assert low <= data["occurredOn"] <= high
    assert len(advice) > 10
    for given in advice.values():
        if len(given) == 2:
            assert ADVICE_RANK[given["definitive"]] >= ADVICE_RANK[given["provisional"]]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_group_has_four_to_eight_revisions_and_some_groups_are_small(seed: str) -> None:
    revisions = Counter(
        h.event["data"]["groupId"] for code in ("E1", "E2", "E3", "E4") for h in set_of(of_kind(seed, code))
    )
    assert all(3 < n <= 10 for n in revisions.values())
    assert any(h.event["data"]["totalMinors"] < 10 for h in of_kind(seed, "E1"))


def set_of(given: list[Happening]) -> list[Happening]:
    """Without repeats and strays."""
    return list({(h.event["subject"], h.event["sequence"]): h for h in given}.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_lives_an_unusual_life(seed: str) -> None:
    lines = [view for view in views(seed) if isinstance(view, Line)]
    assert len(lines) > 50
    assert [line.unusual for line in lines if line.unusual] == []
    assert all(
        len({e.id for e in line.enrolments if e.start and not e.end and e.primary}) <= 1 for line in lines
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_ages_fit_the_schools(seed: str) -> None:
    fits = {"po": (4, 13), "so": (4, 13), "sbo": (4, 13), "vo": (11, 19), "pro": (11, 19), "vso": (11, 19)}
    fits |= {"mbo": (15, 29), "hbo": (16, 29)}
    for one in of_kind(seed, "E8"):
        data = one.event["data"]
        low, high = fits[data["stage"]]
        assert low <= int(data["startOn"][:4]) - int(data["birthMonth"][:4]) <= high, data["stage"]


def test_the_mess_reaches_the_processor() -> None:
    assert set(outcomes(played("1/1").out)) >= {"routed", "duplicate", "conflict", "stale"}


def test_a_receiving_school_acknowledges_a_handover_and_holds_the_warm_contact() -> None:
    warm = [h for h in of_kind("1/1", "E13") if h.event["data"]["warmNeeded"]]
    answers: dict[str, list[str]] = defaultdict(list)
    for one in warm:
        receiver = DIRECTORY.of_org(one.event["data"]["toOrg"])
        assert receiver is not None
        for answer in reactions.to(one.event, receiver):
            answers[one.event["id"]].append(KINDS[answer["type"]].code)
            assert isinstance(judged(Happening(one.at, receiver.id, answer)), Admitted)
    assert set(map(tuple, answers.values())) <= {("E14", "E15"), ("E14",)}
    assert ("E14", "E15") in set(map(tuple, answers.values()))


def test_a_handover_received_twice_is_answered_with_the_same_ids() -> None:
    one = of_kind("1/1", "E13")[0].event
    receiver = DIRECTORY.of_org(one["data"]["toOrg"])
    assert receiver is not None
    assert list(reactions.to(one, receiver)) == list(reactions.to(one, receiver)) != []


def test_nobody_but_the_receiver_answers_a_handover() -> None:
    one = of_kind("1/1", "E13")[0].event
    receiver = DIRECTORY.of_org(one["data"]["toOrg"])
    others = [p for p in DIRECTORY.partners.values() if p is not receiver]
    assert [answer for partner in others for answer in reactions.to(one, partner)] == []


@cache
def played(seed: str) -> PureHub:
    hub = PureHub(Policy(DIRECTORY))
    admitted = (judged(one) for one in year(seed) if not one.refused)
    hub.publish(one for one in admitted if isinstance(one, Admitted))
    return hub


def views(seed: str) -> list[object]:
    return list(played(seed).views().values())
