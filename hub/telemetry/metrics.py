"""Every metric of the hub, declared here and nowhere else. Labels hold ids of partners, kinds and codes only.

Parts count with the names: `count([Count("hub_events_total", ("E1", "almere", "accepted"))])`, or with the
objects: `metrics.LAG.labels("courier", topic, "0").set(3)`.
"""

from __future__ import annotations

import math
import shutil
from collections import Counter as Tally
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from hub.core.records import Count

REGISTRY = CollectorRegistry()
ProcessCollector(namespace="hub", registry=REGISTRY)
CONTENT_TYPE = CONTENT_TYPE_LATEST

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_DELIVERY = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600, 21600, 86400)
_SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000)


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(name, text, labels, registry=REGISTRY)


def _gauge(name: str, text: str, *labels: str) -> Gauge:
    return Gauge(name, text, labels, registry=REGISTRY)


def _histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
    return Histogram(name, text, labels, buckets=buckets, registry=REGISTRY)


EVENTS = _counter(
    "hub_events_total",
    "Events by what became of them: accepted refused duplicate conflict stale redelivered quarantined",
    "kind",
    "publisher",
    "outcome",
)
REFUSALS = _counter("hub_refusals_total", "Faults for which events were refused", "reason", "publisher")
FOLDS = _counter("hub_folds_total", "Events folded into a state", "kind")
ROUTED = _counter("hub_routed_total", "Records written to the outbox of a partner", "kind", "partner")
WITHHELD = _counter(
    "hub_withheld_total", "Partners not told of an event, by the rule that said no", "kind", "reason"
)
SIGNALS = _counter("hub_signals_total", "Signals raised, by the rule that found them", "rule", "severity")
DELIVERIES = _counter(
    "hub_deliveries_total", "Deliveries that came to an end, by outcome", "subscription", "outcome"
)
ATTEMPTS = _counter(
    "hub_delivery_attempts_total",
    "Delivery attempts by HTTP status, or by the fault when there was no answer",
    "subscription",
    "status",
)
DELIVERY_SECONDS = _histogram(
    "hub_delivery_seconds", "Duration of one delivery attempt", _DELIVERY[:11], "subscription"
)
PUBLISH_TO_DELIVERY_SECONDS = _histogram(
    "hub_publish_to_delivery_seconds",
    "From the Kafka timestamp of an event to the 2xx of its receiver",
    _DELIVERY,
)
BACKLOG_AGE = _gauge(
    "hub_backlog_age_seconds",
    "Age of the oldest record not yet delivered; 0 when there is none",
    "subscription",
)
BACKLOG_RECORDS = _gauge("hub_backlog_records", "Records not yet delivered", "subscription")
LAG = _gauge(
    "hub_consumer_lag", "Records a part has still to read from a partition", "part", "topic", "partition"
)
WAITING = _gauge(
    "hub_processors_waiting_records", "Records that wait for the processors, seen from the gateway"
)
INGEST_SECONDS = _histogram("hub_ingest_seconds", "From the request to the 202 of POST /v1/events", _FAST)
BATCH_SECONDS = _histogram(
    "hub_batch_seconds", "From load to acknowledgement of one batch of the processor", _FAST
)
BATCH_RECORDS = _histogram("hub_batch_records", "Records in one batch of the processor", _SIZES)
SECURITY = _counter("hub_security_total", "Requests and addresses refused for a security reason", "reason")
READY = _gauge("hub_ready", "Whether this part can do its work now (1) or not (0)")
KAFKA_UP = _gauge("hub_kafka_up", "Whether Kafka answered a part when it asked last (1) or not (0)", "part")
DISK_FREE = _gauge("hub_disk_free_bytes", "Room left on the disk of the data folder")
DISK_SIZE = _gauge("hub_disk_size_bytes", "Size of the disk of the data folder")
ALERTS_STANDING = _gauge("hub_alerts_standing", "Troubles that the alarm sees now", "kind")
ALERTS_LOOKED = _gauge("hub_alerts_looked_seconds", "When the alarm looked last, in seconds since 1970")
ALERTS_SENT = _counter(
    "hub_alerts_total", "Letters of the alarm, by outcome: sent failed", "channel", "outcome"
)

COUNTERS: dict[str, Counter] = {
    "hub_events_total": EVENTS,
    "hub_refusals_total": REFUSALS,
    "hub_folds_total": FOLDS,
    "hub_routed_total": ROUTED,
    "hub_withheld_total": WITHHELD,
    "hub_signals_total": SIGNALS,
    "hub_deliveries_total": DELIVERIES,
    "hub_delivery_attempts_total": ATTEMPTS,
    "hub_security_total": SECURITY,
    "hub_alerts_total": ALERTS_SENT,
}


def count(counts: Iterable[Count]) -> None:
    """Adds one to the counter of every item; a whole batch is summed first, so that it costs little per
    event.

    Raises KeyError for a name that is not a counter here, ValueError for a wrong number of labels.
    """
    for (name, labels), times in Tally(counts).items():
        COUNTERS[name].labels(*labels).inc(times)


def watch_disk(folder: Path) -> None:
    """Has every scrape tell of the disk that `folder` is on."""

    def part(name: str) -> float:
        try:
            return float(getattr(shutil.disk_usage(folder), name))
        except OSError:
            return math.nan

    DISK_FREE.set_function(lambda: part("free"))
    DISK_SIZE.set_function(lambda: part("total"))


def render() -> bytes:
    """All metrics of this process in the text format of Prometheus; serve it as `CONTENT_TYPE`."""
    return generate_latest(REGISTRY)
