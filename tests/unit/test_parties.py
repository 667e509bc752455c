"""Whose word counts: who is no party to a matter is not believed, whenever its word comes in (domain.md §2.9)."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.admission import Admitted
from hub.core.topics import QUARANTINE
from tests import city
from tests import strategies as some
from tests.pure import PureHub, outcomes, receivers
from tests.said import (
    LEARNER,
    A,
    B,
    absent,
    acknowledged,
    attends,
    back,
    certificate,
    closed,
    decided,
    ended,
    placed,
    prepared,
    recognised,
    requested,
    revoked,
    said,
    started,
    stops,
    warm,
    withdrawn,
)

REFUSED = ["quarantined:not-a-party", "quarantined"]
KEY = f"learner/{LEARNER}".encode()
BOOK = ("signals", "as_of", "events")
"""Says what came in and was done, not what is true of the learner."""


class Word(NamedTuple):
    """A word of `stranger` and one of the real `party` on the same matter, which `opens` it."""

    opens: tuple[Admitted, ...]
    stranger: Admitted
    party: Admitted


AT_A = started(city.SCHOOL_A, A, "2023-08-01")
E17 = {"handoverId": some.TWO[0], "reason": "error"}
E15 = {"handoverId": A, "phase": "initial", "status": "held", "on": "2027-06-24", "rolesPresent": ["mentor"]}
WORDS = {
    "E7": Word((requested(),), decided(city.VO_OTHER, "declined"), decided()),
    "E9": Word((AT_A,), ended(city.SCHOOL_B, A, "2024-07-31"), ended(city.SCHOOL_A, A, "2027-02-14")),
    "E11": Word(
        (AT_A, attends(city.OPVANG, "ve")), stops(city.TAAL, erkBand="A2"), stops(city.OPVANG, erkBand="B1")
    ),
    "E14": Word((*placed(), prepared()), acknowledged("accepted", city.VO_OTHER), acknowledged()),
    "E15": Word((*placed(), prepared()), said("E15", orgId=city.SCHOOL_B, **E15), warm("initial")),
    "E17": Word((*placed(), prepared()), said("E17", orgId=city.SCHOOL_B, **E17), withdrawn()),
    "E22": Word((AT_A, absent()), back(city.SCHOOL_B, "moved"), back()),
    "E24": Word((AT_A, certificate()), revoked(city.HBO), revoked()),
    "E29": Word((AT_A,), closed("left-region", city.SCHOOL_B), closed("completed-work", city.SCHOOL_A)),
}
each_word = pytest.mark.parametrize("word", WORDS.values(), ids=WORDS)


def line(*events: Admitted) -> dict[str, Any]:
    """What is shown of the learner after these events in this order."""
    hub = PureHub(some.PLAIN)
    hub.publish(events)
    shown = msgspec.to_builtins(hub.views()[KEY])
    return {name: value for name, value in shown.items() if name not in BOOK}


def last(*events: Admitted) -> tuple[list[str], set[str]]:
    """What became of the last event, and whom it made receive anything."""
    hub = PureHub(some.PLAIN)
    hub.publish(events[:-1])
    out = hub.publish(events[-1:])
    return outcomes(out), receivers(out)


def newer(one: Admitted, sequence: str = "9") -> Admitted:
    attributes = {**one.event.attributes, "sequence": sequence, "sequencetype": "Integer"}
    return one._replace(event=some.Event(attributes, one.event.data))


@each_word
def test_the_word_of_a_stranger_changes_no_view_whenever_it_comes(word: Word) -> None:
    without = line(*word.opens)
    for place in range(len(word.opens) + 1):
        assert line(*word.opens[:place], word.stranger, *word.opens[place:]) == without


@each_word
def test_the_word_of_a_party_changes_the_view(word: Word) -> None:
    """Were it not so, the test before would say nothing."""
    assert line(*word.opens, word.party) != line(*word.opens)


@each_word
def test_a_stranger_displaces_no_party_whichever_is_first_and_however_new(word: Word) -> None:
    right = line(*word.opens, word.party)
    for stranger in (word.stranger, newer(word.stranger)):
        for order in itertools.permutations((*word.opens, word.party, stranger)):
            assert line(*order) == right


@each_word
def test_the_word_of_a_stranger_is_quarantined_and_counted_and_told_to_nobody(word: Word) -> None:
    assert last(*word.opens, word.stranger) == (REFUSED, set())
    hub = PureHub(some.PLAIN)
    hub.publish((*word.opens, word.stranger))
    assert [o.topic for o in hub.out].count(QUARANTINE) == 1
    labels = (some.KINDS[word.stranger.event.type].code, city.OF_SOURCE[word.stranger.event.source].id)
    assert [c for c in hub.counts if c.labels == (*labels, "quarantined")] != []


@each_word
def test_a_party_is_not_refused_for_what_a_stranger_said_before(word: Word) -> None:
    hub = PureHub(some.PLAIN)
    alone = last(*word.opens, word.party)
    assert last(*word.opens, newer(word.stranger), word.party) == alone
    hub.publish((*word.opens, word.party))
    assert REFUSED[0] not in outcomes(hub.out)


@each_word
def test_a_stranger_may_send_the_same_again_without_being_believed(word: Word) -> None:
    assert last(*word.opens, word.stranger, word.stranger) == (["duplicate"], set())
    assert line(*word.opens, word.stranger, word.stranger) == line(*word.opens)


def test_as_long_as_the_matter_is_not_known_nobody_is_refused() -> None:
    for code, word in WORDS.items():
        if code != "E29":
            assert last(word.stranger)[0] == ["routed"]


def test_a_purge_order_of_a_stranger_leaves_the_handover_standing() -> None:
    opens, stranger, _ = WORDS["E17"]
    assert last(*opens, stranger, acknowledged()) == (["routed"], {"school-a"})
    assert last(stranger, *opens)[1] == {"vo"}


def test_a_certificate_that_a_stranger_revoked_still_travels() -> None:
    mbo = started(city.ROC_POORT, B, "2028-08-28", stage="mbo")
    assert last(certificate(), revoked(city.HBO), mbo)[1] == {"roc-poort"}
    assert last(certificate(), revoked(), mbo)[1] == set()


def test_a_place_that_nobody_asked_releases_no_handover() -> None:
    assert last(requested(), decided(city.VO_OTHER), prepared(city.VO_OTHER))[1] == set()


def test_a_closing_by_a_stranger_silences_nobody() -> None:
    shut = closed("left-region", city.SCHOOL_B, "2027-02-01")
    assert last(AT_A, shut, absent())[1] == {"leerplicht", "swv"}


def test_a_line_that_a_stranger_has_erased_is_still_there() -> None:
    erased = closed("erased", city.SCHOOL_B, requestedBy="parent")
    assert last(AT_A, requested(), erased)[1] == set()
    assert line(AT_A, requested(), erased)["enrolments"] != []


@pytest.mark.parametrize(
    ("by", "more"),
    [
        (city.LPA, ()),
        (city.DSP, ()),
        (city.SCHOOL_A, ()),
        (city.SCHOOL_B, (started(city.SCHOOL_B, B, "2027-03-01"),)),
        (city.OPDC, (attends(city.OPDC, "opdc"),)),
    ],
)
def test_a_case_is_closed_by_an_authority_or_a_place_of_the_learner(
    by: str, more: tuple[Admitted, ...]
) -> None:
    known = (AT_A, absent(city.LPA, "absolute"), *more)
    assert last(*known, back(by))[0] == ["routed"]


@pytest.mark.parametrize("org", [city.SCHOOL_A, city.VO])
def test_both_sides_tell_of_their_warm_contact(org: str) -> None:
    assert last(*placed(), prepared(), warm("initial", org))[0] == ["routed"]


def test_an_earlier_receiver_may_still_answer_and_is_not_believed() -> None:
    """The handover went to one school by mistake and then to another: the first says that it purged."""
    wrong = prepared(city.VO_OTHER)
    right = newer(prepared(city.VO))
    asked = (*placed(city.VO_OTHER), requested(city.VO, id=B), decided(city.VO, id=B))
    purged = acknowledged("purged", city.VO_OTHER)
    assert last(*asked, wrong, right, purged) == (["routed"], {"school-a"})
    assert last(*asked, right, purged) == (REFUSED, set())
    assert line(*asked, wrong, right, purged) == line(*asked, wrong, right)


def test_a_certificate_is_revoked_by_its_issuer_and_by_nobody_that_recognised_it() -> None:
    known = (AT_A, certificate(), recognised(city.HBO))
    assert line(*known, revoked(city.HBO)) == line(*known)
    assert line(*known, revoked(city.ROC)) != line(*known)


@given(st.data(), st.sampled_from(list(WORDS.values())))
def test_a_stranger_among_parties_is_as_if_it_had_not_spoken(data: st.DataObject, word: Word) -> None:
    others = data.draw(st.lists(st.sampled_from([w.party for w in WORDS.values()]), max_size=3, unique_by=id))
    spoken = some.distinct([*word.opens, word.party, word.stranger, *others])
    order = data.draw(st.permutations(spoken))
    places = {e.event.data["orgId"] for e in spoken if e.event.type.endswith("started.v1")}
    if word.stranger.event.data["orgId"] in places:
        return
    assert line(*order) == line(*(e for e in order if e is not word.stranger))
