"""The check at the end of the demo finds what it must find, and nothing where there is nothing."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from hub.core import delivery
from hub.core import state as states
from hub.core.journal import WITHDRAWN, Attempted, Entry, Routed
from hub.core.policy import Policy
from hub.core.records import Record
from hub.core.subscription import Subscription
from hub.core.topics import COMMANDS, OUTBOX, subscription_of
from hub.core.withdrawal import taken_back
from hub.demo import check as checks
from hub.demo.check import Kept, Told, compare
from hub.demo.receipts import Receipt
from tests.pure import PureHub, entries
from tests.unit.test_demo_story import DIRECTORY, judged, year

FILTERED = Subscription(
    id="sub-groups",
    partner="taalcentrum-almere",
    sink="https://taalcentrum.example/hook",
    filters=({"prefix": {"type": "nl.onderwijsloopbanen.arrival-group."}},),
)
POLICY = Policy(DIRECTORY, [FILTERED])


def admitted() -> list[Any]:
    return [judged(one) for one in year("1/1", 10) if not one.refused]


@pytest.fixture
def hub() -> PureHub:
    hub = PureHub(POLICY)
    hub.publish(admitted())
    return hub


def kept(hub: PureHub) -> Kept:
    inputs = {(r.topic, r.offset): r for r in hub.handled}
    return Kept(list(inputs.values()), entries(hub.out), dict(hub.states))


def told(hub: PureHub) -> Told:
    """As if every subscription had received all of its outbox, in order."""
    numbers: Counter[str] = Counter()
    receipts = []
    for out in hub.out:
        if out.topic.startswith(OUTBOX) and out.value:
            subscription = subscription_of(out.topic)
            numbers[subscription] += 1
            one = delivery.from_record(out.key, out.value, out.headers)
            receipts.append(Receipt(subscription, one.id, numbers[subscription], json.loads(one.body)))
    return Told(receipts, {(one.event.source, one.event.id) for one in admitted()})


def found(kept: Kept, told: Told, **more: Any) -> set[str]:
    return {difference.what for difference in compare(kept, told, POLICY, **more).differences}


def test_a_hub_that_did_everything_right_passes(hub: PureHub) -> None:
    shown = {key.decode(): view for key, view in hub.views().items() if view is not None}
    report = compare(kept(hub), told(hub), POLICY, shown)
    assert list(report.lines())[1:] == ["check: everything is as the policy says"]
    assert report.deliveries == len(told(hub).receipts) > 500


def _without_one(given: Told) -> Told:
    return given._replace(receipts=given.receipts[:-1])


def _to_a_stranger(given: Told) -> Told:
    """The same event in the inbox of a partner that the policy does not name."""
    private = next(r for r in given.receipts if "handover.prepared" in r.event["type"])
    reached = sum(r.subscription == "inbox-jgz-almere" for r in given.receipts)
    leak = private._replace(subscription="inbox-jgz-almere", delivery="another", number=reached + 1)
    return given._replace(receipts=[*given.receipts, leak])


def _unreduced(given: Told) -> Told:
    """With a field that the policy takes away."""

    def grown(one: Receipt) -> Receipt:
        reduced = (
            one.event["type"].endswith("arrival-group.announced.v1") and one.subscription == "inbox-prisma"
        )
        return (
            one._replace(event={**one.event, "data": {**one.event["data"], "siteLabel": "X"}})
            if reduced
            else one
        )

    return given._replace(receipts=[grown(one) for one in given.receipts])


def _under_another_id(given: Told) -> Told:
    first, *rest = given.receipts
    return given._replace(receipts=[first._replace(delivery="made-up"), *rest])


def _with_a_hole(given: Told) -> Told:
    last = given.receipts[-1]
    return given._replace(receipts=[*given.receipts[:-1], last._replace(number=last.number + 1)])


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (_without_one, checks.MISSING),
        (_to_a_stranger, checks.LEAKED),
        (_unreduced, checks.ALTERED),
        (_under_another_id, checks.RENAMED),
        (_with_a_hole, checks.GAP),
        (lambda given: given._replace(unsigned={"inbox-prisma": 1}), checks.FORGED),
        (lambda given: given._replace(accepted={*given.accepted, ("urn:x", "gone")}), checks.VANISHED),
        (lambda given: given._replace(refused=set(list(given.accepted)[:1])), checks.SMUGGLED),
    ],
)
def test_harm_to_what_partners_got_is_found(hub: PureHub, harm: Callable[[Told], Told], what: str) -> None:
    assert what in found(kept(hub), harm(told(hub)))


def test_two_deliveries_about_one_subject_in_the_wrong_order_are_found(hub: PureHub) -> None:
    given = told(hub)
    places = [i for i, r in enumerate(given.receipts) if r.subscription == FILTERED.id]
    subjects = Counter(given.receipts[i].event["subject"] for i in places)
    busiest = subjects.most_common(1)[0][0]
    first, second = [i for i in places if given.receipts[i].event["subject"] == busiest][:2]
    swapped = list(given.receipts)
    swapped[first], swapped[second] = swapped[second], swapped[first]
    assert found(kept(hub), given._replace(receipts=swapped)) == {checks.DISORDERED}


def _withdrawn(hub: PureHub, given: Told) -> list[Receipt]:
    """What a later delivery of the same outbox takes back."""
    boxes: dict[str, list[delivery.Delivery]] = {}
    for out in hub.out:
        if out.topic.startswith(OUTBOX) and out.value:
            one = delivery.from_record(out.key, out.value, out.headers)
            boxes.setdefault(subscription_of(out.topic), []).append(one)
    gone = {(box, place + 1) for box, outbox in boxes.items() for place in taken_back(outbox)}
    return [r for r in given.receipts if (r.subscription, r.number) in gone]


def _said(receipts: list[Receipt]) -> list[Entry]:
    """The journal of a courier that did not send these."""
    end: dict[str, Any] = {"attempt": 0, "outcome": WITHDRAWN, "status": "", "took": 0, "waited": 0}
    return [
        Attempted(at=1, partner="p", subscription=r.subscription, delivery=r.delivery, number=r.number, **end)
        for r in receipts
    ]


def test_what_was_taken_back_may_have_come_or_be_missing_but_not_unsaid(hub: PureHub) -> None:
    given, log = told(hub), kept(hub)
    gone = _withdrawn(hub, given)
    assert gone
    rest = given._replace(receipts=[r for r in given.receipts if r not in gone])
    assert found(log._replace(journal=[*log.journal, *_said(gone)]), rest) == set()
    assert found(log, rest) == {checks.GAP}


def test_what_the_hub_leaves_out_though_nothing_took_it_back_is_missing(hub: PureHub) -> None:
    given, log = told(hub), kept(hub)
    kind = "handover.prepared"
    kept_back = [r for r in given.receipts if kind in r.event["type"] and r not in _withdrawn(hub, given)][:1]
    rest = given._replace(receipts=[r for r in given.receipts if r not in kept_back])
    lied = log._replace(journal=[*log.journal, *_said(kept_back)])
    assert found(lied, rest) == {checks.MISSING, checks.GAP}


def test_a_repeated_delivery_is_counted_and_fine(hub: PureHub) -> None:
    given = told(hub)
    report = compare(kept(hub), given._replace(receipts=[*given.receipts, given.receipts[0]]), POLICY)
    assert report.ok
    assert report.repeats == 1


def test_a_line_that_misses_an_event_is_found(hub: PureHub) -> None:
    given = kept(hub)
    key = next(key for key in given.lines if key.startswith(b"learner/"))
    line = states.load(given.lines[key])
    line.facts.popitem()
    assert checks.LINE in found(given._replace(lines={**given.lines, key: states.dump(line)}), told(hub))


def test_a_read_model_without_a_group_is_found(hub: PureHub) -> None:
    views = {key.decode(): view for key, view in hub.views().items() if view is not None}
    views.pop(next(key for key in views if key.startswith("group/")))
    assert found(kept(hub), told(hub), shown=views) == {checks.VIEW}


def test_an_event_that_was_never_handled_is_found_and_may_still_come(hub: PureHub) -> None:
    given = kept(hub)
    lost = next(e for e in given.journal if isinstance(e, Routed) and e.type.endswith("offer.published.v1"))
    journal = [e for e in given.journal if (e.source, e.id) != (lost.source, lost.id)]
    report = compare(given._replace(journal=journal), told(hub), POLICY)
    assert checks.UNHANDLED in {d.what for d in report.differences}


def test_a_lost_command_is_found(hub: PureHub) -> None:
    given = kept(hub)
    last = max((r for r in given.inputs if r.topic == COMMANDS), key=lambda r: r.offset)
    assert checks.LOST in found(given._replace(inputs=[r for r in given.inputs if r is not last]), told(hub))


def test_a_record_with_a_canary_is_found(hub: PureHub) -> None:
    assert found(kept(hub)._replace(canaries=1), told(hub)) == {checks.SINGING}


@pytest.mark.parametrize("seed", range(5))
def test_work_done_twice_in_a_crash_in_another_order_passes(seed: int) -> None:
    """The processor published what it decided, was killed before it stored anything, and handles the same records
    again, those of different topics in another order."""
    hub = PureHub(POLICY)
    events = admitted()
    half = len(events) // 2
    hub.publish(events[:half])
    records = [hub.of(event) for event in events[half:]]
    before = dict(hub.states)
    hub.run(records)
    hub.states = before
    again = _interleaved(records, random.Random(seed))
    for record in again:
        hub.settle(hub.run([record]).out)
    report = compare(kept(hub), told(hub), POLICY)
    assert list(report.lines())[1:] == ["check: everything is as the policy says"]
    assert report.repeats > 100


def _interleaved(records: list[Record], rng: random.Random) -> list[Record]:
    """Another order in which each topic keeps its own."""
    queues: dict[str, list[Record]] = {}
    for record in records:
        queues.setdefault(record.topic, []).append(record)
    order = rng.sample([r.topic for r in records], len(records))
    return [queues[topic].pop(0) for topic in order]


def test_differences_name_no_learner(hub: PureHub) -> None:
    lines = "\n".join(compare(kept(hub), told(hub)._replace(receipts=[]), POLICY).lines())
    assert checks.MISSING in lines
    assert not [one for one in admitted() if str(one.event.data.get("learnerId", "-none-")) in lines]
