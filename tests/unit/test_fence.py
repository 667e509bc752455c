"""Whoever reads a changelog comes to the owner's states, whatever a former owner appends late."""

from __future__ import annotations

import random
from typing import NamedTuple

import pytest

from hub.stream.fence import Reading, Superseded, hand, signed, signer, strangers


class Row(NamedTuple):
    offset: int
    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes]]


class Kept:
    """A store of one partition, in memory."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes | None] = {}
        self.at: int | None = None
        self.by = 0

    def save(self, partition: int, rows: object, offset: int, by: int = 0) -> None:
        self.rows.update(rows)  # type: ignore[call-overload]
        self.at, self.by = offset, max(by, self.by)

    def seen(self, partition: int) -> int:
        return self.by

    @property
    def following(self) -> int:
        return 0 if self.at is None else self.at + 1


def log(*rows: tuple[int, str, str]) -> list[Row]:
    return [Row(n, key.encode(), value.encode(), signed(by)) for n, (by, key, value) in enumerate(rows)]


OLD, NEW = hand(0, 1), hand(hand(0, 1), 2)


def test_each_owner_signs_higher_than_all_before_it_also_when_the_group_was_forgotten() -> None:
    first = hand(0, 57)
    assert hand(first, 1) > first, "the generation began again at 1"
    assert hand(0, 58) > first, "two that saw the same, the later one by generation"
    assert signer(signed(first)) == first and signer([]) == 0


def test_what_a_former_owner_wrote_late_is_left_out_and_named() -> None:
    store = Kept()
    reading = Reading(store, 0)
    reading.take(log((OLD, "a", "1"), (NEW, "a", "2"), (NEW, "b", "2"), (OLD, "a", "late"), (NEW, "b", "3")))
    assert store.rows == {b"a": b"2", b"b": b"3"}
    assert reading.late == {b"a"}
    assert store.at == 2, "who reads next must come upon it too, until it is written over"


def test_once_it_is_written_over_nothing_is_late() -> None:
    store = Kept()
    reading = Reading(store, 0)
    reading.take(log((NEW, "a", "2"), (OLD, "a", "late"), (NEW, "a", "2")))
    assert not reading.late and store.at == 2 and store.rows == {b"a": b"2"}


@pytest.mark.parametrize("seed", range(20))
def test_a_reading_that_is_cut_off_goes_on_from_the_store_and_comes_to_the_same(seed: int) -> None:
    chance = random.Random(seed)
    hands = [OLD] * 5 + chance.choices((OLD, NEW, NEW), k=15)
    rows = log(*((by, chance.choice("abc"), str(n)) for n, by in enumerate(hands)))
    whole, cut = Kept(), Kept()
    at_once = Reading(whole, 0)
    at_once.take(rows)
    for _ in range(3):
        Reading(cut, 0).take(rows[cut.following : cut.following + chance.randint(1, 6)])
    again = Reading(cut, 0)
    again.take(rows[cut.following :])
    assert cut.rows == whole.rows and again.late == at_once.late and cut.at == whole.at


def test_who_comes_upon_a_later_owner_stops_and_who_comes_upon_an_earlier_one_writes_over() -> None:
    with pytest.raises(Superseded):
        strangers({b"a": NEW}, OLD)
    assert strangers({b"a": OLD, b"b": NEW}, NEW) == {b"a"}
