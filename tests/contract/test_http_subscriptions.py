"""Subscriptions and pull feeds as a partner meets them, on a Kafka in memory."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from hub.core import subscription
from hub.core.delivery import Delivery, to_record
from hub.core.event import Event
from hub.core.journal import Attempted, Shown
from hub.core.subscription import Status
from tests.gateway_fakes import Hub
from tests.keys import KEYS
from tests.spellings import FINE, SPELLINGS

SINK = "https://las.example.nl/events"
TOKEN_ENDPOINT = "/protocolsettings/authorization/tokenendpoint"
BODY: dict[str, Any] = {
    "protocol": "HTTP",
    "sink": SINK,
    "types": ["a.b.c.v1"],
    "filters": [{"prefix": {"subject": "x"}}],
}


async def subscribe(client: Any, **changes: Any) -> Any:
    answer = await client.post("/v1/subscriptions", json={**BODY, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()


def stored(hub: Hub, id: str) -> subscription.Subscription:
    values = [r.value for r in hub.kafka.topics["hub.subscriptions"] if r.key == id.encode()]
    return KEYS.open(subscription.load(values[-1] or b""))


class TestMaking:
    async def test_it_is_written_after_its_outbox_exists_and_can_be_read_at_once(self) -> None:
        hub = Hub()
        async with hub.client() as client:
            answer = await client.post("/v1/subscriptions", json=BODY)
            made = answer.json()
            assert answer.headers["location"] == f"/v1/subscriptions/{made['id']}"
            assert hub.outboxes == [made["id"]] and stored(hub, made["id"]).sink == SINK
            assert (await client.get(f"/v1/subscriptions/{made['id']}")).json()["filters"] == BODY["filters"]

    async def test_the_secret_is_shown_once(self) -> None:
        hub = Hub()
        async with hub.client() as client:
            made = await subscribe(client)
            assert len(base64.b64decode(made["secret"].removeprefix("whsec_"))) == 32
            assert stored(hub, made["id"]).secret == made["secret"]
            for path in ("", f"/{made['id']}"):
                assert "whsec_" not in (await client.get(f"/v1/subscriptions{path}")).text

    async def test_the_id_is_ours_whatever_is_asked(self) -> None:
        async with Hub().client() as client:
            first, second = await subscribe(client, id="mine"), await subscribe(client, id="mine")
        assert first["id"].startswith("sub-") and len(first["id"]) == 16 and first["id"] != second["id"]

    async def test_both_spellings_of_the_fields_are_read(self) -> None:
        hub = Hub()
        credential = {"credentialType": "ACCESSTOKEN", "accessToken": "t0ken"}
        async with hub.client() as client:
            made = await subscribe(
                client, protocolSettings={"headers": {"X-A": "geheim"}}, sinkCredential=credential
            )
        headers = stored(hub, made["id"]).protocolsettings["headers"]
        assert headers == {"X-A": "geheim", "Authorization": "Bearer t0ken"}
        assert made["protocolsettings"]["headers"] == {"X-A": "***", "Authorization": "***"}

    async def test_what_was_shown_can_be_sent_back_without_losing_hidden_values(self) -> None:
        hub = Hub()
        credential = {"credentialtype": "PLAIN", "identifier": "a", "secret": "b"}
        async with hub.client() as client:
            made = await subscribe(client, sinkcredential=credential)
            shown = (await client.get(f"/v1/subscriptions/{made['id']}")).json()
            answer = await client.put(f"/v1/subscriptions/{made['id']}", json={**shown, "types": []})
        assert answer.status_code == 200 and answer.json()["types"] == []
        kept = stored(hub, made["id"])
        assert (
            kept.protocolsettings["headers"] == {"Authorization": "Basic YTpi"}
            and kept.secret == made["secret"]
        )

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"filters": [{"sql": "true"}]}, "/filters/0"),
            ({"filters": "x"}, "/filters"),
            ({"protocol": "http"}, "/protocol"),
            ({"protocol": "KAFKA"}, "/protocol"),
            ({"protocol": None}, "/protocol"),
            ({"sink": "http://las.example.nl"}, "/sink"),
            ({"sink": "https://127.0.0.1/x"}, "/sink"),
            ({"sink": "https://user:pass@las.example.nl"}, "/sink"),
            ({"sink": 7}, "/sink"),
            ({"types": [""]}, "/types"),
            ({"types": "a"}, "/types"),
            ({"source": "a b"}, "/source"),
            ({"config": {"mode": "batch"}}, "/config/mode"),
            ({"config": {"mode": ["binary"]}}, "/config/mode"),
            ({"config": {"mode": "binary", "batch": {}}}, "/config/mode"),
            ({"config": {"retry": [5]}}, "/config/retry"),
            ({"config": {"retry": "5,60"}}, "/config/retry"),
            ({"config": {"retry": [0] * 21}}, "/config/retry"),
            ({"config": {"retry": [0, 5, 0.5]}}, "/config/retry/2"),
            ({"config": {"retry": [0, 5, True]}}, "/config/retry/2"),
            ({"config": {"retry": [-1, 5]}}, "/config/retry/0"),
            ({"config": {"retry": [0, 1e9]}}, "/config/retry/1"),
            ({"config": {"rate": 0}}, "/config/rate"),
            ({"config": {"rate": 1.5}}, "/config/rate"),
            ({"config": {"heartbeat": 1}}, "/config/heartbeat"),
            ({"config": {"heartbeat": False}}, "/config/heartbeat"),
            ({"config": {"batch": 10}}, "/config/batch"),
            ({"config": {"batch": {"size": 10, "bytes": 1}}}, "/config/batch"),
            ({"config": {"batch": {"size": 101}}}, "/config/batch/size"),
            ({"config": {"batch": {"size": 0}}}, "/config/batch/size"),
            ({"config": {"batch": {"seconds": 61}}}, "/config/batch/seconds"),
            ({"config": {"x": 1}}, "/config"),
            ({"protocolsettings": {"method": "GET"}}, "/protocolsettings/method"),
            ({"protocolsettings": {"headers": {"Host": "x"}}}, "/protocolsettings/headers"),
            ({"protocolsettings": {"headers": {"webhook-signature": "x"}}}, "/protocolsettings/headers"),
            ({"protocolsettings": {"headers": {"X": "a\r\nY: b"}}}, "/protocolsettings/headers"),
            ({"sinkcredential": {"credentialtype": "REFRESHTOKEN"}}, "/sinkcredential"),
            ({"sinkcredential": {"credentialtype": "ACCESSTOKEN"}}, "/sinkcredential"),
            ({"paused": "yes"}, "/paused"),
            ({"unheard": 1}, ""),
            ({"protocolSettings": {}, "protocolsettings": {}}, "/protocolsettings"),
        ],
    )
    async def test_what_is_wrong_is_pointed_at_and_nothing_is_written(
        self, change: Any, pointer: str
    ) -> None:
        hub = Hub()
        async with hub.client() as client:
            answer = await client.post("/v1/subscriptions", json={**BODY, **change})
        assert answer.status_code == 400 and [e["pointer"] for e in answer.json()["errors"]] == [pointer]
        assert not hub.kafka.topics["hub.subscriptions"]

    @pytest.mark.parametrize(
        "config",
        [
            {"mode": "binary"},
            {"retry": [0, 5, 60.5, 3600]},
            {"rate": 600, "heartbeat": 0},
            {"heartbeat": 900},
            {"batch": {}},
            {"mode": "structured", "batch": {"size": 1, "seconds": 0.5}},
        ],
    )
    async def test_options_are_kept_and_shown_as_they_were_chosen(self, config: Any) -> None:
        hub = Hub()
        async with hub.client() as client:
            made = await subscribe(client, config=config)
        assert made["config"] == config
        assert stored(hub, made["id"]).config == config

    async def test_no_spelling_of_a_forbidden_address_is_taken_when_made_or_replaced(self) -> None:
        hub = Hub()
        async with hub.client() as client:
            made = await subscribe(client)
            before = len(hub.kafka.topics["hub.subscriptions"])
            for url in SPELLINGS:
                asks = {"tokenendpoint": url, "clientid": "a", "clientsecret": "b"}
                for change, pointer in (
                    ({"sink": url}, "/sink"),
                    ({"protocolsettings": {"authorization": asks}}, TOKEN_ENDPOINT),
                ):
                    for way in (
                        client.post("/v1/subscriptions", json={**BODY, **change}),
                        client.put(f"/v1/subscriptions/{made['id']}", json={**BODY, **change}),
                    ):
                        answer = await way
                        assert answer.status_code == 400, url
                        assert [e["pointer"] for e in answer.json()["errors"]] == [pointer]
        assert len(hub.kafka.topics["hub.subscriptions"]) == before

    async def test_addresses_that_only_look_alike_are_taken(self) -> None:
        async with Hub().client() as client:
            for url in FINE:
                assert (await subscribe(client, sink=url))["sink"] == url

    async def test_all_faults_come_at_once(self) -> None:
        async with Hub().client() as client:
            answer = await client.post(
                "/v1/subscriptions", json={"protocol": "MQTT5", "sink": "x", "types": 1}
            )
        assert [e["pointer"] for e in answer.json()["errors"]] == ["/protocol", "/sink", "/types"]

    @pytest.mark.parametrize("body", [b"{", b"[]", b'{"a":1,"a":2}'])
    async def test_a_body_that_is_no_object_is_400(self, body: bytes) -> None:
        async with Hub().client() as client:
            kind = {"Content-Type": "application/json"}
            assert (await client.post("/v1/subscriptions", content=body, headers=kind)).status_code == 400
            assert (await client.post("/v1/subscriptions", content=body)).status_code == 415

    async def test_kafka_away_is_503_and_nothing_is_known_of_it(self) -> None:
        hub = Hub()
        hub.kafka.down = True
        async with hub.client() as client:
            assert (await client.post("/v1/subscriptions", json=BODY)).status_code == 503
            assert len((await client.get("/v1/subscriptions")).json()) == 1

    async def test_an_outbox_that_cannot_be_made_is_503(self) -> None:
        hub = Hub()

        async def fails(id: str) -> None:
            raise OSError

        async with hub.client(app=hub.app(ensure_outbox=fails)) as client:
            assert (await client.post("/v1/subscriptions", json=BODY)).status_code == 503
        assert not hub.kafka.topics["hub.subscriptions"]


class TestOwning:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", ""),
            ("PUT", ""),
            ("DELETE", ""),
            ("GET", "/events"),
            ("POST", "/_pause"),
            ("POST", "/_resume"),
            ("POST", "/_test"),
        ],
    )
    async def test_anothers_subscription_looks_as_if_it_were_not_there(self, method: str, path: str) -> None:
        hub = Hub()
        async with hub.client("almere") as client:
            made = await subscribe(client)
        before = len(hub.kafka.topics["hub.subscriptions"])
        async with hub.client("school") as other:
            theirs = await other.request(method, f"/v1/subscriptions/{made['id']}{path}", json=BODY)
            none = await other.request(method, f"/v1/subscriptions/sub-000000000000{path}", json=BODY)
        assert theirs.status_code == none.status_code == 404
        assert {**theirs.json(), "instance": ""} == {**none.json(), "instance": ""}
        assert len(hub.kafka.topics["hub.subscriptions"]) == before

    async def test_a_list_holds_ones_own_with_the_inbox_first(self) -> None:
        hub = Hub()
        async with hub.client("almere") as client:
            made = await subscribe(client)
            assert [s["id"] for s in (await client.get("/v1/subscriptions")).json()] == [
                "inbox-almere",
                made["id"],
            ]
        async with hub.client("school") as other:
            assert [s["id"] for s in (await other.get("/v1/subscriptions")).json()] == ["inbox-school"]


class TestInbox:
    async def test_it_always_exists_and_cannot_be_deleted(self) -> None:
        async with Hub().client() as client:
            shown = (await client.get("/v1/subscriptions/inbox-almere")).json()
            assert shown["status"]["state"] == "pull" and "sink" not in shown
            assert (await client.delete("/v1/subscriptions/inbox-almere")).status_code == 409

    async def test_giving_it_a_sink_shows_its_new_secret_once(self) -> None:
        hub = Hub()
        async with hub.client() as client:
            first = await client.put("/v1/subscriptions/inbox-almere", json=BODY)
            again = await client.put("/v1/subscriptions/inbox-almere", json=BODY)
        assert first.json()["secret"] == stored(hub, "inbox-almere").secret and "secret" not in again.json()
        assert stored(hub, "inbox-almere").inbox


class TestLife:
    async def test_pause_and_resume_change_only_that(self) -> None:
        hub = Hub()
        async with hub.client() as client:
            made = await subscribe(client)
            paused = await client.post(f"/v1/subscriptions/{made['id']}/_pause")
            assert paused.json()["paused"] is True and stored(hub, made["id"]).sink == SINK
            resumed = await client.post(f"/v1/subscriptions/{made['id']}/_resume")
        assert resumed.json()["paused"] is False and stored(hub, made["id"]).secret == made["secret"]

    async def test_delete_answers_what_it_was_and_leaves_a_tombstone(self) -> None:
        hub = Hub()
        async with hub.client() as client:
            made = await subscribe(client)
            gone = await client.delete(f"/v1/subscriptions/{made['id']}")
            assert gone.status_code == 200 and gone.json()["id"] == made["id"]
            assert (await client.get(f"/v1/subscriptions/{made['id']}")).status_code == 404
        last = {r.key: r.value for r in hub.kafka.topics["hub.subscriptions"]}
        assert last == {made["id"].encode(): None, f"{made['id']}/status".encode(): None}

    async def test_the_couriers_status_is_shown_as_long_as_it_is_about_this_sink(self) -> None:
        hub = Hub()
        async with hub.client() as client:
            made = await subscribe(client)
            path = f"/v1/subscriptions/{made['id']}"
            key = subscription.status_key(made["id"])
            status = Status(state="stopped", reason="410", at=1, sink=SINK)
            hub.known.apply_subscription(key, subscription.dump(status))
            assert (await client.get(path)).json()["status"]["state"] == "stopped"
            waits = Status(state="backing-off", reason="500", at=1, sink=SINK, next_at=2000, consented=1000)
            hub.known.apply_subscription(key, subscription.dump(waits))
            assert (await client.get(path)).json()["status"] == {
                "state": "backing-off",
                "reason": "500",
                "at": "1970-01-01T00:00:00.001Z",
                "nextAt": "1970-01-01T00:00:02.000Z",
                "consentedAt": "1970-01-01T00:00:01.000Z",
            }
            assert (await client.post(f"{path}/_pause")).json()["status"]["state"] == "paused"
            assert (await client.post(f"{path}/_resume")).json()["status"]["state"] == "backing-off"
            moved = await client.put(path, json={**BODY, "sink": "https://other.example.nl"})
            assert moved.json()["status"]["state"] == "pending"

    async def test_a_test_event_goes_into_that_outbox_only_whatever_the_filters(self) -> None:
        hub = Hub()
        async with hub.client() as client:
            made = await subscribe(client)
            answer = await client.post(f"/v1/subscriptions/{made['id']}/_test")
            feed = (await client.get(made["events"])).json()
        assert answer.status_code == 202 and feed["events"][0]["deliveryId"] == answer.json()["deliveryId"]
        assert feed["events"][0]["event"]["type"] == "nl.onderwijsloopbanen.subscription.tested.v1"
        assert [t for t in hub.kafka.topics if t.startswith("outbox.") and hub.kafka.topics[t]] == [
            f"outbox.{made['id']}"
        ]


def deliveries(*numbers: int) -> list[Any]:
    events = [Event({"specversion": "1.0", "id": str(n), "source": "/s", "type": "t"}, n) for n in numbers]
    return [to_record("inbox-almere", Delivery(f"d{e.id}", "s", 1, e.structured(), (e.id,))) for e in events]


class TestFeed:
    PATH = "/v1/subscriptions/inbox-almere/events"

    async def test_it_is_numbered_from_1_without_gaps_and_next_is_the_next_after(self) -> None:
        hub = Hub()
        await hub.kafka.publish(deliveries(1, 2, 3))
        async with hub.client() as client:
            first = (await client.get(self.PATH, params={"limit": 2})).json()
            rest = (await client.get(self.PATH, params={"after": first["next"]})).json()
            none = (await client.get(self.PATH, params={"after": rest["next"]})).json()
        assert [e["number"] for e in first["events"] + rest["events"]] == [1, 2, 3]
        assert [e["event"]["data"] for e in first["events"] + rest["events"]] == [1, 2, 3]
        assert none == {"events": [], "next": 3, "first": 1, "last": 3}

    async def test_what_was_shown_stands_in_the_journal_before_the_answer(self) -> None:
        hub = Hub()
        await hub.kafka.publish(deliveries(1, 2))
        async with hub.client() as client:
            await client.get(self.PATH)
            await client.get(self.PATH, params={"after": 2})
        (entry,) = hub.kafka.journal()
        assert isinstance(entry, Shown) and entry.deliveries == ("d1", "d2") and entry.partner == "almere"

    async def test_what_was_taken_back_keeps_its_number_and_is_not_shown(self) -> None:
        hub = Hub()
        await hub.kafka.publish(deliveries(1, 2))
        order = Delivery("d3", "s", 1, Event({"id": "3"}, 3).structured(), withdraws=("1",))
        async with hub.client() as client:
            before = (await client.get(self.PATH, params={"limit": 1})).json()
            await hub.kafka.publish([to_record("inbox-almere", order)])
            after = (await client.get(self.PATH)).json()
        assert [e["event"]["data"] for e in before["events"]] == [1]
        first, *rest = after["events"]
        assert first == {"number": 1, "deliveryId": "d1", "withdrawn": True}
        assert [(e["number"], e["event"]["data"]) for e in rest] == [(2, 2), (3, 3)]
        (_, ended, read) = hub.kafka.journal()
        assert isinstance(ended, Attempted) and (ended.delivery, ended.outcome) == ("d1", "withdrawn")
        assert isinstance(read, Shown) and read.deliveries == ("d2", "d3")

    async def test_it_can_wait_for_what_comes(self) -> None:
        hub = Hub()
        async with hub.client() as client:
            waiting = asyncio.create_task(client.get(self.PATH, params={"wait": 20}))
            await asyncio.sleep(0.05)
            await hub.kafka.publish(deliveries(1))
            answer = await asyncio.wait_for(waiting, 2)
        assert [e["number"] for e in answer.json()["events"]] == [1]

    async def test_a_position_beyond_the_end_is_400(self) -> None:
        async with Hub().client() as client:
            answer = await client.get(self.PATH, params={"after": 9})
        assert answer.status_code == 400 and answer.json()["code"] == "after-end"

    async def test_kafka_away_is_503(self) -> None:
        hub = Hub()
        hub.kafka.down = True
        async with hub.client() as client:
            answer = await client.get(self.PATH)
        assert answer.status_code == 503 and "retry-after" in answer.headers
