"""What every room needs of Kafka: a producer, topics, waiting for the cluster, and a full copy of a compacted
topic.

Every function that makes an aiokafka object must be called from inside a running event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import collect_hosts
from aiokafka.errors import KafkaError

from hub.core.records import Record
from hub.core.topics import Topic, settings_of
from hub.errors import KafkaUnavailable as KafkaUnavailable
from hub.errors import OperatorError
from hub.knock import knock
from hub.locked import login
from hub.settings import Settings
from hub.telemetry import log

TOPIC_ALREADY_EXISTS = 36
PROBE_SECONDS = (0.05, 0.5)
"""First and longest pause between two looks at a cluster that is not there yet."""
END_SECONDS = 2.0
ANSWER_SECONDS = 6.0
"""How long a broker may take to answer a producer, before another one is asked who leads now."""
METADATA_MS = 5_000
"""How often a client asks anew who leads each partition. A consumer of aiokafka that must look up where a partition
begins, and asks a broker that has ceased to lead it, does not ask by itself; until then it reads nothing at all of what
that broker still leads. Its own default is five minutes."""
SILENT_SECONDS = 2.0
RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)

Apply = Callable[[bytes, bytes | None], None]


class TopicMismatch(OperatorError):
    """A topic exists with another number of partitions than the settings ask for."""


def producer(settings: Settings, **options: Any) -> AIOKafkaProducer:
    """A producer, not yet started: idempotent, acks=all, murmur2 partitioner, 3 ms linger, batches of 64 KiB.

    A record is sent again until it is acknowledged, whichever broker leads by then; after 40 s without any leader it
    fails. A broker that hangs is given up after ANSWER_SECONDS, which the next look at the cluster may take as well.
    Every send must be awaited to its acknowledgement (`send_and_wait`, or the future that `send` returns).
    After an error other than a timeout an idempotent producer may be unusable: stop it and make a new one.
    """
    _quiet()
    defaults = {"linger_ms": 3, "max_batch_size": 65536, "metadata_max_age_ms": METADATA_MS}
    given = login(settings.bootstrap) | defaults | options
    made = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap, acks="all", enable_idempotence=True, **given
    )
    # aiokafka has one number for how long an answer and how long a record may take; 40 s is too long for an answer.
    made.client._request_timeout_ms = made._sender._request_timeout_ms = int(ANSWER_SECONDS * 1000)
    return made


def consumer(bootstrap: str, group: str | None = None, **options: Any) -> AIOKafkaConsumer:
    """A consumer, not yet started: reads from the earliest record, commits nothing by itself."""
    _quiet()
    defaults = {
        "auto_offset_reset": "earliest",
        "enable_auto_commit": False,
        "session_timeout_ms": 10_000,
        # A broker that hangs is given up then. Longer than a group takes to miss a member, for a join waits for that.
        "request_timeout_ms": 15_000,
        "metadata_max_age_ms": METADATA_MS,
    }
    given = login(bootstrap) | defaults | options
    return AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, **given)


def client(bootstrap: str) -> AIOKafkaClient:
    """A plain client, not yet bootstrapped: for the few requests that neither producer nor consumer offers."""
    _quiet()
    return AIOKafkaClient(bootstrap_servers=bootstrap, request_timeout_ms=5000, **login(bootstrap))


def to_record(record: Any) -> Record:
    """What aiokafka's consumer gives, as the value the core takes."""
    return Record(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        record.key or b"",
        record.value,
        record.headers,
    )


async def end(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Stops a Kafka client, for 2 s at most, whatever comes of it.

    In a task of its own, because with a dead broker aiokafka lets the CancelledError of its inner tasks out, which
    would end ours (`Fetcher.close` in 0.14).
    """
    stopping = asyncio.create_task(client.stop())
    await asyncio.wait([stopping], timeout=END_SECONDS)
    if not stopping.done():
        stopping.cancel()
    elif not stopping.cancelled() and (error := stopping.exception()):
        log.event("kafka.stop_failed", "warning", error=error)


async def wait_for_kafka(bootstrap: str, timeout: float = 60.0, topics: Collection[str] = ()) -> None:
    """Returns as soon as the cluster answers a metadata request and knows all of `topics`.

    Raises KafkaUnavailable after `timeout` seconds, and NotLetIn as soon as a locked cluster refuses us.
    """
    missing: Collection[str] = ()
    now = asyncio.get_running_loop().time
    deadline = now() + timeout
    try:
        async with asyncio.timeout(timeout):
            await _wait_for_port(bootstrap)
            for pause in _pauses():
                found = await _topics(bootstrap)
                if found is not None and not (missing := set(topics) - found.keys()):
                    return
                if now() >= deadline:  # aiokafka may swallow the one cancellation that a timeout gives
                    raise TimeoutError
                await asyncio.sleep(pause)
    except TimeoutError:
        raise KafkaUnavailable(_unavailable(bootstrap, timeout, missing)) from None


async def partitions(bootstrap: str, topic: str) -> list[int]:
    """Partitions of `topic`; empty when it does not exist or nothing answers."""
    return sorted((await _topics(bootstrap) or {}).get(topic, ()))


async def ensure_topics(bootstrap: str, topics: Iterable[Topic], replication: int | None = None) -> list[str]:
    """Makes those of `topics` that do not exist yet and returns their names; safe to call from several
    processes. Without `replication` the cluster's own default counts.

    Raises TopicMismatch when one exists with another number of partitions (its settings are left alone).
    """
    return await asyncio.to_thread(_ensure_topics, bootstrap, list(topics), replication)


async def set_retention(bootstrap: str, window: int) -> list[str]:
    """Gives every topic that is there the settings that `window` (ms) asks for; returns those that had others."""
    return await asyncio.to_thread(_set_retention, bootstrap, window)


async def delete_topics(bootstrap: str, names: Iterable[str]) -> None:
    """Deletes topics and everything in them; unknown names are fine."""
    await asyncio.to_thread(_delete_topics, bootstrap, list(names))


class CompactedView:
    """A full copy of a compacted topic, fed to `apply(key, value)` in log order; value None means deleted.

    Group-less, so every process sees every record. Records are applied at least once: after a broker outage
    the last ones may come again, and after the topic was made anew all of them. `apply` runs in the event
    loop and must not block. A record on which it raises is logged (never its contents), counted in `refused`,
    and skipped, so that one bad record cannot hide all others.
    """

    def __init__(
        self, bootstrap: str, topic: str, apply: Apply, on_change: Callable[[], None] | None = None
    ) -> None:
        self.bootstrap = bootstrap
        self.topic = topic
        self.position: dict[int, int] = {}
        """Offset of the next record per partition; what lies before it has been applied."""
        self.refused = 0
        self._apply = apply
        self._on_change = on_change
        self._ready = asyncio.Event()
        self._moved = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._trouble = "no Kafka answers, or it has no such topic (`hub topics` makes it)"

    @property
    def ready(self) -> bool:
        """Whether everything that was in the topic at the start has been applied."""
        return self._ready.is_set()

    async def start(self, timeout: float = 60.0) -> None:
        """Returns when everything in the topic has been applied; from then on follows it in a task of its
        own.

        Raises KafkaUnavailable after `timeout` seconds.
        """
        self._task = asyncio.create_task(self._run(), name=f"view {self.topic}")
        try:
            async with asyncio.timeout(timeout):
                await self._ready.wait()
        except TimeoutError:
            await self.stop()
            raise KafkaUnavailable(
                f"topic {self.topic} at {self.bootstrap} could not be read in {timeout:g} s: {self._trouble}"
            ) from None
        except asyncio.CancelledError:
            await self.stop()
            raise

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def reached(self, partition: int, offset: int, timeout: float = 5.0) -> bool:
        """Waits until the record at `offset` has been applied (to read one's own write); False after
        `timeout`.
        """
        try:
            async with asyncio.timeout(timeout), self._moved:
                await self._moved.wait_for(lambda: self.position.get(partition, 0) > offset)
        except TimeoutError:
            return False
        return True

    async def _run(self) -> None:
        failures = 0
        while True:
            before = dict(self.position)
            try:
                await self._follow()
            except (KafkaError, OSError, KafkaUnavailable) as error:
                failures = 0 if self.position != before else failures + 1
                self._trouble = str(error) or type(error).__name__
                log.event("view.interrupted", "warning", topic=self.topic, error=self._trouble)
            await asyncio.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])

    async def _follow(self) -> None:
        await wait_for_kafka(self.bootstrap, topics=[self.topic])
        found = await partitions(self.bootstrap, self.topic)
        # assign(), because aiokafka's automatic assignment without a group jumps back to the start of the
        # topic when a restarting broker briefly denies knowing it.
        follower = consumer(self.bootstrap, retry_backoff_ms=500)
        await follower.start()
        try:
            await self._read(follower, [TopicPartition(self.topic, number) for number in found])
        finally:
            await end(follower)

    async def _read(self, follower: AIOKafkaConsumer, parts: list[TopicPartition]) -> None:
        follower.assign(parts)
        for part in parts:
            if part.partition in self.position:
                follower.seek(part, self.position[part.partition])
        ends = await follower.end_offsets(parts)
        silent = time.monotonic()
        while True:
            if not self.ready and (
                await self._at_end(follower, ends) or self._no_more(follower, ends, silent)
            ):
                self._ready.set()
            batches = await follower.getmany(timeout_ms=1000 if self.ready else 50)
            if batches:
                silent = time.monotonic()
                self._take(batches)
                await self._announce(follower, parts)

    async def _at_end(self, follower: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> bool:
        for part, end in ends.items():
            if end and await follower.position(part) < end:
                return False
        return True

    @staticmethod
    def _no_more(follower: AIOKafkaConsumer, ends: Mapping[TopicPartition, int], since: float) -> bool:
        """Whether the broker answers but has had nothing to give for a while: the last records of the topic were
        compacted away, and no position will ever reach its end."""
        answered = all(follower.highwater(part) is not None for part in ends)
        return answered and time.monotonic() - since > SILENT_SECONDS

    def _take(self, batches: Mapping[TopicPartition, list[Any]]) -> None:
        for records in batches.values():
            for record in records:
                try:
                    self._apply(record.key or b"", record.value)
                except Exception as error:
                    self.refused += 1
                    where = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
                    log.event("view.record_refused", "error", **where, error=type(error).__name__)

    async def _announce(self, follower: AIOKafkaConsumer, parts: list[TopicPartition]) -> None:
        async with self._moved:
            self.position = {part.partition: await follower.position(part) for part in parts}
            self._moved.notify_all()
        if self._on_change is not None:
            self._on_change()


def _quiet() -> None:
    # aiokafka builds DEBUG records on its hot path even when a handler drops them: 14% of a worker's time
    # (measurements.md §1).
    for name in ("aiokafka", "kafka"):
        if (logger := logging.getLogger(name)).level == logging.NOTSET:
            logger.setLevel(logging.WARNING)


def _unavailable(bootstrap: str, timeout: float, missing: Collection[str]) -> str:
    if missing:
        return f"Kafka at {bootstrap} has no topic {', '.join(sorted(missing))}: run `hub topics`"
    return f"no Kafka answers at {bootstrap} within {timeout:g} s: start it, or correct HUB_KAFKA"


async def _wait_for_port(bootstrap: str) -> None:
    # Knocking first spares the log the error lines that aiokafka writes for each refused connection.
    for pause in _pauses():
        for host, port, _ in collect_hosts(bootstrap):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(host, port)
                writer.close()
                if await knock(bootstrap):
                    return
        await asyncio.sleep(pause)


def _pauses() -> Iterator[float]:
    pause, longest = PROBE_SECONDS
    while True:
        yield pause
        pause = min(pause * 1.1, longest)


async def _topics(bootstrap: str) -> dict[str, set[int]] | None:
    """Partitions of every topic, or None when no broker answers."""
    asking = client(bootstrap)
    try:
        await asking.bootstrap()
        if not asking.cluster.brokers():
            return None
        cluster = await asking.fetch_all_metadata()
        return {name: set(cluster.partitions_for_topic(name) or ()) for name in cluster.topics()}
    except (KafkaError, OSError, TimeoutError):
        return None
    finally:
        await asking.close()


def _ensure_topics(bootstrap: str, topics: list[Topic], replication: int | None) -> list[str]:
    admin = admin_client(bootstrap)
    try:
        existing = {t["name"]: len(t["partitions"]) for t in admin.describe_topics() if not t["error_code"]}
        made = _create(admin, [t for t in topics if t.name not in existing], replication)
    finally:
        admin.close()
    for topic in topics:
        if (count := existing.get(topic.name, topic.partitions)) != topic.partitions:
            raise TopicMismatch(
                f"topic {topic.name} has {count} partitions where {topic.partitions} are asked for: set "
                f"HUB_PARTITIONS={count}, for a keyed topic can never get more"
            )
    return made


def _create(admin: Any, topics: list[Topic], replication: int | None) -> list[str]:
    if not topics:
        return []
    wanted = {
        t.name: {"num_partitions": t.partitions, "replication_factor": replication or -1, "configs": t.config}
        for t in topics
    }
    answer = admin.create_topics(wanted, raise_errors=False)
    for topic in answer["topics"]:
        if topic["error_code"] not in (0, TOPIC_ALREADY_EXISTS):
            raise KafkaUnavailable(
                f"topic {topic['name']} cannot be made: {topic.get('error_message') or topic['error_code']}"
            )
    admin.wait_for_topics(list(wanted))
    return [t["name"] for t in answer["topics"] if not t["error_code"]]


def _set_retention(bootstrap: str, window: int) -> list[str]:
    from kafka.admin import ConfigResource, ConfigResourceType

    admin = admin_client(bootstrap)
    try:
        names = [topic["name"] for topic in admin.describe_topics() if not topic["error_code"]]
        wanted = {name: given for name in names if (given := settings_of(name, window))}
        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in wanted]
        found = admin.describe_configs(asked)["topic"] if asked else {}
        other = {name: given for name, given in wanted.items() if not _has(found.get(name, {}), given)}
        if other:
            admin.alter_configs(
                [ConfigResource(ConfigResourceType.TOPIC, name, given) for name, given in other.items()]
            )
    finally:
        admin.close()
    return sorted(other)


def _has(found: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    return all(found.get(name, {}).get("value") == value for name, value in wanted.items())


def _delete_topics(bootstrap: str, names: list[str]) -> None:
    admin = admin_client(bootstrap)
    try:
        admin.delete_topics(names, raise_errors=False)
    finally:
        admin.close()


def admin_client(bootstrap: str) -> Any:
    """kafka-python's, connected; every call blocks, and it must be closed. Raises KafkaUnavailable."""
    from kafka.admin import KafkaAdminClient  # heavy, and only needed when topics are made
    from kafka.errors import KafkaError as AdminError

    _quiet()
    try:
        return KafkaAdminClient(bootstrap_servers=bootstrap.split(","), client_id="hub", **login(bootstrap))
    except AdminError as error:
        raise KafkaUnavailable(f"no Kafka answers at {bootstrap}: {type(error).__name__}") from None
