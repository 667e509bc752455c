"""The second guard: numbers and addresses of persons, however they are written, and what only looks like one."""

from __future__ import annotations

import re
from typing import Any, get_args
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hub.core.admission import Admitted, admit
from hub.core.catalogue import KINDS
from hub.core.catalogue.model import PersonData
from hub.core.codes import Desk
from hub.core.dead_letters import MOST, clean
from hub.core.event import Event
from hub.core.personal import faults, is_bsn, looks_personal
from tests.unit.test_admission import KINDS_OF_PARTNERS, codes, publisher_of
from tests.unit.test_admission import example as example_of

ALWAYS = ("123456782", "100000016", "jan@voorbeeld.nl", "0612345678")

SPELLINGS = (
    "123456782", "x123456782y", "a123456782b", "123 456 782", "1234.56.782", "123-456-782", "1-2-3-4-5-6-7-8-2",
    "99 123456782", "99-123.456.782-1", "１２３４５６７８２", "١٢٣٤٥٦٧٨٢", "१२३४५६७८२", "123\u200b456\u200b782",
    "123\u00a0456\u00a0782", "%31%32%33%34%35%36%37%38%32", "%2531%2532345%36782", "100000016",
    "jan@school.nl", "jan@school.онлайн", "jan@xn--80asehdb.xn--80aswg", "jan@school.x", "j.jansen+1@a.b.c.museum",
    "jan%40school.nl", "jan%2540school.nl", "jan＠school.nl", "jan@school。nl", "jan@[10.0.0.1]", "\"jan\"@school.nl",
    "0612345678", "06 12345678", "06-12 34 56 78", "06.12.34.56.78", "+31 6 12345678", "+31(0)612345678",
    "0031612345678", "+32 470 12 34 56", "+4915123456789", "https://ketenid.nl/201703/x", "a1" * 64,
)  # fmt: skip

HARMLESS = (
    "2026-11-21", "2026-2027", "2026-11-21T09:12:44Z", "brin:99XX02", "kvk:12345678", "oin:00000099000000001000",
    "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008", "0af7651916cd43dd8448eb211c80319c", "sub-0123456789ab", "25297",
    "opvang-onderwijs", "handover/2026-11-21/7", "nl.onderwijsloopbanen.offer.published.v1", "a@b", "100 %",
)  # fmt: skip


@pytest.mark.parametrize("text", SPELLINGS)
def test_however_it_is_written_it_is_seen(text: str) -> None:
    assert looks_personal(text)
    assert [f.pointer for f in faults({"a": [{"b": text}]})] == ["/data/a/0/b"]


@pytest.mark.parametrize("text", HARMLESS)
def test_dates_codes_and_ids_are_let_through(text: str) -> None:
    assert not looks_personal(text)


@given(st.uuids(version=4), st.text("abcdefghijklmnopqrstuvwxyz/:-", max_size=20))
def test_an_id_that_was_drawn_is_never_taken_for_a_number_of_a_person(id: Any, prefix: str) -> None:
    assert not looks_personal(f"{prefix}:{id}")
    assert not looks_personal(str(id).upper())


@given(
    st.integers(0, 999_999_999).map("{:09}".format).filter(is_bsn),
    st.sampled_from((" ", ".", "-", "")),
    st.data(),
)
def test_a_number_of_a_person_is_seen_wherever_it_is_broken_up(
    nine: str, between: str, data: st.DataObject
) -> None:
    cuts = data.draw(st.sets(st.integers(1, 8), max_size=3))
    text = "".join((between if n in cuts else "") + c for n, c in enumerate(nine))
    if not re.search(r"(19|20)\d\d-[01]\d-[0-3]\d", text):
        assert looks_personal(f"ref:{text}/x")
        assert looks_personal(f"ref:{quote(text)}/x")


def test_a_number_that_is_no_text_is_seen_as_well() -> None:
    assert [f.pointer for f in faults({"n": 123456782, "m": 5, "t": True})] == ["/data/n"]


@pytest.mark.parametrize("mailbox", ["loket@school.nl", "een-kind-een-plan@almere.nl", "zorgteam"])
def test_a_mailbox_of_a_desk_may_be_named_where_one_is_asked_for(mailbox: str) -> None:
    assert not list(faults({"contactDesk": mailbox}, mailboxes=frozenset({"/data/contactDesk"})))
    assert looks_personal(mailbox) == ("@" in mailbox)


@pytest.mark.parametrize(
    "mailbox",
    [
        "j.jansen@school.nl",
        "jansen1@school.nl",
        "loket@123456782.nl",
        "06@school.nl",
        "0612345678",
        "a@b@c.nl",
    ],
)
def test_a_mailbox_of_a_person_may_not(mailbox: str) -> None:
    assert list(faults({"contactDesk": mailbox}, mailboxes=frozenset({"/data/contactDesk"})))


@pytest.mark.parametrize("desk", ["j.jansen@school.nl", "jansen1@school.nl", "jansen1", "loket 3", "Loket"])
def test_a_desk_is_letters_and_hyphens(desk: str) -> None:
    pattern = next(one.pattern for one in get_args(Desk) if getattr(one, "pattern", None))
    assert not re.fullmatch(pattern, desk)


@pytest.mark.parametrize(
    "kind", [k for k in KINDS_OF_PARTNERS if "learnerId" in k.example], ids=lambda k: k.code
)
@pytest.mark.parametrize("form", ["{}", "enrolment/{}", "x-{}-1"])
def test_no_attribute_names_the_learner(kind: Any, form: str) -> None:
    sound = example_of(kind)
    learner = kind.example["learnerId"]
    for name in ("id", "partitionkey", "correlationid"):
        for spelling in (learner, learner.upper(), learner.replace("-", "")):
            named = Event({**sound.attributes, name: form.format(spelling)}, sound.data)
            outcome = admit(named, publisher_of(kind))
            assert not isinstance(outcome, Admitted)
            assert codes(outcome) == {"names-learner"}
            assert spelling not in repr(outcome)


@settings(max_examples=1000)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=12),
            st.from_regex(r"[0-9@.* +%-]{1,40}", fullmatch=True),
            st.sampled_from((*SPELLINGS, "@", ".nl", "*", "ﷺ", "ſ", "㏂", "0")),
        ),
        max_size=12,
    ).map("".join)
)
@example("a" * 119 + " 12345")
@example("@" * 300)
def test_what_was_cleaned_is_clean_and_stays_as_it_is(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert len(once) <= MOST and not looks_personal(once)


@given(st.sampled_from(ALWAYS), st.text(max_size=100), st.text(max_size=100))
def test_no_personal_value_survives_what_a_receiver_said(value: str, before: str, after: str) -> None:
    assert value not in clean(f"{before} {value} {after}")


CATALOGUED = {"title"}
"""A title as it stands in a public catalogue of modules (domain.md E23): only its form is bounded."""


def _texts(schema: Any, at: str = "") -> Any:
    """Every place in a JSON schema where a text may stand."""
    if isinstance(schema, dict):
        if schema.get("type") == "string":
            yield at, schema
        for name, below in schema.items():
            if name not in ("description", "title", "default", "examples") or isinstance(below, dict):
                yield from _texts(below, f"{at}/{name}")
    elif isinstance(schema, list):
        for i, below in enumerate(schema):
            yield from _texts(below, f"{at}/{i}")


def _is_code(given: dict[str, Any]) -> bool:
    if "enum" in given or "const" in given or given.get("format") in ("uuid", "date"):
        return True
    pattern = given.get("pattern", "")
    bounded = given.get("maxLength", 10_000) <= 160 or not re.search(r"(?<!\\)[*+]|\{\d+,\}", pattern)
    return (
        pattern.startswith("^")
        and pattern.endswith("$")
        and bounded
        and not re.search(r"[ À]|\\s|\[\^", pattern)
    )


PERSONS = [k for k in KINDS.values() if issubclass(k.data, PersonData)]


def test_kinds_about_persons_are_found() -> None:
    assert len(PERSONS) > 20
    assert FieldInfo and issubclass(PersonData, BaseModel)


@pytest.mark.parametrize("kind", PERSONS, ids=lambda k: k.code)
def test_no_event_about_a_person_has_room_for_a_name_or_a_sentence(kind: Any) -> None:
    open_ones = {
        at for at, given in _texts(kind.data.model_json_schema(by_alias=True)) if not _is_code(given)
    }
    assert {at.rpartition("/")[2] for at in open_ones} <= CATALOGUED


def test_a_field_of_free_text_would_be_found() -> None:
    for free in (
        {"type": "string"},
        {"type": "string", "maxLength": 80},
        {"type": "string", "pattern": "^[a-z ]{1,9}$"},
    ):
        assert not _is_code(free)
