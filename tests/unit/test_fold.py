"""Folding on `batch.run`, which is what the shell calls: any bytes, any order, any batches, again and again."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hub.core import batch, delivery, journal
from hub.core import state as states
from hub.core.admission import Admitted
from hub.core.event import Event, with_attributes
from hub.core.identity import content_hash
from hub.core.policy import Policy
from hub.core.records import Record
from hub.core.topics import COMMANDS, EVENTS_P1, INPUTS, JOURNAL, OUTBOX, QUARANTINE
from hub.core.views import Line, Places
from tests import strategies as some
from tests.pure import DAY_MS, START, PureHub, Told, entries, outcomes, partner_of, receivers, told

MARKER = "Geheim-Jansen"


def fold(events: list[Admitted], policy: Policy = some.PLAIN) -> PureHub:
    hub = PureHub(policy)
    hub.publish(events)
    return hub


def named(one: Told) -> tuple[str, str]:
    """Source and id of the event: an id alone names nothing."""
    return one.event["source"], one.event["id"]


NOTHING = (None, Places("almere"))


def shown(hub: PureHub) -> dict[bytes, Any]:
    """What is true of every key. Signals are left out: they say what was done, and when; and so are a city in which
    nobody asks for a place and none is offered, and a line of which nothing is known, which was once linked."""
    said = {key: view for key, view in hub.views().items() if view not in NOTHING and not empty(view)}
    views = {key: msgspec.to_builtins(view) for key, view in said.items()}
    return {key: {k: v for k, v in view.items() if k != "signals"} for key, view in views.items()}


def empty(view: Any) -> bool:
    return isinstance(view, Line) and not view.events and not view.linked


def same_again(admitted: Admitted, **changes: Any) -> Admitted:
    return admitted._replace(event=Event({**admitted.event.attributes, **changes}, admitted.event.data))


RAW = st.one_of(st.binary(max_size=60), some.events().map(Event.structured))
KEYS = st.one_of(
    st.sampled_from((b"learner/x", b"group/x", b"places/almere", b"offer/x", b"")), st.binary(max_size=9)
)
COMMANDED = st.fixed_dictionaries(
    {
        "command": st.sampled_from(
            ("tick", "contribute", "share", "restrict", "erase", "forget", "keep", "snapshot", "?")
        )
    },
    optional={
        "key": st.sampled_from(("learner/x", "learner/y", "", 7)),
        "bundle": st.fixed_dictionaries(
            {"revision": st.one_of(st.integers(), st.none())},
            optional={"open": st.booleans(), "survivor": st.booleans(), "facts": st.just({"a": 1})},
        ),
        "by": st.sampled_from(("parent", "", None)),
        "on": st.sampled_from(("2027-03-01", "never", 3)),
        "counts": st.dictionaries(st.text(max_size=4), st.one_of(st.integers(), st.text(max_size=2))),
        "at": st.one_of(st.integers(), st.text(max_size=3), st.none()),
        "slot": st.one_of(st.text(max_size=5), st.integers(), st.lists(st.none())),
        "revision": st.one_of(st.integers(), st.text(max_size=3)),
        "data": st.dictionaries(
            st.sampled_from(("kind", "from", "need")), st.one_of(st.text(max_size=4), st.integers())
        ),
    },
).map(lambda c: json.dumps(c).encode())


@given(st.lists(st.tuples(st.sampled_from(INPUTS), KEYS, st.one_of(st.none(), RAW, COMMANDED)), max_size=6))
def test_no_bytes_whatever_stop_the_fold(given_records: list[tuple[str, bytes, bytes | None]]) -> None:
    records = [Record(topic, 0, i, START, key, value) for i, (topic, key, value) in enumerate(given_records)]
    done = batch.run(records, lambda key: None, some.PLAIN)
    for value in done.states.values():
        assert value is None or states.dump(states.load(value)) == value


@given(some.broken())
def test_a_broken_event_behind_the_door_is_folded_or_set_aside_with_its_place(event: Event) -> None:
    raw = json.dumps({**event.attributes, "data": event.data}).encode()
    done = batch.run([Record(EVENTS_P1, 0, 7, START, b"learner/x", raw)], lambda key: None, some.PLAIN)
    said = [e for e in entries(done.out) if isinstance(e, journal.Quarantined)]
    assert done.states or [e.where for e in said] == [f"{EVENTS_P1}/0/7"]


RIVALS = (*some.GROUPS[:3], "E5", *some.PERSONAL)


# Erasure apart: it cannot be undone, so a request that contradicting words of two schools make lawful in one order only
# erases in that order only.
@given(st.data(), st.one_of(some.histories(), some.lines(), some.rivals(RIVALS)))
def test_any_order_of_the_same_events_shows_the_same(data: st.DataObject, events: list[Admitted]) -> None:
    one, other = fold(events), fold(data.draw(st.permutations(events)))
    assert erased(one) ^ erased(other) or shown(one) == shown(other)


def erased(hub: PureHub) -> set[bytes]:
    return {key for key in hub.states if hub.state(key).erased}


@given(st.data(), st.one_of(some.histories(), some.lines()), some.policies())
def test_folding_in_batches_is_folding_one_by_one(
    data: st.DataObject, events: list[Admitted], policy: Policy
) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(events)))) | {0, len(events)})
    one_by_one, in_batches = PureHub(policy), PureHub(policy)
    for record in [one_by_one.of(event) for event in events]:
        one_by_one.run([record])
    records = [in_batches.of(event) for event in events]
    for start, end in itertools.pairwise(cuts):
        in_batches.run(records[start:end])
    assert in_batches.states == one_by_one.states
    assert in_batches.out == one_by_one.out
    assert in_batches.counts == one_by_one.counts


@given(st.data(), some.histories(unique=False), st.lists(st.integers(0, 60), max_size=3))
def test_replaying_handled_records_changes_nothing_and_says_nothing(
    data: st.DataObject, events: list[Admitted], ticks: list[int]
) -> None:
    hub = PureHub(some.PLAIN)
    hub.publish(events)
    for day in sorted(ticks):
        hub.tick(events[0].key, START + 45 * DAY_MS + day * DAY_MS)
    again = hub.handled[data.draw(st.integers(0, len(hub.handled))) :]
    done = batch.run(again, hub.states.get, hub.policy)
    assert done.out == []
    assert done.states.items() <= hub.states.items()


@given(some.histories(unique=False), some.policies())
def test_taking_a_batch_again_after_a_crash_gives_the_same(events: list[Admitted], policy: Policy) -> None:
    """Published but not stored: the same records meet the old states, and the same deliveries go out."""
    hub = PureHub(policy)
    records = [hub.of(event) for event in events]
    assert batch.run(records, hub.states.get, policy) == batch.run(records, hub.states.get, policy)


@given(some.histories(), some.policies(), st.data())
def test_a_repeat_is_counted_and_delivered_to_nobody(
    events: list[Admitted], policy: Policy, data: st.DataObject
) -> None:
    hub = fold(events, policy)
    one = data.draw(st.sampled_from(events))
    reordered = one._replace(event=Event(one.event.attributes, dict(reversed(one.event.data.items()))))
    retry = (
        reordered
        if "time" not in one.event.attributes
        else same_again(reordered, time="2027-03-01T00:00:00Z")
    )
    before = shown(hub)
    out = hub.publish([retry])
    assert told(out) == []
    outcome = "erased" if hub.state(one.key).erased else "duplicate"
    assert outcomes(out) == [outcome]
    assert hub.counts[-1].labels[-1] == outcome
    assert shown(hub) == before


@given(some.histories(), st.data())
def test_the_same_id_with_other_content_goes_to_quarantine_and_to_nobody(
    events: list[Admitted], data: st.DataObject
) -> None:
    hub = fold(events)
    one = data.draw(st.sampled_from(events))
    other = data.draw(some.admitted((some.KINDS[one.event.type].code,)).filter(lambda a: a.key == one.key))
    claimed = other._replace(
        event=with_attributes(other.event, {"id": one.event.id, "source": one.event.source})
    )
    if content_hash(claimed.event) == content_hash(one.event):
        return
    before = shown(hub)
    out = hub.publish([claimed])
    assert told(out) == []
    assert shown(hub) == before
    if hub.state(one.key).erased:
        assert outcomes(out) == ["erased"]
        return
    assert outcomes(out) == ["conflict", "quarantined:id-conflict"]
    assert sum(o.topic == QUARANTINE for o in out) == 1


@given(some.histories(), some.policies())
def test_every_subscription_that_wants_an_event_gets_it_exactly_once(
    events: list[Admitted], policy: Policy
) -> None:
    hub = fold(events, policy)
    sent = told(hub.out)
    assert max(Counter((t.subscription, *named(t)) for t in sent).values(), default=1) == 1
    for partner in {partner_of(t.subscription) for t in sent}:
        reached = {named(t): t.event for t in sent if partner_of(t.subscription) == partner}
        for subscription in policy.subscriptions(partner):
            wanted = {name for name, event in reached.items() if subscription.wants(event)}
            assert {named(t) for t in sent if t.subscription == subscription.id} == wanted


@given(some.histories(), some.policies(), st.integers(1, 500))
def test_a_delivery_id_follows_from_event_and_subscription_alone(
    events: list[Admitted], policy: Policy, later: int
) -> None:
    one, other = fold(events, policy), PureHub(policy)
    other._next.update(dict.fromkeys(INPUTS, later))
    other.publish(events)
    assert {t.id for t in told(one.out)} == {t.id for t in told(other.out)}
    assert all(t.id == derived(t) for t in told(one.out))
    assert len({t.id for t in told(one.out)}) == len(told(one.out))


def derived(one: Told) -> str:
    return delivery.delivery_id(one.event["source"], one.event["id"], one.subscription)


@given(some.histories(), some.policies())
def test_the_journal_names_every_delivery(events: list[Admitted], policy: Policy) -> None:
    hub = fold(events, policy)
    routed = [e for e in entries(hub.out) if isinstance(e, journal.Routed)]
    named = [(s, i) for e in routed for t in e.told for s, i in t.deliveries.items()]
    assert sorted(named) == sorted((t.subscription, t.id) for t in told(hub.out))


@given(some.histories())
def test_a_state_survives_dump_and_load(events: list[Admitted]) -> None:
    for value in fold(events).states.values():
        assert states.dump(states.load(value)) == value


@given(some.events(), st.sampled_from(("naam", "bsn", "opmerking")))
def test_what_stands_in_a_record_that_cannot_be_read_comes_out_nowhere(event: Event, name: str) -> None:
    """Were the door to fail, the quarantine and the journal still hold no payload."""
    data = {name: MARKER}
    raw = json.dumps({**event.attributes, "type": "nl.onderwijsloopbanen.unknown.v1", "data": data}).encode()
    hub = PureHub(some.PLAIN)
    done = hub.run(
        [hub.record(EVENTS_P1, b"learner/x", r, START) for r in (raw, raw[:-1], json.dumps(data).encode())]
    )
    assert MARKER not in repr(done.out) + repr(done.counts)
    assert all(o.topic in (JOURNAL, QUARANTINE) for o in done.out)


@given(some.histories())
def test_neither_journal_nor_counts_hold_what_identifies_a_learner(events: list[Admitted]) -> None:
    hub = fold(list(events))
    said = repr([o for o in hub.out if not o.topic.startswith(OUTBOX) and o.topic != COMMANDS]) + repr(
        hub.counts
    )
    for event in events:
        learner = event.event.data.get("learnerId", "")
        assert not learner or learner in {event.event.id for event in events} or learner not in said


def test_an_event_without_a_time_is_folded_as_any_other() -> None:
    data = {"groupId": some.IDS[0], "reason": "relocated"}
    event = some.event_of("E3", data, some.city.BY_ID["gemeente"].sources[0], "no-time")
    hub = fold([some.let_in(event)])
    assert outcomes(hub.out) == ["routed"]
    assert receivers(hub.out) == set()
