"""The journal as a log of processing: a span per person and action, with ids that follow from what was done."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core import journal, persons, traces
from hub.core.delivery import Delivery, delivery_id
from hub.core.event import Event
from hub.core.identity import identity
from hub.core.processing_log import ERROR, ID_TYPE, OK, Span, spans
from hub.core.records import Record
from hub.core.topics import JOURNAL
from hub.core.withdrawal import about, mark

SECRET = b"k" * 32
LEARNER = "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008"
PERSON = persons.of_learner(LEARNER, SECRET)
HUB = "urn:nld:oin:00000099000000000000:systeem:onderwijshub"
GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
HANDOVER = "nl.onderwijsloopbanen.handover.prepared.v1"
NAMED = {"source": "urn:nld:kvknr:1:systeem:po", "id": "e1", "type": HANDOVER, "person": PERSON}
TOLD = delivery_id(NAMED["source"], NAMED["id"], "hook-vo")


def of(entry: journal.Entry) -> list[Span]:
    return spans(Record(JOURNAL, 0, 0, entry.at, b"", journal.record(entry).value))


def accepted(**more: str) -> journal.Accepted:
    return journal.Accepted(at=1000, publisher="po", topic="hub.events.p1", via="http", **(NAMED | more))


def routed(**more: str) -> journal.Routed:
    told = (
        journal.Told("vo", "TO", {"hook-vo": TOLD, "inbox-vo": "d2"}),
        journal.Told("swv", "SWV", {"inbox": "d3"}),
    )
    return journal.Routed(at=1005, publisher="po", order=1, told=told, **(NAMED | more))


def attempted(outcome: str, attempt: int = 1, **more: str) -> journal.Attempted:
    return journal.Attempted(
        at=1100, partner="vo", subscription="hook-vo", delivery=TOLD, number=7, attempt=attempt, outcome=outcome,
        status="200", took=40, waited=100, **(NAMED | more),
    )  # fmt: skip


ALL: list[journal.Entry] = [
    accepted(),
    routed(),
    attempted("delivered"),
    attempted("retry"),
    journal.Refused(at=1, publisher="po", reasons=("unknown-field",), via="http", **NAMED),
    journal.Repeat(at=1, publisher="po", order=2, outcome="erased", **NAMED),
    journal.Quarantined(at=1, reason="id-conflict", where="hub.events.p1/0/1", **NAMED),
    journal.Signal(at=1, rule="T05", change="raised", severity="warn", responsible="x", due="2027-01-01", **NAMED),
    journal.Read(at=1, person=PERSON, partner="po", purpose="WPO-OKR", line="x"),
    journal.Read(at=1, partner="po", purpose="SIGNALS", line="", persons=(PERSON, "b" * 32)),
    journal.Shown(at=1, partner="v", subscription="s", deliveries=("a", "b"), persons=(PERSON, ""), kinds=("E13", "")),
    journal.Pulled(at=1, partner="vo", subscription="s", deliveries=("a",), persons=(PERSON,), kinds=("E8",)),
]  # fmt: skip


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: str(entry.__struct_config__.tag))
def test_every_action_on_a_person_has_all_that_the_standard_asks_for(entry: journal.Entry) -> None:
    found = of(entry)
    assert found and of(entry) == found, "the same again"
    for one in found:
        assert re.fullmatch("[0-9a-f]{32}", one.trace) and re.fullmatch("[0-9a-f]{16}", one.id)
        assert re.fullmatch("[0-9a-f]{16}|", one.parent) and one.parent != one.id
        assert one.name and one.status in (OK, ERROR) and one.start <= one.end
        told = one.attributes(HUB)
        assert told["dpl.core.data_subject_id"] in (PERSON, "b" * 32)
        assert told["dpl.core.data_subject_id_type"] == ID_TYPE
        assert told["dpl.core.processing_activity_id"].startswith(f"{HUB}:verwerking:")
    assert len({one.id for one in found}) == len(found)


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: str(entry.__struct_config__.tag))
def test_what_is_about_nobody_is_not_logged(entry: journal.Entry) -> None:
    nobody = msgspec.structs.replace(entry, person="")
    assert of(msgspec.structs.replace(nobody, persons=()) if hasattr(nobody, "persons") else nobody) == []


def test_one_record_per_person_and_each_by_its_own_activity() -> None:
    (shown,) = of(ALL[10])
    (pulled,) = of(ALL[11])
    assert (shown.activity, pulled.activity) == ("handovers", "enrolment")
    assert {one.person for one in of(ALL[9])} == {PERSON, "b" * 32} and of(ALL[9])[0].activity == "lookups"


def test_the_steps_of_one_event_are_one_trace_down_to_the_receiver() -> None:
    (came,) = of(accepted())
    decided, *told = of(routed())
    (tried,) = of(attempted("delivered"))
    (again,) = of(attempted("retry", attempt=2))
    assert {one.trace for one in (came, decided, *told, tried)} == {identity(NAMED["source"], NAMED["id"])}
    assert came.parent == "" and decided.parent == came.id and {one.parent for one in told} == {decided.id}
    assert tried.parent == told[0].id == again.parent and tried.id != again.id
    sent = Delivery(
        TOLD, "s", 0, Event({"source": NAMED["source"], "id": "e1", "type": HANDOVER}, {}).structured()
    )
    assert traces.of_delivery(sent) == f"00-{came.trace}-{told[0].id}-01"


def test_a_trace_that_an_event_came_with_is_gone_on_with() -> None:
    (came,) = of(accepted(trace=GIVEN))
    assert (came.trace, came.parent) == (GIVEN[3:35], GIVEN[36:52]) and came.called_by == NAMED["source"]
    assert of(routed(trace=GIVEN))[0].trace == came.trace == of(attempted("delivered", trace=GIVEN))[0].trace
    assert "dpl.core.foreign_operation.processor" in came.attributes(HUB)
    assert "dpl.core.foreign_operation.processor" not in of(accepted())[0].attributes(HUB)


def test_an_attempt_takes_the_time_it_took_and_fails_when_it_failed() -> None:
    (well,), (ill,) = of(attempted("delivered")), of(attempted("retry"))
    assert (well.start, well.end, well.status, ill.status) == (1060, 1100, OK, ERROR)


def test_entries_of_before_there_were_marks_and_traces_are_read_as_ever() -> None:
    old = b'{"kind":"accepted","at":1,"source":"s","id":"i","type":"t","publisher":"p","topic":"x","via":"http"}'
    assert journal.load(old) == journal.Accepted(
        at=1, source="s", id="i", type="t", publisher="p", topic="x", via="http"
    )
    assert spans(Record(JOURNAL, 0, 0, 1, b"", old)) == []


@given(st.uuids())
def test_a_mark_is_of_one_person_and_says_nothing_without_the_key(learner: object) -> None:
    made = persons.of_learner(str(learner), SECRET)
    assert made != persons.of_learner(LEARNER, SECRET) and made != persons.of_learner(str(learner), b"other")
    assert persons.of_learner(str(learner), b"") == "" == persons.of_key(f"group/{learner}", SECRET)
    assert len(made) == 32 and mark(f"learner/{learner}") not in made


@pytest.mark.parametrize(
    "withdraws", [(), (mark(f"learner/{LEARNER}", "handover/1"),), (mark(f"learner/{LEARNER}"),)]
)
def test_the_courier_marks_the_same_person_as_the_processor(withdraws: tuple[str, ...]) -> None:
    key = f"learner/{LEARNER}"
    sent = Delivery(
        "d", "s", 0, b"{}", about(key, "handover/1" if len(withdraws) < 1 else "", withdraws), withdraws
    )
    assert persons.of_delivery(sent, SECRET) == PERSON
    assert persons.of_delivery(Delivery("d", "s", 0, b"{}"), SECRET) == ""


@given(st.from_regex(traces.FORM, fullmatch=True))
def test_a_valid_traceparent_is_taken_and_one_that_is_not_begins_anew(valid: str) -> None:
    assert traces.given(valid) == valid and traces.of(valid, "s", "i") == (valid[3:35], valid[36:52])


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        GIVEN.replace("00f067aa0ba902b7", "0" * 16),
        "ff" + GIVEN[2:],
        GIVEN.upper(),
        GIVEN + "x",
    ],
)  # fmt: skip
def test_a_traceparent_that_is_none_is_as_if_it_were_not_there(wrong: str) -> None:
    assert traces.given(wrong) == "" and traces.of(wrong, "s", "i") == (identity("s", "i"), "")


def test_the_trace_of_an_event_goes_before_that_of_the_request() -> None:
    own = Event({"traceparent": GIVEN}, {})
    assert traces.traced(own, GIVEN.replace("4bf9", "0000")) is own
    assert traces.traced(Event({}, {}), GIVEN).attributes == {"traceparent": GIVEN}
    assert traces.traced(Event({}, {}), "").attributes == {}
