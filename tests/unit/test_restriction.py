"""A frozen line (AVG art. 18): nothing of it goes out but what takes something back, and nothing of it is lost."""

from __future__ import annotations

import json
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from hub.core import batch, census, delivery
from hub.core.admission import Admitted
from hub.core.line import for_partner
from hub.core.records import Out
from hub.core.topics import COMMANDS, OUTBOX
from hub.core.views import Line
from hub.readmodel.standing import standing
from tests import city
from tests import strategies as some
from tests.pure import START, PureHub, Told, day_ms, partner_of, receivers, told
from tests.said import closed, placed, prepared, started, withdrawn
from tests.unit.test_fold import NOTHING, erased, fold, shown
from tests.unit.test_linked import GONE, KEEP, MERGED, ON_GONE, ON_KEEP, SPLIT

KEY = prepared().key
SINCE = day_ms("2027-06-01")


def restrict(hub: PureHub, key: bytes, on: bool, at: int = START, now: int = SINCE) -> list[Out]:
    given = {"command": "restrict", "on": on, "at": at, "by": "fg-almere"}
    record = hub.record(COMMANDS, key, json.dumps(given).encode(), now)
    before = len(hub.out)
    hub.settle(hub.run([record]).out, now)
    return hub.out[before:]


def learners(events: Iterable[Admitted]) -> list[bytes]:
    return sorted({one.key for one in events if one.key.startswith(b"learner/")})


def line(hub: PureHub, key: bytes = KEY) -> Line:
    found = hub.views()[key]
    assert isinstance(found, Line)
    return found


def takes_back(out: Out) -> bool:
    return bool(delivery.from_record(out.key, out.value or b"", out.headers).withdraws)


def about_a_learner(out: Out) -> bool:
    given = json.loads(out.value or b"{}")["data"]
    return "learnerId" in given


def outboxes(out: Iterable[Out]) -> list[Out]:
    return [one for one in out if one.topic.startswith(OUTBOX)]


@given(st.data(), st.one_of(some.histories(), some.lines(), some.rivals(some.PERSONAL)))
def test_nothing_about_a_frozen_learner_goes_out_but_what_takes_back(
    data: st.DataObject, events: list[Admitted]
) -> None:
    place = data.draw(st.integers(0, len(events)))
    hub = fold(events[:place])
    for key in learners(events):
        restrict(hub, key, True)
    before = len(hub.out)
    hub.publish(events[place:])
    hub.tick_all(START + 400 * 24 * 3600 * 1000)
    out = [one for one in outboxes(hub.out[before:]) if about_a_learner(one)]
    assert [one for one in out if not takes_back(one)] == []


@given(st.data(), st.one_of(some.histories(), some.lines(), some.rivals(some.PERSONAL)))
def test_a_line_that_was_frozen_meanwhile_shows_the_same_afterwards(
    data: st.DataObject, events: list[Admitted]
) -> None:
    other = data.draw(st.permutations(events))
    on, off = sorted(data.draw(st.tuples(st.integers(0, len(events)), st.integers(0, len(events)))))
    free, frozen = fold(events), PureHub(some.PLAIN)
    frozen.publish(other[:on])
    for key in learners(events):
        restrict(frozen, key, True, START)
    frozen.publish(other[on:off])
    for key in learners(events):
        restrict(frozen, key, False, START + 1)
    frozen.publish(other[off:])
    assert erased(free) ^ erased(frozen) or shown(free) == known_of(frozen)


def known_of(hub: PureHub) -> dict[bytes, object]:
    """Without lines of which nothing is known but that they were frozen once."""
    empty = {key for key, view in hub.views().items() if isinstance(view, Line) and not view.events}
    return {key: view for key, view in shown(hub).items() if key not in empty or view in NOTHING}


@given(some.histories())
def test_who_is_told_after_a_freeze_would_have_been_told_without_it(events: list[Admitted]) -> None:
    free, frozen = fold(events), PureHub(some.PLAIN)
    for key in learners(events):
        restrict(frozen, key, True, START)
    frozen.publish(events)
    for key in learners(events):
        restrict(frozen, key, False, START + 1)
    assert {(t.subscription, t.event["id"]) for t in said(frozen)} <= {
        (t.subscription, t.event["id"]) for t in said(free)
    }


def said(hub: PureHub) -> list[Told]:
    """What partners told: signals bear the step in their id."""
    return [t for t in told(hub.out) if "signal" not in t.event["type"]]


@given(st.permutations([(True, 1), (False, 2), (True, 3), (False, 4)]))
def test_of_several_words_the_newest_counts_in_whatever_order_they_come(
    words: list[tuple[bool, int]],
) -> None:
    hub = fold([*placed(), prepared()])
    for on, at in words:
        restrict(hub, KEY, on, START + at)
    assert not line(hub).restricted


def names(out: Iterable[Out], partner: str) -> list[str]:
    """Kinds of event that a partner was told."""
    return [t.event["type"].split(".", 2)[2] for t in told(out) if partner_of(t.subscription) == partner]


GIVEN = (started(city.SCHOOL_A, some.TWO[0], "2026-08-01"), *placed())


def test_what_was_held_back_is_told_when_the_freeze_is_lifted_and_only_once() -> None:
    hub = fold([*GIVEN])
    restrict(hub, KEY, True)
    assert receivers(hub.publish([prepared()])) == set()
    out = restrict(hub, KEY, False, START + 1)
    assert names(out, "vo") == ["handover.prepared.v1", "signal.raised.v1"]
    assert receivers(restrict(hub, KEY, False, START + 2)) == set()


def test_what_was_withdrawn_during_the_freeze_is_never_told() -> None:
    hub = fold([*GIVEN])
    restrict(hub, KEY, True)
    hub.publish([prepared(), withdrawn()])
    out = restrict(hub, KEY, False, START + 1)
    assert "handover.prepared.v1" not in names(out, "vo")


def test_the_order_to_purge_goes_out_of_a_frozen_line() -> None:
    hub = fold([*GIVEN, prepared()])
    restrict(hub, KEY, True)
    assert receivers(hub.publish([withdrawn()])) == {"vo"}


def test_an_erasure_goes_out_of_a_frozen_line() -> None:
    hub = fold([*GIVEN, prepared()])
    restrict(hub, KEY, True)
    hub.publish([closed("erased", day="2027-07-01", requestedBy="parent")])
    assert KEY not in hub.views()
    assert names(hub.out, "vo")[-1] == "erasure.executed.v1"


def test_the_end_of_the_retention_waits_until_the_freeze_is_lifted() -> None:
    hub = fold([*GIVEN, closed("left-region", day="2027-02-01")])
    restrict(hub, KEY, True)
    hub.tick(KEY, day_ms("2030-02-01"))
    assert KEY in hub.views()
    restrict(hub, KEY, False, START + 1, day_ms("2030-02-02"))
    assert KEY not in hub.views()


def test_a_frozen_line_is_shown_to_nobody_and_goes_on_counting() -> None:
    free = fold([*GIVEN, prepared()])
    hub = fold([*GIVEN])
    restrict(hub, KEY, True)
    hub.publish([prepared()])
    assert [p.id for p in city.BY_ID.values() if for_partner(line(hub), p) is not None] == []
    assert [p.id for p in city.BY_ID.values() if for_partner(line(free), p) is not None]
    assert census.counts(line(hub)) == census.counts(line(free))


def test_signals_of_a_frozen_line_are_neither_raised_nor_shown_and_told_afterwards() -> None:
    hub = fold([*GIVEN, prepared()])
    restrict(hub, KEY, True)
    late = day_ms("2027-08-20")
    before = hub.state(KEY).signals
    assert receivers(hub.tick(KEY, late)) == set()
    assert hub.state(KEY).signals == before
    assert standing(KEY, hub.states[KEY], batch.view).signals == ()
    out = restrict(hub, KEY, False, START + 1, late)
    assert hub.state(KEY).signals != before
    assert "signal.raised.v1" in names(out, "vo")
    assert standing(KEY, hub.states[KEY], batch.view).signals


def test_a_line_that_is_linked_with_a_frozen_one_is_frozen_until_they_are_split() -> None:
    keep, gone = f"learner/{KEEP}".encode(), f"learner/{GONE}".encode()
    hub = fold([ON_KEEP, ON_GONE])
    restrict(hub, gone, True)
    assert (line(hub, keep).restricted, line(hub, gone).restricted) == (False, True)
    hub.publish([MERGED])
    assert line(hub, keep).restricted
    hub.publish([SPLIT])
    assert (line(hub, keep).restricted, line(hub, gone).restricted) == (False, True)


def test_a_word_about_either_of_two_linked_lines_is_about_both() -> None:
    keep, gone = f"learner/{KEEP}".encode(), f"learner/{GONE}".encode()
    hub = fold([ON_KEEP, ON_GONE, MERGED])
    restrict(hub, keep, True, START)
    assert line(hub, gone).restricted
    restrict(hub, gone, False, START + 1)
    assert not line(hub, keep).restricted
