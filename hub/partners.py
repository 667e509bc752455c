"""The directory as it stands in `hub.partners`: stored, read, and given tokens and doors by Kafka."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from hub import kafka, kafka_access
from hub.core import partners, topics
from hub.core.directory import Directory
from hub.core.known import Known
from hub.core.partners import Partner, Token
from hub.core.subscription import INBOX
from hub.errors import OperatorError
from hub.settings import Settings

DRAWN = "drawn"
"""Label of tokens that `give_token` made; a directory file knows nothing of them and does not take them away."""


async def store(settings: Settings, given: Sequence[Partner]) -> None:
    """Writes partners, after the topics they need are there: an inbox each. Tokens drawn earlier stay."""
    inboxes = [topics.outbox_topic(INBOX + partner.id) for partner in given]
    wanted = [*topics.manifest(settings.partitions), *inboxes]
    await kafka.ensure_topics(settings.bootstrap, wanted, settings.replication)
    known = await read(settings)
    await _write(settings, [_with_drawn(partner, known.get(partner.id)) for partner in given])


async def read(settings: Settings) -> Directory:
    """The whole directory. Raises KafkaUnavailable."""
    known = Known()
    await _fill(settings, topics.PARTNERS, known.apply_partner)
    return known.directory


async def give_token(settings: Settings, id: str) -> str:
    """Draws a token for a partner and stores its hash; the token itself is known to the caller only.

    Raises OperatorError for a partner that does not exist.
    """
    partner = await _known(settings, id)
    token = f"hub_{secrets.token_urlsafe(32)}"
    label = f"{DRAWN}-{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
    kept = (*partner.tokens, Token(label, partners.hash_token(token)))
    await _write(settings, [msgspec.structs.replace(partner, tokens=kept)])
    return token


async def open_ingress(settings: Settings, id: str) -> str:
    """Makes the topic to which a partner may write by Kafka, and returns its name; fine when it is there.

    Whoever may write to it speaks for that partner. Raises OperatorError for a partner that does not exist.
    """
    await _known(settings, id)
    topic = topics.ingress_topic(id)
    await kafka.ensure_topics(settings.bootstrap, [topic], settings.replication)
    await kafka_access.let(settings.bootstrap, id, topic.name, kafka_access.WRITE)
    return topic.name


async def give_kafka(settings: Settings, id: str) -> KafkaDoor:
    """Draws a password with which a partner reads its own outboxes by Kafka, and writes to its ingress if it has one;
    an earlier password is of no more use. Subscriptions made later are added by the steward.

    Raises OperatorError for a partner that does not exist, a cluster without authorizer, or no door for partners.
    """
    if not settings.partner_bootstrap:
        raise OperatorError("set HUB_KAFKA_PARTNERS to where partners come in by Kafka (SASL_SSL)")
    partner = await _known(settings, id)
    # Before the subscriptions are read: one that is made meanwhile is added by the steward, which looks at this.
    had = await kafka_access.admit(settings.bootstrap, id)
    known = Known()
    await _fill(settings, topics.SUBSCRIPTIONS, known.apply_subscription)
    reads = [topics.outbox(subscription.id) for subscription in known.of(partner)]
    ingress = topics.ingress(id)
    writes = [ingress] if await kafka.partitions(settings.bootstrap, ingress) else []
    await kafka_access.set_rights(settings.bootstrap, id, reads, writes, had)
    password = secrets.token_urlsafe(32)
    await kafka_access.set_password(settings.bootstrap, id, password)
    return KafkaDoor(id, password, tuple(reads), tuple(writes))


async def take_kafka(settings: Settings, id: str) -> bool:
    """Takes password and rights from a partner; False when it had no password."""
    return await kafka_access.expel(settings.bootstrap, id)


class KafkaDoor(NamedTuple):
    """What a partner needs to come in by Kafka."""

    partner: str
    password: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]

    def properties(self, settings: Settings) -> dict[str, str]:
        """A client's settings, by the names of librdkafka."""
        ca = settings.partner_ca
        return {
            "bootstrap.servers": settings.partner_bootstrap,
            "security.protocol": "SASL_SSL",
            **({"ssl.ca.location": str(ca.absolute())} if ca else {}),
            "sasl.mechanism": kafka_access.MECHANISM,
            "sasl.username": kafka_access.user(self.partner),
            "sasl.password": self.password,
            "group.id": f"{kafka_access.group_prefix(self.partner)}1",
        }


async def _known(settings: Settings, id: str) -> Partner:
    partner = (await read(settings)).get(id)
    if partner is None:
        raise OperatorError(f"no partner {id}: `hub partners list` shows them all")
    return partner


async def _fill(settings: Settings, topic: str, apply: kafka.Apply) -> None:
    view = kafka.CompactedView(settings.bootstrap, topic, apply)
    await view.start(timeout=10)
    await view.stop()


def _with_drawn(partner: Partner, known: Partner | None) -> Partner:
    drawn = [token for token in known.tokens if token.label.startswith(DRAWN)] if known else []
    fresh = [token for token in drawn if token not in partner.tokens]
    return msgspec.structs.replace(partner, tokens=(*partner.tokens, *fresh))


async def _write(settings: Settings, given: Sequence[Partner]) -> None:
    producer = kafka.producer(settings)
    await producer.start()
    try:
        sent = [await producer.send(topics.PARTNERS, partners.dump(p), p.id.encode()) for p in given]
        await asyncio.gather(*sent)
    finally:
        await kafka.end(producer)
