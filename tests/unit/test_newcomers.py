"""Newcomers against places: who lacks one, where, from when and until when; and what others may be told of it."""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core import newcomers
from hub.core.admission import Admitted
from hub.core.contributions import CITY
from hub.core.directory import Directory
from hub.core.facts import Data, Facts
from hub.core.gaps.gap import Gap
from hub.core.newcomers import wording
from hub.core.partners import Org, Partner
from hub.core.policy import Policy
from hub.core.rules import Rules
from hub.core.state import Fact, State
from hub.core.topics import COMMANDS
from hub.core.views import Band, Group, Offer, Places, Wave
from tests import city, said
from tests import strategies as some
from tests.pure import PureHub

RULES = Rules()
DIRECTORY = Directory((Partner("tc", "Taalcentrum", (), orgs=(Org("kvk:1", "Taalcentrum Almere"),)),))
Given = tuple[str, Data]
NARROW = {"4-5": 14, "6-11": 38}


def city_of(given: Iterable[Given]) -> State:
    facts = {slot: Fact({"type": "contribution", "source": slot, "id": "1"}, data) for slot, data in given}
    return State("places/almere", facts=facts)


def places(*given: Given) -> Places:
    return newcomers.places_view(city_of(given))


def gaps(*given: Given, policy: Policy = some.PLAIN) -> list[Gap]:
    return list(newcomers.gaps(city_of(given), policy))


def asks(
    name: str = "a", area: str = "stad", day: str = "2026-12-01", *, arrived: bool = False, **bands: int
) -> Given:
    """Bands as `po=3` (6-11), `vo=3` (12-15) or exactly as `b4_5=3`."""
    names = {"po": "6-11", "vo": "12-15"}
    counts = {names.get(k, k.removeprefix("b").replace("_", "-")): n for k, n in bands.items()}
    clock, by = (day, "2027-03-03") if arrived else ("", "")
    needs = [{"from": day, "clock": clock, "by": by, "bands": counts}]
    return f"group/{name}", {"kind": "demand", "area": area, "needs": needs}


def gives(
    name: str = "a",
    free: int = 40,
    day: str = "2027-01-11",
    *,
    area: str = "",
    ages: str = "po",
    until: str = "",
    org: str = "",
) -> Given:
    data = {
        "kind": "supply",
        "area": area,
        "ages": ages,
        "from": day,
        "until": until,
        "free": free,
        "org": org,
    }
    return f"offer/{name}", data


def got(name: str = "a", day: str = "2027-01-11", ages: str = "6-11") -> Given:
    return f"placed/{name}", {"kind": "placed", "on": day, "ages": ages}


def shortages(*given: Given) -> list[tuple[str, str, str, int, int, str]]:
    return [(s.area, s.ages, s.date, s.demand, s.free, s.until) for s in places(*given).shortfalls]


def test_forty_places_are_too_few_for_fifty_two_children_until_the_next_start() -> None:
    group = asks(b4_5=14, b6_11=38, vo=22)
    found = shortages(group, gives(free=40), gives("b", 25, "2027-03-01"))
    assert found == [("stad", "po", "2027-01-11", 52, 40, "2027-03-01")]


def test_a_shortage_without_enough_later_starts_has_no_end_in_sight() -> None:
    assert shortages(asks(po=52), gives(free=40), gives("b", 5, "2027-03-01")) == [
        ("stad", "po", "2027-01-11", 52, 40, "")
    ]


def test_as_many_places_as_children_is_enough() -> None:
    assert shortages(asks(po=52), gives(free=52)) == []


def test_places_of_a_later_start_count_for_a_group_that_comes_later() -> None:
    later = asks(day="2027-02-01", po=52)
    assert shortages(later, gives(free=40), gives("b", 25, "2027-03-01")) == []


def test_a_group_after_the_last_start_takes_what_that_start_left() -> None:
    assert shortages(asks(day="2027-04-01", po=41), gives(free=40)) == [
        ("stad", "po", "2027-04-01", 41, 40, "")
    ]


def test_a_sector_for_which_nobody_published_places_is_unknown_and_not_full() -> None:
    found = places(asks(vo=22), gives())
    assert (found.shortfalls, found.needs[0].known, found.needs[0].need) == ([], False, 22)


def test_a_sector_of_which_all_places_are_taken_is_full_and_not_unknown() -> None:
    assert shortages(asks(po=3), gives(free=0)) == [("stad", "po", "2027-01-11", 3, 0, "")]


def test_places_of_an_area_are_for_that_area_and_shown_as_elsewhere_to_others() -> None:
    given = [asks(area="haven", po=10), gives(free=12, day="2026-11-01", area="buiten")]
    assert shortages(*given) == [("haven", "po", "2026-12-01", 10, 0, "")]
    assert places(*given).needs[0].elsewhere == 12


def test_places_without_an_area_are_for_the_whole_city_and_the_longest_waiting_goes_first() -> None:
    first, second = asks("a", "stad", "2026-12-01", po=8), asks("b", "haven", "2026-12-05", po=8)
    assert shortages(second, first, gives(free=10)) == [("haven", "po", "2027-01-11", 8, 2, "")]


def test_the_own_area_goes_before_the_whole_city_so_that_others_keep_more() -> None:
    stad, haven = asks("a", "stad", po=8), asks("b", "haven", po=8)
    assert shortages(stad, haven, gives(free=8), gives("b", 8, area="stad")) == []


def test_places_for_one_band_are_for_no_other_band() -> None:
    assert shortages(asks(b4_5=5, b6_11=5), gives(free=10, ages="4-5")) == [
        ("stad", "po", "2027-01-11", 10, 5, "")
    ]


def test_places_whose_offer_ended_are_gone_for_who_comes_later() -> None:
    given = gives(free=10, until="2027-02-01")
    assert shortages(asks(po=10), given) == []
    assert shortages(asks(day="2027-02-02", po=10), given) == [("stad", "po", "2027-02-02", 10, 0, "")]


def test_a_place_that_is_taken_is_not_given_twice() -> None:
    first, second = asks("a", po=10), asks("b", day="2027-02-01", po=10)
    assert shortages(first, second, gives(free=10)) == [("stad", "po", "2027-02-01", 20, 10, "")]


def test_who_was_placed_asks_no_longer() -> None:
    found = places(asks(po=3, arrived=True), got("x"), got("y"))
    assert (found.demand, found.placed, found.waiting) == (1, 2, 1)


def test_the_group_that_waits_longest_is_placed_first() -> None:
    old, young = (
        asks("z", day="2026-12-01", po=1, arrived=True),
        asks("b", day="2026-12-20", po=1, arrived=True),
    )
    (gap, *_) = gaps(young, old, got())
    assert gap.subject == "group/b"


def test_a_newcomer_who_was_placed_before_a_group_came_is_not_of_that_group() -> None:
    assert places(asks(day="2027-02-01", po=3), got(day="2027-01-11")).demand == 3


def test_more_placed_than_asked_leaves_nothing_to_ask_and_never_less() -> None:
    found = places(asks(po=1), *(got(str(n)) for n in range(5)))
    assert (found.demand, found.placed) == (0, 1)


def test_a_child_who_grew_into_the_next_band_still_counts_in_its_sector_and_not_in_another() -> None:
    assert places(asks(b4_5=1), got(ages="6-11")).demand == 0
    assert places(asks(b4_5=1), got(ages="12-15")).demand == 1


def test_the_time_it_took_to_find_a_place_is_measured_from_the_school_clock() -> None:
    group = asks(day="2026-12-03", po=3, arrived=True)
    found = places(group, got("x", "2026-12-13"), got("y", "2027-03-03"), got("z", "2027-03-04"))
    assert (found.timely, found.late, found.days) == (2, 1, 90)


def test_an_arrived_child_without_a_place_is_a_warning_after_thirty_days_and_a_breach_after_three_months() -> (
    None
):
    found = [g for g in gaps(asks(day="2026-12-03", po=3, arrived=True)) if g.rule == "T01"]
    assert [(g.severity, g.at, g.subject) for g in found] == [
        ("warn", "2027-01-02", "group/a"),
        ("breach", "2027-03-03", "group/a"),
    ]
    assert {g.responsible for g in found} == {"oin:00000099000000001000"}


def test_no_clock_runs_for_a_group_that_did_not_arrive_or_is_placed() -> None:
    assert gaps(asks(po=3)) == []
    assert gaps(asks(po=1, arrived=True), got()) == []


def test_the_clock_of_the_second_wave_runs_when_the_first_is_placed() -> None:
    waves = [
        {"from": day, "clock": day, "by": by, "bands": {"6-11": 1}}
        for day, by in (("2026-12-03", "2027-03-03"), ("2027-01-10", "2027-04-10"))
    ]
    group = ("group/a", {"kind": "demand", "area": "stad", "needs": waves})
    assert [g.at for g in gaps(group) if g.severity == "breach"] == ["2027-03-03"]
    assert [g.at for g in gaps(group, got()) if g.severity == "breach"] == ["2027-04-10"]


def test_a_shortage_is_one_signal_at_once_and_stands_until_it_is_over() -> None:
    (gap,) = gaps(asks(po=52), gives(free=40), gives("b", 5, "2027-02-01"), gives("c", 7, "2027-03-01"))
    assert (gap.rule, gap.severity, gap.at, gap.due, gap.until) == (
        "T02",
        "warn",
        "",
        "2027-01-11",
        "2027-03-01",
    )
    assert gap.subject == "places/stad/po"


COUNTS = st.integers(0, 9)
DAYS = st.sampled_from(("2026-12-01", "2027-01-11", "2027-02-01", "2027-03-01"))
AREAS = st.sampled_from(("stad", "haven"))
GIVEN = st.one_of(
    st.builds(
        lambda n, area, day, arrived, po, vo: asks(n, area, day, arrived=arrived, po=po, vo=vo, b4_5=vo),
        st.sampled_from("abcd"),
        AREAS,
        DAYS,
        st.booleans(),
        COUNTS,
        COUNTS,
    ),
    st.builds(
        lambda n, free, day, area, ages, until: gives(n, free, day, area=area, ages=ages, until=until),
        st.sampled_from("abcd"),
        COUNTS,
        DAYS,
        st.sampled_from(("", "stad", "haven")),
        st.sampled_from(("po", "vo", "6-11", "")),
        st.sampled_from(("", "2027-02-15")),
    ),
    st.builds(got, st.sampled_from("abcdefgh"), DAYS, st.sampled_from(("4-5", "6-11", "12-15", "po", "vo"))),
)
CITIES = st.lists(GIVEN, max_size=14, unique_by=lambda one: one[0])


@given(CITIES, st.randoms(use_true_random=False))
def test_the_city_is_the_same_for_any_order_of_contributions(given: list[Given], random: Any) -> None:
    mixed = random.sample(given, len(given))
    assert places(*mixed) == places(*given)
    assert sorted(gaps(*mixed)) == sorted(gaps(*given))


def test_what_was_decided_again_after_a_crash_counts_in_the_city() -> None:
    """The same step, taken with another event of the same offer."""
    hub = PureHub(some.PLAIN)
    (slot, data), key = gives("a", 3, "2027-02-01"), CITY.encode()
    for free in (3, 5):
        said = {"command": "contribute", "slot": slot, "revision": 2, "data": {**data, "free": free}}
        hub.run([hub.record(COMMANDS, key, json.dumps(said).encode())])
    assert hub.state(key).facts[slot].data["free"] == 5


@given(CITIES)
def test_nothing_is_ever_negative_and_who_is_placed_no_longer_asks(given: list[Given]) -> None:
    found = places(*given)
    asked = sum(sum(n["bands"].values()) for _, d in given if d["kind"] == "demand" for n in d["needs"])
    assert found.demand == asked - found.placed >= 0
    assert 0 <= found.waiting <= found.demand
    for row in found.needs:
        assert 0 <= row.short <= row.need == sum(band.count for band in row.bands)
        assert min(row.free, row.elsewhere, row.waiting) >= 0
        assert not row.until or row.until > row.date
    for short in found.shortfalls:
        assert short.demand > short.free >= 0


@given(
    st.lists(st.tuples(DAYS, COUNTS), min_size=1, max_size=4),
    st.lists(st.tuples(DAYS, COUNTS), min_size=1, max_size=4),
)
def test_what_is_short_in_one_place_is_what_was_asked_less_what_was_given(
    asked: list[tuple[str, int]], given: list[tuple[str, int]]
) -> None:
    groups = [asks(str(i), day=day, po=n) for i, (day, n) in enumerate(asked)]
    offers = [gives(str(i), n, day) for i, (day, n) in enumerate(given)]
    for row in places(*groups, *offers).needs:
        need = sum(n for day, n in asked if day <= row.date)
        free = sum(n for day, n in given if day <= row.date)
        assert (row.need, row.short, row.free) == (need, max(0, need - free), max(free, row.need - row.short))


def test_a_rumour_and_a_cancelled_group_ask_for_nothing() -> None:
    bands = [Band("6-11", 5)]
    assert newcomers.demand(Group("a", certainty="rumour", bands=bands)) == {}
    assert newcomers.demand(Group("a", status="cancelled", certainty="decided", bands=bands)) == {}


def test_children_of_other_ages_ask_for_no_place_at_a_school() -> None:
    assert newcomers.demand(Group("a", certainty="decided", bands=[Band("0-3", 9), Band("18-26", 9)])) == {}


def test_a_wave_asks_from_its_arrival_and_the_others_from_the_expected_day() -> None:
    wave = Wave("2026-12-03", "2026-12-02", "2027-03-02", [Band("6-11", 2)])
    group = Group(
        "a", certainty="decided", expected_from="2026-12-10", bands=[Band("6-11", 5)], arrivals=[wave]
    )
    assert [(n["from"], n["clock"], n["bands"]) for n in newcomers.demand(group)["needs"]] == [
        ("2026-12-03", "2026-12-02", {"6-11": 2}),
        ("2026-12-10", "", {"6-11": 3}),
    ]


def test_who_is_here_asks_also_when_more_came_than_were_announced_or_nobody_was() -> None:
    wave = Wave("2026-12-03", "2026-12-03", "2027-03-03", [Band("6-11", 7)])
    for group in (
        Group("a", certainty="rumour", bands=[Band("6-11", 5)], arrivals=[wave]),
        Group("a", certainty="decided", bands=[Band("6-11", 5)], arrivals=[wave]),
        Group("a", arrivals=[wave]),
    ):
        assert [need["bands"] for need in newcomers.demand(group)["needs"]] == [{"6-11": 7}]


def test_an_offer_of_something_else_or_for_other_ages_gives_no_places() -> None:
    assert newcomers.supply(Offer("a", kind="language", next_start=["2027-01-11"])) == {}
    assert newcomers.supply(Offer("a", kind="places", stage="mbo", next_start=["2027-01-11"])) == {}
    assert newcomers.supply(Offer("a", kind="places", age_band="0-3", next_start=["2027-01-11"])) == {}


def test_an_offer_gives_its_free_places_from_the_first_start() -> None:
    offer = Offer(
        "a", "places", "kvk:1", stage="so", free=3, area="stad", next_start=["2027-03-01", "2027-01-11"]
    )
    assert newcomers.supply(offer) == {
        "kind": "supply",
        "area": "stad",
        "ages": "po",
        "from": "2027-01-11",
        "until": "",
        "free": 3,
        "org": "kvk:1",
    }


def facts_of(**slots: Data) -> Facts:
    """Slots by their names with `__` for `/`."""
    facts = {
        name.replace("__", "/"): Fact({"type": "x", "source": "s", "id": name}, data)
        for name, data in slots.items()
    }
    return Facts(State("learner/x", facts=facts))


REQUEST = {
    "reason": "newcomer",
    "stage": "po",
    "birthMonth": "2018-03",
    "occurredOn": "2026-12-10",
    "requestId": "r",
}
GRANTED = {"outcome": "accepted", "decidedOn": "2026-12-20", "startOn": "2027-01-11"}
START = {"kind": "taalcentrum-po", "startOn": "2027-01-12"}


def test_a_newcomer_is_placed_by_a_granted_request_or_the_start_at_a_language_school() -> None:
    both = facts_of(
        placement__r__requested=REQUEST, placement__r__decided=GRANTED, participation__p__start=START
    )
    assert newcomers.placed(both) == {"kind": "placed", "on": "2027-01-11", "ages": "6-11"}
    only = facts_of(participation__p__start=START)
    assert newcomers.placed(only) == {"kind": "placed", "on": "2027-01-12", "ages": "po"}


@pytest.mark.parametrize(
    ("request_", "decision"),
    [
        ({**REQUEST, "reason": "moved"}, GRANTED),
        (REQUEST, {**GRANTED, "outcome": "declined"}),
        (REQUEST, {**GRANTED, "outcome": "waitlisted"}),
        ({**REQUEST, "birthMonth": "2005-03", "stage": "vo"}, GRANTED),
        ({**REQUEST, "birthMonth": "2024-03", "stage": "opvang"}, GRANTED),
    ],
)
def test_who_is_no_newcomer_not_granted_or_not_of_school_age_is_not_counted_as_placed(
    request_: Data, decision: Data
) -> None:
    facts = facts_of(placement__r__requested=request_, placement__r__decided=decision)
    assert newcomers.placed(facts) is None


def test_the_stage_says_more_than_the_age_about_the_sector() -> None:
    early = facts_of(placement__r__requested={**REQUEST, "stage": "vo"}, placement__r__decided=GRANTED)
    assert newcomers.placed(early) == {"kind": "placed", "on": "2027-01-11", "ages": "vo"}


def test_two_lines_of_one_newcomer_are_placed_once_and_twice_again_when_they_are_split() -> None:
    hub = PureHub(some.PLAIN)
    one, other = some.LEARNERS
    hub.publish([said.group("E1"), said.group("E4", "2")])
    for learner in (one, other):
        who = {"learnerId": learner, "reason": "newcomer"}
        hub.publish([said.requested(**who), said.decided(learnerId=learner, startOn="2027-01-11")])

    def placed() -> int:
        view = hub.views()[CITY.encode()]
        assert isinstance(view, Places)
        return view.placed

    assert placed() == 2
    hub.publish([link("merged", 1)])
    assert placed() == 1
    hub.publish([link("split", 2)])
    assert placed() == 2


def link(action: str, sequence: int) -> Admitted:
    data = said.linked(action, otherLearnerId=some.LEARNERS[1]).event.data
    source = city.BY_ID["vo"].sources[0]
    return some.let_in(some.event_of("E27", data, source, f"link-{sequence}", str(sequence)))


def answer(*given: Given, exact: bool = True) -> Data:
    return newcomers.answer(places(*given), exact=exact, rules=RULES, directory=DIRECTORY)


def test_the_answer_says_in_words_how_many_places_are_lacking_where_and_when() -> None:
    found = answer(asks(b4_5=14, b6_11=38), gives(free=40), gives("b", 25, "2027-03-01"))
    assert found["nl"] == "Vanaf 11 januari 2027 ontbreken 12 plaatsen po in Stad, tot 1 maart 2027."
    assert found["en"] == "From 11 January 2027 12 places are short in po in Stad, until 1 March 2027."
    first, second = found["rows"]
    assert (first["need"], first["free"], first["short"]) == (52, 40, 12)
    assert first["bands"] == [{"ageBand": "4-5", "count": 14}, {"ageBand": "6-11", "count": 38}]
    assert second["nl"] == "Vanaf 1 maart 2027 zijn er genoeg plaatsen po in Stad voor 52 kinderen."


def test_the_answer_says_when_nobody_published_places() -> None:
    (row,) = answer(asks(vo=1))["rows"]
    assert (row["short"], row["free"]) == (None, None)
    assert row["nl"].endswith("vraagt 1 kind een plaats vo in Stad; niemand heeft plaatsen gepubliceerd.")


def test_the_answer_says_of_who_comes_on_a_day_which_places_they_find_and_where() -> None:
    coming = asks(b4_5=14, b6_11=38)
    first, later = (gives(free=40, org="kvk:1"), gives("b", 10, "2027-03-01", org="kvk:9"))
    (group,) = answer(coming, first, later)["groups"]
    assert (group["from"], group["need"], group["short"]) == ("2026-12-01", 52, 2)
    assert group["seats"] == [
        {"from": "2027-01-11", "at": "Taalcentrum Almere", "count": 40},
        {"from": "2027-03-01", "at": "kvk:9", "count": 10},
    ]
    assert group["bands"] == [{"ageBand": "4-5", "count": 14}, {"ageBand": "6-11", "count": 38}]
    assert group["nl"] == (
        "Vanaf 1 december 2026 52 kinderen po in Stad: 40 plaatsen vanaf 11 januari 2027 bij Taalcentrum Almere, "
        "10 plaatsen vanaf 1 maart 2027 bij kvk:9, voor 2 nog geen plaats."
    )
    (others,) = answer(coming, first, later, exact=False)["groups"]
    assert (others["need"], others["short"], "bands" in others) == (55, 5, False)
    assert "ten hoogste 55 kinderen" in others["nl"]


def test_the_answer_says_of_who_comes_when_nobody_published_places_or_few_come() -> None:
    (unknown,) = answer(asks(vo=1))["groups"]
    assert (unknown["short"], unknown["seats"]) == (None, [])
    assert unknown["nl"].endswith("1 kind vo in Stad: niemand heeft plaatsen gepubliceerd.")
    (few,) = answer(asks(po=3), gives(free=1), exact=False)["groups"]
    assert (few["need"], few["short"], few["seats"], few["from"]) == ("<5", None, [], "")


@given(CITIES)
def test_the_places_that_comers_find_are_those_that_are_not_short_in_the_end(given: list[Given]) -> None:
    found = places(*given)
    assert sum(one.need for one in found.asked) == found.demand
    last = {(row.area, row.ages): row for row in found.needs if row.known}
    seated: Counter[tuple[str, str]] = Counter()
    for one in found.asked:
        seated[one.area, one.ages] += sum(seat.count for seat in one.seats)
        assert all(seat.count > 0 and seat.date >= one.date for seat in one.seats)
        assert sum(seat.count for seat in one.seats) <= one.need == sum(band.count for band in one.bands)
    assert {place: row.need - row.short for place, row in last.items()} == {p: seated[p] for p in last}


def test_others_read_rounded_numbers() -> None:
    (row, _) = answer(asks(b4_5=14, b6_11=38), gives(free=40), gives("b", 25, "2027-03-01"), exact=False)[
        "rows"
    ]
    assert (row["need"], row["short"], "bands" in row, "waiting" in row) == (55, 15, False, False)
    assert (
        row["nl"] == "Vanaf 11 januari 2027 ontbreken ten hoogste 15 plaatsen po in Stad, tot 1 maart 2027."
    )


def test_others_read_of_a_few_children_only_that_they_are_few() -> None:
    (row,) = answer(asks(po=3), gives(free=1), exact=False)["rows"]
    assert (row["need"], row["short"], row["area"], row["from"]) == ("<5", None, "", "")
    assert row["nl"] == "In Almere vragen minder dan 5 kinderen een plaats po."


def test_others_read_areas_with_few_children_together() -> None:
    found = answer(asks("a", "stad", po=60), asks("b", "haven", po=2), asks("c", "poort", po=7), exact=False)
    assert [(row["area"], row["need"]) for row in found["rows"]] == [("rest", 10), ("stad", 60)]


SMALL = range(5)
DATES = ("2026-12-01", "2027-01-20")


def _city(counts: tuple[int, ...]) -> list[Given]:
    """Children of po in two areas on two days, and places for each."""
    cells = itertools.product(("stad", "haven"), DATES)
    groups = [
        asks(f"{i}", area, day, po=n)
        for i, ((area, day), n) in enumerate(zip(cells, counts, strict=True))
        if n
    ]
    starts = [gives("a", 4), gives("b", 3, area="haven"), gives("c", 2, "2027-03-01", area="stad")]
    return [*groups, *starts]


def _sums(counts: tuple[int, ...]) -> list[tuple[str, int]]:
    a, b, c, d = counts
    return [
        *zip("abcd", counts, strict=True),
        ("stad", a + b),
        ("haven", c + d),
        ("first", a + c),
        ("second", b + d),
        ("all", a + b + c + d),
    ]


def test_no_count_under_five_can_be_worked_out_from_what_others_read() -> None:
    """Tried for every city of two areas and two days: who reads the answer, knows the rule and can count finds at
    least two possible values for every small count, and for every small sum of counts."""
    possible: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    told: list[tuple[str, tuple[int, ...]]] = []
    for counts in itertools.product(range(8), repeat=4):
        read = json.dumps(answer(*_city(counts), exact=False))
        told.append((read, counts))
        for name, value in _sums(counts):
            possible[read][name].add(value)
    for read, counts in told:
        for name, value in _sums(counts):
            assert value not in SMALL[1:] or len(possible[read][name]) > 1, (counts, name, read)


def test_a_small_group_cannot_be_counted_by_asking_on_the_day_before_and_the_day_after() -> None:
    read = {n: json.dumps(answer(asks(po=n), gives(free=7), exact=False)) for n in range(60)}
    possible: dict[tuple[str, str], set[int]] = defaultdict(set)
    for before, more in itertools.product(range(55), SMALL[1:]):
        possible[read[before], read[before + more]].add(more)
    assert all(len(more) > 1 for more in possible.values())


def test_the_exact_answer_is_the_same_in_every_number_as_the_view() -> None:
    given = [asks("a", po=3, arrived=True), asks("b", "haven", vo=2), gives(free=1), got(day="2026-12-24")]
    found, view = answer(*given), places(*given)
    assert [row["need"] for row in found["rows"]] == [need.need for need in view.needs]
    assert (found["demand"], found["waiting"], found["placed"]) == (4, 2, 1)


@pytest.mark.parametrize(
    ("date", "nl", "en"),
    [
        ("2027-01-11", "11 januari 2027", "11 January 2027"),
        ("2026-12-01", "1 december 2026", "1 December 2026"),
    ],
)
def test_days_are_written_out(date: str, nl: str, en: str) -> None:
    assert wording.day(date) == (nl, en)
