"""Small groups are people (domain.md D7): no cell of 1 to 4 leaves the narrow circle, shown or worked out."""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core import cells
from hub.core.admission import Admitted
from hub.core.case import Case
from hub.core.catalogue.arrivals import bands_only, outside
from hub.core.state import Fact, State
from tests import city
from tests import strategies as some
from tests.pure import PureHub, Told, partner_of, told

K = 5
Data = dict[str, Any]


def ages(band: Data) -> range:
    low, high = band["ageBand"].split("-")
    return range(int(low), int(high) + 1)


def few(count: int | str) -> bool:
    return isinstance(count, int) and 0 < count < K


def group(bands: list[Data], **more: Any) -> Data:
    minors = sum(b["count"] for b in bands if b["ageBand"] != "18-26")
    return {
        "groupId": some.IDS[0],
        "area": "stad",
        "siteLabel": "GOO Stad 3",
        "bands": bands,
        "totalMinors": minors,
        **more,
    }


def seen_outside(data: Data) -> Data:
    return outside(data, Case(Fact({}, data), State("group/x"), some.PLAIN))


@given(some.bands())
def test_no_merged_band_is_small_and_no_child_gets_lost(bands: list[Data]) -> None:
    merged = cells.merge(bands, K)
    assert not any(few(b["count"]) for b in merged)
    total = sum(b["count"] for b in bands)
    assert merged[0]["count"] == "<5" if 0 < total < K else sum(b["count"] for b in merged) == total


@given(some.bands())
def test_merged_bands_cover_the_same_ages_without_overlap(bands: list[Data]) -> None:
    covered = [age for b in cells.merge(bands, K) for age in ages(b)]
    assert len(covered) == len(set(covered))
    assert {age for b in bands for age in ages(b)} <= set(covered)


@given(some.bands())
def test_bands_that_are_large_enough_or_empty_stay_as_they_are(bands: list[Data]) -> None:
    large = [b for b in bands if not few(b["count"])]
    assert sorted(cells.merge(large, K), key=str) == sorted(large, key=str) if large else True


def test_a_cell_of_five_is_shown_and_a_cell_of_four_is_not() -> None:
    five = [{"ageBand": "4-5", "count": 5}, {"ageBand": "6-11", "count": 9}]
    assert cells.merge(five, K) == five
    four = [{"ageBand": "4-5", "count": 4}, {"ageBand": "6-11", "count": 9}]
    assert cells.merge(four, K) == [{"ageBand": "4-11", "count": 13}]


def test_a_group_of_four_is_one_band_of_the_whole_school_age() -> None:
    bands = [{"ageBand": "6-11", "count": 3}, {"ageBand": "16-17", "count": 1}]
    assert cells.merge(bands, K) == [{"ageBand": "4-17", "count": "<5"}]
    assert cells.total(bands, K) == "<5"


def test_a_tiny_group_shows_no_area_and_a_larger_one_does() -> None:
    assert "area" not in seen_outside(group([{"ageBand": "6-11", "count": 4}]))
    assert seen_outside(group([{"ageBand": "6-11", "count": 5}]))["area"] == "stad"


@pytest.mark.parametrize("names", [("6-11", "16-17", "18-26"), ("0-3", "6-11", "12-15")])
def test_what_the_outside_sees_never_lets_a_small_cell_be_worked_out(names: tuple[str, ...]) -> None:
    """Tries every group of three bands: what looks the same outside must leave each small cell more than one value."""
    alike: dict[str, list[tuple[int, ...]]] = defaultdict(list)
    for counts in product(range(-1, 15), repeat=3):
        bands = [{"ageBand": name, "count": n} for name, n in zip(names, counts, strict=True) if n >= 0]
        if bands:
            alike[repr(seen_outside(group(bands)))].append(tuple(max(n, 0) for n in counts))
    for shown, candidates in alike.items():
        real = (c for c in candidates if max(c) <= 8)  # the larger ones are there to be confused with
        for values in zip(*candidates, strict=True) if any(real) else ():
            assert len(set(values)) > 1 or not few(values[0]), f"{shown} gives away {values[0]}"


@given(some.bands(), st.booleans())
def test_jgz_sees_bands_and_nothing_else(bands: list[Data], label: bool) -> None:
    data = group(bands) if label else {k: v for k, v in group(bands).items() if k != "siteLabel"}
    shown = bands_only(data, Case(Fact({}, data), State("group/x"), some.PLAIN))
    assert shown.keys() == {"groupId", "bands"}
    assert not any(few(b["count"]) for b in shown["bands"])


@given(st.lists(some.admitted(some.GROUPS), min_size=1, max_size=6).map(some.distinct))
def test_neither_site_nor_small_cell_is_ever_delivered_outside_the_narrow_circle(
    events: list[Admitted],
) -> None:
    hub = PureHub(some.PLAIN)
    hub.publish(events)
    for one in told(hub.out):
        if partner_of(one.subscription) not in city.NARROW:
            assert_discreet(one)


def assert_discreet(one: Told) -> None:
    assert "siteLabel" not in one.data
    shown = [b["count"] for b in one.data.get("bands", ())]
    assert not any(few(n) for n in [*shown, one.data.get("totalMinors", 0)])


@given(some.admitted(("E1",)), st.integers(1, 12))
def test_an_event_about_few_children_is_of_the_class_of_personal_data(event: Admitted, size: int) -> None:
    data = event.event.data
    small = any(few(b["count"]) for b in data["bands"])
    assert event.event.attributes["privacyclass"] == ("P2" if small else "G1")
    assert event.topic == ("hub.events.p2" if small else "hub.events.g")


@given(some.admitted(("E5",)))
def test_a_short_waiting_list_is_shown_as_under_five(event: Admitted) -> None:
    hub = PureHub(some.PLAIN)
    hub.publish([event])
    waiting = event.event.data.get("waiting")
    expected = "<5" if waiting is not None and few(waiting) else waiting
    assert {t.data.get("waiting") for t in told(hub.out)} == {expected}
