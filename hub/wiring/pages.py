"""The pages with everything they need: what they read, who looks, and the way in for what they change."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Generic, TypeVar

from hub.core.catalogue import KINDS
from hub.core.directory import Directory
from hub.core.event import moment
from hub.core.rules import Rules
from hub.core.views import Cell
from hub.wiring import clock as clocks
from hub.wiring.shared import Views
from hub.wiring.troubles import Troubles

T = TypeVar("T")

EVERY_SECONDS = 0.5
"""While somebody looks, the flows are read so often."""

KEPT_SECONDS = 1.0
"""What was read longer ago than this nobody is shown. An open page asks twice a second: together less than two
seconds."""

WATCHED_SECONDS = 30.0
"""So long after somebody looked it is read anew for whoever looks next."""

REST = 3
"""A reader rests at least so many times as long as it read, to leave the database to those who write."""

RHYTHM_SECONDS = (30.0, 300.0)
"""The first two for what the flows did over weeks: it is read for silences, which are counted in days."""


def pages(aggregates: Aggregates, inside: Inside) -> list[Any]:
    """All of them, as routers. The catalogue is open to everyone, for it says nothing of anybody."""
    from fastapi import Depends

    from hub.core.contracts import catalogue
    from hub.gateway import visits
    from hub.monitor import acts, city, page, replays_page, subscriptions, troubles_page
    from hub.monitor import catalogue as catalogue_page
    from hub.monitor import journeys as journeys_page
    from hub.monitor.viewer import NOBODY, Change, Viewer

    def viewer(found: Any = Depends(visits.visitor)) -> Viewer:  # noqa: B008
        return Viewer(*found)

    def glance(found: Any = Depends(visits.glance)) -> Viewer:  # noqa: B008
        return NOBODY if found is None else Viewer(*found)

    def change(sent: Any = Depends(visits.change)) -> Change:  # noqa: B008
        who, fields = sent
        return Change(Viewer(*who), fields)

    return [
        page.router(aggregates.read, aggregates.known, clocks.wall, viewer),
        troubles_page.router(aggregates.troubles.read, aggregates.naming, inside, viewer),
        replays_page.router(aggregates.troubles.read, aggregates.naming, inside, viewer, change),
        acts.router(aggregates.troubles.acts, aggregates.naming, clocks.wall, viewer),
        catalogue_page.router(catalogue(), glance),
        journeys_page.router(inside, viewer),
        city.router(inside, clocks.wall, viewer),
        subscriptions.router(inside, viewer, change),
    ]


class Inside:
    """The hub's own API for the pages (`hub.monitor.viewer.Api`), asked without a network. `app` is set once it is
    there."""

    app: Any = None

    def __init__(self, url: str) -> None:
        self._url = url

    async def __call__(
        self,
        viewer: Any,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        import httpx
        import orjson

        from hub.gateway.people import ACTING, Acting
        from hub.monitor.viewer import Reply

        if viewer.person is None:
            raise ValueError("nobody to ask for")

        async def acting(scope: Any, receive: Any, send: Any) -> None:
            await self.app({**scope, ACTING: Acting(viewer.person, viewer.who)}, receive, send)

        content = b"" if body is None else orjson.dumps(body)
        kind = {} if body is None else {"Content-Type": "application/json"}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(acting), base_url=self._url) as client:
            answer = await client.request(
                method, path, params=query, content=content, headers={**kind, **(headers or {})}
            )
        return Reply(answer.status_code, orjson.loads(answer.content) if answer.content else None)


class Kept(Generic[T]):
    """One reading serves all who look at about the same time. As long as somebody looks now and then it is read again
    and again, so that nobody but the first has to wait. `latest` is the last one that was done; `every` and `kept` are
    seconds."""

    def __init__(
        self, read: Callable[[], T], every: float = EVERY_SECONDS, kept: float = KEPT_SECONDS
    ) -> None:
        self.latest: T | None = None
        self._read, self._every, self._kept = read, every, kept
        self._reading: asyncio.Future[T] | None = None
        self._next: asyncio.TimerHandle | None = None
        self._begun = self._as_of = self._looked = 0.0

    async def __call__(self) -> T:
        self._looked = now = time.monotonic()
        if self.latest is not None and now - self._as_of <= self._kept:
            if self._next is None:
                self._begin()
            return self.latest
        return await asyncio.shield(self._begin())

    def _begin(self) -> asyncio.Future[T]:
        """The reading that is being done, or a new one."""
        if self._reading is None or self._reading.done():
            if self._next is not None:
                self._next.cancel()
            self._begun = time.monotonic()
            self._reading = asyncio.ensure_future(asyncio.to_thread(self._done, self._begun))
            self._reading.add_done_callback(self._again)
        return self._reading

    def _done(self, as_of: float) -> T:
        found = self._read()
        self.latest, self._as_of = found, as_of
        return found

    def _again(self, done: asyncio.Future[T]) -> None:
        # What it failed by, whoever waited for it meets.
        if done.cancelled() or done.exception() is not None:
            self._next = None
            return
        took = time.monotonic() - self._begun
        rest = max(self._every - took, REST * took)
        self._next = asyncio.get_running_loop().call_later(rest, self._unless_nobody_looks)

    def _unless_nobody_looks(self) -> None:
        self._next = None
        if time.monotonic() - self._looked < WATCHED_SECONDS:
            self._begin()


class Aggregates:
    """What the procesregisseur sees, for the page and for JSON: masked before it leaves this object."""

    def __init__(self, engine: Any, views: Views, rules: Rules, now: Callable[[], int]) -> None:
        from hub.monitor.page import Reads
        from hub.readmodel.flowing import Flowing
        from hub.readmodel.queries import Queries

        self._queries = Queries(engine)
        self._flowing = Flowing(engine)
        self.troubles = Troubles(engine, views)
        self._views = views
        self._rules = rules
        self._now = now
        self._flows = Kept(lambda: self._queries.flows(clocks.wall()))
        self._rhythms = Kept(lambda: self._flowing.rhythms(clocks.wall()), *RHYTHM_SECONDS)
        self._matrix = Kept(lambda: self._flowing.matrix(clocks.wall(), rhythms=self._rhythms.latest))
        self.read = Reads(self._flows, self._matrix_with_rhythms)
        """Exact counts, for the pages that mask them."""

    async def _matrix_with_rhythms(self) -> Any:
        await self._rhythms()
        return await self._matrix()

    def known(self) -> Any:
        """How the pages call things, and take them together."""
        from hub.core.purposes import flow_of
        from hub.monitor.matrix import Lanes, silence_of
        from hub.monitor.page import Known

        naming, directory = self.naming(), self._views.known.directory
        silence = silence_of(moment(self._now())[:10], self._rules.calendar)
        group = partial(_group, directory)
        return Known(naming, Lanes(flow_of, group, naming.personal, naming.partner, silence))

    def flows(self) -> dict[str, Any]:
        from hub.monitor import page

        now = clocks.wall()
        return page.as_json(self._queries.flows(now), now, self.naming())

    def lagging(self) -> Any:
        """Signals that stand, per organisation and rule."""
        from hub.monitor import page

        return page.signals_as_json(self._queries.signals_by_org(), self.naming())

    def health(self) -> list[Cell]:
        from hub.monitor.figures import figures
        from hub.monitor.health import health

        now, flows = clocks.wall(), self._flows.latest
        if flows is None or now - flows.at > KEPT_SECONDS * 1000:
            flows = self._queries.flows(now)
        return health(flows, figures(flows, self.naming(), now))

    def naming(self) -> Any:
        from hub.monitor.figures import Kind, Naming

        known = self._views.known.directory
        kinds = {k.type: Kind(k.nl, k.en, k.privacy(k.example)) for k in KINDS.values()}
        return Naming(kinds, partial(partner_name, known), known.org_name)


def partner_name(known: Directory, id: str) -> str:
    found = known.get(id)
    return found.name if found else id


def _group(known: Directory, id: str) -> str:
    """The role under which a partner stands in the matrix of flows; its first, of those it has."""
    found = known.get(id)
    return str(found.roles[0]) if found and found.roles else ("hub" if id == "hub" else "")
