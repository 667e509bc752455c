"""The matrix of flows: what is stuck, with whom, and nothing that tells of one child."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.matrix import BOUNDS_MS, Leg, Matrix, Rhythm
from hub.core.topics import DAY_MS
from hub.monitor.matrix import LIGHTS, SLOW_MS, Board, Lanes, board, legs
from hub.monitor.words import FLOWS, GROUPS, Language

NOW = 1_790_000_000_000
PERSON, GROUP = (
    "nl.onderwijsloopbanen.handover.prepared.v1",
    "nl.onderwijsloopbanen.arrival-group.announced.v1",
)
NAMES = {"gem": "Gemeente", "boot": "De Boot", "wad": "Het Wad"}
LANES = Lanes(
    flow=lambda type: "newcomers" if type == GROUP else "handovers",
    group={"gem": "gemeente", "boot": "po", "wad": "vo"}.__getitem__,
    personal=lambda type: type == PERSON,
    partner=NAMES.__getitem__,
    silence=lambda days: 3 if not any(days[-3:]) else 0,
)
QUICK = (1,) + (0,) * len(BOUNDS_MS)


def leg(publisher: str = "boot", partner: str = "wad", type: str = PERSON, **more: Any) -> Leg:
    return Leg(publisher, partner, type, **({"told": 40, "arrived": 40, "within": QUICK} | more))


def drawn(*given: Leg, flow: str = "", rhythms: tuple[Rhythm, ...] = ()) -> Board:
    found = Matrix(at=NOW, first_day=NOW - NOW % DAY_MS, legs=given, rhythms=rhythms)
    return board(found, LANES, [name for name in FLOWS if name], tuple(GROUPS), flow)


def lights(board: Board) -> dict[str, str]:
    return {row.flow: row.cell.light for row in board.flows if row.cell.light != "none"}


@pytest.mark.parametrize(
    ("made", "light"),
    [
        (leg(), "well"),
        (leg(arrived=39, oldest=NOW - 59_000), "well"),
        (leg(arrived=39, oldest=NOW - 61_000), "late"),
        (leg(arrived=39, oldest=NOW - 901_000), "stuck"),
        (leg(arrived=39, ended=1), "ended"),
        (leg(within=(0,) * len(BOUNDS_MS) + (40,)), "slow"),
    ],
)
def test_a_leg_shows_the_worst_that_is_true_of_it(made: Leg, light: str) -> None:
    found = drawn(made)

    assert lights(found) == {"handovers": light}
    assert found.grid.cell("po", "vo").light == light


def test_a_flow_is_quiet_when_one_of_its_publishers_is() -> None:
    silent = Rhythm("gem", GROUP, (4,) * 20 + (0,) * 3)
    busy = Rhythm("boot", PERSON, (4,) * 23)
    found = drawn(leg(), rhythms=(silent, busy))

    assert lights(found) == {"handovers": "well", "newcomers": "quiet"}
    (one,) = found.attention
    assert (one.light, one.partner, one.flows, one.quiet) == ("quiet", "Gemeente", ("newcomers",), 3)


def test_what_asks_for_attention_is_by_partner_that_is_behind_and_the_worst_first() -> None:
    found = drawn(
        leg("wad", "boot", arrived=39, oldest=NOW - 120_000, subscription="b"),
        leg("gem", "wad", GROUP, arrived=39, oldest=NOW - 61_000, subscription="w1"),
        leg(arrived=39, oldest=NOW - 3_600_000, subscription="w2"),
        leg("gem", "boot", GROUP, arrived=39, oldest=NOW - 59_000, subscription="b"),
    )

    wad, boot = found.attention
    assert (wad.light, wad.partner, wad.flows) == ("stuck", "Het Wad", ("handovers", "newcomers"))
    assert (wad.age, wad.subscription) == (3_600_000, "w2")
    assert (boot.light, boot.partner, boot.flows) == ("late", "De Boot", ("handovers",))


def test_one_flow_can_be_looked_at_alone() -> None:
    given = (leg("gem", "wad", GROUP), leg(), leg("wad", "boot"))

    assert drawn(*given).grid.publishers == ["gemeente", "po", "vo"]
    alone = drawn(*given, flow="newcomers")
    assert (alone.grid.publishers, alone.grid.receivers) == (["gemeente"], ["vo"])
    found = Matrix(at=NOW, first_day=NOW, legs=given)
    assert [row.publisher for row in legs(found, LANES, "handovers", "po", "")] == ["De Boot"]


def test_counts_of_messages_about_persons_are_a_range_and_of_groups_are_not() -> None:
    found = drawn(leg(told=3, arrived=3), leg("gem", "wad", GROUP, told=3, arrived=3))

    assert found.grid.cell("po", "vo").told == (1, 4)
    assert found.grid.cell("gemeente", "vo").told == (3, 3)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 6))
def test_one_more_message_changes_nothing_that_is_shown_but_at_the_edge_of_a_band(
    told: int, waiting: int, ended: int
) -> None:
    def shown(n: int) -> Any:
        arrived = max(0, n - waiting - ended)
        oldest = NOW - 5_000 if waiting else None
        cell = drawn(leg(told=n, arrived=arrived, ended=ended, oldest=oldest)).grid.cell("po", "vo")
        words = Language("nl")
        return cell, words.share(cell.told, cell.missing)

    edges = {1, 5, 10, 20, 50}
    total = told + waiting + ended
    if total and total + 1 not in edges:
        assert shown(total) == shown(total + 1)


def test_of_a_few_no_percentage_is_shown() -> None:
    words = Language("nl")
    cell = drawn(leg(told=19, arrived=17, oldest=NOW - 5_000)).grid.cell("po", "vo")
    many = drawn(leg(told=400, arrived=398, oldest=NOW - 5_000)).grid.cell("po", "vo")

    assert words.share(cell.told, cell.missing) == "nog niet alles"
    assert words.share(many.told, many.missing) == "≥ 99 %"


def test_slow_is_more_than_five_minutes_for_one_in_twenty() -> None:
    place = BOUNDS_MS.index(SLOW_MS)
    edge = tuple(20 if at == place else 0 for at in range(len(BOUNDS_MS) + 1))
    beyond = tuple(20 if at == place + 1 else 0 for at in range(len(BOUNDS_MS) + 1))

    assert lights(drawn(leg(within=edge))) == {"handovers": "well"}
    assert lights(drawn(leg(within=beyond))) == {"handovers": "slow"}


def test_every_light_flow_and_group_has_words_and_a_shape_of_its_own() -> None:
    from hub.monitor.page import SIGNS

    assert set(SIGNS) == set(LIGHTS) and len(set(SIGNS.values())) == len(SIGNS)
    for code in ("nl", "en"):
        words = Language(code)
        assert all(words(f"light_{name}") for name in LIGHTS)
