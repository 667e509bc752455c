"""What the read model promises, on every database it can live in."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from hub.core import journal
from hub.core import subscription as subs
from hub.core.flows import HOUR_MS
from hub.core.journal import WITHDRAWN
from hub.core.records import Record
from hub.core.topics import JOURNAL, LINES, SUBSCRIPTIONS
from hub.core.views import Enrolment, Group, Line, Offer, Places, Shortfall, Transfer
from hub.readmodel import entries, schema, store
from hub.readmodel.queries import Queries
from hub.readmodel.schema import OutdatedReadModel, open_engine
from hub.readmodel.store import Batch, Fenced, Move, Store
from tests.journals import (
    GROUP,
    HANDOVER,
    NOW,
    PREFIX,
    Event,
    Log,
    batches,
    life,
    pulled,
    raised,
    stored,
    view_of,
)

LEARNER = "learner/9a1d8a5e-7a0e-4f6e-8d13-3f8e0c9b7a10"


class Model:
    """A read model and the log it reads, without a broker."""

    def __init__(self, url: str, **options: Any) -> None:
        self.engine = open_engine(url)
        self.store = Store(self.engine, view_of, **options)
        self.store.prepare()
        self.queries = Queries(self.engine)
        self.log = Log()

    def say(self, *entries: Any) -> None:
        self.take(self.log.entries(entries))

    def keep(self, key: str, value: bytes | None) -> None:
        self.take([self.log.state(key, value)])

    def subscribe(
        self, id: str, partner: str, sink: str | None = "https://vo.example/in", **more: Any
    ) -> None:
        value = subs.dump(subs.Subscription(id=id, partner=partner, sink=sink, **more))
        self.take([self.log.record(SUBSCRIPTIONS, id.encode(), value, 1)])

    def take(self, records: Sequence[Record]) -> None:
        moves = self._moves(records)
        by = {name: [r for r in records if r.topic == name] for name in (LINES, JOURNAL, SUBSCRIPTIONS)}
        self.store.apply(Batch(moves, by[LINES], by[JOURNAL], by[SUBSCRIPTIONS]))

    def _moves(self, records: Sequence[Record]) -> list[Move]:
        ends = {(r.topic, r.partition): r.offset + 1 for r in records}
        now = self.store.positions(ends)
        return [Move(*part, now[part], end) for part, end in ends.items()]

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        return rows(self.engine)


def rows(engine: sa.Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every row there is, by table; the same for the same facts on any database."""
    with engine.connect() as connection:
        tables = schema.metadata.sorted_tables
        return {
            t.name: sorted((tuple(r) for r in connection.execute(sa.select(t))), key=repr) for t in tables
        }


@pytest.fixture
def model(database_url: str) -> Iterator[Model]:
    made = Model(database_url)
    yield made
    made.engine.dispose()


def test_a_journey_is_one_timeline_in_order_of_time(model: Model) -> None:
    one = Event("e1")
    model.say(one.attempted("vo", "hook", "retry", 1, 15), one.accepted(), one.routed(("vo", "hook")))
    model.say(one.attempted("vo", "hook", "delivered", 2, 30), one.repeat(after=40))
    model.say(pulled("vo", "hook", one.delivery("hook"), at=NOW + 50))

    journey = model.queries.journey(one.named["source"], "e1")

    assert journey is not None
    kinds = ["accepted", "routed", "attempted", "attempted", "repeat", "pulled"]
    assert [moment.kind for moment in journey.moments] == kinds
    assert [moment.at - NOW for moment in journey.moments] == [0, 5, 15, 30, 40, 50]
    assert journey.moments[1].detail["told"][0]["removed"] == ["/siteLabel"]
    assert journey.moments[1].detail["withheld"] == [{"column": "GEM", "reason": "no-relation"}]
    assert journey.event.outcome == "accepted" and journey.event.duplicates == 1
    (course,) = journey.deliveries
    assert (course.attempts, course.outcome, course.status) == (2, "delivered", "200")
    assert (course.routed_at, course.delivered_at, course.pulled_at) == (NOW + 5, NOW + 30, NOW + 50)


def test_an_unknown_event_has_no_journey(model: Model) -> None:
    assert model.queries.journey("urn:nld:kvknr:1:systeem:po", "never") is None


def test_a_refused_event_that_is_mended_and_sent_again_is_accepted(model: Model) -> None:
    one = Event("e1")
    model.say(one.refused("extra-field", "not-your-source"))
    refused = model.queries.journey(one.named["source"], "e1")
    model.say(one.accepted(after=1000))
    mended = model.queries.journey(one.named["source"], "e1")

    assert refused is not None and refused.event.outcome == "refused"
    assert mended is not None and mended.event.outcome == "accepted"
    assert [moment.kind for moment in mended.moments] == ["refused", "accepted"]


def test_an_event_belongs_to_the_publisher_it_was_accepted_from(model: Model) -> None:
    """Others may have tried its identity before, and been refused."""
    model.say(Event("e1").refused("not-your-source"))
    (tried,) = model.queries.event_rows()
    intruder = journal.Refused(
        at=NOW, publisher="intruder", reasons=("not-your-source",), via="http", **Event("e2").named
    )
    model.say(intruder)
    model.say(Event("e2").accepted())

    publishers = {row.id: row.publisher for row in model.queries.event_rows()}

    assert tried.publisher == "po"
    assert publishers == {"e1": "po", "e2": "po"}


def test_an_event_of_the_hub_itself_is_issued_and_its_receivers_are_known(model: Model) -> None:
    one = Event("s1", f"{PREFIX}signal.raised.v1", "hub")
    signal = journal.Signal(
        at=NOW, rule="T04", change="raised", severity="warn", responsible="brin:00YY01", due="", **one.named
    )
    model.say(signal, one.routed(("vo", "inbox-vo")))

    journey = model.queries.journey(one.named["source"], "s1")

    assert journey is not None
    assert (journey.event.outcome, journey.event.publisher) == ("issued", "hub")
    assert [course.partner for course in journey.deliveries] == ["vo"]


def test_what_a_crash_makes_be_said_twice_counts_once(model: Model) -> None:
    one = Event("e1")
    told = (("vo", "hook"), ("vo", "inbox-vo"))
    course = [one.accepted(), one.routed(*told), one.attempted("vo", "hook", "retry", 1, 15)]
    course += [one.attempted("vo", "hook", "delivered", 2, 30), one.repeat()]
    model.subscribe("hook", "vo")
    model.say(*course)
    once = model.rows()

    model.say(*course)
    model.say(one.routed(*told, after=500))

    again = model.rows()
    for table in ("events", "deliveries", "entries", "hourly", "tallies"):
        assert again[table] == once[table], table


def test_two_refusals_alike_are_two_refusals(model: Model) -> None:
    model.say(Event("").refused("content-type"), Event("").refused("content-type"))

    flows = model.queries.flows(NOW)

    assert flows.refused == 2
    assert [(t.reason, t.publisher, t.count) for t in flows.refusals] == [("content-type", "po", 2)]


def test_flows_count_each_event_once_in_its_hour(model: Model) -> None:
    early = Event("e1", at=NOW - 2 * HOUR_MS)
    model.say(
        early.accepted(), Event("e2").accepted(), Event("e3").accepted(), Event("e2").accepted(after=60)
    )
    model.say(Event("e4", GROUP, "gemeente").accepted(), Event("old", at=NOW - 30 * HOUR_MS).accepted())

    flows = model.queries.flows(NOW)

    counts = {(flow.type, flow.publisher): flow.counts for flow in flows.events}
    assert counts == {
        (HANDOVER, "po"): (*[0] * 21, 1, 0, 2),
        (GROUP, "gemeente"): (*[0] * 23, 1),
    }
    assert flows.first_hour == NOW - NOW % HOUR_MS - 23 * HOUR_MS


def test_flows_count_repeats_by_what_they_were(model: Model) -> None:
    one = Event("e1")
    outcomes = ("duplicate", "duplicate", "conflict", "stale")
    model.say(*(one.repeat(outcome, order) for order, outcome in enumerate(outcomes)))

    flows = model.queries.flows(NOW)

    assert (flows.duplicates, flows.conflicts, flows.stale) == (2, 1, 1)


def test_the_oldest_undelivered_one_is_found_behind_what_was_delivered(model: Model) -> None:
    model.subscribe("hook", "vo")
    events = [Event(f"e{n}", at=NOW - 1000 * n) for n in range(1, 6)]
    for one in events:
        model.say(one.accepted(), one.routed(("vo", "hook"), ("vo", "inbox-vo")))
    for one in (events[4], events[1]):
        model.say(one.attempted("vo", "hook"))
    model.say(events[3].attempted("vo", "hook", "retry"))
    model.say(pulled("vo", "inbox-vo", *(one.delivery("inbox-vo") for one in events[:2])))

    hook, inbox = model.queries.flows(NOW).deliveries

    assert (hook.subscription, hook.push, hook.routed, hook.delivered, hook.open) == ("hook", True, 5, 2, 3)
    assert (hook.oldest, hook.trouble) == (NOW - 4000 + 5, "503")
    assert (inbox.push, inbox.routed, inbox.pulled, inbox.open, inbox.oldest) == (False, 5, 2, 3, None)


def test_a_delivery_known_from_its_attempt_first_ends_up_the_same(model: Model) -> None:
    model.subscribe("hook", "vo")
    one = Event("e1")
    model.say(one.attempted("vo", "hook"))
    model.say(one.accepted(), one.routed(("vo", "hook")))

    (hook,) = model.queries.flows(NOW).deliveries

    assert (hook.routed, hook.delivered, hook.oldest) == (1, 1, None)
    ((event, course),) = model.queries.delivery_rows()
    (row,) = model.queries.event_rows()
    assert event == row.event
    assert (course.column, course.routed_at, course.delivered_at) == ("TO", NOW + 5, NOW + 20)


@pytest.mark.parametrize("turned", (False, True))
def test_a_delivery_that_was_withdrawn_is_neither_open_nor_delivered(model: Model, turned: bool) -> None:
    model.subscribe("hook", "vo")
    one, other = Event("e1"), Event("e2")
    told = [one.routed(("vo", "hook")), one.attempted("vo", "hook", "retry")]
    ended = [one.attempted("vo", "hook", WITHDRAWN, after=30)] * 2
    model.say(other.routed(("vo", "hook"), after=99))
    for entry in (*ended, *told) if turned else (*told, *ended):
        model.say(entry)

    (hook,) = model.queries.flows(NOW).deliveries
    courses = {course.outcome: course for _, course in model.queries.delivery_rows()}

    assert (hook.routed, hook.delivered, hook.open, hook.oldest) == (1, 0, 1, NOW + 99)
    assert (courses[WITHDRAWN].attempts, courses[WITHDRAWN].delivered_at) == (1, None)


@pytest.mark.parametrize("turned", (False, True))
def test_what_was_delivered_stays_so_when_its_repeat_is_withdrawn(model: Model, turned: bool) -> None:
    model.subscribe("hook", "vo")
    one = Event("e1")
    model.say(one.routed(("vo", "hook")))
    ends = [one.attempted("vo", "hook"), one.attempted("vo", "hook", WITHDRAWN, after=30)]
    for entry in reversed(ends) if turned else ends:
        model.say(entry)

    (hook,) = model.queries.flows(NOW).deliveries
    ((_, course),) = model.queries.delivery_rows()

    assert (hook.routed, hook.delivered, hook.open) == (1, 1, 0)
    assert (course.outcome, course.delivered_at) == ("delivered", NOW + 20)


def test_a_later_decision_for_more_partners_does_not_count_the_first_again(model: Model) -> None:
    one = Event("e1")
    model.say(one.routed(("vo", "hook")))
    model.say(one.routed(("vo", "hook"), ("mbo", "inbox-mbo"), order=4, after=900))

    courses = {course.subscription: course.routed_at for _, course in model.queries.delivery_rows()}

    assert courses == {"hook": NOW + 5, "inbox-mbo": NOW + 900}
    assert {row[0]: row[2] for row in model.rows()["tallies"]} == {"hook": 1, "inbox-mbo": 1}


def test_a_pull_that_another_projector_writes_meanwhile_is_not_undone(model: Model) -> None:
    """A pull stands in another partition than the rest of the event, so two projectors may write one row."""
    one = Event("e1")
    (record,) = model.log.entries([one.attempted("vo", "hook")])
    changes = entries.fold([entries.item(record)], known={}, letters={})
    model.say(pulled("vo", "hook", one.delivery("hook")))
    with schema.writing(model.engine).begin() as connection:
        store._write(connection, changes)

    ((_, course),) = model.queries.delivery_rows()

    assert (course.pulled_at, course.delivered_at) == (NOW + 50, NOW + 20)


def test_a_subscription_without_a_webhook_has_no_oldest_undelivered_one(model: Model) -> None:
    model.subscribe("feed", "vo", sink=None)
    model.say(Event("e1").routed(("vo", "feed")))

    (flow,) = model.queries.flows(NOW).deliveries

    assert (flow.push, flow.open, flow.oldest) == (False, 1, None)


def test_a_delivery_that_is_replayed_is_delivered_once_and_shows_every_attempt(model: Model) -> None:
    model.subscribe("hook", "vo")
    one = Event("e1")
    model.say(one.routed(("vo", "hook")), one.attempted("vo", "hook"))
    model.say(one.attempted("vo", "hook", after=9000))

    ((_, course),) = model.queries.delivery_rows()

    assert (course.attempts, course.delivered_at, course.last_at) == (2, NOW + 20, NOW + 9000)
    assert model.queries.flows(NOW).deliveries[0].delivered == 1


def test_a_subscription_shows_its_state_and_disappears_when_deleted(model: Model) -> None:
    model.subscribe("hook", "vo", paused=True)
    status = subs.dump(subs.Status(state="stopped", at=NOW))
    model.take([model.log.record(SUBSCRIPTIONS, subs.status_key("hook"), status, 1)])
    model.say(Event("e1").routed(("vo", "hook")))
    (flow,) = model.queries.flows(NOW).deliveries
    model.take([model.log.record(SUBSCRIPTIONS, b"hook", None, 1)])

    assert (flow.paused, flow.state, flow.push) == (True, "stopped", True)
    assert model.queries.flows(NOW).deliveries == ()


def test_a_line_is_shown_until_it_is_erased(model: Model) -> None:
    line = Line(
        learner_id=LEARNER.removeprefix("learner/"),
        enrolments=[Enrolment("a", org="brin:00YY01", end="2026-02-14"), Enrolment("b", org="brin:00YY07")],
        transfers=[Transfer("t", from_org="brin:00YY01", to_org="brin:00YY07", state="complete")],
    )
    model.keep(LEARNER, stored(LEARNER, line, gone=raised("T04", "warn", "brin:00YY01")))
    shown = model.queries.line(line.learner_id)
    related = model.queries.related(LEARNER)
    model.keep(LEARNER, None)

    assert shown == line
    assert related == {"brin:00YY01": False, "brin:00YY07": True}
    assert model.queries.line(line.learner_id) is None
    left = model.rows()
    assert left["views"] == left["relations"] == left["signals"] == []
    assert not any(line.learner_id in repr(table) for table in left.values())


def test_only_the_newest_state_of_a_key_counts(model: Model) -> None:
    first, last = Group("g", status="announced", total=9), Group("g", status="cancelled", total=9)
    model.take([model.log.state("group/g", stored("group/g", view)) for view in (first, last)])

    assert model.queries.group("g") == last
    assert list(model.queries.groups()) == [last]


def test_a_state_that_cannot_be_read_does_not_stop_the_others(model: Model) -> None:
    good = stored("group/g", Group("g"))
    model.take([model.log.state("group/bad", b"{"), model.log.state("group/g", good)])
    model.take([model.log.record(JOURNAL, b"x", b"not an entry")])

    assert [key for key, _ in model.queries.aggregates()] == ["group/g"]


def test_arrivals_stand_against_free_places(model: Model) -> None:
    views = {
        "group/a": Group("a", status="announced", total=74, announced_total=74),
        "group/b": Group("b", status="updated", total=31),
        "group/c": Group("c", status="arrived", total=20),
        "group/d": Group("d", status="cancelled", announced_total=12),
        "offer/p": Offer("p", kind="places", free=40),
        "offer/q": Offer("q", kind="places", free=25),
        "offer/l": Offer("l", kind="language", free=99),
        "places/almere": Places("almere", shortfalls=[Shortfall("a", "4-11", "2027-01-11", 52, 40)]),
    }
    for key, view in views.items():
        model.keep(key, stored(key, view))

    flows = model.queries.flows(NOW)

    found = {one.status: (one.groups, one.minors) for one in flows.arrivals}
    assert found == {"announced": (2, 105), "arrived": (1, 20), "cancelled": (1, 12)}
    assert (flows.free_places, flows.shortfalls) == (65, 1)


def test_signals_are_counted_by_organisation_and_vanish_when_cleared(model: Model) -> None:
    for name in "abc":
        key = f"learner/{name}"
        due = f"2026-09-0{ord(name) - 96}"
        model.keep(key, stored(key, Line(name), s=raised("T04", "warn", "brin:00YY01", due)))
    model.keep("learner/c", stored("learner/c", Line("c")))

    (flow,) = model.queries.signals_by_org()

    assert (flow.responsible, flow.rule, flow.severity, flow.count) == ("brin:00YY01", "T04", "warn", 2)
    assert flow.oldest == "2026-09-01"


def test_positions_move_with_the_rows_or_not_at_all(model: Model) -> None:
    (record,) = model.log.entries([Event("e1").accepted()])
    part = (JOURNAL, record.partition)
    model.store.positions([part])
    before = model.rows()

    with pytest.raises(Fenced):
        model.store.apply(Batch([Move(*part, 5, 6)], journal=[record]))

    assert model.rows() == before
    model.store.apply(Batch([Move(*part, 0, 1)], journal=[record]))
    assert model.store.positions([part]) == {part: 1}
    with pytest.raises(Fenced):
        model.store.apply(Batch([Move(*part, 0, 1)], journal=[record]))


def test_of_two_projectors_that_write_the_same_batch_at_once_one_is_fenced(model: Model) -> None:
    records = model.log.entries(life(3, 50))
    moves = model._moves(records)
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def write() -> None:
        start.wait()
        try:
            model.store.apply(Batch(moves, journal=records))
            outcomes.append("written")
        except Fenced:
            outcomes.append("fenced")

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["fenced", "written"]


@pytest.mark.parametrize("seed", range(3))
def test_a_rebuild_gives_the_same_rows_whatever_the_batches(
    database_url: str, tmp_path: Any, seed: int
) -> None:
    """Also the same on SQLite as on PostgreSQL: the reference is always a SQLite read in one batch."""
    reference, model = Model(f"sqlite:///{tmp_path / 'reference.sqlite'}"), Model(database_url)
    for made in (reference, model):
        for partner in range(5):
            made.subscribe(f"hook-vo{partner}", f"vo{partner}")
    records = Log().entries(life(seed, 120))
    rng = random.Random(seed)
    reference.take(records)

    for part in _interleaved(records, rng):
        for batch in batches(part, rng.randint(1, 40)):
            model.take(batch)

    assert model.rows() == reference.rows()
    assert model.queries.flows(NOW) == reference.queries.flows(NOW)
    for made in (reference, model):
        made.engine.dispose()


def _interleaved(records: Sequence[Record], rng: random.Random) -> list[list[Record]]:
    """Partitions one after the other, in any order: the worst a consumer may do."""
    parts = [[r for r in records if r.partition == number] for number in range(4)]
    rng.shuffle(parts)
    return [part for part in parts if part]


def test_counts_equal_a_plain_recount_of_the_rows(model: Model) -> None:
    for partner in range(5):
        model.subscribe(f"hook-vo{partner}", f"vo{partner}")
    for batch in batches(model.log.entries(life(11, 200)), 37):
        model.take(batch)

    flows = model.queries.flows(NOW)
    courses = [course for _, course in model.queries.delivery_rows()]
    accepted = [row for row in model.queries.event_rows() if row.outcome == "accepted"]

    assert sum(sum(flow.counts) for flow in flows.events) == len(accepted) > 150
    for flow in flows.deliveries:
        own = [c for c in courses if c.subscription == flow.subscription]
        assert flow.routed == len([c for c in own if c.routed_at is not None])
        assert flow.delivered == len([c for c in own if c.delivered_at is not None])
        assert flow.pulled == len([c for c in own if c.pulled_at is not None])
        waiting = [c.routed_at for c in own if c.delivered_at is None]
        assert flow.oldest == (min(waiting) if flow.push and waiting else None)


def test_a_read_model_of_another_release_is_refused(model: Model) -> None:
    with schema.writing(model.engine).begin() as connection:
        connection.execute(schema.schema_version.update().values(version=schema.VERSION + 1))

    with pytest.raises(OutdatedReadModel, match="HUB_DATABASE"):
        model.store.prepare()


def test_tables_may_be_made_by_several_processes_at_once(database_url: str) -> None:
    engines = [open_engine(database_url) for _ in range(4)]
    failures: list[BaseException] = []

    def make(engine: sa.Engine) -> None:
        try:
            schema.prepare(engine)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=make, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for engine in engines:
        engine.dispose()

    assert failures == []
