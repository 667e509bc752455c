"""Deliveries to receivers that ask who comes: signatures, rotation, OAuth 2.0 and mTLS, on the real Kafka."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import jwt
import msgspec
import pytest
from aiohttp import web
from cryptography.x509 import load_pem_x509_certificate

from connectors.webhook.receiver import Receiver
from hub.core.sinks import networks
from hub.core.subscription import Subscription
from hub.core.topics import SUBSCRIPTIONS
from hub.errors import OperatorError
from hub.gateway.access_form import Reach
from hub.gateway.keys import draw
from hub.settings import Settings
from hub.wiring import secrets
from tests.broker import Broker
from tests.certificates import Authority
from tests.gateway_fakes import Hub
from tests.integration.gatewaykit import running
from tests.integration.partners import LOOPBACK, Partner, Stage, until
from tests.keys import FOLDER, KEYS

pytestmark = pytest.mark.kafka


class Issuer:
    """A token endpoint on loopback. `good` is the newest token; a receiver takes no other."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[str] = []
        self.good = ""
        self.refuses = False
        self.url = ""
        self.forms: list[dict[str, str]] = []
        self._tls = tls
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Issuer:
        app = web.Application()
        app.router.add_post("/token", self._token)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls).start()
        self.url = f"http{'s' if self._tls else ''}://127.0.0.1:{self._runner.addresses[0][1]}/token"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def guard(self, request: web.Request, _: int) -> int:
        return 200 if request.headers.get("Authorization") == f"Bearer {self.good}" else 401

    async def _token(self, request: web.Request) -> web.Response:
        self.asked.append(request.headers.get("Authorization", ""))
        self.forms.append({name: str(value) for name, value in (await request.post()).items()})
        if self.refuses:
            return web.json_response({"error": "invalid_client"}, status=401)
        self.good = f"token-{len(self.asked)}"
        return web.json_response({"access_token": self.good, "token_type": "Bearer", "expires_in": 3600})


async def sealed(stage: Stage, name: str, partner: Partner, **fields: Any) -> Subscription:
    """A subscription as the gateway writes it."""
    made = await stage.subscribe(name, None)
    mine = msgspec.structs.replace(made, sink=partner.sink, secret=partner.secret)
    await stage.write(KEYS.seal(msgspec.structs.replace(mine, **fields)))
    return msgspec.structs.replace(mine, **fields)


async def test_while_keys_overlap_receivers_with_either_verify(kafka: Broker) -> None:
    async with Stage(kafka) as stage:
        partner, now = await stage.partner(), 2**53
        new = draw("ed25519")
        first = await sealed(stage, "a", partner)
        async with stage.courier():
            await stage.publish(first, 2)
            await until(lambda: len(partner.delivered) == 2)
            await stage.write(KEYS.seal(first.rekeyed(*new, 0, now)))
            await stage.publish(first, 2, start=2)
            await until(lambda: len(partner.delivered) == 4)
            assert partner.unverified == 0, "the old secret verifies still"
            partner.receiver = Receiver(new.public)
            await stage.publish(first, 2, start=4)
            await until(lambda: len(partner.delivered) == 6)
            assert partner.unverified == 0
            await stage.write(KEYS.seal(first.rekeyed(*new, 0, 0)))
            await asyncio.sleep(1.0)
            await stage.publish(first, 1, start=6)
            await until(lambda: len(partner.delivered) == 7)
        kinds = [[one[:3] for one in hit.headers["webhook-signature"].split()] for hit in partner.hits]
        assert kinds == [["v1,"]] * 2 + [["v1a", "v1,"]] * 4 + [["v1a"]]


async def test_a_new_key_does_not_start_again_what_the_receiver_stopped(kafka: Broker) -> None:
    async def gone(*_: Any) -> int:
        return 410

    async with Stage(kafka) as stage:
        partner = await stage.partner(gone)
        mine = await sealed(stage, "a", partner)
        await stage.publish(mine, 2)
        async with stage.courier():
            await until(lambda: len(partner.hits) == 1)
            await asyncio.sleep(0.5)
            await stage.write(KEYS.seal(mine.rekeyed(*draw("hmac"), 0, 2**53)))
            await asyncio.sleep(1.5)
        async with stage.courier():
            await asyncio.sleep(1.5)
            assert len(partner.hits) == 1
            again = KEYS.seal(mine)
            await stage.write(again)
            await stage.write(again)
            await until(lambda: len(partner.hits) == 2)


async def test_a_token_is_fetched_once_and_again_when_it_is_not_taken_any_more(kafka: Broker) -> None:
    async with Issuer() as issuer, Stage(kafka) as stage:
        partner = await stage.partner(issuer.guard)
        grant = {"tokenendpoint": issuer.url, "clientid": "hub", "clientsecret": "geheim"}
        mine = await sealed(stage, "a", partner, protocolsettings={"authorization": grant})
        async with stage.courier():
            await stage.publish(mine, 20, subjects=20)
            await until(lambda: len(partner.delivered) == 20)
            assert len(issuer.asked) == 1 and partner.unverified == 0
            issuer.good = "changed by the issuer"
            await stage.publish(mine, 1, start=20)
            await until(lambda: len(partner.delivered) == 21)
            assert len(issuer.asked) == 2
        tried = await stage.attempts(mine)
        assert [one.outcome for one in tried] == ["delivered"] * 21, "a token that ran out is no failure"
        assert [hit.status for hit in partner.hits] == [200] * 20 + [401, 200]


async def test_the_hub_proves_itself_with_a_key_at_a_token_endpoint_of_an_authority_that_the_operator_trusts(
    kafka: Broker, tmp_path: Path
) -> None:
    ours = Authority()
    server, client = ours.issue("login.example.org"), ours.issue("the-hub")
    ca, own = tmp_path / "ca.pem", tmp_path / "server.pem"
    ca.write_text(ours.certificate)
    own.write_text(server.certificate + server.key)
    serves = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serves.load_cert_chain(own)
    async with Issuer(serves) as issuer, Stage(kafka, sink_ca=ca) as stage:
        partner = await stage.partner(issuer.guard)
        grant = {"tokenendpoint": issuer.url, "clientid": "hub", "privatekey": client.key, "keyid": "k1"}
        mine = await sealed(stage, "a", partner, protocolsettings={"authorization": grant})
        async with stage.courier():
            await stage.publish(mine, 1)
            await until(lambda: len(partner.delivered) == 1)
    public: Any = load_pem_x509_certificate(client.certificate.encode()).public_key()
    said = jwt.decode(issuer.forms[0]["client_assertion"], public, ["ES256"], audience=issuer.url)
    assert (said["iss"], said["sub"], issuer.asked) == ("hub", "hub", [""])


async def test_without_a_token_nothing_is_sent_and_the_cause_is_auth(kafka: Broker) -> None:
    async with Issuer() as issuer, Stage(kafka, retry_schedule=(0.0, *[1.5] * 50)) as stage:
        issuer.refuses = True
        partner = await stage.partner(issuer.guard)
        grant = {"tokenendpoint": issuer.url, "clientid": "hub", "clientsecret": "geheim"}
        mine = await sealed(stage, "a", partner, protocolsettings={"authorization": grant})
        async with stage.courier():
            await stage.publish(mine, 1)
            await until(lambda: len(issuer.asked) >= 2)
            assert partner.hits == []
            issuer.refuses = False
            await until(lambda: len(partner.delivered) == 1)
        tried = await stage.attempts(mine)
        assert {(one.outcome, one.status) for one in tried[:-1]} == {("retry", "auth")}
        assert tried[-1].outcome == "delivered"


async def test_a_receiver_that_wants_a_certificate_gets_that_of_the_subscription_or_of_the_hub(
    kafka: Broker, tmp_path: Path
) -> None:
    ours = Authority()
    server, own, hubs = ours.issue("school.example.org"), ours.issue("for-school"), ours.issue("the-hub")
    paths = {name: tmp_path / f"{name}.pem" for name in ("ca", "server", "hub")}
    paths["ca"].write_text(ours.certificate)
    paths["server"].write_text(server.certificate + server.key)
    paths["hub"].write_text(hubs.certificate + hubs.key)
    wants = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(paths["ca"]))
    wants.load_cert_chain(paths["server"])
    wants.verify_mode = ssl.CERT_REQUIRED
    async with Stage(kafka, sink_ca=paths["ca"], sink_certificate=paths["hub"]) as stage:
        partners = {name: Partner() for name in ("own", "hub", "none")}
        settings = {
            "own": {"tls": {"certificate": own.certificate, "privatekey": own.key}},
            "hub": {"tls": {"certificate": "hub"}},
            "none": {},
        }
        met: dict[str, list[Any]] = {name: [] for name in partners}
        for name, partner in partners.items():
            partner.answer = _meeting(met[name])
            await partner.start(tls=wants)
        mine = {
            name: await sealed(stage, name, partner, protocolsettings=settings[name])
            for name, partner in partners.items()
        }
        async with stage.courier():
            for one in mine.values():
                await stage.publish(one, 1)
            await until(lambda: len(partners["own"].delivered) == len(partners["hub"].delivered) == 1)
            status = await stage.status(mine["none"])
        assert met["own"] == ["for-school"] and met["hub"] == ["the-hub"]
        assert partners["none"].asked == [] and (status is None or status.state == "pending")
        await asyncio.gather(*(partner.stop() for partner in partners.values()))


def _meeting(met: list[Any]) -> Any:
    async def answer(request: web.Request, _: int) -> int:
        assert request.transport is not None
        subject = request.transport.get_extra_info("peercert")["subject"]
        met.append(dict(pair for part in subject for pair in part)["commonName"])
        return 200

    return answer


async def test_no_secret_of_a_subscription_lies_in_kafka(kafka: Broker) -> None:
    pair, hub, settings = Authority().issue("hub"), Hub(), Settings(data=FOLDER, kafka=kafka.bootstrap)
    body = {
        "protocol": "HTTP",
        "sink": "https://las.example.nl/hook",
        "sinkcredential": {"credentialtype": "ACCESSTOKEN", "accesstoken": "GEHEIM-bearer-7Qx"},
        "protocolsettings": {
            "headers": {"X-Api-Key": "GEHEIM-kop-7Qx"},
            "tls": {"certificate": pair.certificate, "privatekey": pair.key},
        },
    }
    grant = {
        "tokenendpoint": "https://login.example.nl/",
        "clientid": "hub",
        "clientsecret": "GEHEIM-oauth-7Qx",
    }
    told = ["GEHEIM-bearer-7Qx", "GEHEIM-kop-7Qx", "GEHEIM-oauth-7Qx", *pair.key.splitlines()[1:-1]]
    async with running(kafka, hub, seal=KEYS.seal, reach=Reach(networks(LOOPBACK))) as client:
        made = (await client.post("/v1/subscriptions", json=body)).json()
        told.append((await client.post(f"/v1/subscriptions/{made['id']}/_rotate")).json()["secret"])
        other = body | {"protocolsettings": {"authorization": grant}, "config": {"signature": "ed25519"}}
        del other["sinkcredential"]
        answer = await client.post("/v1/subscriptions", json=other)
        assert answer.status_code == 201, answer.text
        told.append(made["secret"])
        known = hub.known.find(hub.known.directory.partners["almere"], answer.json()["id"])
        assert known is not None
        told.append(KEYS.open(known).secret)
        try:
            assert await asyncio.to_thread(secrets.rotate, settings, False) == 0
        except OperatorError as error:  # what other tests left here is sealed with keys of theirs
            assert not any(id in str(error) for id in (made["id"], known.id))
    folder = kafka.local.data
    lying = [path for path in folder.rglob("*.log") if path.is_file()]
    content = [path.read_bytes() for path in lying]
    assert any(made["id"].encode() in one for one in content), "this is where subscriptions lie"
    found = [
        secret[:12] for secret in told for one in content if secret.removeprefix("whsec_").encode() in one
    ]
    assert found == [] and SUBSCRIPTIONS in str(lying)
