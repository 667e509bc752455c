"""What a partner needs to receive from the hub: standard library only, no web framework, may be copied as it is. Who
verifies with public keys (`whpk_...`) needs the package `cryptography` too.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

TOLERANCE_SECONDS = 300
REMEMBERED = 100_000
HEARTBEAT = "nl.onderwijsloopbanen.hub.heartbeat.v1"
"""Type of what the hub sends when it was quiet for long: no event of the feed, only the number of the last one."""


class Accepted(NamedTuple):
    """Answer 200 or 204. `event` is the CloudEvent as a dict; `repeat`: seen before, do nothing; `gap`:
    how many lower numbers of this feed are still to come (0 most of the time: subjects travel side by
    side), without those that were withdrawn before you got them. Of a heartbeat (type HEARTBEAT) only
    `gap` matters: it also tells of numbers that never came.
    """

    event: dict[str, Any]
    repeat: bool
    gap: int


class Refused(NamedTuple):
    """Answer `status`; `reason` says what is wrong, to be logged on your side."""

    status: int
    reason: str


class Receiver:
    """One subscription at the receiving end. Remembers in memory what it saw: keep the ids of handled events
    in your own database, in the transaction that handles them, if repeats must be known after a restart.

    `secrets` are what signatures are verified with, `whsec_...` or `whpk_...`: one, or while the hub's key is rotated
    the old and the new. `origin` is the hub you expect (None: any); `rate` the requests per minute that you can take
    (None: any number).
    """

    def __init__(
        self,
        secrets: str | Iterable[str],
        origin: str | None = None,
        rate: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._verify = [_verifier(one) for one in ([secrets] if isinstance(secrets, str) else secrets)]
        self._origin = origin
        self._rate = rate
        self._clock = clock
        self._seen: dict[str, None] = {}
        self._high = 0
        self._missing: set[int] = set()
        self._withdrawn: set[int] = set()

    def handshake(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers to answer OPTIONS with (status 200); empty when another than the expected hub asks."""
        asked = _lower(headers).get("webhook-request-origin", "")
        if not asked or self._origin not in (None, asked):
            return {}
        rate = "*" if self._rate is None else str(self._rate)
        return {"WebHook-Allowed-Origin": asked, "WebHook-Allowed-Rate": rate}

    def accept(self, headers: Mapping[str, str], body: bytes) -> Accepted | Refused:
        """Judges one POST; `body` must be the raw bytes, for they are what was signed. Never raises."""
        given = _lower(headers)
        if reason := self._fault(given, body):
            return Refused(401, reason)
        event = _event(given, body)
        if event is None:
            return Refused(400, "the body is not a CloudEvent")
        repeat = given["webhook-id"] in self._seen
        self._remember(given["webhook-id"])
        withdrawn = named_numbers(given.get("hub-withdrawn", ""))
        if event.get("type") == HEARTBEAT:
            self._hear(event.get("data"))
        return Accepted(event, repeat, self._count(given.get("hub-sequence", ""), withdrawn))

    def accept_batch(self, headers: Mapping[str, str], body: bytes) -> list[Accepted] | Refused:
        """The same for a subscription with `config.batch`: one answer per event, in their order. A batch may be cut in
        another way when it comes again, so here an event is a repeat by its `source` and `id`."""
        given = _lower(headers)
        if reason := self._fault(given, body):
            return Refused(401, reason)
        events = _events(body)
        if events is None:
            return Refused(400, "the body is not an array of CloudEvents")
        numbers = sorted(named_numbers(given.get("hub-sequence", "")))
        withdrawn = named_numbers(given.get("hub-withdrawn", ""))
        places = numbers if len(numbers) == len(events) else [0] * len(events)
        return [self._one(one, number, withdrawn) for one, number in zip(events, places, strict=True)]

    def _one(self, event: dict[str, Any], number: int, withdrawn: set[int]) -> Accepted:
        key = f"{event.get('source')} {event.get('id')}"
        repeat = key in self._seen
        self._remember(key)
        if event.get("type") == HEARTBEAT:
            self._hear(event.get("data"))
        return Accepted(event, repeat, self._count(str(number), withdrawn))

    def forget(self, webhook_id: str) -> None:
        """Handling failed and you answer 5xx: the next attempt is not a repeat."""
        self._seen.pop(webhook_id, None)

    def _fault(self, given: Mapping[str, str], body: bytes) -> str | None:
        id, stamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
        if not id or not (stamp.isascii() and stamp.isdecimal()):
            return "webhook-id or webhook-timestamp is missing"
        if abs(self._clock() - int(stamp)) > TOLERANCE_SECONDS:
            return "webhook-timestamp is too old or too new: check the clock"
        signed, named = f"{id}.{stamp}.".encode() + body, _signatures(given.get("webhook-signature", ""))
        right = any(verify(signed, *one) for verify in self._verify for one in named)
        return None if right else "webhook-signature does not fit the body and the secret"

    def _remember(self, id: str) -> None:
        self._seen[id] = None
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]

    def _hear(self, data: Any) -> None:
        """A heartbeat: numbers up to that of the last event that did not come are missing."""
        last = data.get("number", 0) if isinstance(data, dict) else 0
        if self._high and last > self._high:
            self._missing.update(range(self._high + 1, min(last, self._high + REMEMBERED) + 1))
        self._high = max(self._high, last)
        self._missing -= self._withdrawn

    def _count(self, sequence: str, withdrawn: set[int]) -> int:
        number = int(sequence) if sequence.isascii() and sequence.isdecimal() else 0
        if self._high and number > self._high:
            self._missing.update(range(self._high + 1, min(number, self._high + REMEMBERED)))
        self._high = max(self._high, number)
        self._missing -= {number} | withdrawn | self._withdrawn
        self._withdrawn = {one for one in withdrawn | self._withdrawn if one > self._high}
        return len(self._missing)


def named_numbers(header: str) -> set[int]:
    """Numbers as `Hub-Withdrawn` names them, and `Hub-Sequence` of a batch: `5,7-9` is 5, 7, 8 and 9."""
    found: set[int] = set()
    for run in filter(None, header.split(",")):
        first, _, last = run.strip().partition("-")
        if first.isdecimal() and (last or first).isdecimal():
            found.update(range(int(first), min(int(last or first), int(first) + REMEMBERED) + 1))
    return found


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _signatures(header: str) -> list[tuple[str, bytes]]:
    """Versions (`v1` is HMAC, `v1a` Ed25519) and signatures, of as many keys as the hub signs with."""
    found = []
    for one in header.split():
        version, _, encoded = one.partition(",")
        try:
            found.append((version, base64.b64decode(encoded, validate=True)))
        except (binascii.Error, ValueError):
            continue
    return found


def _verifier(secret: str) -> Callable[[bytes, str, bytes], bool]:
    """Judges (what was signed, version, signature) with one secret or public key."""
    if not secret.startswith("whpk_"):
        key = base64.b64decode(secret.removeprefix("whsec_"))
        return lambda signed, version, one: (
            version == "v1" and hmac.compare_digest(hmac.digest(key, signed, "sha256"), one)
        )
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(secret.removeprefix("whpk_")))

    def verify(signed: bytes, version: str, one: bytes) -> bool:
        try:
            public.verify(one, signed)
        except InvalidSignature:
            return False
        return version == "v1a"

    return verify


def _events(body: bytes) -> list[dict[str, Any]] | None:
    try:
        content = json.loads(body)
    except ValueError:
        return None
    sound = isinstance(content, list) and all(isinstance(one, dict) for one in content)
    return content if sound else None


def _event(given: Mapping[str, str], body: bytes) -> dict[str, Any] | None:
    """Structured when the content type says so, else binary (attributes in `ce-` headers)."""
    try:
        content = json.loads(body)
    except ValueError:
        return None
    if given.get("content-type", "").lower().startswith("application/cloudevents"):
        return content if isinstance(content, dict) else None
    attributes = {name[3:]: unquote(value) for name, value in given.items() if name.startswith("ce-")}
    return {**attributes, "data": content} if "id" in attributes else None
