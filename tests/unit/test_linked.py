"""Merge and split of lines (E27): both see the whole while they are linked, and nothing is mixed for good."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from hub.core import linked
from hub.core.admission import Admitted
from hub.core.topics import COMMANDS
from hub.core.views import Line
from tests import city
from tests import strategies as some
from tests.pure import DAY_MS, PureHub, day_ms, receivers

KEEP, GONE = some.LEARNERS
_SPACE = "00000000-0000-4000-8000-{:012d}"


def said(number: int, code: str, learner: str, org: str, **data: Any) -> Admitted:
    """One statement; `number` makes its id, its enrolment and its time."""
    given = {"learnerId": learner, "orgId": org, "basis": "WPO-OKR", "occurredOn": "2027-02-15", **data}
    id, time = _SPACE.format(number), f"2027-02-{number:02d}T09:00:00Z"
    source = city.OF_ORG[org].sources[0]
    return some.let_in(some.event_of(code, given, source, id, str(number), time))


def enrolled(number: int, learner: str, org: str, **more: Any) -> Admitted:
    given = {"stage": "po", "year": "5", "startOn": "2026-08-01", "primary": True, "birthMonth": "2018-03"}
    id = _SPACE.format(100 + number)
    return said(number, "E8", learner, org, **{"enrolmentId": id, **given, **more})


def link(number: int, action: str) -> Admitted:
    return said(
        number,
        "E27",
        KEEP,
        city.SCHOOL_B,
        action=action,
        otherLearnerId=GONE,
        boundBy=city.SCHOOL_B,
        evidence="oso-transfer",
    )


ON_KEEP = enrolled(1, KEEP, city.SCHOOL_B, startOn="2027-02-15")
ON_GONE = enrolled(2, GONE, city.SCHOOL_A)
LEFT = said(
    3,
    "E9",
    GONE,
    city.SCHOOL_A,
    enrolmentId=_SPACE.format(102),
    endOn="2027-02-14",
    reason="moved",
    nextOrgKnown=False,
)
MERGED, SPLIT = link(4, "merged"), link(5, "split")


def told(*events: Admitted) -> PureHub:
    hub = PureHub(some.PLAIN)
    hub.publish(events)
    return hub


def line(hub: PureHub, learner: str) -> Line:
    view = hub.views()[f"learner/{learner}".encode()]
    assert isinstance(view, Line)
    return view


def test_linked_lines_both_show_the_whole_and_one_of_them_stays() -> None:
    hub = told(ON_KEEP, ON_GONE, LEFT, MERGED)
    kept, gone = line(hub, KEEP), line(hub, GONE)
    assert [e.org for e in kept.enrolments] == [city.SCHOOL_A, city.SCHOOL_B]
    assert gone.enrolments == kept.enrolments
    assert (kept.linked, kept.merged_into) == ([GONE], "")
    assert gone.merged_into == KEEP


def test_what_is_told_of_either_afterwards_is_known_to_both() -> None:
    hub = told(ON_KEEP, ON_GONE, MERGED)
    hub.publish([LEFT])
    assert [e.end for e in line(hub, KEEP).enrolments] == ["2027-02-14", ""]


def test_a_split_gives_both_their_own_history_back() -> None:
    apart, joined = told(ON_KEEP, ON_GONE, LEFT), told(ON_KEEP, ON_GONE, LEFT, MERGED, SPLIT)
    for learner in (KEEP, GONE):
        before, after = line(apart, learner), line(joined, learner)
        assert after.enrolments == before.enrolments
        assert (after.linked, after.merged_into) == ([], "")


def test_lines_can_be_merged_again_after_a_split() -> None:
    hub = told(ON_KEEP, ON_GONE, MERGED, SPLIT, link(6, "merged"), LEFT)
    assert [e.end for e in line(hub, KEEP).enrolments] == ["2027-02-14", ""]
    assert line(hub, GONE).merged_into == KEEP


@pytest.mark.parametrize("order", list(itertools.permutations(range(5))))
def test_any_order_of_arrival_ends_in_the_same_lines(order: tuple[int, ...]) -> None:
    events = (ON_KEEP, ON_GONE, LEFT, MERGED, SPLIT)
    assert told(*(events[i] for i in order)).views() == told(*events).views()


def test_only_the_line_that_stays_raises_signals() -> None:
    hub = told(enrolled(1, KEEP, city.SCHOOL_B, primary=False), ON_GONE, LEFT, MERGED)
    for learner in (KEEP, GONE):
        hub.tick(f"learner/{learner}".encode(), day_ms("2027-04-01"))
    assert not line(hub, GONE).signals


def test_a_certificate_on_the_one_follows_the_learner_to_the_school_on_the_other() -> None:
    certificate = said(
        7,
        "E23",
        GONE,
        city.ROC,
        certificateId=some.TWO[0],
        kind="mbo-certificaat",
        title="Basis",
        sector="techniek",
        issuedOn="2027-02-01",
        issuer=city.ROC,
    )
    hub = told(certificate, MERGED)
    before = len(hub.out)
    hub.publish([enrolled(8, KEEP, city.ROC_POORT, stage="mbo", year="M1", startOn="2027-08-01")])
    assert "roc-poort" in receivers(hub.out[before:])


def test_a_sharing_handed_out_again_changes_nothing() -> None:
    hub = told(ON_KEEP, ON_GONE, LEFT, MERGED)
    views = hub.views()
    again = [r for r in hub.handled if r.topic == COMMANDS and b'"share"' in (r.value or b"")]
    assert again
    hub.settle(hub.run(again).out)
    assert hub.views() == views


def test_a_line_that_was_never_linked_shares_nothing() -> None:
    hub = told(ON_KEEP, ON_GONE, LEFT)
    assert not [
        o for o in hub.out if o.topic == COMMANDS and json.loads(o.value or b"")["command"] == "share"
    ]
    assert not linked.merged_away(hub.state(f"learner/{GONE}".encode()))


def test_time_alone_takes_nothing_back() -> None:
    hub = told(ON_KEEP, ON_GONE, MERGED)
    before = line(hub, KEEP).enrolments
    hub.tick_all(day_ms("2027-02-16") + DAY_MS)
    assert line(hub, KEEP).enrolments == before
