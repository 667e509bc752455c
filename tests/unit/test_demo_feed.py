"""A partner of the demo that reads its inbox over HTTP."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import orjson

from hub.demo.partners import Feed
from hub.demo.receipts import Receipts


async def test_a_page_whose_acknowledgement_failed_is_acknowledged_later_though_nothing_new_comes(
    tmp_path: Path,
) -> None:
    positions: list[int] = []
    done = asyncio.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            positions.append(orjson.loads(request.content)["number"])
            if len(positions) == 2:
                done.set()
            return httpx.Response(503 if len(positions) == 1 else 200, json={})
        after = int(request.url.params["after"])
        events = [{"number": n, "deliveryId": f"d{n}", "event": {"id": f"e{n}"}} for n in range(after + 1, 3)]
        return httpx.Response(200, json={"events": events, "next": 2, "first": 1, "last": 2})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        receipts = Receipts(tmp_path / "receipts.jsonl")
        feed = Feed(http, "http://hub", "token", "school", "inbox-school")
        reading = asyncio.create_task(feed.follow(receipts, lambda *_: None))
        await asyncio.wait_for(done.wait(), 90)
        reading.cancel()
    assert positions == [2, 2]
    assert [one.number for one in receipts.all] == [1, 2]
