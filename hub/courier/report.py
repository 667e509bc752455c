"""What others get to see of deliveries: metrics, and one log line per attempt (never payload, subject or
address)."""

from __future__ import annotations

import contextlib

import msgspec

from hub.core.journal import Attempted
from hub.telemetry import log, metrics


def attempted(entry: Attempted, wait: float, accepted: int) -> None:
    """Counts and logs one attempt. `wait` is seconds to the next; `accepted` when the hub took the event
    (ms)."""
    metrics.ATTEMPTS.labels(entry.subscription, entry.status).inc()
    metrics.DELIVERY_SECONDS.labels(entry.subscription).observe(entry.took / 1000)
    if entry.outcome != "retry":
        metrics.DELIVERIES.labels(entry.subscription, entry.outcome).inc()
    if entry.outcome == "delivered":
        metrics.PUBLISH_TO_DELIVERY_SECONDS.observe(max(0, entry.at - accepted) / 1000)
    level = "info" if entry.outcome == "delivered" else "warning"
    log.event("delivery.attempted", level, **_fields(entry), retry_in=round(wait, 3))


def unsent(entry: Attempted) -> None:
    """It came to its end without being sent."""
    metrics.DELIVERIES.labels(entry.subscription, entry.outcome).inc()
    log.event(f"delivery.{entry.outcome}", "info", **_fields(entry))


def backlog(subscription: str, records: int, age: float) -> None:
    """`age` is of the oldest record not yet delivered, in seconds; 0 when there is none."""
    metrics.BACKLOG_RECORDS.labels(subscription).set(records)
    metrics.BACKLOG_AGE.labels(subscription).set(age)


def forget(subscription: str) -> None:
    """The lane has ended or moved to another courier, which reports it from now on."""
    for gauge in (metrics.BACKLOG_RECORDS, metrics.BACKLOG_AGE):
        with contextlib.suppress(KeyError):
            gauge.remove(subscription)


def _fields(entry: Attempted) -> dict[str, object]:
    """What a receiver said is for its own eyes."""
    fields = msgspec.structs.asdict(entry)
    return {name: value for name, value in fields.items() if name not in ("at", "said")}
