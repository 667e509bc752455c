"""What passes between the pure core and the shells: Kafka records as plain values."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Headers = tuple[tuple[str, bytes], ...]


class Record(NamedTuple):
    """One Kafka record as the shell read it. `timestamp` is Kafka's own, in milliseconds since 1970 (UTC)."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes
    value: bytes | None
    headers: Headers = ()


class Out(NamedTuple):
    """One record to publish. The shell partitions by `key` (murmur2) and awaits the acknowledgement."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Count(NamedTuple):
    """One thing to count: `name` is a metric of `hub.telemetry.metrics`, `labels` its label values in order."""

    name: str
    labels: tuple[str, ...]


class Batch(NamedTuple):
    """Everything the shell must do for a list of records, in this order: publish `out` and wait; then write
    `states` (new value per touched key, None = erase) with their changelog and wait; then acknowledge."""

    states: dict[bytes, bytes | None]
    out: list[Out]
    counts: list[Count]


Load = Callable[[bytes], bytes | None]
"""Reads the stored state of one key; None when there is none."""
