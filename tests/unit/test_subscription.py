"""Filters of subscriptions: what the six dialects mean, by a plain reading of the CloudEvents text."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core import subscription
from hub.core.directory import Directory
from hub.core.policy import Policy
from hub.core.subscription import Filter, Status, Subscription, check_filters, matches
from tests import city

NAMES = st.sampled_from(("type", "source", "subject", "Subject", "privacyclass", "level"))
VALUES = st.sampled_from(("a", "ab", "abc", "b", "P2", "1", "true"))
ATTRIBUTES = st.dictionaries(
    st.sampled_from(("type", "source", "subject", "privacyclass", "level")),
    st.one_of(VALUES, st.integers(0, 2), st.booleans()),
)
PAIRS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=2)
LEAVES = st.sampled_from(("exact", "prefix", "suffix")).flatmap(lambda d: PAIRS.map(lambda p: {d: p}))
FILTERS = st.recursive(
    LEAVES,
    lambda below: st.one_of(
        st.lists(below, min_size=1, max_size=3).map(lambda f: {"all": f}),
        st.lists(below, min_size=1, max_size=3).map(lambda f: {"any": f}),
        below.map(lambda f: {"not": f}),
    ),
    max_leaves=6,
)


def plainly(one: Filter, attributes: dict[str, Any]) -> bool:
    """The oracle: an attribute that is absent fails exact, prefix and suffix; names are compared in lower case."""
    ((dialect, argument),) = one.items()
    if dialect == "not":
        return not plainly(argument, attributes)
    if dialect in ("all", "any"):
        found = [plainly(f, attributes) for f in argument]
        return all(found) if dialect == "all" else any(found)
    for name, wanted in argument.items():
        value = attributes.get(name.lower())
        text = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
        cut = {"exact": text, "prefix": text[: len(wanted)], "suffix": text[-len(wanted) :]}[dialect]
        if value is None or cut != wanted:
            return False
    return True


@given(FILTERS, ATTRIBUTES)
def test_a_filter_holds_as_the_text_says(one: Filter, attributes: dict[str, Any]) -> None:
    assert matches(one, attributes) == plainly(one, attributes)


@given(FILTERS)
def test_a_sound_filter_has_no_faults(one: Filter) -> None:
    assert check_filters([one]) == []


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3)),
    lambda below: st.one_of(
        st.lists(below, max_size=3),
        st.dictionaries(
            st.one_of(st.text(max_size=3), st.sampled_from(("exact", "not", "all", "any"))), below
        ),
    ),
)


@given(JSON, ATTRIBUTES)
def test_whatever_passes_the_check_can_be_matched(given_filters: Any, attributes: dict[str, Any]) -> None:
    if check_filters(given_filters) == []:
        assert all(isinstance(matches(f, attributes), bool) for f in given_filters)


@pytest.mark.parametrize(
    "bad",
    [
        {"sql": "type = 'x'"},
        {"exact": {}},
        {"exact": {"type": ""}},
        {"exact": {"type": 1}},
        {"exact": {"type": "a"}, "prefix": {"type": "a"}},
        {"all": []},
        {"not": [{"exact": {"type": "a"}}]},
        {},
        "exact",
    ],
)
def test_a_filter_that_is_not_understood_is_refused(bad: Any) -> None:
    faults = check_filters([bad])
    assert faults and faults[0].pointer.startswith("/filters/0")


def test_an_unknown_dialect_never_matches() -> None:
    assert not matches({"sql": "true"}, {"type": "a"})


def test_filters_may_be_nested_eight_deep_and_no_deeper() -> None:
    one: Filter = {"exact": {"type": "a"}}
    for _ in range(7):
        one = {"not": one}
    assert check_filters([one]) == []
    assert [f.code for f in check_filters([{"not": one}])] == ["filter-depth"]


@given(st.lists(FILTERS, max_size=3), ATTRIBUTES)
def test_a_subscription_wants_what_passes_all_its_conditions(
    filters: list[Filter], attributes: dict[str, Any]
) -> None:
    one = Subscription("s", "p", types=("a", "ab"), source="abc", filters=tuple(filters))
    passed = attributes.get("type") in ("a", "ab") and attributes.get("source") == "abc"
    assert one.wants(attributes) == (passed and all(plainly(f, attributes) for f in filters))


def test_without_conditions_a_subscription_wants_everything() -> None:
    assert Subscription("s", "p").wants({})


def test_every_partner_has_an_inbox_also_when_nobody_wrote_it() -> None:
    policy = Policy(Directory(city.PARTNERS), [Subscription("vo.1", "vo")])
    assert [s.id for s in policy.subscriptions("vo")] == ["inbox-vo", "vo.1"]
    assert [s.id for s in policy.subscriptions("roc")] == ["inbox-roc"]
    assert policy.subscriptions("nobody") == ()


def test_a_changed_inbox_takes_the_place_of_the_default_one() -> None:
    mine = Subscription("inbox-vo", "vo", types=("a",))
    assert Policy(Directory(city.PARTNERS), [mine]).subscriptions("vo") == (mine,)


@given(st.lists(FILTERS, max_size=2), st.booleans(), st.integers(0, 9))
def test_a_subscription_and_its_status_survive_dump_and_load(
    filters: list[Filter], paused: bool, at: int
) -> None:
    one = Subscription("s", "p", sink="https://x", filters=tuple(filters), paused=paused, created=at)
    assert subscription.load(subscription.dump(one)) == one
    status = Status("stopped", "gone", at)
    assert subscription.load_status(subscription.dump(status)) == status


def test_only_other_keys_are_no_writing_anew() -> None:
    one = Subscription(id="a", partner="b", sink="https://x", secret="whsec_1")
    rekeyed = one.rekeyed("whsk_2", "whpk_2", 5, 10)
    assert rekeyed.only_rekeyed(one) and rekeyed.without_retired(10).only_rekeyed(rekeyed)
    assert not one.only_rekeyed(one), "the same again says: try again"
    assert not msgspec.structs.replace(one, secret="sealed:...").only_rekeyed(one), (
        "written anew, and sealed now"
    )
    assert not msgspec.structs.replace(rekeyed, paused=True).only_rekeyed(one)


def test_older_keys_end_no_later_than_they_would_have() -> None:
    one = Subscription(id="a", partner="b", secret="1").rekeyed("2", "", 0, 10).rekeyed("3", "", 1, 100)
    assert [(key.secret, key.until) for key in one.retiring] == [("2", 100), ("1", 10)]
    assert one.secrets(9) == ["3", "2", "1"] and one.secrets(10) == ["3", "2"]
    assert one.rekeyed("4", "", 1, 1).retiring == ()
