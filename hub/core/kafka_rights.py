"""What each part of the hub may do in Kafka. The only place that says so: `hub kafka lock` gives a cluster these rights
and takes all others away, deploy/kafka/rights.md is written from it, tests hold the broker to it.

Reading and writing a topic imply seeing that it is there; writing to any topic implies an idempotent producer. The hub
uses no transactions, and of Faust neither a leader nor a changelog of its own making: its states stand in `hub.lines`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hub.core.topics import (
    COMMANDS,
    COURIERS,
    EVENTS,
    EXPORTERS,
    INGRESS,
    INGRESSES,
    INPUTS,
    JOURNAL,
    LINES,
    OUTBOX,
    PARTNERS,
    PROCESSORS,
    PROJECTORS,
    QUARANTINE,
    READER,
    SEALERS,
    SEALS,
    SUBSCRIPTIONS,
)

TOPIC, GROUP, CLUSTER = "TOPIC", "GROUP", "CLUSTER"
READ, WRITE, CREATE, DESCRIBE, ALTER = "READ", "WRITE", "CREATE", "DESCRIBE", "ALTER"
ALTER_CONFIGS = "ALTER_CONFIGS"
THE_CLUSTER = "kafka-cluster"
"""The name by which Kafka itself calls the resource."""


class Right(NamedTuple):
    """`name` is that of one resource, or with `prefix` what the names of several begin with."""

    kind: str
    name: str
    operation: str
    prefix: bool = False


def _on(kind: str, operation: str, *names: str) -> Iterator[Right]:
    """A name that ends with a dot or hyphen is a prefix: no topic or group of the hub does."""
    return (Right(kind, name, operation, name.endswith((".", "-"))) for name in names)


GATEWAY, PROCESSOR, COURIER, PROJECTOR = "hub-gateway", "hub-processor", "hub-courier", "hub-projector"
OPERATOR, STEWARD = "hub-operator", "hub-steward"
AUDITOR, ALERTS = "hub-auditor", "hub-alerts"

RIGHTS: dict[str, frozenset[Right]] = {
    # Takes events in, shows outboxes to who pulls, makes the outbox of a new subscription. It asks how far processors
    # and couriers are, but cannot read an event that somebody else gave it. The privacy officer comes in by it: hence
    # commands, and states, which are all that the hub holds on a learner.
    GATEWAY: frozenset(
        [
            *_on(TOPIC, WRITE, *EVENTS, COMMANDS, JOURNAL, QUARANTINE, SUBSCRIPTIONS),
            *_on(TOPIC, READ, PARTNERS, SUBSCRIPTIONS, JOURNAL, LINES, OUTBOX, INGRESS),
            *_on(TOPIC, CREATE, OUTBOX),
            *_on(GROUP, READ, INGRESSES, READER),
            *_on(GROUP, DESCRIBE, PROCESSORS, COURIERS),
        ]
    ),
    # Folds and decides.
    PROCESSOR: frozenset(
        [
            *_on(TOPIC, READ, *INPUTS, LINES, PARTNERS, SUBSCRIPTIONS),
            *_on(TOPIC, WRITE, COMMANDS, LINES, JOURNAL, QUARANTINE, OUTBOX),
            *_on(GROUP, READ, PROCESSORS),
        ]
    ),
    # Sends what stands in the outboxes; of events and states it sees nothing.
    COURIER: frozenset(
        [
            *_on(TOPIC, READ, OUTBOX, PARTNERS, SUBSCRIPTIONS),
            *_on(TOPIC, WRITE, JOURNAL, SUBSCRIPTIONS),
            *_on(GROUP, READ, COURIERS),
        ]
    ),
    # Fills the read model, asks the processor to look at what is due, and seals the journal.
    PROJECTOR: frozenset(
        [
            *_on(TOPIC, READ, LINES, JOURNAL, SEALS, PARTNERS, SUBSCRIPTIONS),
            *_on(TOPIC, WRITE, COMMANDS, SEALS),
            *_on(GROUP, READ, PROJECTORS, SEALERS),
        ]
    ),
    # Asks Kafka whether it is there, and what partners are called.
    ALERTS: frozenset([*_on(TOPIC, READ, PARTNERS)]),
    # Lets partners read by Kafka what they subscribe to. Who may change rights may give itself any, hence a part of its
    # own that nobody outside speaks to.
    STEWARD: frozenset(
        [
            *_on(TOPIC, READ, PARTNERS, SUBSCRIPTIONS),
            *_on(CLUSTER, ALTER, THE_CLUSTER),
        ]
    ),
    # The person at the keyboard: makes topics and says how long they are kept, loads partners, lets them in by Kafka.
    # This password belongs on no machine that runs a part.
    OPERATOR: frozenset(
        [
            *_on(TOPIC, CREATE, "hub.", OUTBOX, INGRESS),
            *_on(TOPIC, DESCRIBE, "hub.", OUTBOX, INGRESS),
            *_on(TOPIC, ALTER_CONFIGS, "hub.", OUTBOX, INGRESS),
            *_on(TOPIC, READ, PARTNERS, SUBSCRIPTIONS),
            *_on(TOPIC, WRITE, PARTNERS),
            *_on(CLUSTER, ALTER, THE_CLUSTER),
        ]
    ),
    # Looks at everything and changes nothing: the judge of the demo, an inspection, the export of the journal.
    AUDITOR: frozenset([*_on(TOPIC, READ, "hub.", OUTBOX, INGRESS), *_on(GROUP, READ, EXPORTERS)]),
}


def document() -> str:
    """The table for people, in Markdown: deploy/kafka/rights.md."""
    lines = [
        "# Who may do what in Kafka",
        "",
        "`hub kafka rights` wrote this from [hub/core/kafka_rights.py](../../hub/core/kafka_rights.py),",
        "`hub kafka lock` makes a cluster so.",
        "A name that ends with `*` stands for all that begin so. What is not here is refused.",
        "",
        "| user | on | may | names |",
        "| --- | --- | --- | --- |",
    ]
    for user, rights in RIGHTS.items():
        rows: dict[tuple[str, str], list[str]] = {}
        for right in sorted(rights):
            rows.setdefault((right.kind, right.operation), []).append(
                f"`{right.name}{'*' if right.prefix else ''}`"
            )
        lines += (
            f"| `{user}` | {kind.lower()} | {operation.lower()} | {' '.join(names)} |"
            for (kind, operation), names in rows.items()
        )
    return "\n".join(lines) + "\n"
