"""The directory as it stands in `hub.partners`: stored, read, and given tokens and doors by Kafka."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from hub import kafka, kafka_access
from hub.core import partners, rights, tokens, topics
from hub.core.directory import Directory
from hub.core.known import Known
from hub.core.partners import Bound, Partner, Token
from hub.core.subscription import INBOX
from hub.errors import OperatorError
from hub.settings import Settings

DAYS = 365
"""Life of a token, unless the operator says otherwise."""

DAY_MS = 24 * 3600 * 1000

Change = Callable[[Partner | None], Partner]
"""Makes of a partner as it stands (None: not there) what it is to be. It may be asked more than once."""


async def store(settings: Settings, given: Sequence[Partner]) -> None:
    """Writes partners, after the topics they need are there: an inbox each. Tokens drawn earlier stay."""
    inboxes = [topics.outbox_topic(INBOX + partner.id, settings.window_ms) for partner in given]
    wanted = [*topics.manifest(settings.partitions, settings.window_ms), *inboxes]
    await kafka.ensure_topics(settings.bootstrap, wanted, settings.replication)
    await _amend(settings, {partner.id: partial(tokens.keep_drawn, partner) for partner in given})


async def read(settings: Settings) -> Directory:
    """The whole directory. Raises KafkaUnavailable."""
    known = Known()
    await _fill(settings, topics.PARTNERS, known.apply_partner)
    return known.directory


async def give_token(settings: Settings, id: str, days: int = DAYS, bound: Bound | None = None) -> str:
    """Draws a token for a partner and stores its hash; the token itself is known to the caller only. It holds for so
    many days, within what it is `bound` to.

    Raises OperatorError for a partner that does not exist, or bounds with which nothing opens.
    """
    partner = await _known(settings, id)
    if bound and (faults := list(rights.unsound(bound, partner))):
        raise OperatorError("; ".join(faults))
    token, drawn = _draw(days, bound or Bound())
    await _amend(settings, {id: lambda known: tokens.give(known or partner, drawn)})
    return token


async def rotate_token(settings: Settings, id: str, label: str, hours: float, days: int = DAYS) -> str:
    """Draws a token with the bounds of another one, which ends `hours` from now.

    Raises OperatorError for a partner or label that does not exist.
    """
    partner, old = await _labelled(settings, id, label)
    token, drawn = _draw(days, old)
    until = _now() + int(hours * 3600_000)
    await _amend(settings, {id: lambda known: tokens.give(tokens.end(known or partner, label, until), drawn)})
    return token


async def revoke_token(settings: Settings, id: str, label: str) -> None:
    """Takes a token away. One that stands in a directory file comes back when that is loaded again.

    Raises OperatorError for a partner or label that does not exist.
    """
    partner, _ = await _labelled(settings, id, label)
    await _amend(settings, {id: lambda known: tokens.revoke(known or partner, label)})


async def partner_tokens(settings: Settings, id: str) -> Sequence[Token]:
    """Raises OperatorError for a partner that does not exist."""
    return (await _known(settings, id)).tokens


async def open_ingress(settings: Settings, id: str) -> str:
    """Makes the topic to which a partner may write by Kafka, and returns its name; fine when it is there.

    Whoever may write to it speaks for that partner. Raises OperatorError for a partner that does not exist.
    """
    await _known(settings, id)
    topic = topics.ingress_topic(id, settings.window_ms)
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


async def _labelled(settings: Settings, id: str, label: str) -> tuple[Partner, Token]:
    partner = await _known(settings, id)
    found = tokens.find(partner, label)
    if found is None:
        raise OperatorError(f"{id} has no token {label}: `hub partners tokens {id}` shows them all")
    return partner, found


def _draw(days: int, bound: Bound) -> tuple[str, Token]:
    token = f"hub_{secrets.token_urlsafe(32)}"
    label = f"{tokens.DRAWN}-{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
    limits = {name: getattr(bound, name) for name in Bound.__struct_fields__}
    return token, Token(label, partners.hash_token(token), _now() + days * DAY_MS, **limits)


def _now() -> int:
    return time.time_ns() // 1_000_000


async def _amend(settings: Settings, changes: Mapping[str, Change]) -> None:
    """Changes partners by id, each from what it is now.

    Kafka cannot refuse a write because somebody else wrote first. So we look at what came between our reading and our
    own record, and when there was something, make the change anew upon that: both changes are there in the end, though
    the other's is not seen for as long as one more write takes. Raises OperatorError when yet another was made upon
    that moment; who is stopped between writing and looking does not hear of it.
    """
    seen: defaultdict[str, list[bytes | None]] = defaultdict(lambda: [None])
    view = kafka.CompactedView(
        settings.bootstrap, topics.PARTNERS, lambda key, value: seen[key.decode()].append(value)
    )
    producer = kafka.producer(settings)
    await view.start(timeout=10)
    try:
        await producer.start()
        bases = {id: seen[id][-1] for id in changes}
        while bases:
            marks = {id: len(seen[id]) for id in bases}
            made = {id: partners.dump(changes[id](_load(base))) for id, base in bases.items()}
            sent = [await producer.send(topics.PARTNERS, value, id.encode()) for id, value in made.items()]
            for told in await asyncio.gather(*sent):
                if not await view.reached(told.partition, told.offset):
                    raise kafka.KafkaUnavailable(
                        "written, but it could not be read back whether others wrote too"
                    )
            given = {id: _others(id, seen[id][marks[id] :], value) for id, value in made.items()}
            bases = {id: others[-1] for id, others in given.items() if others}
    finally:
        await kafka.end(producer)
        await view.stop()


def _load(value: bytes | None) -> Partner | None:
    return None if value is None else partners.load(value)


def _others(id: str, values: Sequence[bytes | None], own: bytes) -> Sequence[bytes | None]:
    """What others wrote before our own record."""
    place = values.index(own)
    if place and values[place + 1 :]:
        raise OperatorError(f"several changed {id} at once: see whether all of it is there, and do it again")
    return values[:place]
