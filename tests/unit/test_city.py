"""The pages of the city: what they show, what they must never show, and the CSV."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core import census, newcomers
from hub.core.census import METRICS, STANDING, Raw, publish, tables
from hub.core.directory import Directory
from hub.core.people import Person, PersonRole
from hub.core.rules import Rules
from hub.core.views import Places, Published
from hub.monitor import city as page
from hub.monitor.city import City
from hub.monitor.city_charts import ORDER, axis, bar, sankey
from hub.monitor.city_tables import (
    COLUMNS,
    SOURCES,
    Metric,
    Value,
    as_csv,
    behind,
    harmless,
    late,
    metric,
    value,
)
from hub.monitor.city_words import WORDS, Words
from hub.monitor.frame import Frame
from hub.monitor.viewer import Viewer
from tests.unit.test_monitor import Tags, text
from tests.unit.test_newcomers import DIRECTORY, Given, asks, gives, places

RULES = Rules()
YEAR, ON = "2026-2027", "2027-03-01"
REGIE = Viewer(Person(PersonRole.PROCESREGISSEUR))
NOBODY = Directory(())


def answer(published: Published | None, id: str = "M6") -> dict[str, Any]:
    """One metric as `GET /v1/census` gives it."""
    tables = [census.figures(published, NOBODY, RULES)] if published else []
    return {"metric": id, **METRICS[id], "next": "2027-04-01", "tables": tables}


def told(id: str, cells: dict[str, int], method: str = "pooled", period: str = YEAR) -> dict[str, Any]:
    return answer(publish(Raw(id, period, ON, method, cells), None, RULES), id)


def one(id: str, cells: dict[str, int], **more: str) -> Metric:
    return metric(told(id, cells, **more), "nl")


def coming(*asked: Given, exact: bool = False) -> dict[str, Any]:
    found: Places = places(*asked)
    return newcomers.answer(found, exact=exact, rules=RULES, directory=DIRECTORY)


def pages(city: City, lang: str = "nl") -> dict[str, str]:
    """Every page that there is of it."""
    at = {"lang": lang, "viewer": REGIE}
    return {
        "city": page.overview(city, Frame("/city", **at)),
        "report": page.reported(city, Frame("/city/report", **at), "", "network", "2027-03-02"),
        **{id: page.detail(city, Frame(f"/city/{id}", **at), id) for id in city.metrics},
    }


CERTIFICATES = {
    "certificates/techniek/open": 40,
    "certificates/techniek/recognised": 20,
    "certificates/zorg/open": 3,
    "certificates/zorg/recognised": 0,
}
MOVES = {
    "moves/opvang/po": 2500,
    "moves/po/vo": 2400,
    "moves/vo/mbo": 1500,
    "moves/vo/none": 40,
    "moves/none/po": 300,
    "moves/other": 20,
}
LATE = [
    {"org": "De Boot", "rule": "T06", "severity": "warn", "number": "1-4"},
    {"org": "Het Wad", "rule": "T06", "severity": "warn", "number": "10-19"},
    {"org": "De Kade", "rule": "T09", "severity": "breach", "number": "5-9"},
]
GROUP = (
    asks(b4_5=14, b6_11=38, vo=22),
    gives(free=40, org="kvk:1"),
    gives("b", 25, "2027-03-01", org="kvk:1"),
)


def whole(lang: str = "nl") -> City:
    found = [
        metric(told("M1", MOVES, "rounded"), lang),
        metric(told("M3", {"waiting/brin:00YY01": 3, "waiting/brin:00YY02": 30}, "banded", STANDING), lang),
        metric(told("M6", CERTIFICATES), lang),
        metric(answer(None, "M13"), lang),
    ]
    return City({one.id: one for one in found}, coming(*GROUP), late(LATE))


@pytest.mark.parametrize(
    ("given", "shown", "words"),
    [
        (0, Value(0, 0), "0"),
        (1500, Value(1500, 1500), "1.500"),
        ("10-24", Value(10, 24), "10-24"),
        ("50+", Value(50, None), "50+"),
        ("<5", Value(None, None), "te weinig om te tonen"),
        ("<10", Value(None, None), "te weinig om te tonen"),
    ],
)
def test_a_number_is_shown_as_the_api_gives_it_and_what_it_hides_is_said_in_words(
    given: int | str, shown: Value, words: str
) -> None:
    assert (value(given), Words("nl").value(value(given))) == (shown, words)


def test_a_hidden_cell_is_neither_zero_nor_a_number_on_any_page() -> None:
    before = publish(Raw("M6", YEAR, "2027-02-01", "pooled", dict.fromkeys(CERTIFICATES, 0)), None, RULES)
    found = answer(publish(Raw("M6", YEAR, ON, "pooled", CERTIFICATES), before, RULES))
    assert "<5" in [cell["value"] for cell in found["tables"][0]["cells"]]
    shown = pages(City({"M6": metric(found, "nl")}))
    for html in shown.values():
        row = next(row for row in re.findall(r"<tr>.*?</tr>", html, re.S) if "Zorg" in row or "zorg" in row)
        assert "te weinig om te tonen" in row and not re.search(r">\s*\d", row) and "<rect" not in row
    assert "zorg · erkend" in re.sub(r".*class=\"zeros\"", "", shown["M6"], flags=re.S), (
        "zero is said to be zero"
    )


def test_cells_that_are_told_together_say_of_what() -> None:
    found = one("M1", {f"moves/po/{stage}": 2 for stage in ("vo", "so", "sbo", "pro", "none")})
    html = pages(City({"M1": found}))["M1"]
    assert re.search(r'class="n">\s*10', html) and "5 soorten samen" in html
    assert "po → vo, po → so" in html or all(f"po → {stage}" in text(html) for stage in ("vo", "so", "sbo"))


def test_every_metric_has_its_definition_its_sources_and_its_csv_one_click_away() -> None:
    shown = pages(whole())
    for id in ("M3", "M6", "M13"):
        assert f'href="/city/{id}"' in shown["city"] and METRICS[id]["about_nl"] in shown[id]
        assert f'href="/city/{id}.csv"' in shown[id]
        for code in SOURCES[id].split():
            assert f'href="/catalogue#{code}"' in shown[id]
    assert 'href="/city/M1"' in shown["city"]
    assert set(SOURCES) == set(METRICS)


def test_what_is_not_published_yet_says_so_and_when_it_will_be() -> None:
    shown = pages(whole())
    assert "Nog niet gepubliceerd. Volgende publicatie: 1 april 2027." in text(shown["M13"])
    assert "Nog niet gepubliceerd." in text(shown["city"])


def test_the_drawing_says_in_words_what_it_shows_and_stands_beside_a_table() -> None:
    html = pages(whole())["M1"]
    assert '<svg class="sankey"' in html and 'aria-labelledby="flows-title flows-desc"' in html
    assert "<title>po → vo: 2.400</title>" in html
    assert re.search(r'<th scope="row">Po → vo</th>\s*<td class="n">2.400', html, re.I)


def test_the_bands_of_the_drawing_are_as_thick_as_the_flows_and_meet_their_stages() -> None:
    table = one("M1", MOVES, method="rounded").tables[0]
    drawn = sankey(table)
    assert [node.stage for node in drawn.left] == ["none", "opvang", "po", "vo"]
    assert [node.stage for node in drawn.right] == ["po", "vo", "mbo", "none"]
    assert set(ORDER[0]) == set(ORDER[1])
    assert {(r.before, r.after): r.number for r in drawn.ribbons} == {
        tuple(name.split("/")[1:]): n for name, n in MOVES.items() if name != "moves/other"
    }
    assert sum(n.number for n in drawn.left) == sum(n.number for n in drawn.right) == 6740
    tall = {node.stage: node.height for node in drawn.left}
    assert tall["vo"] == pytest.approx(tall["opvang"] * 1540 / 2500, abs=1)
    assert [cell.of for cell in drawn.rest] == [("moves/other",)]


def test_the_time_axis_draws_children_against_places_and_where_places_are_too_few() -> None:
    drawn = axis(coming(*GROUP), "po")
    assert drawn is not None
    assert (drawn.asked, drawn.places, len(drawn.short)) == (55, 65, 2)
    assert [mark.text for mark in drawn.days] == ["2026-12-01", "2027-01-11", "2027-03-01"]
    unknown = axis(coming(*GROUP), "vo")
    assert unknown is not None
    assert (unknown.places, unknown.free, unknown.short) == (None, "", []), "unknown is not full"
    few = axis(coming(asks(po=3), gives()), "po")
    assert few is None, "a line through fewer than five children would count them"


def test_who_watches_reads_at_one_click_whether_the_group_of_a_day_finds_places_and_where() -> None:
    rows = re.findall(r"<tr>.*?</tr>", pages(whole())["city"], re.S)
    (primary,) = (text(row) for row in rows if "1 december 2026" in row and "po, 4-11" in row)
    assert "Plaats voor allen" in primary and "ten hoogste 55" in primary
    assert "40 vanaf 11 januari 2027, Taalcentrum Almere" in primary
    (secondary,) = (text(row) for row in rows if "1 december 2026" in row and "vo, 12-17" in row)
    assert "Geen plaatsen bekend" in secondary
    assert "tot 1 maart 2027" in text(pages(whole())["city"])


def test_who_watches_reads_which_school_is_behind_with_handovers_the_most_first() -> None:
    html = pages(whole())["city"]
    assert html.index("Het Wad") < html.index("De Boot")
    row = next(row for row in re.findall(r"<tr>.*?</tr>", html, re.S) if "Het Wad" in row)
    assert "10-19" in row and "Waarschuwing" in row
    found = behind(late(LATE), ("T06", "T07", "T08"))
    assert (found.rules, found.orgs) == (["T06"], ["Het Wad", "De Boot"])


def test_a_passed_term_comes_before_any_number_of_warnings() -> None:
    rows = [
        {"org": "A", "rule": "T09", "severity": "warn", "number": "50-99"},
        {"org": "B", "rule": "T09", "severity": "breach", "number": "1-4"},
    ]
    assert behind(late(rows), ("T09",)).orgs == ["B", "A"]


def test_what_the_api_does_not_give_is_not_there() -> None:
    html = pages(City({}))["city"]
    assert "niets dat uw organisatie mag zien" in html and "<table" not in html and "<svg" not in html
    only = pages(City({}, coming(*GROUP)))["city"]
    assert "1 december 2026" in only and "Alle stadscijfers" not in only and "wie loopt achter" not in only


def test_the_report_has_all_metrics_in_order_with_definitions_period_and_date() -> None:
    html = pages(whole())["report"]
    heads = re.findall(r'<h2 id="r-(M\d+)"', html)
    assert heads == ["M1", "M3", "M6", "M13"]
    said = text(html)
    assert "netwerkbijeenkomst" in said and "2 maart 2027" in said and "schooljaar 2026-2027" in said
    assert all(METRICS[id]["about_nl"] in said for id in heads)
    assert '<label for="period">' in html and "<option selected>2026-2027</option>" in html


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_pages_are_well_formed_and_need_nothing_but_their_own_files(lang: str) -> None:
    for html in pages(whole(lang), lang).values():
        found = Tags(html)
        assert not re.search(r"\sstyle=|https?://", html)
        assert len(re.findall(r"\bid=\"([^\"]+)\"", html)) == len(set(re.findall(r"\bid=\"([^\"]+)\"", html)))
        assert found is not None


def test_every_word_is_there_in_both_languages() -> None:
    assert all(len(pair) == 2 and all(pair) and pair[0] for pair in WORDS.values())


def rows(found: Metric) -> list[list[str]]:
    return list(csv.reader(io.StringIO(as_csv(found), newline="")))


def test_a_hidden_cell_is_empty_in_the_csv_and_a_column_says_that_it_is_hidden() -> None:
    before = publish(Raw("M6", YEAR, "2027-02-01", "pooled", dict.fromkeys(CERTIFICATES, 0)), None, RULES)
    found = metric(answer(publish(Raw("M6", YEAR, ON, "pooled", CERTIFICATES), before, RULES)), "nl")
    head, *lines = rows(found)
    assert tuple(head) == COLUMNS
    by_name = {line[3]: line[5:9] for line in lines}
    assert by_name["certificates/zorg/open"] == ["", "", "", "yes"]
    assert by_name["certificates/zorg/recognised"] == ["0", "0", "0", "no"]
    assert by_name["certificates/techniek/open"] == ["40", "40", "40", "no"]
    assert as_csv(found).count("\r\n") == len(lines) + 1


def test_a_band_is_two_numbers_in_the_csv_and_never_a_text_that_a_spreadsheet_takes_for_a_date() -> None:
    found = one("M3", {"waiting/a": 3, "waiting/b": 30, "waiting/c": 70}, method="banded", period=STANDING)
    assert [line[5:9] for line in rows(found)[1:]] == [
        ["", "1", "4", "no"],
        ["", "25", "49", "no"],
        ["", "50", "", "no"],
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_name_of_an_organisation_becomes_a_formula(start: str) -> None:
    org = f"{start}HYPERLINK"
    (line,) = rows(one("M3", {f"waiting/{org}": 30}, method="banded", period=STANDING))[1:]
    assert not any(part.startswith(start) for part in line)
    assert harmless(org) == f"'{org}" and harmless("De Boot") == "De Boot"


@given(st.lists(st.tuples(st.text(max_size=12), st.integers(0, 60)), max_size=8))
def test_the_csv_reads_back_as_what_was_published_whatever_names_there_are(
    named: list[tuple[str, int]],
) -> None:
    cells = {f"waiting/{name}": n for name, n in named}
    found = one("M3", cells, method="banded", period=STANDING)
    read = rows(found)
    assert [len(line) for line in read] == [len(COLUMNS)] * (len(cells) + 1)
    assert [line[3] for line in read[1:]] == [" + ".join(cell.of) for cell in found.tables[0].cells]


def numbers(html: str) -> list[int]:
    """Every count in a table, a drawing or a sentence beside them."""
    found = re.findall(
        r'<td class="n[^"]*">(.*?)</td>|<path[^>]*><title>[^<]*: (.*?)</title>|class="figure">(.*?)<|\(([\d.]+)\)',
        html,
        re.S,
    )
    return [int(n.replace(".", "")) for parts in found for n in re.findall(r"\d[\d.]*", "".join(parts))]


COUNTS = st.integers(0, 9) | st.integers(0, 400)
NAMES = sorted(
    {name for raw in tables({}, ON, NOBODY, RULES) for name in raw.cells if raw.method != "banded"}
)
SEVERAL = st.dictionaries(st.sampled_from(NAMES), COUNTS, max_size=30)


@settings(max_examples=25, deadline=None)
@given(first=SEVERAL, then=SEVERAL)
def test_no_page_and_no_file_has_a_count_that_the_api_masked(
    first: dict[str, int], then: dict[str, int]
) -> None:
    """Twice published, so that cells are masked in every way there is."""
    made: dict[str, Metric] = {}
    for raw in tables({}, ON, NOBODY, RULES):
        if raw.method != "banded" and not any(name.startswith(("groups", "places")) for name in raw.cells):
            small = {name: first.get(name, 0) for name in raw.cells}
            large = {name: small[name] + then.get(name, 0) for name in raw.cells}
            one = publish(Raw(raw.metric, raw.period, ON, raw.method, small), None, RULES)
            two = publish(Raw(raw.metric, raw.period, ON, raw.method, large), one, RULES)
            made[raw.metric] = metric(answer(two, raw.metric), "nl")
    city = City(made)
    for html in (page.overview(city, Frame("/city")), page.reported(city, Frame(), "", "board", ON)):
        assert not {1, 2, 3, 4} & set(numbers(html))
    for found in made.values():
        assert not {"1", "2", "3", "4"} & {part for line in rows(found)[1:] for part in line[5:8]}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("stad", "haven", "poort")),
            st.sampled_from(("2026-12-01", "2026-12-08", "2027-02-01")),
            COUNTS,
            COUNTS,
        ),
        max_size=4,
    ),
    st.lists(st.tuples(st.sampled_from(("2027-01-11", "2027-03-01")), COUNTS), max_size=3),
)
def test_no_page_counts_fewer_than_five_children_who_need_a_place(
    groups: list[tuple[str, str, int, int]], offers: list[tuple[str, int]]
) -> None:
    asked = [asks(str(i), area, day, po=po, vo=vo) for i, (area, day, po, vo) in enumerate(groups)]
    given = [gives(str(i), free, day) for i, (day, free) in enumerate(offers)]
    city = City({"M2": metric(answer(None, "M2"), "nl")}, coming(*asked, *given))
    for html in (page.overview(city, Frame("/city")), page.detail(city, Frame("/city/M2"), "M2")):
        counted = re.sub(r"Wie vanaf wanneer.*?</table>", "", html, flags=re.S)  # places are told exactly
        shown = re.findall(r'<td class="n[^"]*">(.*?)</td>|Tekort: (\d+)|seat">(.*?) vanaf', counted, re.S)
        assert not {"1", "2", "3", "4"} & {
            n for parts in shown for part in parts for n in re.findall(r"\d+", text(part))
        } - free_of(counted)


def free_of(html: str) -> set[str]:
    """Free places in the table of shortages, which are no children."""
    table = re.search(r"Dagen waarop.*?</table>", html, re.S)
    cells = re.findall(r'<td class="n">([^<]*)</td>', table.group(0)) if table else []
    return set(cells[1::2])


def test_a_bar_is_as_long_as_its_number_and_of_the_hidden_there_is_none() -> None:
    cells = one("M3", {"waiting/a": 30, "waiting/b": 12}, method="banded", period=STANDING).tables[0].cells
    assert [bar(cell, cells) for cell in cells] == [100, round(100 * 24 / 49)]
    hidden = cells[0]._replace(value=Value(None, None))
    assert bar(hidden, cells) == 0
