"""Dead letters, replays and dry runs as a partner meets them, on a Kafka in memory."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest

from hub.core import dead_letters, journal, redelivery, subscription
from hub.core.delivery import Delivery, to_record
from hub.core.event import Event, moment
from hub.core.journal import Attempted, Replayed
from hub.core.letters import Letter
from hub.core.redelivery import Order, Progress
from hub.core.topics import DAY_MS, SUBSCRIPTIONS
from hub.core.withdrawal import mark
from tests.gateway_fakes import NOW, Hub

ID = "sub-0123456789ab"
URL = f"/v1/subscriptions/{ID}"
LEARNER = "learner/5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008"
START: dict[str, Any] = {"why": "data-lost", "dryRun": False}


def hub(sink: str | None = "https://las.example.nl/events", partner: str = "almere") -> Hub:
    made = Hub()
    own = subscription.Subscription(id=ID, partner=partner, sink=sink, secret="whsec_AAAA")
    made.known.apply_subscription(ID.encode(), subscription.dump(own))
    return made


def delivery(number: int, to: str = ID, type: str = "a.b.c.v1", subject: str = "x", **more: Any) -> Delivery:
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "/s",
        "type": type,
        "subject": subject,
    }
    body = Event(attributes, {"naam": "Zoë"}).structured()
    return Delivery(f"d{number}-{to}", subject, NOW + number * 1000, body, **more)


async def fill(made: Hub, count: int, to: str = ID, **more: Any) -> None:
    await made.kafka.publish([to_record(to, delivery(n, to, **more)) for n in range(1, count + 1)])


def letter(number: int, **more: Any) -> Letter:
    given: dict[str, Any] = {
        "number": number,
        "delivery": f"d{number}-{ID}",
        "type": "a.b.c.v1",
        "status": "500",
        "said": "no such class",
        "attempts": 4,
        "at": NOW + number,
        "state": "open",
        "replay": "",
        "ended_at": None,
    }
    return Letter(**(given | more))


def told(made: Hub, id: str, progress: Progress) -> None:
    made.known.apply_subscription(redelivery.progress_key(ID, id), redelivery.dump(progress))


async def start(client: httpx.AsyncClient, key: str = "", **order: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    answer = await client.post(f"{URL}/_replay", json={**START, **order}, headers=headers)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"{URL}/replays/{answer.json()['id']}"
    return answer.json()


def orders(made: Hub) -> list[Order]:
    records = [r for r in made.kafka.topics[SUBSCRIPTIONS] if r.value]
    return [msgspec.json.decode(r.value or b"", type=Order) for r in records]


def replayed(made: Hub) -> list[tuple[str, str, int]]:
    return [(e.change, e.by, e.count) for e in made.kafka.journal() if isinstance(e, Replayed)]


class TestCounting:
    async def test_a_replay_is_counted_and_not_started_unless_it_is_said_so(self) -> None:
        made = hub()
        await fill(made, 10)
        async with made.client() as client:
            answer = await client.post(f"{URL}/_replay", json={"from": 3, "to": 99})
        assert answer.status_code == 200
        shown = {
            name: answer.json()[name] for name in ("total", "toSend", "withdrawn", "gone", "first", "last")
        }
        assert shown == {"total": 8, "toSend": 8, "withdrawn": 0, "gone": 0, "first": 3, "last": 10}
        assert not made.kafka.topics[SUBSCRIPTIONS] and not made.kafka.journal()

    async def test_the_count_says_what_was_taken_back_and_what_is_no_longer_kept(self) -> None:
        made = hub()
        await fill(made, 8, about=("m",))
        await made.kafka.publish([to_record(ID, delivery(9, withdraws=("m",)))])
        await made.kafka.publish([to_record(ID, delivery(10, about=("m",)))])
        made.kafka.expired[f"outbox.{ID}"] = 3
        async with made.client() as client:
            answer = await client.post(f"{URL}/_replay", json={"from": 1})
            counted = answer.json()
            ordered = await start(client, **{"from": 1})
        assert (counted["total"], counted["gone"], counted["withdrawn"], counted["toSend"]) == (10, 3, 5, 2)
        assert ordered["total"] == 10

    @pytest.mark.parametrize(
        ("asked", "numbers"),
        [
            ({"from": 2, "to": 4}, "2-4"),
            ({"since": moment(NOW + 2000), "until": "2026-11-18T12:06:44+01:00"}, "2-3"),
            ({"subject": "y"}, "5,7"),
            ({"subject": LEARNER}, "6-7"),
            ({"subject": "y", "from": 6}, "7"),
            ({"cause": "server"}, "2,7"),
            ({"cause": "any", "from": 2}, "2-3,7"),
        ],
    )
    async def test_it_selects_by_number_time_subject_and_cause(
        self, asked: dict[str, Any], numbers: str
    ) -> None:
        made = hub()
        about = (mark(LEARNER),)
        rest = [delivery(5, subject="y"), delivery(6, about=about), delivery(7, subject="y", about=about)]
        await made.kafka.publish([to_record(ID, one) for one in [*map(delivery, (1, 2, 3, 4)), *rest]])
        kept = [("server", letter(2)), ("server", letter(7)), ("auth", letter(3)), ("tls", letter(1))]
        made.letters.kept = [("almere", ID, cause, one) for cause, one in kept]
        async with made.client() as client:
            await start(client, **asked)
        assert [order.numbers for order in orders(made)] == [numbers]

    async def test_a_subject_is_kept_nowhere(self) -> None:
        made = hub()
        await fill(made, 2, about=(mark(LEARNER),))
        async with made.client() as client:
            shown = await start(client, subject=LEARNER)
        assert shown["selectedBy"] == ["subject"]
        assert LEARNER.partition("/")[2].encode() not in made.kafka.everything()

    async def test_a_dead_letter_that_has_expired_is_counted_as_gone(self) -> None:
        made = hub()
        await fill(made, 5)
        made.kafka.expired[f"outbox.{ID}"] = 2
        made.letters.kept = [("almere", ID, "server", letter(n)) for n in (1, 4)]
        async with made.client() as client:
            counted = (await client.post(f"{URL}/_replay", json={"cause": "server"})).json()
        assert (counted["total"], counted["gone"], counted["toSend"]) == (2, 1, 1)


class TestOrdering:
    async def test_it_is_written_for_the_courier_and_journaled_with_who_and_why(self) -> None:
        made = hub()
        await fill(made, 5)
        async with made.client() as client:
            shown = await start(client, pace=60, **{"from": 1, "to": 5})
            assert (await client.get(f"{URL}/replays/{shown['id']}")).json() == shown
        (order,) = orders(made)
        assert (order.id, order.subscription, order.numbers, order.pace) == (shown["id"], ID, "1-5", 60)
        assert replayed(made) == [("ordered", "almere", 5)]
        assert (shown["state"], shown["left"], shown["why"]["code"]) == ("waiting", 5, "data-lost")
        assert set(shown["why"]) == {"code", "nl", "en"}

    async def test_the_same_order_sent_twice_is_one_replay(self) -> None:
        made = hub()
        await fill(made, 5)
        async with made.client() as client:
            one, two = await start(client, **{"from": 1}), await start(client, **{"from": 1})
            keyed = [await start(client, key="k1", **{"from": 1}) for _ in range(2)]
            other = await start(client, **{"from": 2})
        assert one["id"] == two["id"] and keyed[0]["id"] == keyed[1]["id"]
        assert len({one["id"], keyed[0]["id"], other["id"]}) == 3 == len(orders(made)) == len(replayed(made))

    async def test_an_order_of_another_day_is_another_replay_but_a_key_holds(self) -> None:
        made = hub()
        await fill(made, 5)
        async with made.client() as client:
            first, keyed = await start(client, **{"from": 1}), await start(client, key="k", **{"from": 1})
        later = NOW + DAY_MS - 1
        async with made.client(app=made.app(now=lambda: later)) as client:
            assert (await start(client, **{"from": 1}))["id"] == first["id"]
        async with made.client(app=made.app(now=lambda: later + 1)) as client:
            assert (await start(client, **{"from": 1}))["id"] != first["id"]
            assert (await start(client, key="k", **{"from": 1}))["id"] == keyed["id"]

    async def test_a_key_that_stands_for_another_order_is_refused(self) -> None:
        made = hub()
        await fill(made, 5)
        async with made.client() as client:
            await start(client, key="k", **{"from": 1})
            answer = await client.post(
                f"{URL}/_replay", json={**START, "from": 2}, headers={"Idempotency-Key": "k"}
            )
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency-key")
        assert len(orders(made)) == 1

    @pytest.mark.parametrize(
        ("asked", "pointer"),
        [
            ({}, ""),
            ({"from": 0}, "/from"),
            ({"from": 5, "to": 4}, "/to"),
            ({"from": True}, "/from"),
            ({"since": "yesterday"}, "/since"),
            ({"since": "2026-11-18T08:00:00Z", "until": "2026-11-18T08:00:00Z"}, "/until"),
            ({"cause": "weather"}, "/cause"),
            ({"subject": ""}, "/subject"),
            ({"from": 1, "pace": 0}, "/pace"),
            ({"from": 1, "pace": 6001}, "/pace"),
            ({"from": 1, "why": "Jan asked"}, "/why"),
            ({"from": 1, "why": None}, "/why"),
            ({"from": 1, "dryRun": "no"}, "/dryRun"),
            ({"from": 1, "sink": "https://x"}, ""),
        ],
    )
    async def test_a_wrong_order_is_refused_with_every_fault_and_nothing_starts(
        self, asked: dict[str, Any], pointer: str
    ) -> None:
        made = hub()
        await fill(made, 5)
        async with made.client() as client:
            answer = await client.post(f"{URL}/_replay", json={**START, **asked})
        assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"
        assert pointer in {fault["pointer"] for fault in answer.json()["errors"]}
        assert not made.kafka.topics[SUBSCRIPTIONS]

    async def test_without_a_webhook_or_without_anything_selected_nothing_starts(self) -> None:
        made = hub(sink=None)
        async with made.client() as client:
            answer = await client.post(f"{URL}/_replay", json={**START, "from": 1})
            assert (answer.status_code, answer.json()["code"]) == (409, "no-sink")
        made = hub()
        async with made.client() as client:
            answer = await client.post(f"{URL}/_replay", json={**START, "cause": "dns"})
            assert (answer.status_code, answer.json()["code"]) == (409, "nothing-to-replay")

    async def test_a_kafka_that_is_away_is_told_as_such(self) -> None:
        made = hub()
        made.kafka.down = True
        async with made.client() as client:
            answer = await client.post(f"{URL}/_replay", json={"from": 1})
        assert answer.status_code == 503 and answer.headers["retry-after"]

    async def test_it_is_for_the_partner_itself_and_the_operator(self) -> None:
        made = hub()
        await fill(made, 5)
        for stranger in ("school", "regie"):
            async with made.client(stranger) as client:
                assert (await client.post(f"{URL}/_replay", json={"from": 1})).status_code == 404
                assert (await client.get(f"{URL}/replays")).status_code == 404
        async with made.client("beheer") as client:
            shown = await start(client, **{"from": 1})
        assert shown["by"] == "beheer" and replayed(made) == [("ordered", "beheer", 5)]
        async with made.client("school") as client:
            assert (await client.get(f"{URL}/replays/{shown['id']}")).status_code == 404
            assert (await client.post(f"{URL}/replays/{shown['id']}/_stop")).status_code == 404


class TestFollowing:
    async def test_progress_is_shown_and_adds_up(self) -> None:
        made = hub()
        await fill(made, 10)
        async with made.client() as client:
            id = (await start(client, **{"from": 1}))["id"]
            told(made, id, Progress(delivered=3, failed=1, withdrawn=1, live=2, started=NOW, at=NOW))
            shown = (await client.get(f"{URL}/replays/{id}")).json()
            assert (shown["state"], shown["done"], shown["left"]) == ("running", 7, 3)
            told(made, id, Progress(delivered=10, started=NOW, at=NOW, ended=NOW + 1))
            (shown,) = (await client.get(f"{URL}/replays")).json()
            assert (shown["state"], shown["done"], shown["left"]) == ("finished", 10, 0)

    async def test_progress_that_is_told_late_undoes_nothing(self) -> None:
        made = hub()
        await fill(made, 10)
        async with made.client() as client:
            id = (await start(client, **{"from": 1}))["id"]
            for late in (Progress(delivered=4, started=1), Progress(delivered=10, ended=1)):
                told(made, id, late)
                told(made, id, Progress(delivered=2, started=1))
                assert (await client.get(f"{URL}/replays/{id}")).json()["done"] == late.done

    async def test_a_stop_is_kept_journaled_and_may_be_said_twice(self) -> None:
        made = hub()
        await fill(made, 10)
        async with made.client() as client:
            id = (await start(client, **{"from": 1}))["id"]
            told(made, id, Progress(delivered=4, started=NOW))
            first = await client.post(f"{URL}/replays/{id}/_stop")
            again = await client.post(f"{URL}/replays/{id}/_stop")
        assert first.json() == again.json() and first.json()["state"] == "stopped"
        assert (first.json()["stoppedBy"], first.json()["left"]) == ("almere", 6)
        assert replayed(made) == [("ordered", "almere", 10), ("stopped", "almere", 4)]

    async def test_what_has_finished_cannot_be_stopped_and_stays_finished(self) -> None:
        made = hub()
        await fill(made, 2)
        async with made.client() as client:
            id = (await start(client, **{"from": 1}))["id"]
            told(made, id, Progress(delivered=2, started=1, ended=2))
            assert (await client.post(f"{URL}/replays/{id}/_stop")).json()["state"] == "finished"
        assert len(orders(made)) == 1

    async def test_of_replays_that_ended_the_last_are_kept(self) -> None:
        made = hub()
        await fill(made, 40)
        async with made.client() as client:
            for first in range(1, 26):
                id = (await start(client, **{"from": first}))["id"]
                told(made, id, Progress(delivered=1, ended=1))
            shown = (await client.get(f"{URL}/replays")).json()
            assert len(shown) <= 21
            for key, value in [(r.key, r.value) for r in made.kafka.topics[SUBSCRIPTIONS]]:
                made.known.apply_subscription(key or b"", value)
            assert len((await client.get(f"{URL}/replays")).json()) == len(shown)

    async def test_a_subscription_takes_its_replays_with_it(self) -> None:
        made = hub()
        await fill(made, 2)
        async with made.client() as client:
            id = (await start(client, **{"from": 1}))["id"]
            assert (await client.delete(URL)).status_code == 200
        last = {r.key: r.value for r in made.kafka.topics[SUBSCRIPTIONS]}
        assert last[redelivery.order_key(ID, id)] is last[redelivery.progress_key(ID, id)] is None

    async def test_an_unknown_replay_is_not_there(self) -> None:
        async with hub().client() as client:
            assert (await client.get(f"{URL}/replays/rp-0")).status_code == 404


class TestDeadLetters:
    async def test_they_stand_in_groups_by_cause_with_what_to_do(self) -> None:
        made = hub()
        made.letters.kept = [("almere", ID, "server", letter(n)) for n in (3, 5)]
        made.letters.kept += [("almere", ID, "dns", letter(6, status="dns"))]
        made.letters.kept += [("school", "inbox-school", "tls", letter(1))]
        async with made.client() as client:
            groups = (await client.get("/v1/dead-letters")).json()["groups"]
        assert {one["cause"]: one["count"] for one in groups} == {"server": 2, "dns": 1}
        for one in groups:
            assert one["advice"] == dead_letters.CAUSES[one["cause"]]._asdict()
        async with made.client("beheer") as client:
            groups = (await client.get("/v1/dead-letters")).json()["groups"]
        assert {one["partner"] for one in groups} == {"almere", "school"}

    async def test_the_letters_of_one_group_are_paged(self) -> None:
        made = hub()
        await fill(made, 9)
        made.letters.kept = [("almere", ID, "server", letter(n)) for n in range(1, 8)]
        found: list[int] = []
        after: int | None = 0
        async with made.client() as client:
            while after is not None:
                query = {"subscription": ID, "cause": "server", "limit": 3, "after": after}
                page = (await client.get("/v1/dead-letters", params=query)).json()
                found += [one["number"] for one in page["letters"]]
                after = page["next"]
        assert found == [1, 2, 3, 4, 5, 6, 7]
        one = page["letters"][0]
        wanted = {
            "number",
            "deliveryId",
            "source",
            "id",
            "type",
            "at",
            "status",
            "said",
            "attempts",
            "state",
            "replay",
        }
        assert set(one) == wanted and one["said"] == "no such class"

    async def test_what_was_taken_back_is_not_among_the_open_ones_and_the_journal_is_told(self) -> None:
        made = hub()
        await fill(made, 4, about=("m",))
        await made.kafka.publish([to_record(ID, delivery(5, withdraws=("m",)))])
        await made.kafka.publish([to_record(ID, delivery(6))])
        made.letters.kept = [("almere", ID, "server", letter(n)) for n in (2, 4, 6)]
        async with made.client() as client:
            query = {"subscription": ID, "cause": "server"}
            page = (await client.get("/v1/dead-letters", params=query)).json()
        assert [one["number"] for one in page["letters"]] == [6]
        ended = [e for e in made.kafka.journal() if isinstance(e, Attempted)]
        assert [(e.number, e.outcome, e.partner) for e in ended] == [
            (2, "withdrawn", "almere"),
            (4, "withdrawn", "almere"),
        ]

    async def test_the_procesregisseur_sees_ranges_and_nothing_else(self) -> None:
        made = hub()
        made.letters.kept = [("almere", ID, "server", letter(n)) for n in range(1, 4)]
        async with made.client("regie") as client:
            answer = await client.get("/v1/dead-letters")
            refused = await client.get("/v1/dead-letters", params={"subscription": ID, "cause": "server"})
        group = {"partner": "almere", "subscription": ID, "cause": "server", "number": "1-4"}
        assert answer.json()["groups"] == [group]
        assert refused.status_code == 403

    async def test_another_partners_letters_are_not_there(self) -> None:
        made = hub()
        made.letters.kept = [("almere", ID, "server", letter(1))]
        async with made.client("school") as client:
            query = {"subscription": ID, "cause": "server"}
            assert (await client.get("/v1/dead-letters", params=query)).status_code == 404
            assert (await client.get("/v1/dead-letters")).json()["groups"] == []

    @pytest.mark.parametrize(
        "query", [{"cause": "weather", "subscription": ID}, {"state": "lost"}, {"cause": "dns"}, {"limit": 0}]
    )
    async def test_wrong_parameters_are_refused(self, query: dict[str, Any]) -> None:
        async with hub().client() as client:
            answer = await client.get("/v1/dead-letters", params=query)
        assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"


class TestDryRun:
    async def test_it_says_what_would_pass_of_what_the_partner_was_told(self) -> None:
        made = hub()
        inbox = "inbox-almere"
        await fill(made, 6, to=inbox)
        await fill(made, 3, to=inbox, type="x.y.z.v1")
        asked = {"filters": [{"any": [{"suffix": {"id": "2"}}, {"exact": {"type": "x.y.z.v1"}}]}]}
        async with made.client() as client:
            found = (await client.post(f"{URL}/_dry-run", json=asked)).json()
        assert (found["events"], found["passes"], found["now"], found["complete"]) == (9, 4, 9, True)
        assert found["types"] == [
            {"type": "a.b.c.v1", "events": 6, "passes": 1, "now": 6},
            {"type": "x.y.z.v1", "events": 3, "passes": 3, "now": 3},
        ]
        assert found["samples"][0] == {"number": 2, "id": "e2", "type": "a.b.c.v1"}
        assert "Zo" not in str(found) and not made.kafka.topics[SUBSCRIPTIONS]

    async def test_what_was_taken_back_is_not_tried_and_samples_are_few(self) -> None:
        made = hub()
        await fill(made, 8, to="inbox-almere", about=("m",))
        await fill(made, 7, to="inbox-almere")
        await made.kafka.publish([to_record("inbox-almere", delivery(9, "inbox-almere", withdraws=("m",)))])
        async with made.client() as client:
            found = (await client.post(f"{URL}/_dry-run", json={})).json()
        assert found["passes"] == 8 and len(found["samples"]) == 5

    async def test_of_a_long_log_the_newest_are_tried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("hub.gateway.dry_run.MOST", 4)
        made = hub()
        await fill(made, 10, to="inbox-almere")
        async with made.client() as client:
            found = (await client.post(f"{URL}/_dry-run", json={})).json()
        assert (found["from"], found["to"], found["events"], found["complete"]) == (7, 10, 4, False)

    async def test_only_the_days_that_are_asked_for_are_tried(self) -> None:
        made, inbox, day = hub(), "inbox-almere", 86_400_000
        old, new = (
            delivery(n, inbox)._replace(accepted=NOW - age) for n, age in ((1, 8 * day), (2, 6 * day))
        )
        await made.kafka.publish([to_record(inbox, one) for one in (old, new)])
        async with made.client() as client:
            week = (await client.post(f"{URL}/_dry-run", json={"days": 7})).json()
            month = (await client.post(f"{URL}/_dry-run", json={})).json()
            assert (week["events"], month["events"]) == (1, 2)
            for wrong in (0, 29, "7", True, 1.5):
                refused = await client.post(f"{URL}/_dry-run", json={"days": wrong})
                assert refused.json()["errors"][0]["pointer"] == "/days"

    async def test_wrong_filters_and_strangers_are_refused(self) -> None:
        async with hub().client() as client:
            answer = await client.post(f"{URL}/_dry-run", json={"filters": [{"sql": "1=1"}]})
            assert answer.status_code == 400 and answer.json()["errors"][0]["pointer"] == "/filters/0"
            assert (await client.post(f"{URL}/_dry-run", json={"sink": "https://x"})).status_code == 400
        async with hub().client("school") as client:
            assert (await client.post(f"{URL}/_dry-run", json={})).status_code == 404


def test_every_reason_and_every_cause_has_words_in_two_languages() -> None:
    for words in (*redelivery.WHY.values(), *dead_letters.CAUSES.values()):
        assert words.nl and words.en and words.nl != words.en
    assert journal.DEAD == "dead"
