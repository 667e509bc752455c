"""The door: who may say what, and nothing personal or unknown comes in."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core import cloudevents, reception
from hub.core.admission import Admitted, admit
from hub.core.catalogue import KINDS
from hub.core.event import Event, Rejected
from hub.core.identity import sequence as order
from hub.core.partners import Org, Partner, Role
from hub.core.reception import Received
from hub.core.records import Out
from tests import city
from tests import strategies as some
from tests.said import group

MARKER = "Geheim-Jansen"
KINDS_OF_PARTNERS = [kind for kind in KINDS.values() if kind.code.startswith("E")]
SOURCE = "urn:nld:kvknr:00000001:systeem:proef"
PERSONAL = ("123456782", "jan@voorbeeld.nl", "+31 6 12345678", "0612345678", "https://ketenid.nl/201703/x")
"""A BSN by its eleven test, an e-mail address, phone numbers and an ECK iD."""


def publisher_of(kind: Any, **changes: Any) -> Partner:
    """A partner that may publish the example of a kind."""
    orgs = tuple(Org(kind.example[name], "") for name in kind.orgs)
    role = min(role for role in kind.publishers if not kind.rights(kind.example, frozenset({role})))
    return Partner(
        **{"id": "p", "name": "P", "roles": (role,), "orgs": orgs, "sources": (SOURCE,), **changes}
    )


def example(kind: Any) -> Event:
    given = {
        "specversion": "1.0",
        "type": kind.type,
        "source": SOURCE,
        "id": "e-1",
        "time": "2027-01-01T00:00:00Z",
    }
    return Event(given, copy.deepcopy(kind.example))


def codes(outcome: Admitted | Rejected) -> set[str]:
    return {fault.code for fault in outcome.faults} if isinstance(outcome, Rejected) else set()


def faults(outcome: Admitted | Rejected) -> set[tuple[str, str]]:
    return {(f.pointer, f.code) for f in outcome.faults} if isinstance(outcome, Rejected) else set()


def texts(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every text stands in some data."""
    if isinstance(value, str):
        yield at
    elif isinstance(value, dict | list):
        for name, below in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts(below, (*at, name))


def put(event: Event, at: tuple[Any, ...], value: Any) -> Event:
    data = copy.deepcopy(event.data)
    spot = data
    for name in at[:-1]:
        spot = spot[name]
    spot[at[-1]] = value
    return Event(event.attributes, data)


@pytest.mark.parametrize("kind", KINDS_OF_PARTNERS, ids=lambda k: k.code)
def test_the_example_of_every_kind_is_admitted(kind: Any) -> None:
    outcome = admit(example(kind), publisher_of(kind))
    assert isinstance(outcome, Admitted), outcome
    assert outcome.event.data == kind.example


@given(some.events())
def test_what_was_admitted_is_admitted_again_and_stays_the_same(event: Event) -> None:
    publisher = city.OF_SOURCE[event.source]
    once = admit(event, publisher)
    assert isinstance(once, Admitted)
    assert admit(once.event, publisher) == once


@given(some.events())
def test_a_uuid_in_capitals_is_the_same_key(event: Event) -> None:
    upper = {k: v.upper() if v in some.IDS else v for k, v in event.data.items() if isinstance(v, str)}
    publisher = city.OF_SOURCE[event.source]
    small, large = admit(event, publisher), admit(Event(event.attributes, {**event.data, **upper}), publisher)
    assert isinstance(small, Admitted)
    assert isinstance(large, Admitted)
    assert (small.key, small.event.data) == (large.key, large.event.data)


def inside(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every object stands in some data."""
    if isinstance(value, dict):
        yield at
    for name, below in (
        value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    ):
        yield from inside(below, (*at, name))


@given(st.data(), some.events(), st.sampled_from(("bsn", "naam", "opmerking", "learner_id", "Bands", "")))
def test_an_unknown_field_is_refused_wherever_it_stands(data: st.DataObject, event: Event, name: str) -> None:
    at = data.draw(st.sampled_from(list(inside(event.data))))
    outcome = admit(put(event, (*at, name), MARKER), city.OF_SOURCE[event.source])
    pointer = "/data" + "".join(f"/{part}" for part in (*at, name))
    assert (pointer, "unknown-field") in faults(outcome)
    assert MARKER not in repr(outcome)


@given(st.data(), some.events(), st.sampled_from(PERSONAL))
def test_what_looks_personal_is_refused_wherever_it_stands_and_not_repeated(
    data: st.DataObject, event: Event, value: str
) -> None:
    at = data.draw(st.sampled_from([at for at in texts(event.data) if at != ("contactDesk",)]))
    outcome = admit(put(event, at, value), city.OF_SOURCE[event.source])
    assert ("/data" + "".join(f"/{part}" for part in at), "personal-data") in faults(outcome)
    assert value not in repr(outcome)


@given(some.events(("E13",)), st.sampled_from(PERSONAL[:2]), st.sampled_from(("x-{}", "{}x", "a:{}:b")))
def test_what_looks_personal_is_found_inside_an_opaque_reference(event: Event, value: str, form: str) -> None:
    hidden = put(event, ("dossierRef",), form.format(value))
    if form == "x-{}" or "@" in value or form == "a:{}:b":
        assert "personal-data" in codes(admit(hidden, city.OF_SOURCE[event.source]))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda k: k.code)
def test_only_the_roles_of_the_catalogue_may_publish(kind: Any, role: Role) -> None:
    outcome = admit(example(kind), publisher_of(kind, roles=(role,)))
    may = role in kind.publishers and not kind.rights(kind.example, frozenset({role}))
    assert isinstance(outcome, Admitted) == may
    assert ("not-your-type" in codes(outcome)) == (not may)
    assert role in kind.publishers or (isinstance(outcome, Rejected) and outcome.status == 403)


def test_nobody_but_the_hub_may_publish_a_signal() -> None:
    for kind in (k for k in KINDS.values() if k.code in ("H1", "H2")):
        assert kind.publishers == {Role.HUB}


@given(some.events(), st.sampled_from(city.PARTNERS))
def test_the_source_and_organisation_of_another_are_refused(event: Event, publisher: Partner) -> None:
    outcome = admit(event, publisher)
    if event.source not in publisher.sources:
        assert "foreign-source" in codes(outcome)
    if "orgId" in event.data and not publisher.owns(event.data["orgId"]):
        assert "foreign-organisation" in codes(outcome)


@pytest.mark.parametrize("name", ["issuer", "byOrg"])
def test_every_organisation_that_speaks_must_be_the_publishers_own(name: str) -> None:
    kind = next(k for k in KINDS.values() if name in k.orgs)
    foreign = put(example(kind), (name,), city.NOBODY)
    assert (f"/data/{name}", "foreign-organisation") in faults(admit(foreign, publisher_of(kind)))


def test_a_token_that_was_given_some_types_may_publish_no_others() -> None:
    kind = some.CODES["E8"]
    assert isinstance(
        admit(example(kind), publisher_of(kind, types=("nl.onderwijsloopbanen.enrolment.*",))), Admitted
    )
    assert isinstance(admit(example(kind), publisher_of(kind, types=(kind.type,))), Admitted)
    assert codes(admit(example(kind), publisher_of(kind, types=("nl.onderwijsloopbanen.offer.*",)))) == {
        "not-your-type"
    }


def test_all_faults_are_told_at_once() -> None:
    kind = some.CODES["E13"]
    wrong = {**kind.example, "naam": MARKER, "toOrg": "school", "dossierRef": "123456782", "ackBy": "morgen"}
    del wrong["system"]
    outcome = admit(
        Event({**example(kind).attributes, "source": "urn:nld:x:ander"}, wrong), publisher_of(kind)
    )
    assert faults(outcome) >= {
        ("/source", "foreign-source"),
        ("/data/naam", "unknown-field"),
        ("/data/system", "missing"),
        ("/data/dossierRef", "personal-data"),
    }
    assert {pointer for pointer, _ in faults(outcome)} >= {"/data/toOrg", "/data/ackBy"}


@given(some.broken())
def test_a_broken_event_is_refused_or_admitted_and_never_raises(event: Event) -> None:
    outcome = admit(event, city.OF_SOURCE[event.source])
    assert isinstance(outcome, Admitted) or outcome.faults


@pytest.mark.parametrize("data", [None, [], "x", 7, {}])
def test_data_that_is_no_object_is_refused(data: Any) -> None:
    kind = some.CODES["E1"]
    assert isinstance(admit(Event(example(kind).attributes, data), publisher_of(kind)), Rejected)


def test_an_unknown_type_is_refused() -> None:
    event = Event(
        {**example(some.CODES["E1"]).attributes, "type": "nl.onderwijsloopbanen.pupil.weighed.v1"}, {}
    )
    assert codes(admit(event, publisher_of(some.CODES["E1"]))) == {"unknown-type"}


def test_an_event_may_be_called_more_sensitive_than_it_is_and_never_less() -> None:
    kind = some.CODES["E9"]
    for claimed, expected in (
        ("P2", {"hub.events.p2"}),
        ("P1", {"hub.events.p1"}),
        ("G1", set()),
        ("geheim", set()),
    ):
        outcome = admit(
            Event({**example(kind).attributes, "privacyclass": claimed}, kind.example), publisher_of(kind)
        )
        assert ({outcome.topic} if isinstance(outcome, Admitted) else set()) == expected


def test_no_event_without_a_moment_is_turned_away_unless_the_partner_keeps_the_profile() -> None:
    kind = some.CODES["E1"]
    timeless = Event({k: v for k, v in example(kind).attributes.items() if k != "time"}, kind.example)
    outcome = admit(timeless, publisher_of(kind))
    assert isinstance(outcome, Admitted)
    assert [w.code for w in outcome.warnings] == ["profile-time"]
    assert codes(admit(timeless, publisher_of(kind, profile="refuse"))) == {"profile-time"}


def received(event: Event, publisher: Partner) -> Received:
    raw = json.dumps({**event.attributes, "data": event.data}).encode()
    draft = cloudevents.draft_http(cloudevents.STRUCTURED, {}, raw)
    assert not isinstance(draft, list)
    return reception.receive(draft, publisher, reception.Context("http", 0), admit)


@given(st.data(), some.events())
def test_nothing_of_a_refused_event_is_kept(data: st.DataObject, event: Event) -> None:
    """A marker in an unknown field, and one in a known field of the wrong kind: journal, quarantine, counts, answer."""
    at = data.draw(st.sampled_from(list(texts(event.data))))
    for bad in (put(event, ("naam",), MARKER), put(put(event, ("naam",), 1), at, f"{MARKER} 123456782")):
        refused = received(bad, city.OF_SOURCE[event.source])
        kept: tuple[Out | None, ...] = (refused.event, refused.entry, reception.quarantine(refused, "x/0/1"))
        assert refused.event is None
        assert MARKER not in repr(kept) + repr(refused.faults) + repr(refused.counts)
        assert "hub_security_total" in {count.name for count in refused.counts}


@given(some.events(), st.integers(10**18, 10**30))
def test_a_sequence_too_large_to_store_is_no_sequence(event: Event, sequence: int) -> None:
    """Warned about at the door, where the profile asks it, and never a reason to lose the event behind it."""
    numbered = Event({**event.attributes, "sequence": str(sequence), "sequencetype": "Integer"}, event.data)
    outcome = admit(numbered, city.OF_SOURCE[event.source])
    assert isinstance(outcome, Admitted)
    assert "profile-sequence" in {w.code for w in outcome.warnings}
    assert order(outcome.event.attributes) == 0


@pytest.mark.parametrize("value", ['"\\ud83d"', str(2**70), "[" * 300 + "]" * 300, "[" * 900 + "]" * 900])
def test_what_json_cannot_carry_on_is_refused_and_stops_nothing(value: str) -> None:
    raw = (
        json.dumps({**example(some.CODES["E1"]).attributes, "data": {"area": "?"}})
        .replace('"?"', value)
        .encode()
    )
    draft = cloudevents.draft_http(cloudevents.STRUCTURED, {}, raw)
    assert not isinstance(draft, list)
    refused = reception.receive(draft, publisher_of(some.CODES["E1"]), reception.Context("http", 0), admit)
    assert (refused.event, refused.status) == (None, 400)


@pytest.mark.parametrize("name", ["naam", "sitelabel", "opmerking"])
def test_an_attribute_that_the_hub_does_not_know_is_refused(name: str) -> None:
    event = Event({**group().event.attributes, name: "Jan Jansen"}, group().event.data)
    assert isinstance(admit(event, city.BY_ID["gemeente"]), Rejected)
