"""Names and settings of every Kafka topic (design.md §5). The one place where a topic is named."""

from __future__ import annotations

from typing import NamedTuple

EVENTS_G = "hub.events.g"
EVENTS_P1 = "hub.events.p1"
EVENTS_P2 = "hub.events.p2"
COMMANDS = "hub.commands"
LINES = "hub.lines"
JOURNAL = "hub.journal"
SEALS = "hub.journal.seals"
QUARANTINE = "hub.quarantine"
PARTNERS = "hub.partners"
SUBSCRIPTIONS = "hub.subscriptions"

EVENTS = (EVENTS_G, EVENTS_P1, EVENTS_P2)
INPUTS = (*EVENTS, COMMANDS)
"""What the processor reads. All have the same number of partitions, so that one learner's events of every
privacy class, the ticks of its clocks and its state meet on one worker."""

PROCESSORS = "hub.processor"
"""Kafka group that shares INPUTS."""

COURIERS = "hub-courier"
"""Kafka group that reads the outboxes; its committed offset is how far a webhook was delivered."""

PROJECTORS = "hub-projector"
"""Kafka group that fills the read model."""

SEALERS = "hub-sealer"
"""Kafka group that seals the journal."""

EXPORTERS = "hub-journal-export"
"""Kafka group that hands the journal to a processing log elsewhere."""

INGRESSES = "hub-ingress"
"""Kafka group that reads what partners write by Kafka."""

READER = "pull-"
"""What the group of a pull reader begins with: it has no members, its committed offset is the reader's position."""

OUTBOX = "outbox."
INGRESS = "ingress."

DAY_MS = 24 * 3600 * 1000
RETENTION_MS = 28 * DAY_MS
"""The window: raw personal events live at most 28 days (design.md §5); the folded line is what stays."""


def outbox(subscription: str) -> str:
    """Topic that holds what `subscription` may see, in order; its offset is the gap-free number of the feed."""
    return OUTBOX + subscription


def subscription_of(topic: str) -> str:
    return topic.removeprefix(OUTBOX)


def ingress(partner: str) -> str:
    """Topic to which `partner` writes CloudEvents by Kafka instead of HTTP; the name is its identity."""
    return INGRESS + partner


def events_topic(privacy: str) -> str:
    """Privacy classes never share a topic (domain.md §0). `privacy` is G0, G1, P1, P2 or A."""
    return {"G0": EVENTS_G, "G1": EVENTS_G, "A": EVENTS_G, "P1": EVENTS_P1, "P2": EVENTS_P2}[privacy]


class Topic(NamedTuple):
    name: str
    partitions: int
    config: dict[str, str]


_COMPACT = {"cleanup.policy": "compact"}


def passing(window: int) -> dict[str, str]:
    """Settings of a topic whose records are gone `window` milliseconds after they came. Kafka throws away whole
    segments, a segment when its newest record is old enough: so a segment spans little of the window, and the rest is
    how long its newest record stays."""
    part = max(1, window // 14)
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(max(1, window - part)),
        "segment.ms": str(part),
    }


def standing(window: int) -> dict[str, str]:
    """Settings of a topic that keeps the newest record of each key: what was replaced or erased is gone after `window`
    milliseconds. A reader that was away for more than half of it may miss that something was erased."""
    part = max(1, window // 14)
    return {
        **_COMPACT,
        "segment.ms": str(part),
        "max.compaction.lag.ms": str(part),
        "delete.retention.ms": str(window // 2),
    }


def sealing(window: int) -> dict[str, str]:
    """Seals outlive what they seal: were one away whose records are kept, somebody took it away."""
    return {"cleanup.policy": "compact,delete", "retention.ms": str(2 * window)}


def outbox_topic(subscription: str, window: int = RETENTION_MS) -> Topic:
    return Topic(outbox(subscription), 1, passing(window))


def ingress_topic(partner: str, window: int = RETENTION_MS) -> Topic:
    return Topic(ingress(partner), 1, passing(window))


def settings_of(name: str, window: int) -> dict[str, str]:
    """Settings that the topic of that name must have; none for a topic that keeps nothing about learners."""
    if name.startswith((OUTBOX, INGRESS)) or name in (*INPUTS, JOURNAL, QUARANTINE):
        return passing(window)
    if name == SEALS:
        return sealing(window)
    return standing(window) if name == LINES else {}


def manifest(partitions: int, window: int = RETENTION_MS) -> tuple[Topic, ...]:
    """Every fixed topic. Never add partitions to a keyed topic: make a new version of it instead."""
    keyed = [Topic(name, partitions, passing(window)) for name in (*INPUTS, JOURNAL)]
    return (
        *keyed,
        Topic(LINES, partitions, standing(window)),
        Topic(SEALS, 1, sealing(window)),
        Topic(QUARANTINE, 1, passing(window)),
        Topic(PARTNERS, 1, _COMPACT),
        Topic(SUBSCRIPTIONS, 1, _COMPACT),
    )
