"""The six filter dialects of the CloudEvents subscriptions API (standards.md §2.3)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.subscription import MAX_DEPTH, Subscription, check_filters, matches

EVENT: dict[str, str | int | bool] = {
    "type": "nl.example.handover.prepared.v1",
    "source": "/las",
    "subject": "handover/1",
    "number": 7,
    "flag": True,
}


@pytest.mark.parametrize(
    ("given_filter", "holds"),
    [
        ({"exact": {"source": "/las"}}, True),
        ({"exact": {"source": "/LAS"}}, False),
        ({"exact": {"SOURCE": "/las"}}, True),
        ({"exact": {"source": "/las", "type": "other"}}, False),
        ({"exact": {"absent": "x"}}, False),
        ({"exact": {"number": "7", "flag": "true"}}, True),
        ({"prefix": {"type": "nl.example."}}, True),
        ({"prefix": {"type": "example"}}, False),
        ({"suffix": {"type": ".v1"}}, True),
        ({"suffix": {"type": ".v2"}}, False),
        ({"all": [{"exact": {"source": "/las"}}, {"suffix": {"type": ".v1"}}]}, True),
        ({"all": [{"exact": {"source": "/las"}}, {"suffix": {"type": ".v2"}}]}, False),
        ({"any": [{"exact": {"source": "x"}}, {"suffix": {"type": ".v1"}}]}, True),
        ({"any": [{"exact": {"source": "x"}}]}, False),
        ({"not": {"exact": {"source": "x"}}}, True),
        ({"not": {"not": {"exact": {"source": "x"}}}}, False),
        ({"sql": "true"}, False),
    ],
)
def test_each_dialect_holds_when_the_specification_says_so(given_filter: Any, holds: bool) -> None:
    assert matches(given_filter, EVENT) is holds


def test_a_subscription_wants_what_passes_source_types_and_every_filter() -> None:
    wants = Subscription(id="s", partner="p", source="/las", types=("nl.example.handover.prepared.v1",)).wants
    assert wants(EVENT)
    assert not wants({**EVENT, "source": "/other"}) and not wants({**EVENT, "type": "other"})
    narrow = Subscription(
        id="s", partner="p", filters=({"exact": {"source": "/las"}}, {"exact": {"flag": "false"}})
    )
    assert not narrow.wants(EVENT)
    assert Subscription(id="s", partner="p").wants({})


@pytest.mark.parametrize(
    ("wrong", "pointer", "code"),
    [
        ({"exact": {}}, "/filters", "filters"),
        ([{"sql": "source = 'x'"}], "/filters/0", "filter-dialect"),
        ([{"exact": {"a": "b"}}, {"like": {}}], "/filters/1", "filter-dialect"),
        ([{"exact": {"a": "b"}, "prefix": {"a": "b"}}], "/filters/0", "filter"),
        ([{}], "/filters/0", "filter"),
        ([{"exact": {}}], "/filters/0/exact", "filter"),
        ([{"prefix": {"a": ""}}], "/filters/0/prefix", "filter"),
        ([{"suffix": {"": "a"}}], "/filters/0/suffix", "filter"),
        ([{"exact": {"a": 1}}], "/filters/0/exact", "filter"),
        ([{"all": []}], "/filters/0/all", "filter"),
        ([{"any": {"exact": {"a": "b"}}}], "/filters/0/any", "filter"),
        ([{"not": [{"exact": {"a": "b"}}]}], "/filters/0/not", "filter"),
        ([{"all": [{"exact": {"a": "b"}}, {"sql": ""}]}], "/filters/0/all/1", "filter-dialect"),
    ],
)
def test_a_wrong_filter_is_pointed_at(wrong: object, pointer: str, code: str) -> None:
    assert [(f.pointer, f.code) for f in check_filters(wrong)] == [(pointer, code)]


def test_filters_may_be_absent_and_not_too_deep() -> None:
    assert check_filters([]) == []
    deep: Any = {"exact": {"a": "b"}}
    for _ in range(MAX_DEPTH):
        deep = {"not": deep}
    assert [f.code for f in check_filters([deep])] == ["filter-depth"]


PAIRS = st.dictionaries(
    st.sampled_from(["source", "type", "absent"]), st.sampled_from(["/las", "nl.", ".v1"]), min_size=1
)
FILTERS = st.recursive(
    st.tuples(st.sampled_from(["exact", "prefix", "suffix"]), PAIRS).map(lambda t: {t[0]: t[1]}),
    lambda f: st.one_of(
        f.map(lambda x: {"not": x}),
        st.lists(f, min_size=1, max_size=3).map(lambda x: {"all": x}),
        st.lists(f, min_size=1, max_size=3).map(lambda x: {"any": x}),
    ),
    max_leaves=6,
)


@given(st.lists(FILTERS, min_size=1, max_size=3))
def test_not_all_is_any_not(several: list[dict[str, Any]]) -> None:
    assert matches({"not": {"all": several}}, EVENT) == matches({"any": [{"not": f} for f in several]}, EVENT)
