"""Questions to the read model. Every method blocks: call it in a thread. All are safe to call from several at
once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from hub.core import views as shapes
from hub.core.flows import (
    HOUR_MS,
    HOURS,
    Arrivals,
    DeliveryFlow,
    EventFlow,
    Flows,
    SignalFlow,
    StandingSignal,
    Tally,
)
from hub.core.identity import identity
from hub.core.journal import ENDS
from hub.core.journeys import Course, EventRow, Journey, Moment
from hub.core.subscription import INBOX
from hub.core.views import Census, Group, Line, Offer, Places, View
from hub.readmodel.entries import HUB
from hub.readmodel.schema import (
    counts,
    deliveries,
    entries,
    events,
    hourly,
    relations,
    signals,
    subscriptions,
    tallies,
    views,
)

CENSUS = "census/almere"
"""Aggregate key under which what was published is kept."""

_UNSAID = ("kind", "at", "person")
"""Of an entry: what a moment says elsewhere, and the mark by which the hub alone may know a person again."""
_STREAM = 1000
_ORDER = {kind: place for place, kind in enumerate(("accepted", "refused", "repeat", "routed", "attempted"))}
_COUNTED = ("accepted", "refused", "reason", "quarantined", "duplicate", "conflict", "stale")


class Queries:
    """The reading side of the read model, for the gateway and whoever checks the books."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def line(self, learner: str) -> Line | None:
        """The learning line, unreduced: what a partner may see of it is for the caller to decide."""
        view = self._view(f"learner/{learner}")
        return view if isinstance(view, Line) else None

    def group(self, group: str) -> Group | None:
        view = self._view(f"group/{group}")
        return view if isinstance(view, Group) else None

    def related(self, key: str) -> dict[str, bool]:
        """Organisations that have to do with an aggregate (`learner/...`); True where they still have."""
        query = sa.select(relations.c.org, relations.c.active).where(relations.c.key == key)
        with self._engine.connect() as connection:
            return {row.org: row.active for row in connection.execute(query)}

    def aggregates(self) -> Iterator[tuple[str, View]]:
        """Every view there is with its aggregate key, read as it is asked for."""
        query = sa.select(views.c.key, views.c.view).where(views.c.kind != "").order_by(views.c.key)
        for row in self._stream(query):
            yield row.key, shapes.load(row.view)

    def groups(self) -> Iterator[Group]:
        return (view for view in self._of_kind("group") if isinstance(view, Group))

    def offers(self) -> Iterator[Offer]:
        return (view for view in self._of_kind("offer") if isinstance(view, Offer))

    def places(self) -> Iterator[Places]:
        return (view for view in self._of_kind("places") if isinstance(view, Places))

    def lines(self) -> Iterator[Line]:
        return (view for view in self._of_kind("line") if isinstance(view, Line))

    def journey(self, source: str, id: str) -> Journey | None:
        """What happened to one event; None when the journal knows nothing of it."""
        event = identity(source, id)
        with self._engine.connect() as connection:
            found = connection.execute(_EVENT_ROWS.where(events.c.event == event)).first()
            if found is None:
                return None
            told = connection.execute(_COURSES.where(deliveries.c.event == event)).all()
            said = connection.execute(_SAID.where(entries.c.event == event)).all()
        courses = tuple(course(row) for row in told)
        moments = [Moment(at, kind, _detail(body)) for at, kind, body in said] + _pulls(courses)
        moments.sort(key=lambda moment: (moment.at, _ORDER.get(moment.kind, len(_ORDER))))
        return Journey(event_row(found), tuple(moments), courses)

    def counts(self) -> dict[str, int]:
        """What all views together count for, by cell of the census; no zeros. Exact: never to be shown as it is."""
        query = sa.select(counts.c.cell, counts.c.n).where(counts.c.n != 0).order_by(counts.c.cell)
        with self._engine.connect() as connection:
            return {row.cell: row.n for row in connection.execute(query)}

    def census(self) -> Census:
        """The aggregates as they were published last."""
        view = self._view(CENSUS)
        return view if isinstance(view, Census) else Census()

    def event_rows(self) -> Iterator[EventRow]:
        """Every event, read as it is asked for."""
        return (event_row(row) for row in self._stream(_EVENT_ROWS.order_by(events.c.event)))

    def delivery_rows(self) -> Iterator[tuple[str, Course]]:
        """Every delivery with the identity of its event, read as it is asked for."""
        for row in self._stream(_COURSES.order_by(deliveries.c.delivery)):
            yield row.event, course(row)

    def signals_by_org(self) -> tuple[SignalFlow, ...]:
        """Signals that stand, counted per responsible organisation, rule and severity."""
        by = (signals.c.responsible, signals.c.rule, signals.c.severity)
        query = sa.select(*by, sa.func.count(), sa.func.min(signals.c.due)).group_by(*by).order_by(*by)
        with self._engine.connect() as connection:
            return tuple(SignalFlow(*row) for row in connection.execute(query))

    def standing_signals(self, orgs: Sequence[str], supervised: Sequence[str]) -> list[StandingSignal]:
        """Signals for which one of `orgs` is responsible, and breaches of the `supervised` rules; oldest first."""
        theirs = sa.and_(signals.c.rule.in_(supervised), signals.c.severity == "breach")
        query = sa.select(*(signals.c[name] for name in StandingSignal.__struct_fields__)).where(
            sa.or_(signals.c.responsible.in_(orgs), theirs)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(signals.c.due, signals.c.key, signals.c.name)).all()
        return [StandingSignal(*row) for row in rows]

    def city(self) -> Places | None:
        """Newcomers against places; None before there are any."""
        return next(self.places(), None)

    def flows(self, now: int) -> Flows:
        """The counts behind the page of the procesregisseur at `now` (milliseconds since 1970)."""
        first = now - now % HOUR_MS - (HOURS - 1) * HOUR_MS
        with self._engine.connect() as connection:
            counted = _by_what(connection.execute(_HOURLY.where(hourly.c.hour >= first)).all())
        totals = {what: sum(count.n for count in counts) for what, counts in counted.items()}
        return Flows(
            at=now,
            first_hour=first,
            events=_event_flows(counted["accepted"], first),
            deliveries=self.delivery_flows(),
            refused=totals["refused"],
            refusals=_tallies(counted["reason"]),
            quarantined=_tallies(counted["quarantined"]),
            duplicates=totals["duplicate"],
            conflicts=totals["conflict"],
            stale=totals["stale"],
            arrivals=self._arrivals(),
            free_places=self._free_places(),
            shortfalls=sum(len(city.shortfalls) for city in self.places()),
            signals=self.signals_by_org(),
        )

    def delivery_flows(self) -> tuple[DeliveryFlow, ...]:
        """How every subscription that there is stands."""
        with self._engine.connect() as connection:
            rows = connection.execute(_DELIVERY_FLOWS).all()
            untold = connection.execute(_UNTOLD).all()
        flows = [flow for row in rows if (flow := _delivery_flow(row)) is not None]
        flows += [
            DeliveryFlow(
                partner=row.partner,
                subscription=row.id,
                routed=0,
                push=bool(row.push),
                paused=bool(row.paused),
                state=row.state or "",
            )
            for row in untold
        ]
        return tuple(flows)

    def _arrivals(self) -> tuple[Arrivals, ...]:
        sums = dict.fromkeys(("announced", "arrived", "cancelled"), (0, 0))
        for group in self.groups():
            status = "announced" if group.status == "updated" else group.status
            count, minors = sums.get(status, (0, 0))
            sums[status] = (count + 1, minors + (group.total or group.announced_total))
        return tuple(Arrivals(status, *sums[status]) for status in sums)

    def _free_places(self) -> int:
        return sum(offer.free for offer in self.offers() if offer.kind == "places")

    def _view(self, key: str) -> View | None:
        with self._engine.connect() as connection:
            found = connection.scalar(sa.select(views.c.view).where(views.c.key == key))
        return shapes.load(found) if found else None

    def _of_kind(self, kind: str) -> Iterator[View]:
        query = sa.select(views.c.view).where(views.c.kind == kind).order_by(views.c.key)
        return (shapes.load(row.view) for row in self._stream(query))

    def _stream(self, query: sa.Select[Any]) -> Iterator[sa.Row[Any]]:
        with self._engine.connect().execution_options(yield_per=_STREAM) as connection:
            yield from connection.execute(query)


_EVENT_ROWS = sa.select(events)
_COURSES = sa.select(deliveries)
_SAID = sa.select(entries.c.at, entries.c.kind, entries.c.body)
_HOURLY = sa.select(hourly).order_by(hourly.c.name, hourly.c.publisher, hourly.c.hour)


def oldest_open(subscription: sa.ColumnElement[str]) -> sa.ScalarSelect[str]:
    """Within a query: the id of the delivery that waits longest for the webhook of a subscription."""
    waiting = deliveries.alias()
    return (
        sa.select(waiting.c.delivery)
        .where(
            waiting.c.subscription == subscription,
            waiting.c.delivered_at.is_(None),
            waiting.c.routed_at.is_not(None),
            waiting.c.outcome.not_in(ENDS),
        )
        .order_by(waiting.c.routed_at)
        .limit(1)
        .scalar_subquery()
    )


_DELIVERY_FLOWS = (
    sa.select(
        tallies,
        subscriptions.c.push,
        subscriptions.c.paused,
        subscriptions.c.state,
        deliveries.c.routed_at.label("oldest"),
        deliveries.c.status.label("trouble"),
    )
    .select_from(
        tallies.outerjoin(subscriptions, subscriptions.c.id == tallies.c.subscription).outerjoin(
            deliveries,
            sa.and_(subscriptions.c.push, deliveries.c.delivery == oldest_open(subscriptions.c.id)),
        )
    )
    .order_by(tallies.c.partner, tallies.c.subscription)
)

_UNTOLD = (
    sa.select(subscriptions)
    .where(~sa.exists().where(tallies.c.subscription == subscriptions.c.id))
    .order_by(subscriptions.c.partner, subscriptions.c.id)
)
"""Subscriptions to which nothing was ever told: they can be in trouble all the same."""


def event_row(row: sa.Row[Any]) -> EventRow:
    fields = {name: row._mapping[name] for name in EventRow.__struct_fields__ if name != "outcome"}
    return EventRow(outcome=_outcome(row), **fields)


def _outcome(row: sa.Row[Any]) -> str:
    if row.accepted_at is not None:
        return "accepted"
    if row.publisher == HUB:
        return "issued"
    return "unknown" if row.refused_at is None else "refused"


def course(row: sa.Row[Any]) -> Course:
    fields = {name: row._mapping[name] for name in Course.__struct_fields__}
    return Course(**{**fields, "removed": tuple(row.removed.split("\n")) if row.removed else ()})


def _detail(body: str) -> dict[str, Any]:
    detail = msgspec.json.decode(body, type=dict[str, Any])
    return {name: value for name, value in detail.items() if name not in _UNSAID}


def _pulls(courses: Sequence[Course]) -> list[Moment]:
    return [
        Moment(
            one.pulled_at,
            "pulled",
            {"partner": one.partner, "subscription": one.subscription, "delivery": one.delivery},
        )
        for one in courses
        if one.pulled_at is not None
    ]


class _Count(NamedTuple):
    hour: int
    what: str
    name: str
    publisher: str
    n: int


def _by_what(rows: Iterable[sa.Row[Any]]) -> dict[str, list[_Count]]:
    found: dict[str, list[_Count]] = {what: [] for what in _COUNTED}
    for row in rows:
        count = _Count._make(row)
        found.setdefault(count.what, []).append(count)
    return found


def _event_flows(counts: Sequence[_Count], first: int) -> tuple[EventFlow, ...]:
    found: dict[tuple[str, str], list[int]] = {}
    for count in counts:
        place = (count.hour - first) // HOUR_MS
        if place < HOURS:
            found.setdefault((count.name, count.publisher), [0] * HOURS)[place] += count.n
    return tuple(EventFlow(name, publisher, tuple(n)) for (name, publisher), n in found.items())


def _tallies(counts: Sequence[_Count]) -> tuple[Tally, ...]:
    sums: Counter[tuple[str, str]] = Counter()
    for count in counts:
        sums[count.name, count.publisher] += count.n
    return tuple(Tally(name, publisher, n) for (name, publisher), n in sums.items())


def _delivery_flow(row: sa.Row[Any]) -> DeliveryFlow | None:
    """None for a subscription that is no more. Only an inbox exists without having been made."""
    if row.push is None and not row.subscription.startswith(INBOX):
        return None
    return DeliveryFlow(
        partner=row.partner,
        subscription=row.subscription,
        push=bool(row.push),
        routed=row.routed,
        delivered=row.delivered,
        pulled=row.pulled,
        oldest=row.oldest,
        trouble=row.trouble or "",
        paused=bool(row.paused),
        state=row.state or "",
    )
