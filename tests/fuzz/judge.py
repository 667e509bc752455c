"""What must be true of every answer, and of all that is stored when it is over."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import orjson

from hub.core.admission import Admitted, admit
from hub.core.cloudevents import draft_http
from hub.core.event import from_structured
from hub.core.partners import Org, Partner, Role
from hub.core.reception import Context, receive
from hub.core.records import Record
from hub.core.rules import Rules
from hub.core.topics import EVENTS, JOURNAL, QUARANTINE
from hub.settings import Settings
from tests.fuzz.attacks import Attack, shown
from tests.fuzz.client import Answer
from tests.fuzz.stage import BY_TOKEN, PUBLISHERS
from tests.fuzz.values import PLANTED

LONGEST = 20.0
MOST_TOLD = 20
_TRACE = re.compile(rb'Traceback|File "|\.py"?, line|site-packages|pydantic\.|starlette\.')
_CODE = re.compile(r"[a-z0-9-]{1,40}")

HUB = Partner("hub", "hub", (Role.HUB,), (Org(Rules().hub_org, "hub"),), sources=(Settings().source,))


class Judge:
    """Collects faults; `faults` stays empty for a door that holds."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.seconds: list[float] = []
        self.accepted: set[tuple[str, str]] = set()
        self.uncertain: set[tuple[str, str]] = set()
        self.erased = 0

    def fault(self, what: str, attack: Attack | None = None) -> None:
        self.faults.append(f"{what}: no. {attack.number} {attack.what}: {shown(attack)}" if attack else what)

    def answer(self, attack: Attack, given: Answer) -> None:
        self.statuses[given.status] += 1
        self.seconds.append(given.seconds)
        self._accepted(attack, given)
        if given.status in (0, -1):
            if given.status == -1 or not (
                attack.hang_up or attack.dawdle or attack.what in ("wire", "pieces")
            ):
                self.fault("no answer", attack)
            return
        if given.status >= 500:
            self.fault(f"answered {given.status} {given.body[:200]!r}", attack)
        if given.seconds > LONGEST:
            self.fault(f"answered after {given.seconds:.1f} s", attack)
        if _TRACE.search(given.body):
            self.fault("an answer holds a stack trace", attack)
        if given.status >= 400 and not attack.head:
            self._refusal(attack, given)

    def _refusal(self, attack: Attack, given: Answer) -> None:
        if given.headers.get("content-type") != "application/problem+json":
            self.fault(f"a refusal ({given.status}) that is no problem", attack)
        if given.status == 405 and not given.headers.get("allow"):
            self.fault("405 without Allow", attack)
        if given.status == 429 and not given.headers.get("retry-after"):
            self.fault("429 without Retry-After", attack)
        if any(value.encode() in given.body for value in PLANTED):
            self.fault("a refusal repeats a value of a person", attack)

    def _accepted(self, attack: Attack, given: Answer) -> None:
        """Which events were said to be kept; of who hung up nobody knows."""
        if given.status in (202, 207) and attack.headers:
            told: Any = orjson.loads(given.body)
            results = told.get("results", [told])
            self.accepted |= {(one["source"], one["id"]) for one in results if one.get("status", 202) == 202}
        elif given.status in (0, -1) and attack.token in BY_TOKEN:
            self.uncertain |= sound(attack)

    def stored(self, records: list[Record], expected: set[str]) -> None:
        """`records` are all that came into the cluster meanwhile; only topics of `expected` may have grown."""
        kept: set[tuple[str, str]] = set()
        for record in records:
            raw = b" ".join(
                (
                    record.key or b"",
                    record.value or b"",
                    *(name.encode() + b" " + value for name, value in record.headers),
                )
            )
            if any(value.encode() in raw for value in PLANTED):
                self.fault(f"a value of a person is stored in {record.topic}")
            if record.topic in EVENTS:
                kept |= self._event(record)
            elif record.topic == JOURNAL:
                self._entry(record)
            elif record.topic == QUARANTINE or not (
                record.topic in expected or record.topic.startswith("outbox.")
            ):
                self.fault(f"something was written to {record.topic}")
        if lost := self.accepted - kept:
            self.fault(f"{len(lost)} events were accepted and are not there")
        if more := kept - self.accepted - self.uncertain:
            self.fault(f"{len(more)} events are stored that nobody was told of: {sorted(more)[:3]}")

    def _event(self, record: Record) -> set[tuple[str, str]]:
        """Who published it and was told so; nobody, of what the hub says itself when a learner is erased."""
        event = from_structured(record.value or b"")
        ours = event.source == HUB.sources[0]
        publisher = HUB if ours else PUBLISHERS.get(event.type)
        again = admit(event, publisher) if publisher else None
        if not isinstance(again, Admitted) or again.event != event or again.topic != record.topic:
            self.fault(f"an event is stored that the core does not admit ({event.type})")
        if ours:
            self.erased += 1
        return set() if ours else {(event.source, event.id)}

    def _entry(self, record: Record) -> None:
        for name, value in orjson.loads(record.value or b"{}").items():
            if name in ("reasons", "warnings") and not all(_CODE.fullmatch(code) for code in value):
                self.fault("the journal holds a reason that is no code")

    def log(self, text: bytes) -> None:
        """What the gateway wrote."""
        if b"Traceback" in text or b'"level":"error"' in text:
            at = max(text.find(b"Traceback"), text.find(b'"level":"error"'))
            self.fault(
                f"the log holds an error: {text[max(0, at - 300) : at + 900].decode(errors='replace')}"
            )
        for value in PLANTED:
            if value.encode() in text:
                self.fault("a value of a person is in the log")

    def memory(self, curve: list[float], allowance: float) -> None:
        """Flat: after it warmed up, the second half needs hardly more than the first."""
        half = len(curve) // 2
        if half > 1 and min(curve[-3:]) > max(curve[1 : half + 1]) + allowance:
            self.fault(f"memory grows: {', '.join(f'{one:.0f}' for one in curve)} MB")


def sound(attack: Attack) -> set[tuple[str, str]]:
    """Source and id of every event of a request that the core would take: it may have come in although the sender
    never heard."""
    headers = {name.lower(): value for name, value in attack.headers.items()}
    drafts = draft_http(headers.get("content-type"), headers, attack.body)
    publisher = BY_TOKEN[attack.token]
    received = [
        receive(one, publisher, Context("http", 0), admit)
        for one in (drafts if isinstance(drafts, list) else [drafts])
    ]
    return {(one.source, one.id) for one in received if one.event}
