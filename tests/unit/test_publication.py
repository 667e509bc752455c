"""The small-cell rule (domain.md §3.7): nothing that is published, alone or together, gives away a cell of 1 to k-1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core import census
from hub.core.census.publication import BANDED, POOLED, ROUNDED, band
from hub.core.rules import Rules
from hub.core.views import Cell, Published

RULES = Rules()
K = RULES.small_cell
METHODS = (POOLED, ROUNDED)
Table = tuple[int, ...]
History = tuple[Table, ...]
Looks = tuple[object, ...]

sizes = st.one_of(st.integers(0, 6), st.integers(0, 60))


@st.composite
def histories(draw: st.DrawFn, growing: bool | None = None) -> History:
    """The same table at a few moments: flows only grow, stocks may do anything."""
    width = draw(st.integers(1, 6))
    tables = st.lists(sizes, min_size=width, max_size=width)
    found = draw(st.lists(tables, min_size=1, max_size=5))
    if growing if growing is not None else draw(st.booleans()):
        for before, after in pairwise(found):
            after[:] = [old + new for old, new in zip(before, after, strict=True)]
    return tuple(map(tuple, found))


def names(width: int) -> list[str]:
    return [f"m/{'abcdefgh'[at]}" for at in range(width)]


def raw(table: Table, method: str = POOLED, on: str = "2027-03-01") -> census.Raw:
    return census.Raw("M6", "2026-2027", on, method, dict(zip(names(len(table)), table, strict=True)))


def published(history: Iterable[Table], method: str = POOLED, rules: Rules = RULES) -> list[Published]:
    told: list[Published] = []
    for table in history:
        told.append(census.publish(raw(table, method), told[-1] if told else None, rules))
    return told


def cells(told: Published) -> dict[tuple[str, ...], int | str]:
    return {tuple(cell.of): cell.value for cell in told.cells}


def number(value: int | str) -> int:
    return value if isinstance(value, int) else 0


def k_of(method: str) -> int:
    return RULES.public_cell if method == ROUNDED else K


def alone(*table: int, method: str = POOLED) -> dict[tuple[str, ...], int | str]:
    return cells(published([table], method)[0])


# What it looks like


def test_large_and_empty_cells_are_shown_as_they_are() -> None:
    assert alone(74, 0, 5) == {("m/a",): 74, ("m/b",): 0, ("m/c",): 5}


def test_a_small_cell_is_told_as_one_with_the_empty_ones_and_the_next_larger() -> None:
    assert alone(3, 0, 9, 20) == {("m/a", "m/b", "m/c"): 12, ("m/d",): 20}


def test_small_cells_that_are_enough_together_leave_the_larger_ones_alone() -> None:
    assert alone(3, 4, 9) == {("m/a", "m/b"): 7, ("m/c",): 9}


def test_small_cells_that_are_all_alike_are_told_with_a_larger_one() -> None:
    assert alone(4, 4, 9, 30) == {("m/a", "m/b", "m/c"): 17, ("m/d",): 30}


def test_a_measure_that_stays_under_k_is_one_cell() -> None:
    assert alone(1, 0, 3) == {("m/a", "m/b", "m/c"): "<5"}


def test_what_tells_of_persons_in_care_is_shown_in_tens() -> None:
    assert alone(43, 0, 10, method=ROUNDED) == {("m/a",): 40, ("m/b",): 0, ("m/c",): 10}
    assert alone(43, 0, 9, method=ROUNDED) == {("m/a", "m/b", "m/c"): 50}


def test_a_cell_stands_until_it_moved_by_k_and_then_moves_by_steps_of_k() -> None:
    shown = [
        cells(told)[("m/a",)] for told in published([(74,), (78,), (79,), (86,), (80,), (79,), (4,), (0,)])
    ]
    assert shown == [74, 74, 79, 84, 84, 79, "<5", 0]


def test_cells_that_stood_together_part_when_each_is_larger_than_they_were_together() -> None:
    together, still, apart = published([(2, 4), (6, 10), (12, 17)])
    assert cells(together) == {("m/a", "m/b"): 6}
    assert cells(still) == {("m/a", "m/b"): 16}
    assert cells(apart) == {("m/a", "m/b"): 26}
    assert cells(published([(2, 4), (11, 12)])[-1]) == {("m/a",): 10, ("m/b",): 10}


def test_a_cell_that_was_not_there_before_starts_from_nothing() -> None:
    before = published([(12,)])[0]
    assert cells(census.publish(raw((12, 3, 8)), before, RULES)) == {
        ("m/a",): 12,
        ("m/b",): "<5",
        ("m/c",): 5,
    }


def test_measures_are_never_told_as_one() -> None:
    table = census.Raw(
        "M11", "2026-2027", "2027-03-01", POOLED, {"advice/up": 2, "advice/no": 3, "year3/up": 3}
    )
    told = cells(census.publish(table, None, RULES))
    assert told == {("advice/no", "advice/up"): 5, ("year3/up",): "<5"}


def test_things_are_shown_exactly_also_to_everyone() -> None:
    table = census.Raw("M2", "standing", "2027-03-01", POOLED, {"places/free": 3, "minors/announced": 74})
    told = census.publish(table, None, RULES)
    assert cells(told) == {("minors/announced",): 74, ("places/free",): 3}
    shown = census.public(told, RULES)
    assert shown and cells(shown) == {("minors/announced",): 70, ("places/free",): 3}


# What holds for everything that is published


@given(histories(), st.sampled_from(METHODS))
def test_every_name_stands_in_one_cell_and_no_cell_has_few(history: History, method: str) -> None:
    for told in published(history, method):
        assert sorted(name for cell in told.cells for name in cell.of) == names(len(history[0]))
        for cell in told.cells:
            few = isinstance(cell.value, int) and 0 < cell.value < k_of(method)
            assert not few and cell.value in (f"<{k_of(method)}", number(cell.value))


@given(histories(), st.sampled_from(METHODS))
def test_a_cell_is_less_than_k_away_from_the_truth(history: History, method: str) -> None:
    for table, told in zip(history, published(history, method), strict=True):
        truth = raw(table).cells
        for cell in told.cells:
            assert abs(number(cell.value) - sum(truth[name] for name in cell.of)) < k_of(method)


@given(histories(growing=True), st.sampled_from(METHODS))
def test_no_two_publications_of_a_flow_differ_by_few(history: History, method: str) -> None:
    for earlier, later in combinations(published(history, method), 2):
        assert_far_apart(earlier, later, k_of(method))


@given(histories(growing=False), st.sampled_from(METHODS))
def test_no_two_publications_after_one_another_differ_by_few(history: History, method: str) -> None:
    for earlier, later in pairwise(published(history, method)):
        assert_far_apart(earlier, later, k_of(method))


def assert_far_apart(earlier: Published, later: Published, k: int) -> None:
    """For every set of names that both tell a number of. Cells only come apart, so those of the earlier one are
    enough: every other set is made of them."""
    for of, value in cells(earlier).items():
        parts = [v for names, v in cells(later).items() if set(names) <= set(of)]
        if isinstance(value, int) and all(isinstance(part, int) for part in parts):
            moved = abs(sum(map(number, parts)) - value)
            assert moved == 0 or moved >= k


@given(histories(), st.sampled_from(METHODS))
def test_what_was_told_together_or_apart_is_not_put_together_later(history: History, method: str) -> None:
    for earlier, later in pairwise(published(history, method)):
        for of in cells(later):
            assert any(set(of) <= set(before) for before in cells(earlier))


@given(histories(), st.sampled_from(METHODS))
def test_the_same_numbers_published_again_are_published_the_same(history: History, method: str) -> None:
    once, again = published([history[0], history[0]], method)
    assert cells(once) == cells(again)


@given(st.lists(sizes, min_size=6, max_size=6), st.permutations(range(6)))
def test_names_do_not_matter(table: list[int], order: list[int]) -> None:
    moved = alone(*(table[at] for at in order))
    back = {name: names(6)[at] for name, at in zip(names(6), order, strict=True)}
    assert {tuple(sorted(back[name] for name in of)): value for of, value in moved.items()} == alone(*table)


@given(histories(), st.sampled_from(METHODS))
def test_everyone_sees_tens_and_nothing_under_ten(history: History, method: str) -> None:
    for told in published(history, method):
        shown = census.public(told, RULES)
        assert shown and shown.k == 10
        assert sorted(name for cell in shown.cells for name in cell.of) == names(len(history[0]))
        for cell in shown.cells:
            assert cell.value == "<10" or number(cell.value) % 10 == 0
        total = [cell.value for cell in shown.cells]
        assert "<10" not in total or len(total) == 1


# An attacker who knows the rule, tries every history, and keeps those that would have looked the same


def attack(width: int, top: int, moments: int, growing: bool, method: str, k: int) -> Iterator[list[History]]:
    """All histories of a table of `width` cells of 0 to `top`, by what was published of them."""
    rules = Rules(small_cell=k, public_cell=k)
    every = list(product(range(top + 1), repeat=width))
    earlier = every if moments > 1 else []
    after = {one: [two for two in every if at_least(two, one)] if growing else every for one in earlier}
    alike: dict[Looks, tuple[Published | None, list[History]]] = {(): (None, [()])}
    for _ in range(moments):
        found: dict[Looks, tuple[Published | None, list[History]]] = {}
        for seen, (last, candidates) in alike.items():
            told = {table: census.publish(raw(table, method), last, rules) for table in every}
            looks = {table: (*seen, tuple(cells(one).items())) for table, one in told.items()}
            for history in candidates:
                for table in after[history[-1]] if history else every:
                    found.setdefault(looks[table], (told[table], []))[1].append((*history, table))
        alike = found
    return (candidates for _, candidates in alike.values())


def at_least(table: Table, other: Table) -> bool:
    return all(mine >= yours for mine, yours in zip(table, other, strict=True))


def assert_nothing_given_away(candidates: Sequence[History], k: int) -> None:
    """No cell, and no growth of a cell between two moments, of 1 to k-1 that is certain."""
    for moment, table in enumerate(candidates[0]):
        for at in range(len(table)):
            values = {history[moment][at] for history in candidates}
            assert len(values) > 1 or not 0 < min(values) < k, (moment, at, candidates[:3])
            grown = (
                {history[moment][at] - history[moment - 1][at] for history in candidates} if moment else {0}
            )
            assert len(grown) > 1 or not 0 < abs(min(grown)) < k, (moment, at, candidates[:3])


def assert_nothing_of_size_given_away(size: int, found: Iterable[Sequence[History]], k: int) -> None:
    """Of tables of cells up to `size`; the larger ones are there to be confused with."""
    tried = 0
    for candidates in found:
        if any(max(map(max, history)) <= size for history in candidates):
            assert_nothing_given_away(candidates, k)
            tried += 1
    assert tried


@pytest.mark.parametrize(
    ("width", "top", "size", "moments", "k"),
    [
        (1, 20, 15, 2, 5),
        (2, 20, 15, 1, 5),
        (3, 15, 12, 1, 5),
        (5, 6, 2, 1, 3),
        (2, 17, 11, 2, 5),
        (3, 6, 4, 2, 3),
        (2, 9, 6, 3, 3),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_no_publication_of_flows_lets_a_small_cell_be_worked_out(
    width: int, top: int, size: int, moments: int, k: int, method: str
) -> None:
    assert_nothing_of_size_given_away(size, attack(width, top, moments, True, method, k), k)


@pytest.mark.parametrize(
    ("width", "top", "size", "moments", "k"),
    [(1, 19, 14, 2, 5), (2, 11, 9, 2, 5), (3, 5, 3, 2, 3), (1, 12, 9, 3, 3)],
)
@pytest.mark.parametrize("method", METHODS)
def test_no_publication_of_stocks_lets_a_small_cell_be_worked_out(
    width: int, top: int, size: int, moments: int, k: int, method: str
) -> None:
    assert_nothing_of_size_given_away(size, attack(width, top, moments, False, method, k), k)


def test_no_banded_table_lets_a_small_number_be_worked_out() -> None:
    assert_nothing_of_size_given_away(9, attack(2, 12, 2, False, BANDED, K), K)


# Bands and percentages


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0"), (1, "1-4"), (4, "1-4"), (5, "5-9"), (10, "10-24"), (25, "25-49"), (49, "25-49"), (50, "50+")],
)
def test_a_number_per_organisation_is_shown_as_a_band(count: int, shown: str) -> None:
    assert band(count, K) == shown


def test_a_table_per_organisation_is_not_for_everyone() -> None:
    told = census.publish(raw((3, 7), BANDED), None, RULES)
    assert cells(told) == {("m/a",): "1-4", ("m/b",): "5-9"}
    assert census.public(told, RULES) is None


def test_cells_of_views_are_what_is_published() -> None:
    assert census.publish(raw((12,)), None, RULES) == Published(
        "M6", "2026-2027", "2027-03-01", K, POOLED, [Cell(["m/a"], 12)]
    )
