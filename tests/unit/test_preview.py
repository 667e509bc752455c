"""What a partner is shown before it subscribes is what routing would tell it: no more, and none of it left out."""

from __future__ import annotations

from functools import cache

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core import journal, preview
from hub.core.catalogue import KINDS
from hub.core.directory import Directory
from hub.core.partners import Partner, Role
from hub.core.policy import Policy
from hub.core.preview import FILTERED, Offer
from hub.core.purposes import HAD
from hub.core.subscription import Subscription
from hub.core.topics import JOURNAL
from hub.pairwise import References
from tests.pure import PureHub
from tests.unit.test_demo_story import DIRECTORY, judged, year

LEARNER = "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008"


def offers(*roles: Role, references: References | None = None, **draft: object) -> dict[str, Offer]:
    partner = Partner("p", "P", roles)
    wanted = Subscription("sub-p", "p", **draft)  # type: ignore[arg-type]
    policy = Policy(Directory([partner]), [wanted], references=references)
    return {one.kind.code: one for one in preview.offers(partner, wanted, policy)}


@cache
def told() -> set[tuple[str, str]]:
    """Who was told of which kind of event in a simulated year, whatever of it they had before."""
    hub = PureHub(Policy(DIRECTORY))
    for one in year("1/1"):
        if not one.refused:
            hub.publish([judged(one)])  # type: ignore[list-item]
    entries = [journal.load(one.value or b"") for one in hub.out if one.topic == JOURNAL]
    routed = [one for one in entries if isinstance(one, journal.Routed)]
    return {(to.partner, one.type) for one in routed for to in one.told if to.column != HAD}


def test_nothing_that_routing_tells_anybody_in_a_year_is_missing_from_what_they_are_offered() -> None:
    assert len(told()) > 100
    missing = set()
    for id, type in told():
        partner = DIRECTORY.partners[id]
        draft = Subscription("sub-p", id)
        found = preview.offers(partner, draft, Policy(Directory([partner]), [draft]))
        if type not in {one.kind.type for one in found}:
            missing.add((id, type))
    assert missing == set()


@settings(deadline=None, max_examples=30)
@given(st.sets(st.sampled_from(Role), min_size=1, max_size=3))
def test_every_example_is_of_its_kind_and_says_what_was_taken_out_of_it(roles: set[Role]) -> None:
    for one in offers(*roles).values():
        for sample in one.samples:
            assert sample.event is not None and sample.event.type == one.kind.type
            assert (sample.event.data == one.kind.example) is (sample.removed == ())


def test_an_example_is_reduced_as_the_matrix_says() -> None:
    (sample,) = offers(Role.LEERPLICHT)["E6"].samples
    assert (sample.column, sample.level, bool(sample.removed)) == ("LP", "R", True)
    assert sample.event is not None and "preferenceRank" not in sample.event.data


def test_a_side_of_a_matter_is_shown_each_shape_that_it_may_get() -> None:
    shapes = [(one.column, one.level) for one in offers(Role.VO)["E8"].samples]
    assert shapes == [("FROM", "R"), ("TO", "F")]


@pytest.mark.parametrize("role", [Role.GEMEENTE, Role.BOARD, Role.PROCESREGISSEUR])
def test_who_has_no_case_is_offered_no_person_but_its_own_signals_and_the_order_to_erase(role: Role) -> None:
    persons = {code for code in offers(role) if "learner_id" in KINDS_BY_CODE[code].data.model_fields}
    assert persons <= {"H1", "H2", "H4"}


KINDS_BY_CODE = {kind.code: kind for kind in KINDS.values()}


def test_what_is_not_asked_for_is_offered_and_said_to_be_filtered() -> None:
    found = offers(Role.VO, types=(KINDS_BY_CODE["E13"].type,))
    assert [one.why for one in found["E13"].samples] == [""]
    assert {one.why for one in found["E14"].samples} == {FILTERED}


def test_a_purpose_and_a_basis_keep_the_rest_away_and_say_so() -> None:
    found = offers(Role.SWV, config={"purpose": ["support"], "basis": "SWV-TAAK"})
    assert [one.why for one in found["E18"].samples] == [""]
    assert {one.why for one in found["E6"].samples} == {"purpose-not-covered"}


def test_who_is_outside_education_sees_a_reference_in_the_place_of_the_learner_id() -> None:
    shown = offers(Role.JGZ, references=References(b"k" * 32))["E10"].samples[0]
    assert shown.event is not None and LEARNER not in shown.event.structured().decode()
    assert "/learnerId" in shown.removed
    plain = offers(Role.JGZ)["E10"].samples[0]
    assert plain.event is not None and orjson.loads(plain.event.structured())["data"]["learnerId"] == LEARNER
