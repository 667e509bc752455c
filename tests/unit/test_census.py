"""Counts for the procesregisseur: right, and without a small cell, shown or worked out."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.core import census
from hub.core.views import Certificate, Enrolment, Group, Line, Places

SECTORS = ("techniek", "zorg", "bouw", "welzijn")


def figures(found: dict[str, Any]) -> dict[str, int | str]:
    return {figure["name"]: figure["value"] for figure in found["figures"]}


def certificate(*recognised: str, sector: str = "techniek", issuer: str = "roc") -> Certificate:
    return Certificate(
        "c", sector=sector, issued_on="2028-01-20", issuer=issuer, recognised_by=list(recognised)
    )


def line(*certificates: Certificate) -> Line:
    enrolled = [
        Enrolment("1", org="vo", start="2023-08-01", end="2028-07-15"),
        Enrolment("2", org="poort", start="2028-08-28"),
    ]
    return Line("x", enrolments=enrolled, certificates=list(certificates))


def test_minors_are_counted_by_what_their_group_came_to() -> None:
    groups = [
        Group("1", status="announced", certainty="decided", total=74),
        Group("2", status="updated", certainty="confirmed", total=31),
        Group("3", status="arrived", certainty="confirmed", total=20, waves=1),
        Group("4", status="cancelled", certainty="decided", total=50),
        Group("5", status="announced", certainty="rumour", total=500),
    ]
    found = figures(census.m2(groups, Places("almere", demand=125, free=40)))
    assert found == {"announced": 105, "arrived": 20, "not-arrived": 1, "demand": 125, "free": 40}


def test_few_minors_are_shown_as_under_five() -> None:
    assert figures(census.m2([Group("1", certainty="decided", total=4)], None))["announced"] == "<5"
    assert figures(census.m2([Group("1", certainty="decided", total=5)], None))["announced"] == 5
    assert figures(census.m2([], None))["announced"] == 0


def test_demand_is_withheld_where_it_would_tell_of_few_toddlers() -> None:
    group = Group("1", certainty="decided", total=54)
    assert figures(census.m2([group], Places("almere", demand=52)))["demand"] == census.WITHHELD
    assert figures(census.m2([group], Places("almere", demand=49)))["demand"] == 49


def test_a_certificate_is_carried_over_when_a_later_school_recognises_it() -> None:
    assert census.carried_over(certificate("poort"), line())
    assert not census.carried_over(certificate("roc"), line()), "the issuer itself"
    assert not census.carried_over(certificate("vo"), line()), "the school of that day"
    assert not census.carried_over(certificate(), line())


def test_a_certificate_that_is_not_known_yet_is_not_counted() -> None:
    assert figures(census.m6([line(certificate("poort", issuer=""))]))["issued"] == 0


@given(st.dictionaries(st.sampled_from(SECTORS), st.integers(0, 9)))
def test_no_sector_can_be_worked_out_from_the_total(counts: dict[str, int]) -> None:
    lines = [line(certificate(sector=sector)) for sector, n in counts.items() for _ in range(n)]
    issued = census.m6(lines)["figures"][0]
    total = sum(counts.values())
    assert issued["value"] == ("<5" if 0 < total < 5 else total)
    assert all(n >= 5 for n in issued["sectors"].values())
    assert sum(issued["sectors"].values()) == (total if total >= 5 else 0)


@given(st.dictionaries(st.sampled_from(SECTORS), st.integers(0, 20)))
def test_a_sector_that_is_shown_by_name_is_shown_as_it_is(counts: dict[str, int]) -> None:
    pooled = census.pooled(Counter(counts), 5)
    assert all(n == counts[name] for name, n in pooled.items() if name != census.REST)


def test_every_figure_has_a_name_in_two_languages() -> None:
    for found in (census.m2([], None), census.m6([])):
        assert all(f["nl"] and f["en"] and f["nl"] != f["en"] for f in [found, *found["figures"]])
