"""Tables of a snapshot day, and the words in which they are shown."""

from __future__ import annotations

from typing import Any

from hub.core import census
from hub.core.census.tabulation import TABLES
from hub.core.census.wording import named
from hub.core.census.words import CLASSES, MEASURES
from hub.core.directory import Directory
from hub.core.partners import Org, Partner, Role
from hub.core.rules import Rules
from hub.core.views import Group, Published

RULES = Rules()
VO = "brin:99XX02"
DIRECTORY = Directory([Partner("vo", "Vo", (Role.VO,), (Org(VO, "Het Wad"),))])
MARCH = "2027-03-01"
THIS = "2026-2027"


def raw(metric: str, period: str, counts: dict[str, int]) -> census.Raw:
    found = census.tables(counts, MARCH, DIRECTORY, RULES)
    return next(one for one in found if (one.metric, one.period) == (metric, period))


def test_a_snapshot_has_every_metric_but_the_health_of_the_hub() -> None:
    found = census.tables({}, MARCH, DIRECTORY, RULES)
    assert {one.metric for one in found} == census.METRICS.keys() - {"M14"}
    assert {one.period for one in found} == {THIS, "standing"}
    assert {one.on for one in found} == {MARCH}


def test_the_year_before_is_told_as_long_as_something_is_counted_there_and_the_year_to_come_not_yet() -> None:
    counts = {f"M5|{year}|finished/accepted": 9 for year in ("2024-2025", "2025-2026", "2027-2028")}
    assert [r.period for r in census.tables(counts, MARCH, DIRECTORY, RULES) if r.metric == "M5"] == [
        THIS,
        "2025-2026",
    ]


def test_every_table_holds_its_empty_categories_too() -> None:
    assert set(raw("M5", THIS, {}).cells) == {
        f"finished/{r}" for r in ("accepted", "wrong-recipient", "corrected")
    }


def test_no_table_has_more_than_two_dimensions() -> None:
    assert all(name.count("/") <= 2 for one in TABLES for name in one.names)


def test_what_tells_of_care_is_told_in_tens_and_per_organisation_only_in_bands() -> None:
    for one in TABLES:
        people = census.METRICS[one.metric]["privacy"] == "P2" and one.metric != "M2"
        assert one.method in ("rounded", "banded") or not people
        assert bool(one.names) == (one.method != "banded")


def test_the_first_group_of_74_is_published_as_74_and_its_site_nowhere() -> None:
    counts = census.counts(Group("g", certainty="decided", total=74, site_kind="ukraine", area="stad"))
    told = census.publish(raw("M2", "standing", counts), None, RULES)
    assert {tuple(cell.of): cell.value for cell in told.cells if cell.value} == {("minors/announced",): 74}


def test_forty_tlvs_that_expire_are_told_as_forty_and_three_of_another_kind_not_at_all() -> None:
    counts = {"M8|standing|used/so/2027-07": 38, "M8|standing|used/pro/2027-07": 3}
    told = census.publish(raw("M8", "standing", counts), None, RULES)
    assert [cell.value for cell in told.cells] == [40], "three are not apart from the others"
    counts["M8|standing|used/vso/2027-07"] = 12
    told = census.publish(raw("M8", "standing", counts), None, RULES)
    assert {tuple(c.of): c.value for c in told.cells if len(c.of) == 1} == {("tlv/so/six-months",): 40}


# Words


def test_every_category_has_a_name_in_two_languages() -> None:
    plain = {"po", "so", "sbo", "vo", "pro", "vso", "vavo", "mbo", "wo", "lwoo"}
    areas = {"haven", "stad", "buiten", "hout", "poort", "pampus", "oosterwold"}
    for name in (name for one in TABLES for name in one.names):
        measure, *classes = name.split("/")
        assert measure in MEASURES
        assert set(classes) <= CLASSES.keys() | plain | areas, name
        assert all(named(name, DIRECTORY))


def test_every_metric_is_explained_in_two_languages() -> None:
    assert list(census.METRICS) == [f"M{n}" for n in range(1, 16)]
    for metric in census.METRICS.values():
        assert metric["about_nl"].endswith(".") and metric["about_en"].endswith(".")
        assert metric["about_nl"] != metric["about_en"]


def figures(metric: str, period: str, counts: dict[str, int], everyone: bool = False) -> dict[str, Any]:
    told: Published | None = census.publish(raw(metric, period, counts), None, RULES)
    told = census.public(told, RULES) if everyone and told else told
    assert told
    return census.figures(told, DIRECTORY, RULES, everyone)


def test_figures_say_in_words_what_was_published() -> None:
    found = figures("M6", THIS, {f"M6|{THIS}|certificates/techniek/open": 12})
    assert (found["nl"], found["en"], found["method"]) == (
        "Modulecertificaten",
        "Module certificates",
        "pooled",
    )
    assert {
        "of": ["certificates/techniek/open"],
        "nl": "certificaten · techniek · nog niet erkend",
        "en": "certificates · engineering · not recognised yet",
        "value": 12,
    } in found["cells"]


def test_an_organisation_goes_by_its_name() -> None:
    found = figures("M3", "standing", {f"M3|standing|overdue/{VO}": 3})
    assert [(c["nl"], c["value"]) for c in found["cells"]] == [("over de termijn · Het Wad", "1-4")]


def test_percentages_need_twenty_people_inside_and_a_hundred_outside() -> None:
    def share(people: int, everyone: bool = False) -> int | None:
        counts = {f"M5|{THIS}|finished/accepted": people - 5, f"M5|{THIS}|finished/corrected": 5}
        counts[f"M5|{THIS}|finished/wrong-recipient"] = 0
        return figures("M5", THIS, counts, everyone)["shares"][0]["percent"]

    assert (share(19), share(20)) == (None, 25)
    counts = {f"M5|{THIS}|finished/accepted": 60, f"M5|{THIS}|finished/corrected": 30}
    assert figures("M5", THIS, counts, True)["shares"][0]["percent"] is None
    counts[f"M5|{THIS}|finished/accepted"] = 70
    assert figures("M5", THIS, counts, True)["shares"][0]["percent"] == 30


def test_no_percentage_is_made_of_a_cell_that_is_part_in_and_part_out() -> None:
    counts = {f"M5|{THIS}|finished/accepted": 50, f"M5|{THIS}|finished/corrected": 3}
    assert figures("M5", THIS, counts)["shares"][0]["percent"] is None


def test_a_median_is_told_when_it_is_certain() -> None:
    months = {
        "M10|standing|open/lrv/2027-02": 20,
        "M10|standing|open/lrv/2026-11": 50,
        "M10|standing|open/lrv/2025-01": 10,
    }
    assert figures("M10", "standing", months)["medians"][0]["of"]["en"] == "three to six months"
    assert figures("M10", "standing", {"M10|standing|open/lrv/2027-02": 3})["medians"][0]["of"] is None


def test_the_next_snapshot_is_the_first_fixed_day_to_come() -> None:
    days = RULES.calendar.snapshots
    assert census.following(days, "2027-03-01") == "2027-04-01"
    assert census.following(days, "2027-12-15") == "2028-01-01"
    assert census.following((), "2027-12-15") == ""
