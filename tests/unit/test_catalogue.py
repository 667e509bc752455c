"""The catalogue as data: rights that depend on what is said, and what its rows tell people."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from hub.core import codes, contracts
from hub.core.admission import Admitted, admit
from hub.core.case import Case
from hub.core.catalogue import KINDS
from hub.core.catalogue.base import BARE, Column, Kind, Reduction, whole
from hub.core.event import Event
from hub.core.state import Fact, State
from tests import city
from tests import strategies as some
from tests.pure import PureHub
from tests.said import (
    A,
    closed,
    started,
)

CODES = {kind.code: kind for kind in KINDS.values()}
PERSONAL = [kind for kind in KINDS.values() if "learnerId" in kind.example and kind.code.startswith("E")]


def ids(kind: Kind) -> str:
    return kind.code


def faults(event: Event, partner: str) -> set[str]:
    outcome = admit(event, city.BY_ID[partner])
    return set() if isinstance(outcome, Admitted) else {fault.code for fault in outcome.faults}


def refused(code: str, partner: str, **data: Any) -> set[str]:
    """Fault codes when a partner says the example of a kind with its own organisation and these data."""
    org = city.BY_ID[partner].orgs[0].ref
    given = {**CODES[code].example, "orgId": org, **data}
    return faults(some.event_of(code, given, city.BY_ID[partner].sources[0], "id-1"), partner)


# What rows tell people


@pytest.mark.parametrize("kind", KINDS.values(), ids=ids)
def test_every_field_and_every_reduced_cell_is_told_in_dutch_and_english(kind: Kind) -> None:
    row = contracts.row(kind)
    assert {field["name"] for field in row["fields"]} >= kind.example.keys()
    for field in row["fields"]:
        assert field["nl"]
        assert field["en"]
    for cell in row["cells"]:
        words = {lang: cell["condition"][lang] + cell["reduction"][lang] for lang in ("nl", "en")}
        assert bool(words["nl"]) == bool(words["en"])
        assert words["nl"] or cell["level"] != "R" or kind.cells[Column(cell["column"])].reduce is whole


def test_the_matrix_prints_level_and_remark_as_the_page_does() -> None:
    row = contracts.matrix()["E6"]
    assert row["LP"] == "R(newcomer/moved)"
    assert (row["GEM"], row["DP"], row["TO"]) == ("C", "–", "F(rank 1)")


@pytest.mark.parametrize("kind", PERSONAL, ids=ids)
def test_no_text_about_a_person_is_without_a_pattern_or_a_list(kind: Kind) -> None:
    schema = contracts.schema(kind)
    open_texts = [
        at
        for at, given in texts({k: schema.get(k) for k in ("properties", "definitions")})
        if not given.keys() & {"enum", "const", "pattern", "format"}
    ]
    assert open_texts == []


def texts(schema: Any, at: str = "") -> list[tuple[str, dict[str, Any]]]:
    if isinstance(schema, list):
        return [found for one in schema for found in texts(one, at)]
    if not isinstance(schema, dict):
        return []
    own = [(at, schema)] if schema.get("type") == "string" else []
    return own + [found for name, below in schema.items() for found in texts(below, f"{at}/{name}")]


@pytest.mark.parametrize("name", ["supportCode", "causeCode", "tlvRef", "oppRef"])
@pytest.mark.parametrize("word", ["adhd", "jansen", "ziet/1 vader niet"])
def test_a_word_in_place_of_a_code_is_refused(name: str, word: str) -> None:
    code = next(k.code for k in PERSONAL if name in k.example and k.code in ("E18", "E19", "E21"))
    partner = {"E18": "swv", "E19": "so", "E21": "vo"}[code]
    assert refused(code, partner) == set()
    assert refused(code, partner, **{name: word})


@pytest.mark.parametrize("kind", PERSONAL, ids=ids)
def test_who_only_had_the_original_learns_nothing_of_what_is_new(kind: Kind) -> None:
    told_on_purpose = {
        "E17": {"reason"},
        "E18": {"tlvRef", "action"},
        "E24": {"orgId", "reason", "revokedOn"},
    }
    case = Case(Fact({}, kind.example), State(kind.key(kind.example)), some.PLAIN)
    left = kind.notice({**kind.example, "corrects": {"source": "s", "id": "i"}}, case).keys()
    assert left <= BARE(kind.example, case).keys() | {"corrects"} | told_on_purpose.get(kind.code, set())
    assert "corrects" in left


def test_the_official_rank_of_every_advice_is_known() -> None:
    assert tuple(codes.ADVICE_RANK) == get_args(codes.Advice)
    ranks = list(codes.ADVICE_RANK.values())
    assert ranks == sorted(set(ranks))


def test_reductions_of_two_cells_are_never_taken_for_one_another() -> None:
    made = [c.reduce for k in KINDS.values() for c in k.cells.values() if isinstance(c.reduce, Reduction)]
    assert len(set(made)) == len({id(one) for one in made})


# Rights


@pytest.mark.parametrize(
    ("code", "partner", "data", "expected"),
    [
        ("E26", "vo", {"moment": "vo-year3"}, set()),
        ("E26", "taalcentrum", {"moment": "vo-year3"}, {"not-your-type"}),
        ("E26", "taalcentrum", {"moment": "language-after"}, set()),
        ("E26", "doorstroompunt", {"moment": "exit-1y"}, set()),
        ("E26", "doorstroompunt", {"moment": "onboard-half"}, {"not-your-type"}),
        ("E21", "vo", {"kind": "lrv"}, set()),
        ("E21", "vo", {"kind": "absolute"}, {"not-your-type"}),
        ("E21", "leerplicht", {"kind": "absolute"}, set()),
        ("E21", "leerplicht", {"kind": "lrv"}, {"not-your-type"}),
        ("E21", "doorstroompunt", {"kind": "lrv"}, set()),
        ("E29", "school-a", {"reason": "age-27"}, {"not-your-type"}),
        ("E29", "school-a", {"reason": "left-region"}, set()),
        ("E27", "vo", {"boundBy": city.VO}, set()),
        ("E27", "vo", {"boundBy": city.SCHOOL_A}, {"not-your-type"}),
    ],
)
def test_who_may_say_it_depends_on_what_is_said(
    code: str, partner: str, data: dict[str, Any], expected: set[str]
) -> None:
    assert refused(code, partner, **data) == expected


def test_only_an_event_of_an_own_source_can_be_corrected() -> None:
    one, other = city.BY_ID["school-a"].sources
    foreign = city.BY_ID["vo"].sources[0]
    assert refused("E29", "school-a", corrects={"source": one, "id": "x"}) == set()
    assert refused("E29", "school-a", corrects={"source": other, "id": "x"}) == set()
    assert refused("E29", "school-a", corrects={"source": foreign, "id": "x"}) == {"foreign-correction"}


def test_a_merge_names_the_other_line_and_a_binding_does_not() -> None:
    own = {"boundBy": city.VO}
    assert refused("E27", "vo", **own, action="bound") == {"value-error"}
    assert refused("E27", "vo", **own, otherLearnerId=CODES["E27"].example["learnerId"]) == {"value-error"}


def test_who_asked_for_erasure_is_said_of_an_erasure_only() -> None:
    assert refused("E29", "school-a", reason="erased", requestedBy="parent") == set()
    assert refused("E29", "school-a", reason="left-region", requestedBy="parent") == {"value-error"}


def is_erased(*events: Admitted) -> bool:
    hub = PureHub(some.PLAIN)
    hub.publish(events)
    return bool(hub.state(events[0].key).erased)


def test_only_where_the_learner_was_enrolled_can_it_be_erased_whichever_is_told_first() -> None:
    start = started(city.SCHOOL_A, A, "2023-08-01")
    ours, others = (closed("erased", by, requestedBy="parent") for by in (city.SCHOOL_A, city.VO))
    assert is_erased(start, ours)
    assert is_erased(ours, start)
    assert not is_erased(start, others)
    assert not is_erased(others)
