"""Keeps what partners may read by Kafka the same as what they subscribe to.

Apart from the gateway, which makes subscriptions: who may change rights in Kafka may give itself any, and the gateway
is the part that strangers speak to. The steward listens to nobody but `hub.partners` and `hub.subscriptions`.
"""

from __future__ import annotations

import asyncio

from hub import kafka, kafka_access
from hub.core import topics
from hub.core.known import Known
from hub.settings import Settings
from hub.telemetry import log

START_SECONDS = 60.0
PAUSE_SECONDS = 0.2
RETRY_SECONDS = 5.0

Reads = dict[str, frozenset[str]]
"""The outboxes of each partner."""


async def follow(settings: Settings) -> None:
    """Until cancelled; returns by itself where the cluster knows no rights. Waits out all trouble: a right that comes
    or goes late is better than one that never does."""
    while True:
        try:
            await _follow(settings.bootstrap)
        except kafka_access.NoAuthorizer:
            return
        except Exception as error:
            log.event("steward.interrupted", "warning", error=error)
        await asyncio.sleep(RETRY_SECONDS)


async def _follow(bootstrap: str) -> None:
    known, moved = Known(), asyncio.Event()
    views = [
        kafka.CompactedView(bootstrap, topics.PARTNERS, known.apply_partner, moved.set),
        kafka.CompactedView(bootstrap, topics.SUBSCRIPTIONS, known.apply_subscription, moved.set),
    ]
    settled: Reads | None = None
    try:
        await asyncio.gather(*(view.start(START_SECONDS) for view in views))
        while True:
            moved.clear()
            # Most of what moves is the word of couriers on how a sink does, which changes nobody's rights.
            if (wanted := _wanted(known)) != settled:
                await kafka_access.settle(bootstrap, wanted)
                settled = wanted
            await moved.wait()
            await asyncio.sleep(PAUSE_SECONDS)
    finally:
        await asyncio.gather(*(view.stop() for view in views))


def _wanted(known: Known) -> Reads:
    return {
        id: frozenset(topics.outbox(one.id) for one in known.of(partner))
        for id, partner in known.directory.partners.items()
    }
