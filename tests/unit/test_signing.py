from __future__ import annotations

import base64
from datetime import UTC, datetime
from urllib.parse import unquote

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from connectors.webhook.receiver import Accepted, Receiver, Refused
from hub.core.delivery import Delivery
from hub.core.subscription import Subscription
from hub.courier.request import Stamp, build, escape
from hub.courier.signing import BadSecret, signatures

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = 1_795_000_000
BODY = orjson.dumps(
    {
        "specversion": "1.0",
        "id": "a.b",
        "source": "urn:nld:oin:00000099000000000001:systeem:x",
        "type": "nl.almere.onderwijs.x.v1",
        "subject": "6c2f9e0e-5f4e-4c11-9a52-0f6a2c7f5c11",
        "note": 'één "quote" 100%',
        "data": {"naam": "Zoë"},
    }
)
DELIVERY = Delivery("5f0b3c52-8f3e-5c8e-9d0e-0a4b7c1d2e3f", "subject", 0, BODY)


def subscription(**fields: object) -> Subscription:
    return Subscription(**{"id": "s1", "partner": "p1", "sink": "https://x", "secret": SECRET, **fields})  # type: ignore[arg-type]


def test_the_signature_is_the_one_of_the_standard_webhooks_example() -> None:
    """Example of the Standard Webhooks library, whose secret, id, time and body are fixed."""
    signature = signatures([SECRET], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(min_size=24, max_size=64), st.uuids(), st.integers(0, 2**33), st.text())
def test_the_signature_is_that_of_the_standardwebhooks_library(
    key: bytes, id: object, at: int, body: str
) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    theirs = Webhook(secret).sign(str(id), datetime.fromtimestamp(at, UTC), body)
    assert signatures([secret], str(id), at, body.encode()) == theirs


PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ED25519 = "whsk_" + base64.b64encode(PRIVATE.private_bytes_raw()).decode()
PUBLIC = "whpk_" + base64.b64encode(PRIVATE.public_key().public_bytes_raw()).decode()


def test_an_ed25519_signature_is_over_the_same_bytes_and_verifies_with_the_public_key() -> None:
    version, _, encoded = signatures([ED25519], "msg_1", 1614265330, b"{}").partition(",")
    assert version == "v1a"
    PRIVATE.public_key().verify(base64.b64decode(encoded), b"msg_1.1614265330.{}")


def test_while_keys_overlap_each_signs_newest_first_and_then_the_old_one_no_more() -> None:
    mine = subscription().rekeyed(ED25519, PUBLIC, NOW * 1000, (NOW + 60) * 1000)
    made = build(DELIVERY, mine, 1, Stamp("hub.example", NOW)).headers["webhook-signature"]
    assert [one.partition(",")[0] for one in made.split()] == ["v1a", "v1"]
    assert made.split()[1] == signatures([SECRET], DELIVERY.id, NOW, BODY)
    later = build(DELIVERY, mine, 1, Stamp("hub.example", NOW + 60)).headers["webhook-signature"]
    assert [one.partition(",")[0] for one in later.split()] == ["v1a"]


@pytest.mark.parametrize("given", [SECRET, PUBLIC, [SECRET, PUBLIC], ["whsec_AAAA", PUBLIC]])
def test_the_receiver_kit_verifies_with_either_key_of_an_overlap(given: str | list[str]) -> None:
    mine = subscription().rekeyed(ED25519, PUBLIC, NOW * 1000, (NOW + 60) * 1000)
    made = build(DELIVERY, mine, 1, Stamp("hub.example", NOW))
    receiver = Receiver(given, clock=lambda: NOW)
    assert isinstance(receiver.accept(made.headers, made.body), Accepted)
    assert isinstance(receiver.accept(made.headers, made.body + b" "), Refused)


def test_the_receiver_kit_takes_no_signature_for_one_of_another_kind() -> None:
    made = build(DELIVERY, subscription(secret=ED25519), 1, Stamp("hub.example", NOW))
    swapped = made.headers | {"webhook-signature": made.headers["webhook-signature"].replace("v1a,", "v1,")}
    for headers, key in ((made.headers, SECRET), (swapped, PUBLIC), (made.headers, "whpk_" + "A" * 43 + "=")):
        assert isinstance(Receiver(key, clock=lambda: NOW).accept(headers, made.body), Refused)


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "whsec_%%%", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsk_", "whsk_AAAA", "sealed:x:AAAA"],
)
def test_without_a_usable_secret_nothing_is_signed_and_the_secret_is_not_shown(secret: str) -> None:
    with pytest.raises(BadSecret) as raised:
        signatures([secret], "id", NOW, b"")
    assert len(secret) < 8 or secret not in str(raised.value)


def test_a_structured_request_carries_the_stored_bytes_exactly() -> None:
    made = build(DELIVERY, subscription(), 7, Stamp("hub.example", NOW))
    assert made.body == BODY
    assert made.headers["Content-Type"] == "application/cloudevents+json; charset=UTF-8"
    assert not any(name.startswith("ce-") for name in made.headers)


def test_both_modes_carry_id_time_signature_origin_and_number() -> None:
    for mode in ("structured", "binary"):
        headers = build(DELIVERY, subscription(config={"mode": mode}), 7, Stamp("hub.example", NOW)).headers
        assert headers["webhook-id"] == DELIVERY.id
        assert headers["webhook-timestamp"] == str(NOW)
        assert headers["WebHook-Request-Origin"] == "hub.example"
        assert headers["Hub-Sequence"] == "7"
        assert headers["Hub-Subscription"] == "s1"
        assert headers["webhook-signature"].startswith("v1,")


def test_a_binary_request_says_the_same_in_headers_and_data() -> None:
    made = build(DELIVERY, subscription(config={"mode": "binary"}), 7, Stamp("hub.example", NOW))
    event = orjson.loads(BODY)
    assert orjson.loads(made.body) == event.pop("data")
    assert made.headers["Content-Type"] == "application/json"
    attributes = {k[3:]: v for k, v in made.headers.items() if k.startswith("ce-")}
    assert attributes["note"] == "%C3%A9%C3%A9n%20%22quote%22%20100%25"
    assert {name: unquote(value) for name, value in attributes.items()} == event


@given(st.text())
def test_escaped_attributes_are_printable_and_come_back(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    escaped = escape(text)
    assert all("\x21" <= c <= "\x7e" and c != '"' for c in escaped)
    assert unquote(escaped) == text


def test_booleans_and_numbers_are_written_as_cloudevents_writes_them() -> None:
    assert (escape(True), escape(False), escape(-7)) == ("true", "false", "-7")


def test_a_subscriber_adds_headers_but_overrides_none_of_ours() -> None:
    theirs = {
        "Authorization": "Bearer x",
        "Webhook-Id": "forged",
        "CONTENT-TYPE": "text/plain",
        "Host": "elsewhere",
        "Content-Length": "3",
        "X-Evil": "a\r\nX-More: b",
        "bad name": "x",
        "number": 7,
    }
    made = build(DELIVERY, subscription(protocolsettings={"headers": theirs}), 1, Stamp("hub.example", NOW))
    lowered = {name.lower(): value for name, value in made.headers.items()}
    assert len(lowered) == len(made.headers)
    assert lowered["authorization"] == "Bearer x"
    assert lowered["webhook-id"] == DELIVERY.id
    assert lowered["content-type"].startswith("application/cloudevents+json")
    assert not {"host", "content-length", "x-evil", "bad name", "number"} & lowered.keys()


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_the_receiver_kit_and_the_library_both_accept_what_we_send(mode: str) -> None:
    now = int(datetime.now(UTC).timestamp())
    made = build(DELIVERY, subscription(config={"mode": mode}), 1, Stamp("hub.example", now))
    Webhook(SECRET).verify(made.body, made.headers)
    got = Receiver(SECRET).accept(made.headers, made.body)
    assert isinstance(got, Accepted)
    assert got.event == orjson.loads(BODY)


def test_the_receiver_kit_refuses_what_the_library_refuses() -> None:
    now = int(datetime.now(UTC).timestamp())
    made = build(DELIVERY, subscription(), 1, Stamp("hub.example", now))
    other = "whsec_" + base64.b64encode(b"x" * 24).decode()
    old = build(DELIVERY, subscription(), 1, Stamp("hub.example", now - 400))
    forged = made.headers | {"webhook-id": "other"}
    for secret, headers, body in [
        (SECRET, made.headers, made.body + b" "),
        (SECRET, forged, made.body),
        (SECRET, old.headers, old.body),
        (SECRET, {}, made.body),
        (SECRET, made.headers | {"webhook-signature": "v1,AAAA v2,abc"}, made.body),
        (other, made.headers, made.body),
    ]:
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, headers)
        refused = Receiver(secret).accept(headers, body)
        assert isinstance(refused, Refused)
        assert refused.status == 401


def test_the_receiver_kit_knows_repeats_and_gaps() -> None:
    receiver = Receiver(SECRET, clock=lambda: NOW)

    def receive(id: str, number: int) -> tuple[bool, int]:
        made = build(DELIVERY._replace(id=id), subscription(), number, Stamp("hub.example", NOW))
        got = receiver.accept(made.headers, made.body)
        assert isinstance(got, Accepted)
        return got.repeat, got.gap

    assert receive("a", 5) == (False, 0)
    assert receive("c", 7) == (False, 1)
    assert receive("c", 7) == (True, 1)
    assert receive("b", 6) == (False, 0)
    assert receive("a", 5) == (True, 0)
    receiver.forget("a")
    assert receive("a", 5) == (False, 0)


def test_the_receiver_kit_counts_no_gap_for_what_was_withdrawn() -> None:
    receiver = Receiver(SECRET, clock=lambda: NOW)

    def gap(number: int, withdrawn: str = "") -> int:
        made = build(
            DELIVERY._replace(id=str(number)),
            subscription(),
            number,
            Stamp("hub.example", NOW, {"Hub-Withdrawn": withdrawn} if withdrawn else {}),
        )
        got = receiver.accept(made.headers, made.body)
        assert isinstance(got, Accepted)
        return got.gap

    assert [gap(1), gap(5), gap(6, "2-3,8"), gap(9), gap(4), gap(7)] == [0, 3, 1, 2, 1, 0]
    assert gap(11, "rubbish, 10") == 0


def test_the_receiver_kit_consents_only_to_the_hub_it_expects() -> None:
    asked = {"WebHook-Request-Origin": "hub.example", "WebHook-Request-Rate": "6000"}
    assert Receiver(SECRET).handshake(asked) == {
        "WebHook-Allowed-Origin": "hub.example",
        "WebHook-Allowed-Rate": "*",
    }
    assert Receiver(SECRET, origin="hub.example", rate=60).handshake(asked)["WebHook-Allowed-Rate"] == "60"
    assert Receiver(SECRET, origin="other.example").handshake(asked) == {}
    assert Receiver(SECRET).handshake({}) == {}
