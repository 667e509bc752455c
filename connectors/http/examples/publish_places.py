"""Publishes how many places a school has: `python -m connectors.http.examples.publish_places brin:00YY01`."""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from datetime import UTC, datetime

import httpx

from connectors.http import mapping, settings
from connectors.http.client import Accepted, Publisher


async def main(org: str) -> int:
    given = settings.read(os.environ)
    now = datetime.now(UTC)
    offer = str(uuid.uuid4())
    event = mapping.cloud_event(
        "offer.published.v1",
        {
            "offerId": offer,
            "kind": "places",
            "orgId": org,
            "stage": "po",
            "validFrom": now.date().isoformat(),
            "capacity": 25,
            "occupied": 18,
        },
        source=given.source,
        id=str(uuid.uuid4()),
        subject=f"offer/{offer}",
        time=now,
        sequence=1,
    )
    async with httpx.AsyncClient(timeout=10) as http:
        outcome = await Publisher(http, given.url, given.token, given.patience).publish(event)
    if isinstance(outcome, Accepted):
        print(f"accepted; what becomes of it: {outcome.journey}")
        return 0
    for fault in outcome.faults:
        print(f"{fault.pointer or '/'}: {fault.detail} ({fault.code})", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))
