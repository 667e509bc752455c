"""Why a delivery was given up, and what of the receiver's own words may be kept."""

from __future__ import annotations

import re
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.dead_letters import CAUSES, MOST, cause, clean, words
from hub.core.personal import looks_personal
from hub.core.retry import REFUSED, Answer

PROBLEM = "application/problem+json"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("dns", "dns"),
        ("tls", "tls"),
        ("connect", "connect"),
        ("closed", "connect"),
        ("first-byte", "timeout"),
        ("timeout", "timeout"),
        ("408", "timeout"),
        ("401", "auth"),
        ("403", "auth"),
        ("404", "refused"),
        ("400", "refused"),
        (REFUSED, "refused"),
        ("415", "schema"),
        ("422", "schema"),
        ("500", "server"),
        ("503", "server"),
        ("307", "redirect"),
        ("forbidden", "policy"),
        ("bad-reply", "other"),
        ("bad-secret", "other"),
        ("101", "other"),
        ("", "other"),
    ],
)
def test_every_status_has_one_cause(status: str, expected: str) -> None:
    assert cause(status) == expected


@given(st.builds(Answer, st.integers(0, 999), st.text(max_size=8)))
def test_every_cause_has_a_next_step_in_both_languages(answer: Answer) -> None:
    step = CAUSES[cause(answer.label)]
    assert step.nl and step.en and step.nl != step.en


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        (PROBLEM, b'{"title": "Unknown school", "detail": "Jan Jansen"}', "Unknown school"),
        (PROBLEM, b'{"type": "https://x.nl/probs/unknown-school"}', "unknown-school"),
        (PROBLEM, b'{"type": "about:blank", "status": 400}', ""),
        (PROBLEM, b'{"title": ["no text"]}', ""),
        (PROBLEM, b'["no object"]', ""),
        (PROBLEM, b'{"title": "cut o', ""),
        (f"{PROBLEM}; charset=utf-8", b'{"title": "Unknown"}', "Unknown"),
        ("text/plain; charset=utf-8", b"\n  first line\nsecond line", "first line"),
        ("text/plain", b"\xff\xfe", "??"),
        ("text/plain", b"", ""),
        ("text/html", b"<h1>Unknown</h1>", ""),
        ("application/json", b'{"title": "Unknown"}', ""),
        ("", b"Unknown", ""),
    ],
)
def test_only_a_title_or_a_first_line_is_kept(kind: str, body: bytes, said: str) -> None:
    assert words(kind, body) == said


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("BSN 123456782 onbekend", "BSN * onbekend"),
        ("BSN 1234.56.782 onbekend", "BSN * onbekend"),
        ("bel 06-12 34 56 78", "bel *"),
        ("bel +31 6 12345678", "bel *"),
        ("mail jan.jansen@school.nl over", "mail * over"),
        ("leerling 5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008 onbekend", "leerling * onbekend"),
        ("leerling 5F3E7C1A9D424B7E8F600F5BE4C5A008 onbekend", "leerling * onbekend"),
        ("geboren 12-03-2011", "geboren *"),
        ("１２３４５６７８２ onbekend", "* onbekend"),
        ("sleutel eyJhbGciOiJIUzI1NiJ9.eyJzdWIi onbekend", "sleutel * onbekend"),
        ("field schoolType: value 7 is not in enum", "field schoolType: value 7 is not in enum"),
        ("line\x00one\r\nline two", "line one line two"),
        ("geldt niet voor Zoë", "geldt niet voor Zo?"),
    ],
)
def test_what_may_name_a_person_is_taken_out(given_text: str, kept: str) -> None:
    assert clean(given_text) == kept


texts = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.uuids().map(str),
        st.integers(0, 10**12).map(str),
        st.emails(),
        st.sampled_from((" ", "-", ".", "06", "@", "123456782", "ketenid.nl/x")),
    ),
    max_size=8,
).map("".join)


@given(texts)
def test_cleaned_text_is_short_plain_and_names_nobody(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned) <= MOST
    assert re.fullmatch(r"[ -~]*", cleaned)
    assert not re.search(r"[0-9]{4}", cleaned)
    assert not re.search(r"[0-9a-f]{8}-", cleaned, re.IGNORECASE)
    assert not looks_personal(cleaned)
    assert clean(cleaned) == cleaned


@given(st.uuids(), st.binary(max_size=200), st.sampled_from((PROBLEM, "text/plain", "x")))
def test_no_reply_breaks_it_and_none_brings_a_learner_along(id: UUID, noise: bytes, kind: str) -> None:
    words(kind, noise)
    body = orjson.dumps({"title": f"learner {id} x"}) if kind == PROBLEM else f"learner {id}".encode()
    assert str(id) not in words(kind, body)
