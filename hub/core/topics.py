"""Names and settings of every Kafka topic (design.md §5). The one place where a topic is named."""

from __future__ import annotations

from typing import NamedTuple

EVENTS_G = "hub.events.g"
EVENTS_P1 = "hub.events.p1"
EVENTS_P2 = "hub.events.p2"
COMMANDS = "hub.commands"
LINES = "hub.lines"
JOURNAL = "hub.journal"
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

INGRESSES = "hub-ingress"
"""Kafka group that reads what partners write by Kafka."""

READER = "pull-"
"""What the group of a pull reader begins with: it has no members, its committed offset is the reader's position."""

OUTBOX = "outbox."
INGRESS = "ingress."

DAY_MS = 24 * 3600 * 1000
RETENTION_MS = 28 * DAY_MS
"""Raw personal events live at most 28 days (design.md §5); the folded line is what stays."""


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


_DELETE = {"cleanup.policy": "delete", "retention.ms": str(RETENTION_MS)}
_COMPACT = {"cleanup.policy": "compact"}


def outbox_topic(subscription: str) -> Topic:
    return Topic(outbox(subscription), 1, _DELETE)


def ingress_topic(partner: str) -> Topic:
    return Topic(ingress(partner), 1, _DELETE)


def manifest(partitions: int) -> tuple[Topic, ...]:
    """Every fixed topic. Never add partitions to a keyed topic: make a new version of it instead."""
    keyed = [Topic(name, partitions, _DELETE) for name in (*INPUTS, JOURNAL)]
    return (
        *keyed,
        Topic(LINES, partitions, _COMPACT),
        Topic(QUARANTINE, 1, _DELETE),
        Topic(PARTNERS, 1, _COMPACT),
        Topic(SUBSCRIPTIONS, 1, _COMPACT),
    )
