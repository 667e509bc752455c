"""Why a party may have what: flows that can be switched off, purposes and bases of subscriptions, rights that end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core import journal, purposes, recheck
from hub.core.admission import Admitted, door
from hub.core.catalogue import KINDS
from hub.core.catalogue.base import COUNTED, nobody
from hub.core.delivery import Delivery, from_record
from hub.core.directory import Directory
from hub.core.event import Rejected
from hub.core.gaps import RULES
from hub.core.line import for_partner
from hub.core.partners import Partner, Role
from hub.core.policy import Policy
from hub.core.purposes import FLOWS, GAPS, GROUNDS, OPEN, SWITCHED, flow_of
from hub.core.rules import Rules
from hub.core.subscription import Subscription
from hub.core.topics import OUTBOX, subscription_of
from hub.core.views import Line
from tests import city
from tests import strategies as some
from tests.pure import PureHub, day_ms, entries, partner_of, receivers, told
from tests.said import A, absent, advised, ended, group, offer, placed, prepared, started

DIRECTORY = Directory(city.PARTNERS)


def without(*flows: str) -> Rules:
    return Rules(flows=dict.fromkeys(SWITCHED, True) | dict.fromkeys(flows, False))


def policy(*flows: str) -> Policy:
    return Policy(DIRECTORY, rules=without(*flows))


def test_every_kind_serves_one_flow_and_every_gap_rule_watches_over_one() -> None:
    named = [name for names in FLOWS.values() for name in names]
    assert sorted(named) == sorted(kind.name for kind in KINDS.values())
    assert all(kind.name in FLOWS[flow_of(kind.type)] for kind in KINDS.values())
    assert GAPS.keys() == {rule.id for rule in RULES}
    assert set(GAPS.values()) <= set(SWITCHED)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
def test_what_can_be_switched_off_is_about_persons_and_what_cannot_is_not_or_must_go_on(kind: Any) -> None:
    personal = "learner_id" in kind.data.model_fields
    assert (flow_of(kind.type) in OPEN) == (not personal)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
def test_for_each_cell_that_tells_there_is_a_basis(kind: Any) -> None:
    flow = flow_of(kind.type)
    for column, cell in kind.cells.items():
        if cell is COUNTED or cell.who is nobody or flow in OPEN:
            continue
        fits = [
            basis
            for basis, ground in GROUNDS.items()
            if not purposes.uncovered([flow], basis, flow, column.value)
            and (recheck.ROLES[column.value] & ground.roles)
        ]
        assert fits or flow == purposes.ALWAYS, f"{kind.code} to {column}"


# Switches


@given(st.sampled_from(SWITCHED), some.histories(size=8))
def test_a_flow_that_is_off_is_kept_and_told_by_nobody_and_all_else_goes_on(
    flow: str, events: list[Admitted]
) -> None:
    hub, other = PureHub(policy(flow)), PureHub(policy())
    hub.publish(events)
    assert all(flow_of(t.event["type"]) != flow for t in told(hub.out))
    kept = [fact for key in hub.states for fact in hub.state(key).facts.values()]
    assert all(flow_of(fact.type) != flow for fact in kept)
    if not any(flow_of(e.event.type) == flow for e in events):
        other.publish(events)
        assert {t.id for t in told(hub.out)} <= {t.id for t in told(other.out)}


@given(some.lines())
def test_what_was_kept_before_its_flow_was_switched_off_is_shown_and_told_no_more(
    events: list[Admitted],
) -> None:
    hub = PureHub(policy())
    hub.publish(events[:-1])
    hub.policy, before = policy(*SWITCHED), len(hub.out)
    hub.publish(events[-1:])
    person = [t for t in told(hub.out[before:]) if flow_of(t.event["type"]) in SWITCHED]
    assert person == []
    for view in hub.views().values():
        if isinstance(view, Line):
            for partner in city.PARTNERS:
                shown = for_partner(view, partner, without(*SWITCHED)) or {}
                assert all(not rows for rows in shown.values() if isinstance(rows, list))


def test_an_event_of_a_flow_that_is_off_is_refused_at_the_door_by_name() -> None:
    one = advised()
    publisher = city.OF_SOURCE[one.event.source]
    refused = door(without("advice"))(one.event, publisher)
    assert isinstance(refused, Rejected)
    assert (refused.status, [fault.code for fault in refused.faults]) == (403, ["flow-off"])
    assert isinstance(door(without("support"))(one.event, publisher), Admitted)


def test_what_comes_in_by_another_way_is_dropped_and_the_journal_says_why() -> None:
    hub = PureHub(policy("absence"))
    hub.publish([absent()])
    (entry,) = (e for e in entries(hub.out) if isinstance(e, journal.Repeat))
    assert entry.outcome == "flow-off" and told(hub.out) == []


def test_what_waited_when_its_flow_was_switched_off_is_not_woken() -> None:
    heard = {}
    for flows in ((), ("handovers",)):
        hub = PureHub(policy())
        hub.publish([prepared()])
        hub.policy = policy(*flows)
        out = hub.publish(placed())
        heard[flows] = {partner_of(t.subscription) for t in told(out) if "handover" in t.event["type"]}
    assert heard == {(): {"vo"}, ("handovers",): set()}


def test_gap_rules_of_a_flow_that_is_off_raise_nothing_new() -> None:
    events = [started(city.SCHOOL_A, A, "2023-08-01"), ended(city.SCHOOL_A, A, "2027-02-14")]
    signals = {}
    for flows in ((), ("enrolment",)):
        hub = PureHub(policy())
        hub.publish(events, day_ms("2027-02-15"))
        hub.policy = policy(*flows)
        for key in list(hub.states):
            hub.tick(key, day_ms("2027-04-15"))
        signals[flows] = {t.data["rule"] for t in told(hub.out) if ".signal.raised." in t.event["type"]}
    assert signals == {(): {"T04"}, ("enrolment",): set()}


def test_groups_and_offers_go_on_whatever_is_off() -> None:
    hub = PureHub(policy(*SWITCHED))
    assert "taalcentrum" in receivers(hub.publish([group()]))
    assert "gemeente" in receivers(hub.publish([offer()]))


# Purposes


def claimed(config: dict[str, Any], *roles: Role, types: tuple[str, ...] = ()) -> list[str]:
    return [fault.pointer for fault in purposes.claimed(config, types, roles)]


def test_a_basis_that_a_role_may_not_claim_and_what_it_is_no_basis_for_are_refused_where_they_stand() -> None:
    assert claimed({}, Role.PO) == []
    assert claimed({"purpose": ["advice", "offers"], "basis": "WPO-OKR"}, Role.PO) == []
    assert claimed({"purpose": ["absence"], "basis": "LPW"}, Role.JGZ) == ["/config/basis"]
    assert claimed({"purpose": ["advice", "support"], "basis": "WPO-OKR"}, Role.PO) == ["/config/purpose/1"]
    assert claimed({"purpose": ["advice"]}, Role.PO) == ["/config/basis"]
    assert claimed({"basis": "WPO-OKR"}, Role.PO) == ["/config/purpose"]
    assert claimed({"purpose": [{}], "basis": []}, Role.PO) == ["/config/purpose"]
    type = absent().event.type
    assert claimed({"purpose": ["advice"], "basis": "WPO-OKR"}, Role.PO, types=(type,)) == ["/types/0"]


def subscribed(partner: str, basis: str, *wanted: str) -> Policy:
    webhook = Subscription(f"{partner}.1", partner, config={"purpose": list(wanted), "basis": basis})
    shut = Subscription(f"inbox-{partner}", partner, types=("none",))
    return Policy(DIRECTORY, [webhook, shut])


def got(policy: Policy, partner: str, *events: Admitted) -> tuple[list[str], list[str]]:
    """What the partner was told of the last event, and why not."""
    hub = PureHub(policy)
    hub.publish(events[:-1])
    out = hub.publish(events[-1:])
    (routed, *_) = (e for e in entries(out) if isinstance(e, journal.Routed))
    mine = [t.event["type"] for t in told(out) if partner_of(t.subscription) == partner]
    return mine, [w.reason for w in routed.withheld if w.reason.endswith("-not-covered")]


def test_a_subscription_gets_what_its_purpose_and_basis_carry_and_the_journal_says_why_not() -> None:
    story = (*placed(), prepared())
    type = story[-1].event.type
    assert got(subscribed("vo", "VO-OVERSTAP", "handovers"), "vo", *story) == ([type], [])
    assert got(subscribed("vo", "VO-OVERSTAP", "advice"), "vo", *story) == ([], ["purpose-not-covered"])
    assert got(subscribed("vo", "LPW", "handovers"), "vo", *story) == ([], ["basis-not-covered"])


def test_the_relation_of_the_moment_decides_whether_a_basis_carries() -> None:
    """Leerplicht is given the same case by its task; a basis of care does not reach that."""
    story = (started(city.SCHOOL_A, A, "2023-08-01"), absent())
    assert got(subscribed("leerplicht", "LPW", "absence"), "leerplicht", *story)[0] != []
    assert got(subscribed("leerplicht", "SWV-TAAK", "absence"), "leerplicht", *story)[1] == [
        "basis-not-covered"
    ]


@given(
    some.histories(size=8),
    st.sampled_from(sorted(GROUNDS)),
    st.sets(st.sampled_from(sorted(FLOWS)), min_size=1),
)
def test_a_purpose_only_takes_away_and_never_gives(
    events: list[Admitted], basis: str, wanted: set[str]
) -> None:
    plain, narrow = PureHub(Policy(DIRECTORY)), PureHub(subscribed("vo", basis, *sorted(wanted)))
    plain.publish(events)
    narrow.publish(events)
    all_of_it = {t.event["id"] for t in told(plain.out) if partner_of(t.subscription) == "vo"}
    some_of_it = [t for t in told(narrow.out) if partner_of(t.subscription) == "vo"]
    assert {t.event["id"] for t in some_of_it} <= all_of_it
    assert {flow_of(t.event["type"]) for t in some_of_it} <= wanted | {purposes.ALWAYS}


# Rights that end


@given(some.histories(size=10))
def test_looking_again_stops_nothing_while_nothing_changed(events: list[Admitted]) -> None:
    hub = PureHub(some.PLAIN)
    hub.publish(events)
    for out in hub.out:
        if out.topic.startswith(OUTBOX):
            delivery = from_record(out.key, out.value or b"", out.headers)
            id = subscription_of(out.topic)
            to = Subscription(id, partner_of(id))
            assert recheck.refused(DIRECTORY, (), to, delivery.event().type, delivery) == ""


TYPE = absent().event.type
TO = Subscription("s", "p")


def again(*roles: Role, off: tuple[str, ...] = (), to: Subscription = TO, **more: Any) -> str:
    delivery = Delivery("d", "s", 1, b"{}", column="LP")._replace(**more)
    return recheck.refused(Directory([Partner("p", "P", roles)]), off, to, TYPE, delivery)


def test_each_right_that_ended_stops_a_delivery_by_its_name() -> None:
    assert again(Role.LEERPLICHT) == ""
    assert again(Role.PO) == "no-role"
    assert again(Role.LEERPLICHT, off=("absence",)) == "flow-off"
    assert again(Role.LEERPLICHT, off=("advice",)) == ""
    other = Subscription("s", "p", config={"purpose": ["signals"], "basis": "LPW"})
    assert again(Role.LEERPLICHT, to=other) == "purpose-not-covered"
    claimed = Subscription("s", "p", config={"purpose": ["absence"], "basis": "LPW"})
    assert again(Role.GEMEENTE, to=claimed, column="HAD") == "basis-not-covered"
    assert recheck.refused(Directory([]), (), TO, TYPE, Delivery("d", "s", 1, b"{}")) == "partner-gone"


def test_an_order_to_purge_goes_out_whatever_ended_but_to_a_partner() -> None:
    assert again(Role.PO, off=("absence",), withdraws=("mark",)) == ""
