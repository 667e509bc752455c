"""What the handlers work with, handed in once by the wiring."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import Request

from hub.core.journeys import Journey
from hub.core.known import Known
from hub.core.partners import Partner
from hub.core.reception import Admit
from hub.core.records import Count
from hub.core.sinks import Network
from hub.core.views import Line
from hub.gateway.feedlog import FeedLog
from hub.gateway.problems import not_stored
from hub.gateway.publisher import Publisher
from hub.telemetry import log


class Queries(Protocol):
    """Look-ups in the read model. Blocking: called in a thread."""

    def line(self, learner: str, /) -> Line | None: ...

    def journey(self, source: str, id: str, /) -> Journey | None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Gateway:
    """Everything handed in.

    `for_partner` shows a line as one partner may see it, or None. `ensure_outbox` makes the topic of a subscription
    if it is not there. `flows` and `census` (None for a metric that does not exist) answer what JSON can hold, are
    already masked, and may block. `line_key` is the secret with which learner ids are hashed in the journal, `now`
    gives milliseconds since 1970, `url` is how others reach the door, `source` the CloudEvents source of the hub.
    """

    known: Known
    publisher: Publisher
    feeds: FeedLog
    queries: Queries
    ensure_outbox: Callable[[str], Awaitable[None]]
    admit: Admit
    for_partner: Callable[[Line, Partner], Mapping[str, Any] | None]
    flows: Callable[[], Any]
    census: Callable[[str], Any]
    count: Callable[[Iterable[Count]], None]
    observe: Callable[[float], None]
    now: Callable[[], int]
    url: str
    source: str
    line_key: bytes
    networks: Sequence[Network] = ()


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
