"""The end of a line: 27, leaving, death, erasure and retention (domain.md §5.4, §5.10, S12, S13)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.core.admission import Admitted
from hub.core.erasure import tombstone
from hub.core.topics import COMMANDS, EVENTS
from hub.core.views import Census, Line
from hub.core.work import DAY
from tests import city
from tests import strategies as some
from tests.pure import PureHub, day_ms, entries, outcomes, receivers, told
from tests.unit.test_linked import GONE, MERGED, ON_GONE, ON_KEEP, SPLIT, said
from tests.unit.test_linked import enrolled as _enrolled

WHO = some.LEARNERS[0]
KEY = f"learner/{WHO}".encode()
OTHER = f"learner/{some.LEARNERS[1]}".encode()


def enrolled(number: int = 1, org: str = city.SCHOOL_A, **more: Any) -> Admitted:
    return _enrolled(number, WHO, org, **more)


def closed(number: int, reason: str, org: str = city.SCHOOL_A, **more: Any) -> Admitted:
    given = {"closedOn": "2027-02-15", "reopenable": reason == "left-region", **more}
    return said(number, "E29", WHO, org, reason=reason, **given)


def hub_of(*events: Admitted, at: str = "2027-02-15") -> PureHub:
    hub = PureHub(some.PLAIN)
    hub.publish(events, day_ms(at))
    return hub


def line(hub: PureHub) -> Line:
    view = hub.views()[KEY]
    assert isinstance(view, Line)
    return view


def adult(**more: Any) -> Admitted:
    return enrolled(1, city.ROC, stage="mbo", year="M2", startOn="2022-08-01", birthMonth="2000-03", **more)


def test_the_hub_closes_the_line_once_the_month_of_the_27th_birthday_is_over() -> None:
    hub = hub_of(adult())
    hub.tick(KEY, day_ms("2027-03-31"))
    assert line(hub).close_reason == ""
    issued = hub.tick(KEY, day_ms("2027-04-01"))
    assert (line(hub).close_reason, line(hub).closed_on) == ("age-27", "2027-04-01")
    assert hub.state(KEY).due == "2029-04-01"
    assert not [o for o in hub.tick(KEY, day_ms("2027-04-01")) if o.topic.startswith("outbox")], "once"
    assert any(e.type.endswith("line.closed.v1") for e in entries(issued))


@pytest.mark.parametrize("first", [True, False])
def test_what_is_dated_after_the_27th_birthday_is_answered_and_not_stored(first: bool) -> None:
    late = enrolled(
        2, city.HBO, stage="hbo", startOn="2027-04-02", occurredOn="2027-04-02", birthMonth="2000-03"
    )
    hub = hub_of(*([late, adult()] if first else [adult(), late]), at="2027-04-02")
    assert "out-of-scope-age" in outcomes(hub.out)
    assert [e.org for e in line(hub).enrolments] == [city.ROC]
    assert b"000000000102" not in hub.states[KEY]


def test_after_leaving_the_region_nothing_later_is_told_and_no_clock_runs() -> None:
    hub = hub_of(enrolled(), closed(2, "left-region"))
    before = len(hub.out)
    hub.publish(
        [
            said(
                3,
                "E9",
                WHO,
                city.SCHOOL_A,
                occurredOn="2027-03-01",
                enrolmentId="00000000-0000-4000-8000-000000000101",
                endOn="2027-03-01",
                reason="moved",
                nextOrgKnown=False,
            )
        ]
    )
    assert receivers(hub.out[before:]) == set()
    hub.tick(KEY, day_ms("2027-06-01"))
    assert not line(hub).signals
    assert hub.state(KEY).due == "2029-02-15"


def test_who_left_and_comes_back_has_an_open_line_again() -> None:
    hub = hub_of(enrolled(), closed(2, "left-region"), enrolled(3, city.SCHOOL_B, startOn="2027-05-01"))
    assert (line(hub).close_reason, line(hub).status) == ("", "active")


def erased(*before: Admitted) -> PureHub:
    hub = hub_of(*before)
    hub.publish([closed(9, "erased", requestedBy="parent")], day_ms("2027-02-15"))
    return hub


HANDOVER = said(
    4,
    "E13",
    WHO,
    city.SCHOOL_A,
    handoverId=some.TWO[0],
    transfer="POPO",
    fromOrg=city.SCHOOL_A,
    toOrg=city.SCHOOL_B,
    system="digidoor",
    dossierRef="dd:1",
    extraSupport=False,
    warmNeeded=False,
    consent="not-needed",
    plannedStart="2027-03-01",
    ackBy="2027-03-01",
)


def test_after_an_erasure_the_view_is_gone_and_every_past_receiver_is_told() -> None:
    hub = erased(enrolled(), HANDOVER)
    assert KEY not in hub.views()
    ordered = [t for t in told(hub.out) if t.event["type"].endswith("erasure.executed.v1")]
    assert [t.subscription for t in ordered] == ["inbox-school-b"]
    assert ordered[0].data["requestedBy"] == "parent"


def test_a_tombstone_holds_nothing_but_that_it_is_one() -> None:
    states = erased(enrolled(), HANDOVER).states
    assert set(json.loads(states[tombstone(KEY)])) == {"key", "steps", "positions", "erased"}
    assert not [key for key, value in states.items() if WHO.encode() in key + value]


def test_what_comes_after_an_erasure_is_dropped_and_counted() -> None:
    hub = erased(enrolled(), HANDOVER)
    out = hub.publish([enrolled(5, city.SCHOOL_B)])
    assert outcomes(out) == ["erased"]
    assert receivers(out) == set()
    assert KEY not in hub.views()


def test_an_erasure_handed_out_again_changes_nothing() -> None:
    hub = erased(enrolled(), HANDOVER)
    states, out = dict(hub.states), len(hub.out)
    events = [r for r in hub.handled if r.topic in EVENTS]
    hub.settle(hub.run(events).out)
    assert KEY not in hub.views()
    assert receivers(hub.out[out:]) == set()
    assert hub.states.keys() == states.keys()


def test_aggregates_keep_what_an_erased_learner_added() -> None:
    from hub.core import census

    def counts(hub: PureHub) -> dict[str, int]:
        sums: dict[str, int] = {}
        for view in hub.views().values():
            for cell, n in (census.counts(view) if view else {}).items():
                sums[cell] = sums.get(cell, 0) + n
        return {cell: n for cell, n in sums.items() if n}

    certificate = said(
        6,
        "E23",
        WHO,
        city.ROC,
        certificateId=some.TWO[0],
        kind="mbo-certificaat",
        title="Basis",
        sector="techniek",
        issuedOn="2027-02-01",
        issuer=city.ROC,
    )
    before = hub_of(enrolled(), certificate)
    assert counts(before)
    assert counts(erased(enrolled(), certificate)) == counts(before)


def test_an_erasure_counts_once_however_often_it_is_told() -> None:
    hub = erased(enrolled(), HANDOVER)
    kept = [r for r in hub.handled if r.topic == COMMANDS and b'"keep"' in (r.value or b"")]
    view = hub.views()[b"census/erased"]
    hub.run(kept)
    assert hub.views()[b"census/erased"] == view
    assert isinstance(view, Census)
    assert view.kept


def test_a_linked_line_is_the_same_learner_and_is_erased_with_it() -> None:
    hub = PureHub(some.PLAIN)
    hub.publish([ON_KEEP, ON_GONE, MERGED], day_ms("2027-02-15"))
    hub.publish([closed(9, "erased", city.SCHOOL_B)], day_ms("2027-02-15"))
    assert f"learner/{GONE}".encode() not in hub.views()


def test_a_line_that_was_split_off_keeps_no_name_of_who_is_erased() -> None:
    hub = PureHub(some.PLAIN)
    hub.publish([ON_KEEP, ON_GONE, MERGED, SPLIT], day_ms("2027-02-15"))
    assert holding(hub, GONE) == {f"learner/{GONE}".encode(), KEY}
    gone = said(9, "E29", GONE, city.SCHOOL_A, reason="erased", closedOn="2027-02-15", reopenable=False)
    hub.publish([gone], day_ms("2027-02-15"))
    assert holding(hub, GONE) == set()
    assert hub.views()[KEY] is not None


def holding(hub: PureHub, learner: str) -> set[bytes]:
    return {key for key, value in hub.states.items() if learner.encode() in key + value}


def test_a_closed_line_is_erased_when_its_retention_ends() -> None:
    hub = hub_of(enrolled(), HANDOVER, closed(5, "left-region"))
    out = hub.tick(KEY, day_ms("2029-02-15"))
    assert KEY not in hub.views()
    assert any(t.data.get("requestedBy") == "retention" for t in told(out))


def test_the_day_is_the_hubs_own_where_its_clock_is_set_apart() -> None:
    hub = PureHub(some.PLAIN)
    given = adult()
    record = hub.of(given, day_ms("2026-11-21"))._replace(headers=((DAY, b"2027-04-01"),))
    hub.run([record])
    assert line(hub).close_reason == "age-27"
