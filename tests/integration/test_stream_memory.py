"""The processor in memory does what the one on Kafka does."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

import pytest

from hub.core.records import Batch, Count, Load, Out, Record
from hub.stream.memory import memory_engine
from tests.integration.stream_app import BUG, ERASE, expected, place, run

POLICY = {"out": "outbox.x", "bug": BUG.decode()}


def records(*values: tuple[str, bytes], topic: str = "in") -> list[Record]:
    return [Record(topic, 0, n, 0, key.encode(), value) for n, (key, value) in enumerate(values)]


async def test_outputs_come_back_in_order_and_states_are_the_fold() -> None:
    given = records(("a", b"1"), ("b", b"2"), ("a", b"3"))
    async with memory_engine(run, lambda: POLICY) as engine:
        outs = await engine.feed(given)
        assert outs == [Out("outbox.x", r.key, place(r).encode()) for r in given]
        assert engine.states == expected(given)


async def test_states_last_from_one_feed_to_the_next_and_repeats_change_nothing() -> None:
    given = records(*[(f"k{n % 3}", b"x") for n in range(20)])
    async with memory_engine(run, lambda: POLICY) as engine:
        for record in (*given, *given[5:]):
            await engine.feed([record])
        assert engine.states == expected(given)


async def test_an_erased_key_is_gone() -> None:
    async with memory_engine(run, lambda: POLICY) as engine:
        await engine.feed(records(("a", b"1"), ("a", ERASE)))
        assert engine.states == {}


async def test_partitions_do_not_share_states() -> None:
    loaded: list[bytes | None] = []

    def spy(batch: Sequence[Record], load: Load, policy: Any) -> Batch:
        loaded.extend(load(r.key) for r in batch)
        return run(batch, load, policy)

    async with memory_engine(spy, lambda: POLICY) as engine:
        (record,) = records(("a", b"1"))
        await engine.feed([record])
        await engine.feed([record._replace(partition=1)])
    assert loaded == [None, None]


async def test_counts_are_handed_on() -> None:
    def counting(batch: Sequence[Record], load: Load, policy: Any) -> Batch:
        return Batch({}, [], [Count("seen", (r.topic,)) for r in batch])

    async with memory_engine(counting, lambda: None) as engine:
        await engine.feed(records(("a", b"1"), ("b", b"2")))
        assert engine.counted == [Count("seen", ("in",))] * 2


async def test_a_bug_is_raised_and_publishes_nothing() -> None:
    async with memory_engine(run, lambda: POLICY) as engine:
        with pytest.raises(RuntimeError, match="a bug"):
            await engine.feed(records(("a", b"1"), ("a", BUG)))
        assert engine.states == {}


async def test_it_opens_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    async with memory_engine(run, lambda: POLICY) as engine:
        assert len(await engine.feed(records(("a", b"1")))) == 1
