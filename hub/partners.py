"""The directory as it stands in `hub.partners`: stored, read, and given tokens."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from hub import kafka
from hub.core import partners, topics
from hub.core.known import Known
from hub.core.partners import Directory, Partner, Token
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
    view = kafka.CompactedView(settings.bootstrap, topics.PARTNERS, known.apply_partner)
    await view.start(timeout=10)
    await view.stop()
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
    return topic.name


async def _known(settings: Settings, id: str) -> Partner:
    partner = (await read(settings)).get(id)
    if partner is None:
        raise OperatorError(f"no partner {id}: `hub partners list` shows them all")
    return partner


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
