"""Subscriptions (CloudEvents subscriptions API) and their filters (standards.md §2.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from hub.core.event import Attribute, Fault
from hub.core.personal import looks_personal
from hub.core.purposes import flow_of, uncovered

Filter = dict[str, Any]
"""One filter object as it stands on the wire: exactly one of exact, prefix, suffix, all, any, not."""

Attributes = Mapping[str, Attribute]

INBOX = "inbox-"

GRANTED = frozenset({"validated", "delivering", "backing-off", "breaker-open"})
"""States in which the sink agreed to be sent to."""


LAST_ANSWER = "last answer: "
"""Begins the reason of a subscription that waits after failures; then comes the last one (`hub.core.retry.Answer`)."""


class Batching(NamedTuple):
    """So many events at most in one request, collected for so many seconds at most after the first."""

    size: int
    seconds: float


class Retiring(msgspec.Struct, frozen=True, omit_defaults=True):
    """A signing key that has a successor, and signs beside it until then (milliseconds since 1970)."""

    until: int
    secret: str
    public: str = ""


class Subscription(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one partner wants, and where. Without `sink` it is pull only.

    `config.mode` is `structured` (default) or `binary`; the other options are read by the methods below and were
    checked at the door (`hub.gateway.options`). `secret` signs its webhooks: `whsec_...` is shared with the partner and
    shown once, in the answer that made it; `whsk_...` never, the partner has `public` (`whpk_...`). `retiring` are
    those before it, newest first. What is secret here is sealed wherever it is stored (`hub.core.confidential`).
    """

    id: str
    partner: str
    sink: str | None = None
    types: tuple[str, ...] = ()
    source: str | None = None
    filters: tuple[Filter, ...] = ()
    config: dict[str, Any] = {}
    protocolsettings: dict[str, Any] = {}
    secret: str = ""
    paused: bool = False
    created: int = 0
    public: str = ""
    retiring: tuple[Retiring, ...] = ()

    @property
    def inbox(self) -> bool:
        return self.id == INBOX + self.partner

    def schedule(self, default: Sequence[float]) -> Sequence[float]:
        """Seconds before attempt 1, 2, 3, ... of a delivery (`config.retry`)."""
        return self.config.get("retry") or default

    @property
    def rate(self) -> int:
        """Requests per minute that the partner wants at most (`config.rate`), 0 = it did not say."""
        return int(self.config.get("rate", 0))

    def heartbeat(self, default: float) -> float:
        """Seconds of quiet after which the hub shows that it lives (`config.heartbeat`), 0 = never."""
        return float(self.config.get("heartbeat", default))

    @property
    def batching(self) -> Batching | None:
        """How events are collected into one request (`config.batch`), None = each goes by itself."""
        given = self.config.get("batch")
        return (
            Batching(int(given.get("size", 100)), float(given.get("seconds", 0)))
            if given is not None
            else None
        )

    @property
    def signature(self) -> str:
        """`hmac` or `ed25519` (`config.signature`)."""
        return str(self.config.get("signature", "hmac"))

    def secrets(self, now: int) -> list[str]:
        """What signs at `now`, newest first."""
        return [self.secret, *(one.secret for one in self.retiring if one.until > now)]

    def without_retired(self, now: int) -> Subscription:
        """Itself when every key may still sign."""
        kept = tuple(one for one in self.retiring if one.until > now)
        return self if len(kept) == len(self.retiring) else msgspec.structs.replace(self, retiring=kept)

    def rekeyed(self, secret: str, public: str, now: int, until: int) -> Subscription:
        """With a new signing key; those before it sign too until `until`, or the earlier moment they already had."""
        before = (Retiring(until, self.secret, self.public), *self.retiring) if self.secret else self.retiring
        kept = (msgspec.structs.replace(one, until=min(one.until, until)) for one in before)
        changed = msgspec.structs.replace(self, secret=secret, public=public, retiring=tuple(kept))
        return changed.without_retired(now)

    def only_rekeyed(self, before: Subscription) -> bool:
        """Whether it is `before` with other signing keys: nothing that its partner wrote anew."""
        new = {"secret": self.secret, "public": self.public, "retiring": self.retiring}
        ends, ended = ([one.until for one in of.retiring] for of in (self, before))
        return ends != ended and self == msgspec.structs.replace(before, **new)

    def uncovered(self, type: str, column: str) -> str:
        """Why an event of this type, given to its partner by a column of the matrix, is none of its purposes or has no
        footing in its basis; "" when it has, or when it names neither: then it is for its partner's legal task."""
        purposes = self.config.get("purpose")
        if purposes is None:
            return ""
        return uncovered(purposes, self.config["basis"], flow_of(type), column)

    def wants(self, attributes: Attributes) -> bool:
        """Whether an event with these attributes passes `source`, `types` and every filter."""
        if self.source is None and not self.types and not self.filters:
            return True
        if self.source is not None and attributes.get("source") != self.source:
            return False
        if self.types and attributes.get("type") not in self.types:
            return False
        return all(matches(f, attributes) for f in self.filters)


class Status(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the courier knows of a subscription. `allowed_rate` is per minute, 0 = as many as it likes; `at` is when
    the state began and `next_at` when the next attempt is due (milliseconds since 1970, 0 = not waiting);
    `consented` when the sink last agreed to be sent to.

    pending: not asked yet, or nobody there to ask · refused: the sink does not agree · validated: nothing to deliver ·
    delivering · backing-off: waits after failures · breaker-open: failed so often that one delivery at a time is
    tried · expired: agreed too long ago and not again · stopped: 410. A paused subscription says so itself.
    """

    state: Literal[
        "pending", "refused", "validated", "delivering", "backing-off", "breaker-open", "expired", "stopped"
    ] = "pending"
    reason: str = ""
    at: int = 0
    allowed_rate: int = 0
    sink: str = ""
    next_at: int = 0
    consented: int = 0


def stands(given: Subscription, status: Status) -> str:
    """The state of its webhook in one word; `pull` when it has none, `paused` when its partner holds it back."""
    if not given.sink:
        return "pull"
    return "paused" if given.paused and status.state != "stopped" else status.state


def inbox(partner: str) -> Subscription:
    """The subscription every partner always has, so that nothing is lost while it has no webhook yet."""
    return Subscription(id=INBOX + partner, partner=partner)


def matches(given: Filter, attributes: Attributes) -> bool:
    """Whether one filter holds. An unknown dialect never holds: it was refused when the subscription was made."""
    for dialect, argument in given.items():
        return _DIALECTS[dialect](argument, attributes) if dialect in _DIALECTS else False
    return True


def _text(attributes: Attributes, name: str) -> str | None:
    value = attributes.get(name.lower())
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _each(test: Callable[[str, str], bool]) -> Callable[[Any, Attributes], bool]:
    def holds(pairs: Mapping[str, str], attributes: Attributes) -> bool:
        values = ((_text(attributes, name), wanted) for name, wanted in pairs.items())
        return all(value is not None and test(value, wanted) for value, wanted in values)

    return holds


_DIALECTS: dict[str, Callable[[Any, Attributes], bool]] = {
    "exact": _each(lambda value, wanted: value == wanted),
    "prefix": _each(str.startswith),
    "suffix": _each(str.endswith),
    "all": lambda nested, attributes: all(matches(f, attributes) for f in nested),
    "any": lambda nested, attributes: any(matches(f, attributes) for f in nested),
    "not": lambda nested, attributes: not matches(nested, attributes),
}

MAX_DEPTH = 8
MAX_COMPARISONS = 200
"""Values that the filters of one subscription compare: each event is held against all of them."""

_NAME = re.compile(r"[A-Za-z0-9]{1,40}")
_VALUE = re.compile(r"[!-~]{1,500}")


def check_filters(given: object, pointer: str = "/filters") -> list[Fault]:
    """Everything wrong with a `filters` array, with JSON pointers. `sql` and unknown dialects are refused."""
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        return [Fault(pointer, "filters", "filters must be an array of filter objects")]
    faults = [fault for i, one in enumerate(given) for fault in _check(one, f"{pointer}/{i}", 1)]
    if not faults and sum(map(_comparisons, given)) > MAX_COMPARISONS:
        return [Fault(pointer, "filters", f"may compare at most {MAX_COMPARISONS} values")]
    return faults


def _comparisons(given: Filter) -> int:
    """How many values a sound filter compares."""
    ((dialect, argument),) = given.items()
    if dialect == "not":
        return _comparisons(argument)
    return sum(map(_comparisons, argument)) if dialect in ("all", "any") else len(argument)


def _check(given: object, at: str, depth: int) -> list[Fault]:
    if depth > MAX_DEPTH:
        return [Fault(at, "filter-depth", f"filters may be nested at most {MAX_DEPTH} deep")]
    if not isinstance(given, Mapping) or len(given) != 1:
        return [Fault(at, "filter", "a filter is an object with exactly one dialect as its key")]
    ((dialect, argument),) = given.items()
    if dialect not in _DIALECTS:
        known = ", ".join(_DIALECTS)
        return [Fault(at, "filter-dialect", f"unsupported filter dialect; supported are {known}")]
    at = f"{at}/{dialect}"
    if dialect == "not":
        return _check(argument, at, depth + 1)
    if dialect in ("all", "any"):
        return _check_nested(argument, at, depth)
    return _check_pairs(argument, at)


def _check_nested(argument: object, at: str, depth: int) -> list[Fault]:
    if not isinstance(argument, list) or not argument:
        return [Fault(at, "filter", "must be an array of at least one filter")]
    return [fault for i, one in enumerate(argument) for fault in _check(one, f"{at}/{i}", depth + 1)]


def _check_pairs(argument: object, at: str) -> list[Fault]:
    if not isinstance(argument, Mapping) or not argument:
        return [Fault(at, "filter", "must be an object of at least one attribute and its value")]
    if not all(_is_pair(name, value) for name, value in argument.items()):
        return [Fault(at, "filter", "names and values of attributes are codes: no spaces, in ASCII")]
    if any(looks_personal(value) for value in argument.values()):
        return [Fault(at, "personal-data", "looks like a number or address of a person; take it out")]
    return []


def _is_pair(name: str, value: object) -> bool:
    return bool(_NAME.fullmatch(name)) and isinstance(value, str) and bool(_VALUE.fullmatch(value))


_config = msgspec.json.Decoder(Subscription)
_status = msgspec.json.Decoder(Status)
_encoder = msgspec.json.Encoder()


def dump(value: Subscription | Status) -> bytes:
    return _encoder.encode(value)


def load(raw: bytes) -> Subscription:
    """Raises msgspec.ValidationError on anything that is not a subscription."""
    return _config.decode(raw)


def load_status(raw: bytes) -> Status:
    return _status.decode(raw)


def status_key(subscription: str) -> bytes:
    """Key under which the courier writes the status into `hub.subscriptions`."""
    return f"{subscription}/status".encode()
