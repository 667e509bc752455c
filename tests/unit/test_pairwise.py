"""A partner outside education knows a learner by a reference of its own, and by nothing else."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import pairwise as keys
from hub.core import pairwise
from hub.core.admission import Admitted, door
from hub.core.delivery import from_record
from hub.core.directory import Directory
from hub.core.journal import Routed
from hub.core.partners import Partner, Role
from hub.core.policy import Policy
from hub.core.rules import Rules
from hub.core.topics import OUTBOX, subscription_of
from hub.core.withdrawal import mark, taken_back
from hub.settings import Settings, SettingsError
from tests import city, refs
from tests import strategies as some
from tests.pure import PureHub, entries, partner_of, told
from tests.refs import OUTSIDE, REFERENCES
from tests.said import LEARNER, A, absent, closed, ended, started

POLICY = Policy(Directory(city.PARTNERS), references=REFERENCES)
uuids = st.uuids(version=4).map(str) | st.uuids().map(str)
names = st.sampled_from(("gemeente", "leerplicht", "jgz", "é"))


@given(names, uuids)
def test_a_reference_is_read_back_and_tells_that_it_was_derived(partner: str, learner: str) -> None:
    reference = REFERENCES.outward(partner, learner)
    assert REFERENCES.inward(partner, reference) == learner
    assert uuid.UUID(reference).bytes[8] >> 6 == uuid.UUID(learner).bytes[8] >> 6
    if uuid.UUID(learner).version == 4:
        assert uuid.UUID(reference).version == 8


@given(uuids)
def test_partners_and_installations_have_other_references(learner: str) -> None:
    others = keys.References(b"another key of thirty-two bytes.")
    made = {REFERENCES.outward(name, learner) for name in ("leerplicht", "jgz")}
    assert len(made | {others.outward("jgz", learner), learner}) == 4
    assert keys.References(refs.KEY).outward("jgz", learner) in made


def test_who_has_a_role_in_education_is_told_learner_ids() -> None:
    assert {"gemeente", "leerplicht", "doorstroompunt", "jgz", "jeugdhulp"} == OUTSIDE
    both = Partner("p", "P", (Role.GEMEENTE, Role.PO))
    assert not pairwise.outside(both, Rules())
    assert not pairwise.outside(Partner("p", "P", (Role.JGZ,)), Rules(pairwise=frozenset()))


@given(some.histories(size=10))
def test_no_outbox_of_a_partner_outside_education_holds_a_learner_id(events: list[Admitted]) -> None:
    hub = PureHub(POLICY)
    hub.publish(events)
    learners = {e.event.data["learnerId"] for e in events if "learnerId" in e.event.data}
    learners |= {e.event.data["otherLearnerId"] for e in events if "otherLearnerId" in e.event.data}
    for out in hub.out:
        if out.topic.startswith(OUTBOX) and partner_of(subscription_of(out.topic)) in OUTSIDE:
            held = repr((out.key, out.value, out.headers)).lower()
            for learner in learners:
                assert learner not in held and learner.replace("-", "") not in held
                assert mark(f"learner/{learner}") not in held


@given(some.lines())
def test_each_is_told_the_same_as_without_references_in_its_own_words(events: list[Admitted]) -> None:
    plain, own = PureHub(some.PLAIN), PureHub(POLICY)
    plain.publish(events)
    own.publish(events)
    before = {(t.subscription, t.id): t.event for t in told(plain.out)}
    after = {(t.subscription, t.id): refs.meant(partner_of(t.subscription), t.event) for t in told(own.out)}
    assert after == before


@given(some.lines(), st.sampled_from(("subject", "partitionkey", "correlationid")))
def test_a_learner_is_not_named_in_a_context_attribute_either(events: list[Admitted], attribute: str) -> None:
    named = [
        one._replace(
            event=some.Event({**one.event.attributes, attribute: f"learner/{spelled}"}, one.event.data)
        )
        for one in events
        for spelled in [str(one.event.data.get("learnerId", "none")).upper()]
    ]
    hub = PureHub(POLICY)
    hub.publish(named)
    for one in told(hub.out):
        if partner_of(one.subscription) in OUTSIDE and "learnerId" in one.data:
            known = REFERENCES.inward(partner_of(one.subscription), one.data["learnerId"])
            assert known not in json.dumps(one.event).lower()


def test_the_journal_names_the_replaced_id_among_what_was_changed() -> None:
    hub = PureHub(POLICY)
    hub.publish([started(city.SCHOOL_A, A, "2023-08-01"), absent()])
    removed = {
        t.partner: t.removed for e in entries(hub.out) if isinstance(e, Routed) for t in e.told if t.removed
    }
    assert removed["leerplicht"] == ("/learnerId",) and "swv" not in removed


def case(publisher: str, learner: str, **more: Any) -> Any:
    one = absent(city.LPA, "absolute", **more)
    data = {**one.event.data, "learnerId": learner}
    return some.Event({**one.event.attributes, "subject": f"learner/{learner}"}, data)


def test_what_a_partner_publishes_by_its_reference_is_about_that_learner() -> None:
    let = door(Rules(), REFERENCES)
    reference = REFERENCES.outward("leerplicht", LEARNER)
    admitted = let(case("leerplicht", reference.upper()), city.BY_ID["leerplicht"])
    assert isinstance(admitted, Admitted)
    assert admitted.event.data["learnerId"] == LEARNER
    assert admitted.event.attributes["subject"] == f"learner/{LEARNER}"
    assert admitted.key == f"learner/{LEARNER}".encode()


def test_a_learner_id_of_others_opens_nothing_to_a_partner_outside_education() -> None:
    admitted = door(Rules(), REFERENCES)(case("leerplicht", LEARNER), city.BY_ID["leerplicht"])
    assert isinstance(admitted, Admitted)
    assert admitted.event.data["learnerId"] != LEARNER


def test_a_school_publishes_by_learner_id() -> None:
    one = started(city.SCHOOL_A, A, "2023-08-01")
    assert door(Rules(), REFERENCES)(one.event, city.OF_SOURCE[one.event.source]) == one


@given(st.text() | st.integers() | st.none())
def test_what_is_no_uuid_is_left_to_the_schema(given: object) -> None:
    event = case("leerplicht", LEARNER)
    broken = some.Event(event.attributes, {**event.data, "learnerId": given})
    if not pairwise.canonical(given):
        assert pairwise.inward(broken, city.BY_ID["leerplicht"], Rules(), REFERENCES) == broken


def test_an_erasure_takes_back_what_waits_for_a_partner_under_its_reference() -> None:
    hub = PureHub(POLICY)
    hub.publish([started(city.SCHOOL_A, A, "2023-08-01"), absent(), ended(city.SCHOOL_A, A, "2027-02-14")])
    hub.publish([closed("erased", city.SCHOOL_A)])
    mine = [
        from_record(o.key, o.value or b"", o.headers)
        for o in hub.out
        if o.topic == f"{OUTBOX}inbox-leerplicht"
    ]
    gone = taken_back(mine)
    assert mine[-1].event().type.endswith("erasure.executed.v1")
    assert gone == set(range(len(mine) - 1)) and gone
    assert len({one.event().data["learnerId"] for one in mine}) == 1


def test_the_key_is_made_once_and_read_from_a_file_that_is_given(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    first = keys.references(settings).outward("jgz", LEARNER)
    assert keys.references(settings).outward("jgz", LEARNER) == first
    made = tmp_path / "data" / keys.NAME
    assert made.stat().st_mode & 0o077 == 0 and [made] == list(made.parent.iterdir())
    elsewhere = Settings(data=tmp_path / "other", pairwise_key=made)
    assert keys.references(elsewhere).outward("jgz", LEARNER) == first


@pytest.mark.parametrize("content", [None, b"short"])
def test_a_key_that_cannot_be_used_is_said_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match="HUB_PAIRWISE_KEY: "):
        keys.references(Settings(data=tmp_path, pairwise_key=path))
