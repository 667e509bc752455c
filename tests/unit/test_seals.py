"""Seals of the journal: made again they are the same, and no record can be changed, left out or put in unseen."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core import seals
from hub.core.records import Record
from hub.core.seals import Seal, Sealing, Verdict, Verifier

MINUTE = seals.SLOT_MS


def log(size: int, partition: int = 3, start: int = 0, apart: int = 500) -> list[Record]:
    return [
        Record(
            "hub.journal",
            partition,
            start + n,
            1_790_000_000_000 + n * apart,
            b"k%d" % (n % 7),
            b"entry %d" % n,
        )
        for n in range(size)
    ]


def sealed(records: list[Record], most: int = 10) -> list[Seal]:
    sealing = Sealing(records[0].partition, records[0].offset, most=most)
    return [*(seal for one in records for seal in sealing.add(one)), *sealing.close()]


def verify(records: list[Record], found: list[Seal], start: int | None = None) -> Verdict:
    first = records[0].offset if start is None else start
    verifier = Verifier(3, found, first, lambda seal: True)
    for one in records:
        verifier.feed(one)
    return verifier.done()


def moved(records: list[Record]) -> list[Record]:
    """At the offsets that Kafka gives them in a log of their own."""
    return [one._replace(offset=n) for n, one in enumerate(records)]


def test_an_untouched_log_agrees_with_its_seals() -> None:
    records = log(95)
    found = verify(records, sealed(records))
    assert (found.fault, found.sealed, found.waiting) == (None, 95, 0)


@given(st.integers(1, 60), st.integers(1, 13), st.integers(1, 90_000), st.data())
def test_a_sealer_that_goes_on_anywhere_makes_the_same_seals(
    size: int, most: int, apart: int, data: st.DataObject
) -> None:
    records = log(size, apart=apart)
    whole = sealed(records, most)
    before = whole[: data.draw(st.integers(0, len(whole)))]
    tip = before[-1] if before else None
    again = Sealing(3, tip.end if tip else 0, tip.hash if tip else "", most=most)
    rest = [seal for one in records[again.next :] for seal in again.add(one)] + again.close()
    assert before + rest == whole


@given(st.integers(2, 60), st.integers(1, 13), st.data())
def test_the_first_record_that_was_changed_is_named(size: int, most: int, data: st.DataObject) -> None:
    records = log(size)
    found = sealed(records, most)
    at = data.draw(st.integers(0, size - 1))
    records[at] = records[at]._replace(
        **data.draw(st.sampled_from([{"value": b"x"}, {"key": b"x"}, {"timestamp": 1}, {"value": None}]))
    )
    assert verify(records, found).fault == (3, at, "changed")


@given(st.integers(2, 60), st.integers(1, 13), st.data())
def test_the_first_record_that_was_removed_is_named(size: int, most: int, data: st.DataObject) -> None:
    records = log(size)
    found = sealed(records, most)
    at = data.draw(st.integers(0, size - 1))
    left = moved(records[:at] + records[at + 1 :])
    assert verify(left, found, 0).fault == (3, at, "removed")


@given(st.integers(2, 60), st.integers(1, 13), st.data())
def test_the_first_record_that_was_inserted_is_named(size: int, most: int, data: st.DataObject) -> None:
    records = log(size)
    found = sealed(records, most)
    at = data.draw(st.integers(0, size - 1))
    more = moved([*records[:at], Record("hub.journal", 3, 0, 5, b"k", b"never said"), *records[at:]])
    assert verify(more, found).fault == (3, at, "inserted")


@given(st.integers(1, 60), st.integers(1, 13), st.data())
def test_what_retention_took_away_leaves_the_rest_provable(size: int, most: int, data: st.DataObject) -> None:
    records = log(size)
    found = sealed(records, most)
    start = data.draw(st.integers(0, size - 1))
    left = records[start:]
    kept = [one for one in found if one.end > start]
    assert verify(left, kept).fault is None
    at = data.draw(st.integers(0, len(left) - 1))
    left[at] = left[at]._replace(value=b"x")
    assert verify(left, kept).fault == (3, start + at, "changed")


def test_a_seal_that_was_taken_away_leaves_records_unsealed() -> None:
    records = log(40)
    assert verify(records, sealed(records)[1:]).fault == (3, 0, "unsealed")


def test_a_seal_in_the_middle_that_was_taken_away_leaves_records_unsealed() -> None:
    records = log(40)
    found = sealed(records)
    assert verify(records, [*found[:1], *found[2:]]).fault == (3, 0, "unsealed")


@pytest.mark.parametrize("change", [{"previous": "0" * 64}, {"hash": "0" * 64}])
def test_a_seal_that_was_changed_is_found(change: dict[str, str]) -> None:
    records = log(40)
    found = sealed(records)
    found[-1] = msgspec.structs.replace(found[-1], **change)
    assert verify(records, found).fault is not None


def test_a_seal_that_is_not_ours_counts_for_nothing() -> None:
    records = log(40)
    found = sealed(records)
    verifier = Verifier(3, found, 0, lambda seal: seal is not found[2])
    for one in records:
        verifier.feed(one)
    assert verifier.done().fault == (3, 20, "seal")


def test_of_two_chains_the_one_that_reaches_further_counts() -> None:
    records = log(40)
    early = Sealing(3, 0)
    for one in records[:15]:
        early.add(one)
    assert verify(records, early.close() + sealed(records)).fault is None


def test_what_has_no_seal_yet_waits_for_it() -> None:
    records = log(45)
    found = verify(records, sealed(records[:30]))
    assert (found.fault, found.sealed, found.waiting, found.since) == (None, 30, 15, records[30].timestamp)


def test_a_seal_ends_with_its_minute() -> None:
    records = log(10, apart=MINUTE)
    assert [(one.start, one.end) for one in sealed(records)] == [(n, n + 1) for n in range(10)]


def test_the_signature_is_over_all_that_a_seal_says() -> None:
    (made,) = sealed(log(3))
    for name, value in {
        "start": 1,
        "end": 9,
        "marks": "",
        "previous": "x",
        "hash": "x",
        "partition": 9,
    }.items():
        assert msgspec.structs.replace(made, **{name: value}).signed != made.signed
    assert msgspec.structs.replace(made, signature="x").signed == made.signed
    assert seals.load(seals.record(made).value or b"") == made
