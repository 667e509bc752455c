"""Signing keys, credentials for receivers, and what is kept of them, as a partner meets them over HTTP."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from hub.core import subscription
from hub.core.journal import Rekeyed
from hub.core.subscription import Subscription
from hub.gateway.access_form import Reach
from hub.gateway.keys import HOUR_MS, MOST_RETIRING, Retirement
from tests.certificates import Authority, private_key
from tests.contract.test_http_subscriptions import BODY, SINK, stored, subscribe
from tests.gateway_fakes import NOW, Hub

CLIENT = {
    "tokenendpoint": "https://login.example.nl/token",
    "clientid": "hub",
    "clientsecret": "geheim-oauth",
}
AT = "/protocolsettings"


def raw(hub: Hub, id: str) -> Subscription:
    """As it lies in Kafka."""
    return subscription.load(
        [r.value for r in hub.kafka.topics["hub.subscriptions"] if r.key == id.encode()][-1] or b""
    )


class TestSigning:
    async def test_ed25519_gives_a_public_key_and_never_the_private_one(self) -> None:
        hub = Hub()
        async with hub.client() as client:
            made = await subscribe(client, config={"signature": "ed25519"})
            path = f"/v1/subscriptions/{made['id']}"
            shown, keys = (await client.get(path)).json(), (await client.get(f"{path}/keys")).json()["keys"]
        assert "secret" not in made and stored(hub, made["id"]).secret.startswith("whsk_")
        assert made["publicKey"] == shown["publicKey"] == keys[0]["webhook"] and len(keys) == 1
        raw_key = base64.b64decode(made["publicKey"].removeprefix("whpk_"))
        assert base64.urlsafe_b64decode(keys[0]["x"] + "=") == raw_key and len(raw_key) == 32

    async def test_who_shares_a_secret_has_no_public_key(self) -> None:
        async with Hub().client() as client:
            made = await subscribe(client)
            assert (await client.get(f"/v1/subscriptions/{made['id']}/keys")).json() == {"keys": []}
            assert "publicKey" not in made

    async def test_another_signature_gives_another_key_and_the_old_one_signs_for_a_day(self) -> None:
        hub = Hub()
        async with hub.client() as client:
            made = await subscribe(client)
            changed = await client.put(
                f"/v1/subscriptions/{made['id']}", json={**BODY, "config": {"signature": "ed25519"}}
            )
            again = await client.put(
                f"/v1/subscriptions/{made['id']}", json={**BODY, "config": {"signature": "ed25519"}}
            )
        kept = stored(hub, made["id"])
        assert changed.json()["publicKey"] == again.json()["publicKey"] == kept.public
        assert kept.secrets(NOW) == [kept.secret, made["secret"]]
        assert kept.secrets(NOW + 24 * HOUR_MS) == [kept.secret]


class TestRotation:
    async def test_the_new_secret_is_shown_once_and_both_sign_for_a_day(self) -> None:
        hub = Hub()
        async with hub.client() as client:
            made = await subscribe(client)
            path = f"/v1/subscriptions/{made['id']}"
            answer = await client.post(f"{path}/_rotate")
            assert answer.status_code == 200 and answer.json()["secret"] != made["secret"]
            assert answer.json()["secret"] not in (await client.get(path)).text
        kept = stored(hub, made["id"])
        assert kept.secrets(NOW) == [answer.json()["secret"], made["secret"]]
        assert [one.until for one in kept.retiring] == [NOW + 24 * HOUR_MS]

    async def test_the_journal_knows_who_did_it_and_no_secret(self) -> None:
        hub = Hub()
        async with hub.client() as client:
            made = await subscribe(client)
            answer = await client.post(f"/v1/subscriptions/{made['id']}/_rotate", json={"overlap": 1})
        assert hub.kafka.journal()[1:] == [
            Rekeyed(at=NOW, subscription=made["id"], by="almere", signature="hmac", until=NOW + HOUR_MS)
        ]
        assert answer.json()["secret"].encode() not in hub.kafka.everything()

    async def test_public_keys_are_listed_newest_first_while_they_sign(self) -> None:
        async with Hub().client() as client:
            made = await subscribe(client, config={"signature": "ed25519"})
            path = f"/v1/subscriptions/{made['id']}"
            new = (await client.post(f"{path}/_rotate", json={"overlap": 168})).json()
            keys = (await client.get(f"{path}/keys")).json()["keys"]
        assert "secret" not in new and [one["webhook"] for one in keys] == [
            new["publicKey"],
            made["publicKey"],
        ]

    async def test_without_overlap_every_older_key_ends_at_once(self) -> None:
        hub = Hub()
        async with hub.client() as client:
            made = await subscribe(client)
            await client.post(f"/v1/subscriptions/{made['id']}/_rotate")
            last = await client.post(f"/v1/subscriptions/{made['id']}/_rotate", json={"overlap": 0})
        assert stored(hub, made["id"]).retiring == () and "retiring" not in last.json()
        assert stored(hub, made["id"]).secrets(NOW) == [last.json()["secret"]]

    async def test_to_ask_twice_because_an_answer_was_lost_breaks_nothing_until_there_are_too_many(
        self,
    ) -> None:
        hub = Hub()
        async with hub.client() as client:
            made = await subscribe(client)
            path = f"/v1/subscriptions/{made['id']}/_rotate"
            answers = [await client.post(path) for _ in range(MOST_RETIRING + 1)]
            assert [one.status_code for one in answers] == [200] * MOST_RETIRING + [409]
            assert made["secret"] in stored(hub, made["id"]).secrets(NOW)
            assert (await client.post(path, json={"overlap": 0})).status_code == 200

    @pytest.mark.parametrize("overlap", ["-1", "169", '"24"', "true", "null", "[]", "1e400"])
    async def test_an_overlap_is_0_to_168_hours(self, overlap: str) -> None:
        hub = Hub()
        async with hub.client() as client:
            made = await subscribe(client)
            path = f"/v1/subscriptions/{made['id']}/_rotate"
            kind = {"Content-Type": "application/json"}
            answer = await client.post(path, content=f'{{"overlap": {overlap}}}', headers=kind)
        assert answer.status_code == 400 and stored(hub, made["id"]).secret == made["secret"]

    async def test_after_the_overlap_the_old_key_is_gone_from_what_is_stored(self) -> None:
        hub, clock = Hub(), [NOW]
        door = hub.gateway(now=lambda: clock[0])
        async with hub.client(app=hub.app(now=lambda: clock[0])) as client:
            made = await subscribe(client)
            await client.post(f"/v1/subscriptions/{made['id']}/_rotate", json={"overlap": 1})
            await Retirement(door).look()
            assert len(raw(hub, made["id"]).retiring) == 1
            clock[0] += HOUR_MS
            written = len(hub.kafka.topics["hub.subscriptions"])
            await Retirement(door).look()
            await Retirement(door).look()
        assert raw(hub, made["id"]).retiring == ()
        assert len(hub.kafka.topics["hub.subscriptions"]) == written + 1

    async def test_anothers_keys_are_not_there(self) -> None:
        hub = Hub()
        async with hub.client() as client:
            made = await subscribe(client)
        async with hub.client("school") as other:
            assert (await other.get(f"/v1/subscriptions/{made['id']}/keys")).status_code == 404
            assert (await other.post(f"/v1/subscriptions/{made['id']}/_rotate")).status_code == 404
            assert (await other.post("/v1/subscriptions/inbox-school/_rotate")).status_code == 404
        assert stored(hub, made["id"]).secret == made["secret"]


class TestCredentials:
    async def test_nothing_secret_is_stored_as_it_was_given_or_shown_again(self) -> None:
        hub, pair = Hub(), Authority().issue("hub")
        settings = {
            "headers": {"X-Api-Key": "geheim-kop"},
            "authorization": CLIENT,
            "tls": {"certificate": pair.certificate, "privateKey": pair.key},
        }
        async with hub.client() as client:
            made = await subscribe(client, protocolsettings=settings)
            shown = [made, *(await client.get("/v1/subscriptions")).json()]
            await client.post(f"/v1/subscriptions/{made['id']}/_pause")
        secrets = [made.pop("secret"), "geheim-kop", "geheim-oauth", pair.key.splitlines()[1]]
        assert made["protocolsettings"] == {
            "headers": {"X-Api-Key": "***"},
            "authorization": CLIENT | {"clientsecret": {"set": True}},
            "tls": {"certificate": pair.certificate, "privatekey": {"set": True}},
        }
        assert not any(secret in str([*shown[1:], made]) for secret in secrets)
        lying = hub.kafka.everything().decode()
        assert not any(secret in lying for secret in secrets)
        opened = stored(hub, made["id"]).protocolsettings
        assert opened["authorization"] == CLIENT and opened["tls"]["privatekey"] == pair.key

    async def test_what_was_shown_can_be_sent_back_and_keeps_what_is_hidden(self) -> None:
        hub, pair = Hub(), Authority().issue("hub")
        settings = {
            "headers": {"X-A": "geheim"},
            "authorization": CLIENT,
            "tls": {"certificate": pair.certificate, "privatekey": pair.key},
        }
        async with hub.client() as client:
            made = await subscribe(client, protocolsettings=settings)
            shown = (await client.get(f"/v1/subscriptions/{made['id']}")).json()
            answer = await client.put(f"/v1/subscriptions/{made['id']}", json={**shown, "types": []})
        assert answer.status_code == 200, answer.text
        assert stored(hub, made["id"]).protocolsettings == settings

    async def test_a_hidden_value_is_not_kept_for_another_address(self) -> None:
        """Else a stolen token of a partner would be enough to have its secrets sent elsewhere."""
        hub, pair, other = Hub(), Authority().issue("hub"), Authority().issue("hub")
        settings = {
            "headers": {"X-A": "geheim"},
            "authorization": CLIENT,
            "tls": {"certificate": pair.certificate, "privatekey": pair.key},
        }
        async with hub.client() as client:
            made = await subscribe(client, protocolsettings=settings)
            shown = made["protocolsettings"]
            moved = shown | {
                "authorization": shown["authorization"] | {"tokenendpoint": "https://evil.example/token"},
                "tls": shown["tls"] | {"certificate": other.certificate},
            }
            answer = await client.put(
                f"/v1/subscriptions/{made['id']}",
                json={**BODY, "sink": "https://evil.example/x", "protocolsettings": moved},
            )
        assert [e["pointer"] for e in answer.json()["errors"]] == [
            f"{AT}/authorization/clientsecret",
            f"{AT}/tls/privatekey",
            f"{AT}/headers",
        ]
        assert stored(hub, made["id"]).sink == SINK

    async def test_the_certificate_of_the_hub_is_offered_only_when_there_is_one(self) -> None:
        hub, tls = Hub(), {"tls": {"certificate": "hub"}}
        async with hub.client() as client:
            answer = await client.post("/v1/subscriptions", json={**BODY, "protocolsettings": tls})
            assert [e["pointer"] for e in answer.json()["errors"]] == [f"{AT}/tls/certificate"]
        async with hub.client(app=hub.app(reach=Reach(certificate=True))) as client:
            assert (await subscribe(client, protocolsettings=tls))["protocolsettings"] == tls

    @pytest.mark.parametrize(
        ("change", "pointers"),
        [
            ("x", [""]),
            ({}, ["/tokenendpoint", "/clientid", ""]),
            ({"tokenendpoint": "http://login.example.nl/"}, ["/tokenendpoint", "/clientid", ""]),
            (CLIENT | {"tokenEndpoint": "https://login.example.nl/"}, [""]),
            (CLIENT | {"password": "x"}, [""]),
            (CLIENT | {"clientid": ""}, ["/clientid"]),
            (CLIENT | {"clientid": 7, "scope": "a  b"}, ["/clientid", "/scope"]),
            (CLIENT | {"clientsecret": "é"}, ["/clientsecret"]),
            (CLIENT | {"clientsecret": "sealed:00000000:AAAA"}, ["/clientsecret"]),
            (CLIENT | {"clientsecret": {"set": True}}, ["/clientsecret"]),
            (CLIENT | {"clientsecret": None, "privatekey": {"set": True}}, ["/privatekey"]),
            (CLIENT | {"clientsecret": None, "privatekey": "-----BEGIN"}, ["/privatekey"]),
            (CLIENT | {"privatekey": private_key()}, [""]),
            (CLIENT | {"keyid": "k1"}, ["/keyid"]),
            (CLIENT | {"scope": "a\nb"}, ["/scope"]),
        ],
    )
    async def test_what_is_wrong_with_authorization_is_pointed_at(
        self, change: Any, pointers: list[str]
    ) -> None:
        async with Hub().client() as client:
            answer = await client.post(
                "/v1/subscriptions", json={**BODY, "protocolsettings": {"authorization": change}}
            )
        assert [e["pointer"] for e in answer.json()["errors"]] == [f"{AT}/authorization{p}" for p in pointers]
        assert "geheim-oauth" not in answer.text

    async def test_what_is_wrong_with_a_certificate_is_pointed_at(self) -> None:
        pair, other = Authority().issue("hub"), Authority().issue("hub")
        cases: list[tuple[Any, list[str]]] = [
            ("hub", [""]),
            ({}, ["/certificate", "/privatekey"]),
            ({"certificate": pair.certificate}, ["/privatekey"]),
            ({"certificate": pair.key, "privatekey": pair.key}, ["/certificate"]),
            ({"certificate": pair.certificate, "privatekey": other.key}, ["/privatekey"]),
            ({"certificate": pair.certificate, "privatekey": {"set": True}}, ["/privatekey"]),
            ({"certificate": pair.certificate, "privatekey": pair.key, "ca": "x"}, [""]),
        ]
        async with Hub().client() as client:
            for given, pointers in cases:
                answer = await client.post(
                    "/v1/subscriptions", json={**BODY, "protocolsettings": {"tls": given}}
                )
                found = [e["pointer"] for e in answer.json()["errors"]]
                assert found == [f"{AT}/tls{pointer}" for pointer in pointers], given

    async def test_authorization_is_given_in_one_way(self) -> None:
        settings = {"authorization": CLIENT, "headers": {"authorization": "Bearer x"}}
        async with Hub().client() as client:
            answer = await client.post("/v1/subscriptions", json={**BODY, "protocolsettings": settings})
        assert [e["pointer"] for e in answer.json()["errors"]] == [f"{AT}/headers"]

    async def test_a_secret_of_before_there_were_keys_is_sealed_at_the_next_write(self) -> None:
        hub = Hub()
        old = Subscription(
            id="sub-old",
            partner="almere",
            sink=SINK,
            secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            protocolsettings={"headers": {"Authorization": "Bearer oud"}},
        )
        hub.known.apply_subscription(b"sub-old", subscription.dump(old))
        async with hub.client() as client:
            assert (await client.post("/v1/subscriptions/sub-old/_pause")).status_code == 200
        assert stored(hub, "sub-old").secret == old.secret
        assert stored(hub, "sub-old").protocolsettings == old.protocolsettings
        assert b"oud" not in hub.kafka.everything() and old.secret.encode() not in hub.kafka.everything()
