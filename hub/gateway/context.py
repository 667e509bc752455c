"""What the handlers work with, handed in once by the wiring."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from weakref import WeakValueDictionary

from starlette.requests import Request

from hub.core.access import Look, Telling
from hub.core.flows import StandingSignal
from hub.core.journeys import Asked, Found, Journey, Sight
from hub.core.known import Known
from hub.core.letters import Group, Letter
from hub.core.numbers import Run
from hub.core.pairwise import References
from hub.core.partners import Partner
from hub.core.reception import Admit
from hub.core.records import Count
from hub.core.rules import Rules
from hub.core.subscription import Subscription
from hub.core.views import Cell, Census, Line, Places
from hub.gateway.access_form import Reach
from hub.gateway.bearer import Bearers
from hub.gateway.feedlog import FeedLog
from hub.gateway.journallog import JournalLog
from hub.gateway.limits import Limits
from hub.gateway.offsets import Offsets
from hub.gateway.oidc import Login
from hub.gateway.pressure import Pressure
from hub.gateway.problems import not_stored
from hub.gateway.proxy import Proxy
from hub.gateway.publisher import Publisher, Stamp
from hub.gateway.statelog import StateLog
from hub.telemetry import log


class Queries(Protocol):
    """Look-ups in the read model. Blocking: called in a thread."""

    def line(self, learner: str, /) -> Line | None: ...

    def journey(self, source: str, id: str, /) -> Journey | None: ...

    def census(self) -> Census: ...

    def city(self) -> Places | None: ...

    def standing_signals(self, orgs: Sequence[str], rules: Sequence[str], /) -> list[StandingSignal]: ...


class Search(Protocol):
    """Events in the journal. Blocking: called in a thread."""

    def events(self, asked: Asked, sight: Sight, /) -> list[Found]: ...


class Audit(Protocol):
    """What the journal says about learners. Blocking: called in a thread."""

    def told(self, marks: Sequence[str], /) -> list[Telling]:
        """Every delivery about the learners with these marks, the oldest first."""

    def looks(self, lines: Sequence[str], /) -> list[Look]:
        """Every look-up of the lines with these hashes, the oldest first."""


class Books(Protocol):
    """What became of the numbers of a feed. Blocking: called in a thread."""

    def numbers(self, subscription: str, low: int, high: int, /) -> tuple[Mapping[int, int], list[Run]]:
        """How far the journal was read (next offset per partition), and then what `account` needs to know."""


class Changing:
    """One change of a subscription at a time: what is kept of it must be what stands there."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def __call__(self, subscription: str) -> asyncio.Lock:
        return self._locks.setdefault(subscription, asyncio.Lock())


class Letters(Protocol):
    """Dead letters. Blocking: called in a thread."""

    def groups(self, partner: str | None, state: str, /) -> list[Group]: ...

    def page(self, subscription: str, cause: str, state: str, after: int, limit: int, /) -> list[Letter]: ...

    def open_numbers(self, subscription: str, cause: str, /) -> list[int]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Gateway:
    """Everything handed in.

    `for_partner` shows a line as one partner may see it, or None. `ensure_outbox` makes the topic of a subscription
    if it is not there. `flows`, `health` (M14) and `lagging` (signals per organisation and rule) answer what
    JSON can hold, are already masked, and may block. `line_key` is the secret with which persons are marked in
    the journal, `seal` seals what is secret in a subscription before it is stored, `reach` says which addresses may be
    called, `courier` the Kafka group that delivers webhooks, `url` is how others reach the door, `source` the
    CloudEvents source of the hub; `loopback` whether the door can be reached from this machine only.
    `login` lets people in; None when no issuer is set.

    `references` are those by which partners outside education know learners; None: they know them by learner id.

    `now` gives milliseconds since 1970 by the machine's clock, for journals; `today` the day (ISO) by the hub's clock,
    which may be set, and `stamp` the headers that tell the processor so.
    """

    known: Known
    publisher: Publisher
    feeds: FeedLog
    offsets: Offsets
    journaled: JournalLog
    books: Books
    audit: Audit
    states: StateLog
    courier: str
    queries: Queries
    search: Search
    letters: Letters
    ensure_outbox: Callable[[str], Awaitable[None]]
    admit: Admit
    for_partner: Callable[[Line, Partner], Mapping[str, Any] | None]
    flows: Callable[[], Any]
    health: Callable[[], list[Cell]]
    lagging: Callable[[], Any]
    count: Callable[[Iterable[Count]], None]
    observe: Callable[[float], None]
    now: Callable[[], int]
    url: str
    source: str
    line_key: bytes
    seal: Callable[[Subscription], Subscription]
    today: Callable[[], str]
    rules: Rules = field(default_factory=Rules)
    references: References | None = None
    stamp: Stamp = tuple
    loopback: bool = True
    bearers: Bearers = field(default_factory=Bearers)
    proxy: Proxy = field(default_factory=Proxy)
    reach: Reach = field(default_factory=Reach)
    changing: Changing = field(default_factory=Changing)
    pressure: Pressure = field(default_factory=Pressure)
    limits: Limits = field(default_factory=Limits)
    login: Login | None = None


class Once:
    """`ensure_outbox` that remembers what it made, for each look at the cluster takes a tenth of a second.

    Raises Problem 503 when it could not be made.
    """

    def __init__(self, ensure: Callable[[str], Awaitable[None]]) -> None:
        self._ensure = ensure
        self._made: set[str] = set()

    async def __call__(self, subscription: str) -> None:
        if subscription in self._made:
            return
        try:
            await self._ensure(subscription)
        except Exception as error:  # Kafka's administration has errors of its own, from another library
            log.event("outbox.not_made", "warning", subscription=subscription, error=error)
            raise not_stored("the outbox could not be made") from None
        self._made.add(subscription)


def gateway(request: Request) -> Gateway:
    """The Gateway of the app that serves this request (a FastAPI dependency)."""
    found: Gateway = request.app.state.gateway
    return found
