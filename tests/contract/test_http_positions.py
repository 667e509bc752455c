"""Acknowledging a pull feed, and the report of its numbers, as a partner meets them; on a Kafka in memory."""

from __future__ import annotations

from typing import Any

import pytest

from hub.core.delivery import Delivery, to_record
from hub.core.event import Event
from hub.core.journal import Attempted, Pulled, Shown
from hub.core.numbers import STATES, Run
from hub.core.topics import COURIERS, outbox
from tests.gateway_fakes import NOW, Hub

INBOX = "inbox-almere"
EVENTS = f"/v1/subscriptions/{INBOX}/events"
POSITION = f"/v1/subscriptions/{INBOX}/position"
REPORT = f"/v1/subscriptions/{INBOX}/report"


async def fill(hub: Hub, last: int, *, taken_back: tuple[int, ...] = ()) -> None:
    """Puts events 1 to `last` into the inbox; the last one takes back those named."""
    for number in range(1, last + 1):
        body = Event({"id": str(number), "source": "/s", "type": "t"}, number).structured()
        gone = tuple(str(one) for one in taken_back) if number == last else ()
        one = Delivery(f"d{number}", "s", 1, body, about=(str(number),), withdraws=gone)
        await hub.kafka.publish([to_record(INBOX, one)])


async def numbers(client: Any, **asked: Any) -> list[int]:
    return [one["number"] for one in (await client.get(EVENTS, params=asked)).json()["events"]]


async def acknowledge(client: Any, number: Any) -> Any:
    return await client.put(POSITION, json={"number": number})


class TestPosition:
    async def test_reading_goes_on_after_what_was_acknowledged_and_reading_acknowledges_nothing(self) -> None:
        hub = Hub()
        await fill(hub, 5)
        async with hub.client() as client:
            assert await numbers(client, limit=2) == [1, 2]
            assert await numbers(client, limit=2) == [1, 2], "reading alone moves nothing"
            assert (await acknowledge(client, 2)).json() == {"number": 2, "first": 1, "last": 5}
            assert await numbers(client, limit=2) == [3, 4]
            assert await numbers(client, after=0, limit=1) == [1], "who says where reads there"
            assert (await client.get(POSITION)).json() == {"number": 2, "first": 1, "last": 5}

    async def test_the_same_number_again_changes_nothing_and_a_lower_one_goes_back(self) -> None:
        hub = Hub()
        await fill(hub, 5)
        async with hub.client() as client:
            for number in (4, 4, 1):
                answer = await acknowledge(client, number)
                assert (answer.status_code, answer.json()["number"]) == (200, number)
            assert await numbers(client) == [2, 3, 4, 5]
        pulled = [entry for entry in hub.kafka.journal() if isinstance(entry, Pulled)]
        assert [entry.deliveries for entry in pulled] == [("d1", "d2", "d3", "d4")]

    async def test_it_may_not_lie_beyond_the_end(self) -> None:
        hub = Hub()
        await fill(hub, 2)
        async with hub.client() as client:
            answer = await acknowledge(client, 3)
            assert answer.status_code == 400 and answer.json()["code"] == "after-end"
            assert (await client.get(POSITION)).json()["number"] == 0
            assert (await acknowledge(client, 2)).status_code == 200

    async def test_the_journal_tells_apart_what_was_shown_and_what_was_acknowledged(self) -> None:
        hub = Hub()
        await fill(hub, 4, taken_back=(2,))
        async with hub.client() as client:
            await numbers(client)
            await acknowledge(client, 3)
        shown, pulled = (
            [entry.deliveries for entry in hub.kafka.journal() if isinstance(entry, kind)]
            for kind in (Shown, Pulled)
        )
        assert shown == [("d1", "d3", "d4")]
        assert pulled == [("d1", "d3")], "nobody acknowledges what was taken back: it was never shown"
        assert {e.delivery for e in hub.kafka.journal() if isinstance(e, Attempted)} == {"d2"}

    async def test_what_is_no_longer_kept_can_be_passed(self) -> None:
        hub = Hub()
        await fill(hub, 5)
        hub.kafka.expired[outbox(INBOX)] = 3
        async with hub.client() as client:
            assert (await acknowledge(client, 2)).json() == {"number": 2, "first": 4, "last": 5}
            assert await numbers(client) == [4, 5]
            await acknowledge(client, 4)
            hub.kafka.expired[outbox(INBOX)] = 5
            assert (await acknowledge(client, 5)).status_code == 200
        assert [e.deliveries for e in hub.kafka.journal() if isinstance(e, Pulled)] == [("d4",)]

    @pytest.mark.parametrize(
        "body",
        [{}, {"number": -1}, {"number": "1"}, {"number": True}, {"number": 1.0}, {"number": 1, "x": 1}, [1]],
    )
    async def test_anything_but_a_number_is_400(self, body: Any) -> None:
        hub = Hub()
        await fill(hub, 2)
        async with hub.client() as client:
            answer = await client.put(POSITION, json=body)
        assert answer.status_code == 400 and answer.json()["code"] == "invalid-position"
        assert not hub.kafka.offsets

    async def test_it_is_kept_in_kafka_and_without_kafka_nothing_is_acknowledged(self) -> None:
        hub = Hub()
        await fill(hub, 2)
        async with hub.client() as client:
            await acknowledge(client, 1)
            hub.kafka.down = True
            for answer in (
                await acknowledge(client, 2),
                await client.get(POSITION),
                await client.get(EVENTS),
            ):
                assert answer.status_code == 503 and "retry-after" in answer.headers
            hub.kafka.down = False
        async with hub.client(app=hub.app()) as another_gateway:
            assert (await another_gateway.get(POSITION)).json()["number"] == 1

    @pytest.mark.parametrize(("method", "path"), [("GET", POSITION), ("PUT", POSITION), ("GET", REPORT)])
    async def test_anothers_looks_as_if_it_were_not_there(self, method: str, path: str) -> None:
        hub = Hub()
        await fill(hub, 2)
        async with hub.client("school") as other:
            theirs = await other.request(method, path, json={"number": 1})
            none = await other.request(method, path.replace(INBOX, "sub-000000000000"), json={"number": 1})
        assert theirs.status_code == none.status_code == 404
        assert {**theirs.json(), "instance": ""} == {**none.json(), "instance": ""}
        assert not hub.kafka.offsets


def states(answer: Any) -> dict[str, Any]:
    return {state: told["ranges"] for state, told in answer.json()["states"].items() if told["count"]}


class TestReport:
    async def test_every_number_between_is_accounted_for(self) -> None:
        hub = Hub()
        await fill(hub, 12)
        hub.kafka.offsets[COURIERS, outbox(INBOX)] = 9
        hub.books.runs = [
            Run("delivered", 1, 3),
            Run("withdrawn", 4, 4),
            Run("dead", 5, 6),
            Run("delivered", 8, 10),
        ]
        async with hub.client() as client:
            answer = await client.get(REPORT, params={"from": 2, "to": 11})
        assert states(answer) == {
            "delivered": [[2, 3], [8, 10]],
            "withdrawn": [[4, 4]],
            "dead": [[5, 6]],
            "handled": [[7, 7]],
            "waiting": [[11, 11]],
        }
        told = answer.json()["states"]
        assert list(told) == list(STATES) and sum(one["count"] for one in told.values()) == 10

    async def test_books_that_are_behind_contradict_kafka_in_nothing_and_say_until_when_they_are_complete(
        self,
    ) -> None:
        hub = Hub()
        await fill(hub, 4)
        hub.kafka.offsets[COURIERS, outbox(INBOX)] = 4
        hub.books.runs = [Run("delivered", 1, 1)]
        async with hub.client(app=hub.app(now=lambda: NOW + 60_000)) as late, hub.client() as client:
            complete = (await client.get(REPORT)).json()["complete"]
            await numbers(client)  # which the journal keeps, and these books did not read
            answer = await late.get(REPORT)
            hub.books.read = 1
            caught_up = await late.get(REPORT)
        assert states(answer) == {"delivered": [[1, 1]], "handled": [[2, 4]]}
        assert answer.json()["complete"] == complete < caught_up.json()["complete"]

    async def test_what_is_no_longer_kept_says_so(self) -> None:
        hub = Hub()
        await fill(hub, 6)
        hub.kafka.expired[outbox(INBOX)] = 4
        hub.books.runs = [Run("delivered", 2, 2)]
        async with hub.client() as client:
            answer = await client.get(REPORT)
        assert states(answer) == {"delivered": [[2, 2]], "expired": [[1, 1], [3, 4]], "waiting": [[5, 6]]}
        assert (answer.json()["first"], answer.json()["last"]) == (5, 6)

    async def test_what_a_reader_acknowledged_is_pulled(self) -> None:
        hub = Hub()
        await fill(hub, 5)
        async with hub.client() as client:
            await acknowledge(client, 3)
            answer = await client.get(REPORT)
            assert states(answer) == {"pulled": [[1, 3]], "waiting": [[4, 5]]}
            assert answer.json()["acknowledged"] == 3
            await acknowledge(client, 1)
            assert states(await client.get(REPORT)) == {"pulled": [[1, 1]], "waiting": [[2, 5]]}

    async def test_an_empty_feed_has_nothing_to_account_for_and_beyond_the_end_there_is_nothing(self) -> None:
        hub = Hub()
        async with hub.client() as client:
            assert states(await client.get(REPORT)) == {}
            await fill(hub, 2)
            answer = await client.get(REPORT, params={"from": 2, "to": 9})
            assert states(answer) == {"waiting": [[2, 2]]} and answer.json()["to"] == 2
            assert states(await client.get(REPORT, params={"from": 3})) == {}

    async def test_the_newest_may_be_asked_for_without_knowing_their_numbers(self) -> None:
        hub = Hub()
        async with hub.client() as client:
            assert states(await client.get(REPORT, params={"newest": 2})) == {}
            await fill(hub, 5)
            answer = await client.get(REPORT, params={"newest": 2, "to": 3})
            more = await client.get(REPORT, params={"newest": 9})
        assert states(answer) == {"waiting": [[4, 5]]} and answer.json()["from"] == 4
        assert states(more) == {"waiting": [[1, 5]]}

    @pytest.mark.parametrize("asked", [{"from": 0}, {"from": 3, "to": 2}, {"to": "x"}, {"newest": 0}])
    async def test_a_stretch_that_is_none_is_400(self, asked: Any) -> None:
        async with Hub().client() as client:
            assert (await client.get(REPORT, params=asked)).status_code == 400

    async def test_kafka_away_is_503(self) -> None:
        hub = Hub()
        hub.kafka.down = True
        async with hub.client() as client:
            answer = await client.get(REPORT)
        assert answer.status_code == 503 and "retry-after" in answer.headers
