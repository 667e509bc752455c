"""The codec, bullet by bullet of standards.md §2.1 and §2.4."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_binary_event, from_structured_event
from hypothesis import given
from hypothesis import strategies as st

from hub.core.cloudevents import (
    BATCH,
    MAX_BATCH,
    MAX_EVENT,
    MAX_EVENTS,
    STRUCTURED,
    read_http,
    read_kafka,
    to_http_binary,
)
from hub.core.event import Event, Rejected, from_structured

GOOD: dict[str, Any] = {
    "specversion": "1.0",
    "id": "6b0e3b0a-4a43-4a0e-9a50-0d6f1a3b2c4d",
    "source": "urn:nld:oin:00000099000000000001:systeem:opvangregister",
    "type": "nl.example.thing.happened.v1",
}
HEADERS = {f"ce-{name}": value for name, value in GOOD.items()}
BSN = "123456782"


def structured(content_type: str = STRUCTURED, headers: dict[str, str] | None = None, **members: Any) -> Any:
    body = json.dumps({**GOOD, **members}).encode()
    return read_http(content_type, headers or {}, body)


def binary(body: bytes = b"{}", content_type: str | None = "application/json", **attributes: str) -> Any:
    extra = {f"ce-{name}": value for name, value in attributes.items()}
    return read_http(content_type, {**HEADERS, **extra}, body)


def codes(outcome: Any) -> dict[str, str]:
    """Pointer to code of a refusal."""
    assert isinstance(outcome, Rejected), outcome
    return {fault.pointer: fault.code for fault in outcome.faults}


class TestMode:
    def test_the_prefix_of_the_content_type_decides_in_any_case(self) -> None:
        assert isinstance(structured("Application/CloudEvents+JSON; charset=UTF-8"), Event)
        assert read_http("APPLICATION/cloudevents-BATCH+json", {}, b"[]") == []

    def test_ce_headers_beside_a_structured_event_are_ignored(self) -> None:
        event = structured(headers={"ce-id": "other", "ce-type": "other", "ce-specversion": "0.3"})
        assert event.id == GOOD["id"]

    @pytest.mark.parametrize(
        "kind", ["application/cloudevents", "application/cloudevents+xml", f"{STRUCTURED}; charset=latin-1"]
    )
    def test_an_event_format_that_is_not_json_is_not_understood(self, kind: str) -> None:
        outcome = structured(kind)
        assert outcome.status == 415 and codes(outcome) == {"": "content-type"}

    @pytest.mark.parametrize("kind", [None, "application/json", "text/plain", ""])
    def test_without_ce_headers_and_without_a_cloudevents_type_nothing_is_guessed(
        self, kind: str | None
    ) -> None:
        outcome = read_http(kind, {"host": "x"}, json.dumps(GOOD).encode())
        assert isinstance(outcome, Rejected) and outcome.status == 415


class TestBinary:
    def test_headers_are_attributes_and_the_body_is_the_data(self) -> None:
        event = binary(b'{"a": 1}', subject="x")
        assert event.attributes == {**GOOD, "subject": "x", "datacontenttype": "application/json"}
        assert event.data == {"a": 1}

    def test_header_names_have_no_case(self) -> None:
        event = read_http("application/json", {k.upper(): v for k, v in HEADERS.items()}, b"1")
        assert isinstance(event, Event) and event.id == GOOD["id"]

    @pytest.mark.parametrize(
        ("raw", "text"),
        [
            ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
            ("a%2520b", "a%20b"),
            ('"a \\"b\\""', 'a "b"'),
            ("%22", '"'),
        ],
    )
    def test_values_are_unquoted_and_percent_decoded_once(self, raw: str, text: str) -> None:
        assert binary(subject=raw).subject == text

    @pytest.mark.parametrize("raw", ["%ff", "%", "%zz", "caf\u00e9", "%e2%82"])
    def test_a_value_that_is_no_percent_encoded_utf8_is_refused(self, raw: str) -> None:
        assert codes(binary(subject=raw)) == {"/subject": "header-encoding"}

    def test_ce_datacontenttype_must_not_exist(self) -> None:
        assert codes(binary(datacontenttype="application/json")) == {"/datacontenttype": "datacontenttype"}

    def test_data_that_is_not_json_is_not_understood(self) -> None:
        outcome = binary(b"<a/>", "text/xml")
        assert outcome.status == 415 and codes(outcome) == {"/datacontenttype": "content-type"}

    @pytest.mark.parametrize(
        "kind", ["application/json", "text/json", "application/vnd.x+json; charset=utf-8"]
    )
    def test_every_json_type_is_json(self, kind: str) -> None:
        assert binary(b"[1]", kind).data == [1]

    def test_an_event_may_have_no_data_and_no_content_type(self) -> None:
        event = binary(b"", None)
        assert event.data is None and "datacontenttype" not in event.attributes


class TestStructured:
    def test_null_attributes_are_absent_ones(self) -> None:
        event = structured(subject=None, dataref=None, data=None, subscriberReference=None)
        assert event.attributes == GOOD and event.data is None

    def test_missing_attributes_are_faults_and_never_made_up(self) -> None:
        outcome = read_http(STRUCTURED, {}, b"{}")
        assert codes(outcome) == {f"/{n}": "required" for n in ("specversion", "id", "source", "type")}
        assert "time" not in structured().attributes

    def test_data_and_data_base64_exclude_each_other(self) -> None:
        encoded = base64.b64encode(b'{"a":1}').decode()
        assert codes(structured(data={}, data_base64=encoded)) == {"/data_base64": "data-twice"}
        assert structured(data_base64=encoded).data == {"a": 1}
        assert structured(data=None, data_base64=encoded).data == {"a": 1}
        assert codes(structured(data_base64="?")) == {"/data_base64": "base64"}
        assert codes(structured(data_base64=7)) == {"/data_base64": "base64"}

    def test_only_json_data_is_carried(self) -> None:
        assert codes(structured(datacontenttype="text/xml", data="<a/>")) == {
            "/datacontenttype": "datacontenttype"
        }
        assert structured(datacontenttype="application/ld+json", data={}).data == {}

    @pytest.mark.parametrize(
        ("member", "value", "code"),
        [
            ("specversion", "0.3", "specversion"),
            ("id", "", "empty"),
            ("id", 5, "attribute-type"),
            ("subject", "", "empty"),
            ("source", "a b", "uri"),
            ("source", "a#b#c", "uri"),
            ("source", "%zz", "uri"),
            ("dataschema", "relative.json", "uri"),
            ("time", "yesterday", "time"),
            ("time", "2026-02-30T00:00:00Z", "time"),
            ("time", "2026-11-21 09:12:44Z", "time"),
            ("time", "2026-11-21T09:12:44", "time"),
            ("time", "2026-11-21T09:12:44+24:00", "time"),
            ("extension", 1.5, "attribute-type"),
            ("extension", {}, "attribute-type"),
            ("extension", ["x"], "attribute-type"),
            ("extension", 2**31, "attribute-type"),
            ("extension", "a\nb", "text"),
            ("extension", "a\ufffeb", "text"),
            ("extension", "a\x80b", "text"),
            ("subscriberReference", "x", "attribute-name"),
            ("with-dash", "x", "attribute-name"),
            ("a/b~c", "x", "attribute-name"),
        ],
    )
    def test_each_wrong_attribute_is_pointed_at(self, member: str, value: object, code: str) -> None:
        pointer = "/" + member.replace("~", "~0").replace("/", "~1")
        assert codes(structured(**{member: value})) == {pointer: code}

    @pytest.mark.parametrize(
        "time",
        [
            "2026-11-21T09:12:44Z",
            "2026-11-21t09:12:44.123456789z",
            "2016-12-31T23:59:60Z",
            "2026-11-21T09:12:44-05:30",
        ],
    )
    def test_every_rfc_3339_moment_is_one(self, time: str) -> None:
        assert structured(time=time).attributes["time"] == time

    def test_extensions_may_be_texts_whole_numbers_and_booleans(self) -> None:
        event = structured(comment="", number=-(2**31), flag=True, averyveryverylongextensionname="x")
        assert event.attributes["number"] == -(2**31) and event.attributes["flag"] is True

    def test_all_faults_come_at_once(self) -> None:
        outcome = structured(id="", time="x", source="a b", Foo=1, data={"a": 2**60})
        assert codes(outcome) == {
            "/id": "empty",
            "/time": "time",
            "/source": "uri",
            "/Foo": "attribute-name",
            "/data/a": "number",
        }

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"[]", b"1", b'"x"', b"null", b"\xff{}", b"\xef\xbb\xbf{}", b'{"a": NaN}']
    )
    def test_what_is_no_json_object_is_one_fault(self, body: bytes) -> None:
        assert codes(read_http(STRUCTURED, {}, body)) == {"": "json"}


class TestJson:
    def test_a_key_that_stands_twice_is_refused_where_it_stands(self) -> None:
        body = json.dumps(GOOD)[:-1] + ', "id": "2", "data": {"x": [{"a/b": 1, "a/b": 2}]}}'
        found = codes(read_http(STRUCTURED, {}, body.encode()))
        assert found == {"/id": "duplicate-key", "/data/x/0/a~1b": "duplicate-key"}

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            ("1e400", "number"),
            ("9007199254740993", "number"),
            ('"\\ud800"', "text"),
            ("[" * 40 + "]" * 40, "depth"),
        ],
    )
    def test_what_would_change_on_the_way_is_refused(self, data: str, code: str) -> None:
        body = json.dumps(GOOD)[:-1] + f', "data": {{"v": {data}}}}}'
        assert code in codes(read_http(STRUCTURED, {}, body.encode())).values()

    def test_bottomless_nesting_is_refused_not_followed(self) -> None:
        assert codes(read_http(STRUCTURED, {}, b"[" * 60_000)) == {"": "depth"}


class TestSize:
    def test_an_event_may_be_64_kib_and_not_more(self) -> None:
        room = MAX_EVENT - len(json.dumps({**GOOD, "data": ""}))
        assert isinstance(structured(data="x" * room), Event)
        assert structured(data="x" * (room + 1)).status == 413
        assert binary(json.dumps("x" * MAX_EVENT).encode()).status == 413

    def test_a_batch_may_be_1_mib_of_100_events_and_not_more(self) -> None:
        one = json.dumps(GOOD)
        many = lambda n: ("[" + ",".join([one] * n) + "]").encode()  # noqa: E731
        assert len(read_http(BATCH, {}, many(MAX_EVENTS))) == MAX_EVENTS  # type: ignore[arg-type]
        for body in (many(MAX_EVENTS + 1), b" " * (MAX_BATCH + 1)):
            outcome = read_http(BATCH, {}, body)
            assert isinstance(outcome, Rejected) and outcome.status == 413


class TestBatch:
    def test_it_may_be_empty(self) -> None:
        assert read_http(BATCH, {}, b"[]") == []

    def test_every_event_is_judged_alone_with_pointers_of_its_own(self) -> None:
        large = {**GOOD, "data": "x" * MAX_EVENT}
        body = json.dumps([GOOD, {**GOOD, "id": ""}, 7, large, {**GOOD, "specversion": "0.3"}])[:-1]
        body += ", " + json.dumps(GOOD)[:-1] + ', "id": "2"}]'
        outcomes = read_http(BATCH, {}, body.encode())
        assert isinstance(outcomes, list) and isinstance(outcomes[0], Event)
        assert [codes(one) for one in outcomes[1:]] == [
            {"/id": "empty"},
            {"": "json"},
            {"": "too-large"},
            {"/specversion": "specversion"},
            {"/id": "duplicate-key"},
        ]

    @pytest.mark.parametrize("body", [b"{}", b"[", b"7", b"null"])
    def test_what_is_no_array_is_refused_as_a_whole(self, body: bytes) -> None:
        assert codes(read_http(BATCH, {}, body)) == {"": "json"}


class TestPrivacy:
    @pytest.mark.parametrize("name", ["id", "source", "subject", "someext", "partitionkey"])
    @pytest.mark.parametrize("value", [BSN, f"leerling:{BSN}", "bsn" + BSN, "100000016", "jan%40school.nl"])
    def test_what_looks_like_a_person_may_not_stand_in_an_attribute(self, name: str, value: str) -> None:
        found = codes(structured(**{name: value}))
        assert found == {f"/{name}": "personal-data"}

    def test_nor_as_a_number_or_in_a_header(self) -> None:
        assert codes(structured(someext=int(BSN))) == {"/someext": "personal-data"}
        assert codes(binary(subject="jan@school.nl")) == {"/subject": "personal-data"}

    def test_no_refusal_repeats_what_was_sent(self) -> None:
        assert BSN not in repr(structured(subject=BSN, id="", time=BSN))

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("source", "urn:nld:rsin:123456782:systeem:x"),
            ("source", "urn:nld:oin:00000001823288444000:systeem:BRP-component"),
            ("traceparent", "00-12345678212345678212345678212345-1234567821234567-01"),
            ("expirytime", "2026-11-21T09:12:44.123456782Z"),
            ("subject", "learner/5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008"),
        ],
    )
    def test_numbers_of_organisations_traces_and_moments_are_no_persons(self, name: str, value: str) -> None:
        assert isinstance(structured(**{name: value}), Event)

    @given(st.uuids())
    def test_no_uuid_is_ever_taken_for_a_person(self, id: uuid.UUID) -> None:
        assert isinstance(structured(id=str(id), subject=f"learner/{id}"), Event)


class TestKafka:
    CONTENT_TYPE = ("content-type", b"application/cloudevents+json; charset=UTF-8")

    def test_structured_is_known_by_its_content_type_whatever_other_headers_say(self) -> None:
        event = read_kafka((self.CONTENT_TYPE, ("ce_id", b"other")), json.dumps({**GOOD, "data": 1}).encode())
        assert isinstance(event, Event) and event.id == GOOD["id"] and event.data == 1

    def test_binary_has_its_attributes_in_headers_as_plain_utf8(self) -> None:
        headers = tuple((f"ce_{name}", value.encode()) for name, value in GOOD.items())
        event = read_kafka(
            (*headers, ("ce_subject", "é%20".encode()), ("content-type", b"application/json")), b"{}"
        )
        assert isinstance(event, Event) and event.subject == "é%20"
        assert event.attributes["datacontenttype"] == "application/json"

    def test_a_header_that_is_not_utf8_or_stands_twice_is_refused(self) -> None:
        headers = tuple((f"ce_{name}", value.encode()) for name, value in GOOD.items())
        outcome = read_kafka((*headers, ("ce_id", b"2"), ("ce_subject", b"\xff")), b"")
        assert codes(outcome) == {"/id": "duplicate-key", "/subject": "text"}

    def test_a_record_without_value_is_no_event(self) -> None:
        assert codes(read_kafka((self.CONTENT_TYPE,), None)) == {"": "tombstone"}

    def test_there_are_no_batches_on_kafka(self) -> None:
        assert codes(read_kafka((("content-type", BATCH.encode()),), b"[]")) == {"": "content-type"}


NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8).filter(
    lambda n: (
        n
        not in {*GOOD, "data", "datacontenttype", "dataschema", "subject", "time", "dataref", "partitionkey"}
    )
)
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), max_size=12).filter(
    lambda t: not any(c.isdigit() or c in "@%" for c in t)
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    SCALARS | TEXTS, lambda v: st.lists(v, max_size=3) | st.dictionaries(TEXTS, v, max_size=3)
)
EXTENSIONS = st.dictionaries(NAMES, TEXTS, max_size=3)
TYPED = st.dictionaries(NAMES, TEXTS | st.booleans() | st.integers(-9999, 9999), max_size=3)


@given(TYPED, VALUES)
def test_structured_comes_back_as_it_was(extensions: dict[str, Any], data: Any) -> None:
    event = Event({**GOOD, **extensions}, data)
    assert read_http(STRUCTURED, {}, event.structured()) == event
    assert from_structured(event.structured()) == event


@given(EXTENSIONS, VALUES.filter(lambda v: v is not None))
def test_binary_comes_back_as_it_was(extensions: dict[str, str], data: Any) -> None:
    event = Event({**GOOD, **extensions, "datacontenttype": "application/json"}, data)
    headers, body = to_http_binary(event)
    assert read_http(headers["content-type"], headers, body) == event


@given(EXTENSIONS, st.dictionaries(TEXTS, SCALARS | TEXTS, max_size=3))
def test_the_sdk_reads_the_same_out_of_what_we_write(
    extensions: dict[str, str], data: dict[str, Any]
) -> None:
    event = Event({**GOOD, **extensions, "datacontenttype": "application/json"}, data)
    headers, body = to_http_binary(event)
    seen = from_binary_event(HTTPMessage(headers, body))
    whole = from_structured_event(HTTPMessage({"content-type": STRUCTURED}, event.structured()))
    for read in (seen, whole):
        assert {k: read.get_attributes()[k] for k in event.attributes} == event.attributes
        assert read.get_data() == data


ANY_HEADERS = st.dictionaries(
    st.sampled_from([*HEADERS, "ce-x", "ce-", "CE-DATA", "x"]) | st.text(max_size=5), st.text(max_size=9)
)
KINDS = st.sampled_from(
    [STRUCTURED, BATCH, "application/json", "text/plain", None, ";", "application/cloudevents"]
)
BROKEN = st.binary(max_size=60) | st.builds(
    lambda member, value, cut: json.dumps({**GOOD, member: value}).encode()[:cut],
    st.sampled_from([*GOOD, "data", "data_base64", "time", "datacontenttype", "é", ""]),
    VALUES | st.text(),
    st.integers(100, 400),
)


@given(KINDS, ANY_HEADERS, BROKEN)
def test_it_never_raises_over_http(kind: str | None, headers: dict[str, str], body: bytes) -> None:
    outcome = read_http(kind, headers, body)
    for one in outcome if isinstance(outcome, list) else [outcome]:
        assert isinstance(one, Event) or one.faults


@given(
    st.lists(
        st.tuples(st.sampled_from(["content-type", "ce_id", "ce_x", "ce_", "x"]), st.binary(max_size=40))
    ),
    BROKEN,
)
def test_it_never_raises_on_kafka(headers: list[tuple[str, bytes]], value: bytes) -> None:
    outcome = read_kafka(tuple(headers), value)
    assert isinstance(outcome, Event) or outcome.faults
