"""The checker reports what is wrong, whatever it is, and nothing when all is well."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from hub.core import delivery
from hub.core.journal import DEAD, Accepted, Attempted, Entry, Pulled, Routed
from hub.core.policy import Policy
from hub.core.records import Record
from hub.core.subscription import Subscription
from hub.core.topics import OUTBOX, subscription_of
from hub.demo import check as checks
from hub.demo.check import Kept
from tests.chaos import checker, plan
from tests.chaos.checker import Evidence, Verdict, judge
from tests.chaos.faults import Done
from tests.chaos.ledger import FEED, Hit, digest
from tests.chaos.plan import Fault
from tests.pure import START, PureHub, entries
from tests.unit.test_demo_story import DIRECTORY, judged, year

FILTERED = Subscription(
    id="sub-groups",
    partner="taalcentrum-almere",
    sink="https://taalcentrum.example/hook",
    filters=({"prefix": {"type": "nl.onderwijsloopbanen.arrival-group."}},),
)
POLICY = Policy(DIRECTORY, [FILTERED])
HOOK = "inbox-gemeente-almere"
LINKS = {"gemeente": HOOK}
PULLING = "inbox-prisma"
T = START / 1000


def fault(kind: str, target: str, began: float = 0.0, ended: float = 1.0) -> Done:
    return Done(Fault(1, 0.0, kind, target, 1.0, 0.5), T + began, T + ended, "", True)


@pytest.fixture(scope="module")
def hub() -> PureHub:
    hub = PureHub(POLICY)
    hub.publish(judged(one) for one in year("1/1", 10) if not one.refused)
    return hub


@pytest.fixture
def well(hub: PureHub) -> Evidence:
    """As if every subscription had received all of its outbox a tenth of a second after it came in, in order."""
    outboxes: dict[str, list[Record]] = defaultdict(list)
    for out in hub.out:
        if out.topic.startswith(OUTBOX):
            box = outboxes[subscription_of(out.topic)]
            box.append(Record(out.topic, 0, len(box), START, out.key or b"", out.value, out.headers))
    hits = [_hit(id, record) for id, records in outboxes.items() for record in records]
    events = [judged(one).event for one in year("1/1", 10) if not one.refused]
    said: list[Entry] = [
        Accepted(at=START, source=e.source, id=e.id, publisher="p", topic="t", via="http") for e in events
    ]
    inputs = {(r.topic, r.offset): r for r in hub.handled}
    log = [*said, *entries(hub.out), *map(_noted, hits)]
    kept = Kept(list(inputs.values()), log, dict(hub.states))
    return Evidence(hits, {(e.source, e.id) for e in events}, kept, outboxes, links=LINKS)


def _hit(subscription: str, record: Record) -> Hit:
    one = delivery.from_record(record.key, record.value or b"", record.headers)
    answer = FEED if subscription == PULLING else "204"
    return Hit(
        at=one.accepted / 1000 + 0.1,
        subscription=subscription,
        delivery=one.id,
        number=record.offset + 1,
        event=json.loads(one.body),
        body=digest(one.body),
        answer=answer,
    )


def _noted(hit: Hit, outcome: str = "delivered", status: str = "204", at: float = T) -> Entry:
    where: dict[str, Any] = {"at": round(at * 1000), "partner": "p", "subscription": hit.subscription}
    if hit.answer == FEED:
        return Pulled(**where, deliveries=(hit.delivery,))
    tried: dict[str, Any] = {"attempt": 1, "took": 1, "waited": 1, "outcome": outcome, "status": status}
    return Attempted(**where, delivery=hit.delivery, number=hit.number, **tried)


def found(given: Evidence) -> set[str]:
    return {difference.what for difference in judge(given, POLICY).differences}


def pick(given: Evidence, subscription: str = HOOK) -> Hit:
    """One in the middle."""
    hits = [hit for hit in given.hits if hit.subscription == subscription]
    return hits[len(hits) // 2]


def again(given: Evidence, first: Hit, later: float, **changes: Any) -> Verdict:
    """The verdict when that delivery comes once more, so many seconds later."""
    return judge(given._replace(hits=[*given.hits, replace(first, at=first.at + later, **changes)]), POLICY)


def test_a_run_in_which_all_went_well_passes(well: Evidence) -> None:
    verdict = judge(well, POLICY)
    assert verdict.ok, verdict.differences
    assert (verdict.lost, verdict.disordered, list(verdict.repeats), verdict.resaid) == (0, 0, [], 0)
    assert verdict.delivered == verdict.promised > 500


def test_a_lost_event_is_reported(well: Evidence) -> None:
    gone = pick(well)
    verdict = judge(well._replace(hits=[hit for hit in well.hits if hit is not gone]), POLICY)
    assert verdict.lost
    assert not verdict.ok
    assert {d.what for d in verdict.differences} >= {checks.MISSING, checks.GAP}


def test_an_event_that_was_accepted_and_is_nowhere_is_lost(well: Evidence) -> None:
    verdict = judge(well._replace(accepted={*well.accepted, ("urn:x", "gone")}), POLICY)
    assert verdict.lost == 1
    assert {d.what for d in verdict.differences} == {checks.VANISHED, checker.UNSAID}


def test_two_deliveries_about_one_subject_in_the_wrong_order_are_reported(well: Evidence) -> None:
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, hit in enumerate(well.hits):
        places[hit.subscription, hit.event["subject"]].append(place)
    one, other = next(found for found in places.values() if len(found) > 1)[:2]
    hits = list(well.hits)
    hits[one], hits[other] = hits[other], hits[one]
    verdict = judge(well._replace(hits=hits), POLICY)
    assert verdict.disordered == 1
    assert not verdict.ok


def test_a_gap_in_the_numbers_is_reported(well: Evidence) -> None:
    last = max((hit for hit in well.hits if hit.subscription == HOOK), key=lambda hit: hit.number)
    hits = [hit for hit in well.hits if hit is not last]
    verdict = judge(well._replace(hits=[*hits, replace(last, number=last.number + 1)]), POLICY)
    assert {d.what for d in verdict.differences} >= {checks.GAP, checker.MISNUMBERED}
    assert verdict.lost


def test_a_repeat_without_any_fault_is_unexplained(well: Evidence) -> None:
    verdict = again(well, pick(well), 5.0)
    assert len(verdict.unexplained) == 1
    assert not verdict.ok
    assert not verdict.differences


def test_a_repeat_with_another_body_is_reported(well: Evidence) -> None:
    verdict = again(well._replace(faults=[fault("kill", "courier/0")]), pick(well), 5.0, body="other")
    assert {d.what for d in verdict.differences} == {checker.ALTERED}


@pytest.mark.parametrize(
    "done",
    [
        fault("kill", "courier/1"),
        fault("pause", "kafka/0", 0.0, 4.0),
        fault("cut-kafka", "courier/0"),
        fault("cut", "gemeente"),
        fault("delay", "gemeente", -3.0, 2.0),
    ],
)
def test_a_repeat_is_explained_by_the_fault_that_came_before_it(well: Evidence, done: Done) -> None:
    verdict = again(well._replace(faults=[done]), pick(well), 5.0)
    assert verdict.ok
    assert dict(verdict.explained) == {done.fault.name: 1}


@pytest.mark.parametrize(
    "done",
    [
        fault("kill", "processor/0"),  # decides again under another number, not this one
        fault("kill", "gateway/0"),
        fault("cut", "taalcentrum"),
        fault("cut", "gemeente", -3.0, -2.0),  # over when this delivery went out
        fault("hang", "gemeente"),  # this delivery did not meet it
        fault("kill", "courier/0", -99.0, -90.0),  # long over
        fault("kill", "courier/0", 9.0, 10.0),  # not yet
    ],
)
def test_a_fault_elsewhere_or_at_another_time_explains_nothing(well: Evidence, done: Done) -> None:
    links = {**LINKS, "taalcentrum": "inbox-taalcentrum-almere"}
    verdict = again(well._replace(faults=[done], links=links), pick(well), 5.0)
    assert len(verdict.unexplained) == 1


@pytest.mark.parametrize("mood", ["hang", "crawl", "garbage", "half", "die"])
def test_a_partner_that_took_it_in_and_did_not_say_so_explains_the_repeat(well: Evidence, mood: str) -> None:
    first = pick(well)
    hits = [replace(hit, mood=mood, answer="") if hit is first else hit for hit in well.hits]
    verdict = again(well._replace(hits=hits), first, 20.0)
    assert dict(verdict.explained) == {f"{mood} partner": 1}


def test_what_a_partner_refused_it_did_not_take_in(well: Evidence) -> None:
    first = pick(well)
    refused = replace(first, mood="500", answer="500", taken=False, at=first.at - 1)
    assert judge(well._replace(hits=[refused, *well.hits]), POLICY).ok
    hits = [refused if hit is first else hit for hit in well.hits]
    assert judge(well._replace(hits=hits), POLICY).lost


def test_an_answer_that_the_courier_says_it_never_heard_is_named(well: Evidence) -> None:
    first = pick(well)
    tried = _noted(first, "retry", "timeout", first.at + 4)
    log = well.kept._replace(journal=[*well.kept.journal, tried])
    assert dict(again(well._replace(kept=log), first, 5.0).explained) == {
        "timeout noted by courier (no fault near)": 1
    }


def test_a_later_refusal_does_not_explain_that_it_had_to_be_sent_again(well: Evidence) -> None:
    first = pick(well)
    tried = _noted(first, "retry", "302", first.at + 2)
    log = well.kept._replace(journal=[*well.kept.journal, tried])
    faults = [fault("kill", "courier/0")]
    assert dict(again(well._replace(kept=log, faults=faults), first, 5.0).explained) == {"kill courier": 1}
    assert len(again(well._replace(kept=log), first, 5.0).unexplained) == 1


def test_reading_a_number_twice_from_a_feed_is_never_explained(well: Evidence) -> None:
    faults = [fault("kill", "courier/0"), fault("kill", "gateway/0"), fault("kill", "kafka/0")]
    assert len(again(well._replace(faults=faults), pick(well, PULLING), 5.0).unexplained) == 1


def _written_twice(given: Evidence, written: float) -> Evidence:
    """The processor decided again: the same delivery stands in the log under a second number, and came under both."""
    first = pick(given)
    box = list(given.outboxes[HOOK])
    copy = box[first.number - 1]._replace(offset=len(box), timestamp=round((T + written) * 1000))
    hit = replace(first, number=len(box) + 1, at=first.at + 99)
    log = given.kept._replace(journal=[*given.kept.journal, _noted(hit)])
    hits, outboxes = [*given.hits, hit], {**given.outboxes, HOOK: [*box, copy]}
    return given._replace(hits=hits, outboxes=outboxes, kept=log)


def test_a_second_number_is_explained_by_a_fault_of_the_processor_when_it_was_written(well: Evidence) -> None:
    twice = _written_twice(well, 2.0)
    early = twice._replace(faults=[fault("kill", "processor/0", 0.5, 3.0)])
    assert dict(judge(early, POLICY).explained) == {"kill processor": 1}
    for wrong in (fault("kill", "processor/0", 60.0, 70.0), fault("kill", "courier/0", 0.5, 3.0)):
        assert len(judge(twice._replace(faults=[wrong]), POLICY).unexplained) == 1


def _without(given: Evidence, kind: type[Entry], harm: Callable[[Any], bool]) -> Evidence:
    log = [one for one in given.kept.journal if not (isinstance(one, kind) and harm(one))]
    return given._replace(kept=given.kept._replace(journal=log))


def test_a_journal_that_leaves_something_out_is_reported(well: Evidence) -> None:
    at = pick(well)
    assert found(_without(well, Accepted, lambda one: (one.source, one.id) == _named(at))) == {checker.UNSAID}
    assert found(_without(well, Attempted, lambda one: one.delivery == at.delivery)) == {checker.UNNOTED}
    read = pick(well, PULLING)
    assert found(_without(well, Pulled, lambda one: read.delivery in one.deliveries)) == {checker.UNNOTED}


def _named(hit: Hit) -> tuple[str, str]:
    return hit.event["source"], hit.event["id"]


def _with(given: Evidence, more: Sequence[Entry]) -> Evidence:
    return given._replace(kept=given.kept._replace(journal=[*given.kept.journal, *more]))


def test_a_journal_that_says_too_much_is_reported(well: Evidence) -> None:
    claimed = replace(pick(well), number=9999)
    assert found(_with(well, [_noted(claimed)])) == {checker.UNTRUE}
    routed = next(one for one in well.kept.journal if isinstance(one, Routed) and one.told)
    told = (routed.told[0].__class__("p", "c", {HOOK: "made-up"}),)
    more = Routed(
        at=START, source=routed.source, id=routed.id, type=routed.type, publisher="p", order=1, told=told
    )
    assert checker.OVERTOLD in found(_with(well, [more.__class__(**{**_fields(more), "again": True})]))


def _fields(entry: Routed) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in entry.__struct_fields__}


def test_a_request_that_followed_a_redirect_is_reported(well: Evidence) -> None:
    assert found(well._replace(wandered=1)) == {checker.WANDERED}


def test_a_delivery_that_was_given_up_counts_as_lost(well: Evidence) -> None:
    verdict = judge(_with(well, [_noted(pick(well), DEAD, "500")]), POLICY)
    assert verdict.lost == 1


def test_the_longest_stall_is_found_with_the_faults_meanwhile(well: Evidence) -> None:
    last = max((hit for hit in well.hits if hit.subscription == PULLING), key=lambda hit: hit.number)
    hits = [replace(hit, at=hit.at + 7) if hit is last else hit for hit in well.hits]
    faults = [
        fault("pause", "processor/0", 1, 6),
        fault("kill", "courier/0", 20, 21),
        fault("500", "gemeente", 1, 2),
    ]
    stall = judge(well._replace(hits=hits, faults=faults), POLICY).stall
    assert stall is not None
    assert (round(stall.seconds, 1), stall.subscription, stall.faults) == (7.0, PULLING, ("pause processor",))


def test_waiting_of_a_partner_that_is_itself_unwell_is_no_stall(well: Evidence) -> None:
    last = max((hit for hit in well.hits if hit.subscription == HOOK), key=lambda hit: hit.number)
    hits = [replace(hit, at=hit.at + 7) if hit is last else hit for hit in well.hits]
    ill = judge(well._replace(hits=hits, faults=[fault(plan.CUT, "gemeente", 1, 2)]), POLICY).stall
    fit = judge(well._replace(hits=hits), POLICY).stall
    assert ill is not None
    assert fit is not None
    assert ill.subscription != HOOK
    assert fit.subscription == HOOK
