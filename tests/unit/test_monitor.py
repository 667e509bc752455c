"""The page of the procesregisseur: what it shows, and what it must never show."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import fastapi
import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.flows import HOUR_MS, HOURS, Arrivals, DeliveryFlow, EventFlow, Flows, SignalFlow, Tally
from hub.core.matrix import Leg, Matrix
from hub.monitor import page
from hub.monitor.figures import Kind, Naming, figures
from hub.monitor.frame import Frame
from hub.monitor.health import health
from hub.monitor.matrix import Lanes
from hub.monitor.page import LIVE, Known, Reading, as_json, router, signals_as_json
from hub.monitor.shown import Shown, banded, exact, total
from hub.monitor.viewer import Viewer
from hub.monitor.words import WORDS, Language
from tests.pagekit import reads

NOW = 1_790_000_000_000
GROUP, HANDOVER = "nl.group.announced.v1", "nl.handover.prepared.v1"
NAMING = Naming(
    kinds={
        GROUP: Kind("Nieuwkomersgroep aangekondigd", "Arrival group announced", "G1"),
        HANDOVER: Kind("Overdracht klaargezet", "Handover prepared", "P1"),
    },
    partner=lambda id: {"vo": "Het Baken", "gem": "Gemeente Almere"}.get(id, id),
    org=lambda ref: {"brin:00YY01": "De Ontdekking"}.get(ref, ref),
)


def hours(*last: int) -> tuple[int, ...]:
    return (*[0] * (HOURS - len(last)), *last)


def flows(**given: Any) -> Flows:
    return Flows(at=NOW, first_hour=NOW - NOW % HOUR_MS - (HOURS - 1) * HOUR_MS, **given)


LANES = Lanes(lambda _: "handovers", lambda id: "vo", NAMING.personal, NAMING.partner, lambda _: 0)
MATRIX = Matrix(at=NOW, first_day=NOW, legs=(Leg("gem", "vo", HANDOVER, 40, 30, oldest=NOW - 90_000),))


def reading(given: Flows) -> Reading:
    return Reading(given, MATRIX)


def whole(given: Flows, lang: str) -> str:
    """Both pages of the flows, one after the other."""
    known = Known(NAMING, LANES)
    return "".join(page.render(name, reading(given), known, Frame(lang=lang), NOW) for name in LIVE)


def parts(given: Flows, lang: str) -> dict[str, str]:
    known = Known(NAMING, LANES)
    made = [page.fragments(name, reading(given), known, Frame(lang=lang), NOW) for name in LIVE]
    return {part: html for one in made for part, html in one.items()}


def hook(**given: Any) -> DeliveryFlow:
    base = {"partner": "vo", "subscription": "hook", "push": True, "routed": 10, "delivered": 10}
    return DeliveryFlow(**{**base, **given})


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def cells(html: str) -> list[list[str]]:
    """The rows of all tables, as text."""
    found = re.findall(r"<tr.*?</tr>", html, re.S)
    return [[text(cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.S)] for row in found]


def test_counts_about_persons_are_a_range_and_of_groups_are_not() -> None:
    given = flows(events=(EventFlow(HANDOVER, "vo", hours(3, 0)), EventFlow(GROUP, "gem", hours(3, 0))))

    groups, handovers = as_json(given, NOW, NAMING)["events"]

    assert (groups["hours"][-2:], groups["total"]) == ([3, 0], 3)
    assert (handovers["hours"][-2:], handovers["total"]) == (["1-4", 0], "1-4")


def test_a_kind_that_nobody_described_is_taken_for_one_about_persons() -> None:
    (row,) = as_json(flows(events=(EventFlow("nl.new.v1", "vo", hours(2)),)), NOW, NAMING)["events"]

    assert row["hours"][-1] == "1-4"


def test_a_total_does_not_give_away_a_hidden_cell() -> None:
    given = flows(events=(EventFlow(HANDOVER, "vo", hours(12, 2)),))

    html = whole(given, "nl")

    assert as_json(given, NOW, NAMING)["events"][0]["total"] == "11-23"
    assert "14" not in text(parts(given, "nl")["events"]).split()
    assert "minstens 11" in text(html)


def test_a_number_of_persons_stands_in_a_band_of_at_least_four() -> None:
    """So a step of one is seen only where two bands meet, and then says not what the number is."""
    assert [banded(n).low for n in (0, 1, 4, 5, 9, 10, 19, 20, 49, 50, 99, 100, 109, 110, 2384)] == [
        *(0, 1, 1, 5, 5, 10, 10, 20, 20, 50, 50, 100, 100, 110, 2380)
    ]
    bands = {banded(n) for n in range(1, 3000)}
    assert all(band.high - band.low >= 3 for band in bands)
    assert sorted(n for band in bands for n in range(band.low, band.high + 1))[:2999] == list(range(1, 3000))


def test_one_more_child_changes_nothing_that_is_shown() -> None:
    def shown(number: int) -> tuple[str, bytes]:
        given = flows(
            events=(EventFlow(HANDOVER, "vo", hours(number, number)),),
            deliveries=(
                hook(routed=number, delivered=0, oldest=NOW),
                DeliveryFlow(partner="po", subscription="inbox-po", push=False, routed=number, pulled=0),
            ),
            arrivals=(Arrivals("announced", 2, number),),
            signals=(SignalFlow("brin:00YY01", "T04", "warn", number, ""),),
            refused=number,
            refusals=(Tally("extra-field", "vo", number),),
            quarantined=(Tally("id-conflict", "", number),),
            duplicates=number,
            conflicts=number,
            stale=number,
        )
        cells = [str(cell.value) for cell in health(given, figures(given, NAMING, NOW))]
        return whole(given, "nl") + " ".join(cells), orjson.dumps(as_json(given, NOW, NAMING))

    for number in (*range(1, 4), *range(20, 49), *range(110, 119)):
        assert shown(number) == shown(number + 1), number
    assert shown(4) != shown(5), "otherwise this test could not fail"


@given(st.lists(st.integers(0, 130), min_size=1, max_size=HOURS))
def test_no_total_says_more_than_its_cells(counts: list[int]) -> None:
    """Any hidden cell may still be 1 or 4 when all else that is shown is known."""
    shown = [banded(count) for count in counts]
    whole = total(shown)

    assert whole == Shown(sum(s.low for s in shown), sum(s.high for s in shown))
    assert whole.low <= sum(counts) <= whole.high
    for place, cell in enumerate(shown):
        others = total(shown[:place] + shown[place + 1 :])
        assert whole.low - others.low == cell.low and whole.high - others.high == cell.high


@given(st.integers(0, 30), st.integers(0, 30))
def test_delivered_is_not_told_apart_from_what_is_shown_as_routed_and_open(routed: int, open: int) -> None:
    open = min(open, routed)
    delivered = banded(routed).minus(banded(open))

    assert delivered.low <= routed - open <= delivered.high
    assert not delivered.exact or delivered.low == 0


def test_a_small_backlog_cannot_be_worked_out_from_the_other_columns() -> None:
    given = flows(
        deliveries=(
            hook(routed=20, delivered=18, oldest=NOW),
            DeliveryFlow(partner="vo", subscription="inbox-vo", push=False, routed=30, pulled=29),
        )
    )

    (row,) = as_json(given, NOW, NAMING)["deliveries"]

    assert (row["routed"], row["delivered"], row["open"]) == ("20-49", "16-48", "1-4")
    assert (row["feed"], row["pulled"]) == ("20-49", "16-48")


def test_the_health_of_the_hub_names_partners_behind_by_number_only() -> None:
    given = flows(
        deliveries=(
            hook(partner="a", oldest=NOW - 61_000, routed=30),
            hook(partner="b", state="stopped"),
            hook(partner="f", state="expired"),
            hook(partner="g", oldest=NOW - 1_000, state="breaker-open", routed=30),
            DeliveryFlow(partner="c", subscription="inbox-c", push=False, routed=3),
            DeliveryFlow(partner="d", subscription="inbox-d", push=False, routed=3, pulled=1),
            DeliveryFlow(partner="e", subscription="inbox-e", push=False, routed=0),
        ),
        quarantined=(Tally("id-conflict", "", 3), Tally("barred", "", 2)),
        refused=3,
    )

    found = {cell.of[0]: cell.value for cell in health(given, figures(given, NAMING, NOW))}

    assert found == {
        "oldest-undelivered": 61,
        "waiting": "40-98",
        "quarantined": "2-8",
        "refused": "1-4",
        "partners-late": 2,
        "partners-stopped": 2,
        "partners-unread": 1,
    }


def test_zero_is_shown() -> None:
    assert banded(0) == exact(0) and banded(4) == Shown(1, 4)


def test_nothing_exact_is_left_in_the_json_or_the_page_of_small_cells() -> None:
    """Numbers that occur nowhere else: if 3 is found, it leaked."""
    given = flows(
        events=(EventFlow(HANDOVER, "vo", hours(3)),),
        deliveries=(hook(routed=3, delivered=0, oldest=NOW - 77_000),),
        arrivals=(Arrivals("announced", 1, 3),),
        signals=(SignalFlow("brin:00YY01", "T04", "warn", 3, "2026-09-03"),),
    )

    numbers = orjson.dumps(as_json(given, NOW, NAMING)["events"][0]["hours"])
    assert b"3" not in numbers
    for part in ("events", "deliveries", "arrivals", "signals", "hours"):
        words = text(parts(given, "nl")[part]).split()
        assert "3" not in words, part
    assert "2026-09-03" not in whole(given, "nl")


@pytest.mark.parametrize(
    ("given", "dutch", "english"),
    [
        ({}, "Bij", "Up to date"),
        ({"oldest": NOW - 5_000}, "Bezig", "Under way"),
        ({"oldest": NOW - 61_000}, "Loopt achter", "Lagging"),
        ({"oldest": NOW - 16 * 60_000}, "Ligt stil", "Stuck"),
        ({"paused": True}, "Gepauzeerd", "Paused"),
        ({"state": "pending"}, "Nog niet bevestigd", "Not confirmed yet"),
        ({"state": "expired"}, "Toestemming verlopen", "Consent expired"),
        ({"state": "breaker-open", "oldest": NOW - 16 * 60_000}, "Onbereikbaar", "Out of reach"),
        ({"state": "backing-off", "oldest": NOW - 5_000}, "Probeert opnieuw", "Trying again"),
        ({"state": "backing-off", "oldest": NOW - 61_000}, "Loopt achter", "Lagging"),
        ({"state": "stopped", "paused": True}, "Door partner gestopt", "Stopped by partner"),
    ],
)
def test_the_state_of_a_partner_is_a_word_and_a_sign(given: dict[str, Any], dutch: str, english: str) -> None:
    for lang, word in (("nl", dutch), ("en", english)):
        html = parts(flows(deliveries=(hook(**given),)), lang)["deliveries"]
        state = re.search(r'class="state [\w-]+"><span aria-hidden="true">(\S)</span> ([^<]+)<', html)

        assert state is not None and state.group(2) == word


def test_a_partner_stands_once_with_its_worst_webhook_and_its_feed() -> None:
    given = flows(
        deliveries=(
            hook(subscription="a"),
            hook(
                subscription="b",
                routed=30,
                delivered=10,
                oldest=NOW - 3_700_000,
                trouble="503",
                state="validated",
            ),
            DeliveryFlow(partner="vo", subscription="inbox-vo", push=False, routed=40, pulled=33),
        )
    )

    rows = cells(parts(given, "nl")["deliveries"])

    assert rows[2:] == [
        ["Het Baken", "■ Ligt stil laatste antwoord: 503", "1 u", "20-49", "0-29", "20-49", "11-44", "20-49"],
    ]


def test_signals_alone_are_those_among_the_figures() -> None:
    given = everything()
    assert given.signals and signals_as_json(given.signals, NAMING) == as_json(given, NOW, NAMING)["signals"]


def test_a_partner_without_a_webhook_has_no_backlog() -> None:
    given = flows(
        deliveries=(DeliveryFlow(partner="vo", subscription="inbox-vo", push=False, routed=40, pulled=0),)
    )

    assert figures(given, NAMING, NOW).oldest is None
    assert "geen bezorging wacht" in whole(given, "nl")


def test_refusals_and_repeats_are_shown_by_reason() -> None:
    refusals = (Tally("extra-field", "vo", 2), Tally("not-your-source", "", 1234))
    given = flows(refused=1235, refusals=refusals, duplicates=14, conflicts=1, stale=2)

    html = parts(given, "nl")["refusals"]

    assert cells(html)[1:] == [
        ["not-your-source", "onbekend", "1.230-1.239"],
        ["extra-field", "Het Baken", "1-4"],
    ]
    assert "Dubbel ontvangen 10-19" in text(html).replace("  ", " ")


def test_ages_are_in_the_largest_unit_that_fits() -> None:
    dutch, english = Language("nl"), Language("en")

    ages = [dutch.age(ms) for ms in (0, 59_999, 60_000, 7_200_000, 86_400_000 * 3)]
    assert ages == ["0 s", "59 s", "1 min", "2 u", "3 d"]
    assert english.age(7_200_000) == "2 h"


def test_every_word_exists_in_both_languages() -> None:
    assert all(dutch and english for dutch, english in WORDS.values())
    html = whole(flows(), "en")
    assert '<html lang="en">' in html and "Flows of the education hub" in html


def everything() -> Flows:
    return flows(
        events=(
            EventFlow(HANDOVER, "vo", hours(3, 40)),
            EventFlow(GROUP, "<script>alert(1)</script>", hours(1)),
        ),
        deliveries=(hook(oldest=NOW - 61_000, delivered=2, trouble='"><b>'),),
        refused=1,
        refusals=(Tally("<img>", "vo", 1),),
        quarantined=(Tally("id-conflict", "", 1),),
        arrivals=(Arrivals("announced", 2, 74), Arrivals("arrived", 1, 9), Arrivals("cancelled", 0, 0)),
        signals=(SignalFlow("brin:00YY01", "T99", "breach", 6, ""),),
    )


class Tags(HTMLParser):
    """Every tag with its attributes, and whether all were closed in order."""

    VOID = frozenset({"meta", "link", "br", "col"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_needs_nothing_but_its_own_files() -> None:
    found = Tags(whole(everything(), "nl"))

    assert found.open == []
    for tag, attributes in found.tags:
        assert "style" not in attributes and not any(name.startswith("on") for name in attributes), tag
        address = attributes.get("src") or attributes.get("href") or "/"
        assert address.startswith(("/", "#", "data:,")), address
        assert tag != "style" and (tag != "script" or "src" in attributes)


def test_what_partners_are_called_cannot_become_markup() -> None:
    html = whole(everything(), "nl")

    assert "<script>alert" not in html and "<img>" not in html and '"><b>' not in html
    assert "&lt;script&gt;alert(1)" in html


def test_tables_can_be_read_aloud() -> None:
    """A caption, column heads with scope, a head for every row, and no state told by colour alone."""
    html = whole(everything(), "nl")

    for table in re.findall(r"<table.*?</table>", html, re.S):
        assert "<caption>" in table
        assert all("scope=" in head for head in re.findall(r"<th[ >][^>]*", table))
        body = table.partition("<tbody>")[2]
        assert body.count("<tr") == body.count('scope="row"')
    assert all(state for state in re.findall(r'class="state [\w-]+">.*?</span>\s*([^<]*)</span>', html))


def test_the_live_parts_are_exactly_what_stands_in_the_page() -> None:
    html = whole(everything(), "nl")
    live = parts(everything(), "nl")

    assert set(live) == {part for own in LIVE.values() for part in own}
    assert set(live) == set(re.findall(r'data-part="(\w+)"', html))
    assert all(part in html for part in live.values())


def test_colours_have_the_contrast_of_wcag_aa() -> None:
    css = (Path(page.__file__).parent / "static" / "monitor.css").read_text()
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w{6})", block))
        for block in re.findall(r":root \{(.*?)\}", css, re.S)
    )
    pairs = [("ink", "paper"), ("ink", "card"), ("ink", "soft"), ("quiet", "paper"), ("quiet", "card")]
    pairs += [("quiet", "soft"), ("accent", "card"), ("ink", "plain-soft"), ("top-ink", "top")]
    pairs += [
        ("top-quiet", "top"),
        ("hush", "quiet-soft"),
        *((tone, f"{tone}-soft") for tone in ("good", "warn", "bad")),
    ]
    for colours in (light, dark):
        for front, back in pairs:
            assert contrast(colours[front], colours[back]) >= 4.5, (front, back)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance."""
    low, high = sorted(map(_luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.fixture
def door() -> httpx.AsyncClient:
    app = fastapi.FastAPI()
    app.include_router(router(reads(everything(), MATRIX), lambda: Known(NAMING, LANES), lambda: NOW))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://hub")


async def test_the_door_serves_page_live_parts_and_files(door: httpx.AsyncClient) -> None:
    home = await door.get("/")
    live = await door.get("/monitor/live", params={"lang": "en", "page": "numbers"})
    numbers = await door.get("/monitor/figures")

    assert home.status_code == live.status_code == numbers.status_code == 200
    assert "script-src 'self'" in home.headers["content-security-policy"]
    assert home.headers["cache-control"] == "no-store"
    assert (
        set(live.json()["parts"]) == set(LIVE["numbers"])
        and "Delivered" in live.json()["parts"]["deliveries"]
    )
    assert numbers.json()["refused"] == "1-4"
    for address in re.findall(r'(?:src|href)="(/monitor/static/[^"]+)"', home.text):
        assert (await door.get(address)).status_code == 200


@pytest.mark.parametrize("lang", ["nl", "en"])
async def test_legs_are_shown_partner_by_partner_in_both_languages(
    door: httpx.AsyncClient, lang: str
) -> None:
    shown = await door.get("/legs", params={"flow": "handovers", "lang": lang})

    assert shown.status_code == 200
    assert "Het Baken" in shown.text and "Gemeente Almere" in shown.text


class Sees(Viewer):
    """May see what this says."""

    def may(self, method: str, route: str) -> bool:
        return self.who == route


@pytest.mark.parametrize(("route", "shown"), [("/troubles/{subscription}", True), ("/", False)])
def test_who_may_do_something_about_a_partner_that_is_behind_is_led_there(route: str, shown: bool) -> None:
    late = Leg("gem", "vo", HANDOVER, 40, 30, oldest=NOW - 90_000, subscription="inbox-vo")
    given = Reading(flows(), Matrix(at=NOW, first_day=NOW, legs=(late,)))
    html = page.render("home", given, Known(NAMING, LANES), Frame(viewer=Sees(None, who=route)), NOW)

    assert "Het Baken" in html
    assert ('href="/troubles/inbox-vo"' in html) is shown


async def test_files_outside_the_folder_are_not_served(door: httpx.AsyncClient) -> None:
    for name in ("../page.py", "..%2fpage.py", "page.py", ""):
        assert (await door.get(f"/monitor/static/{name}")).status_code == 404


GUARDED = ("/", "/numbers", "/legs", "/monitor/live", "/monitor/figures")


async def test_a_guard_keeps_the_figures_in() -> None:
    def refuse() -> Viewer:
        raise fastapi.HTTPException(401)

    app = fastapi.FastAPI()
    app.include_router(router(reads(everything(), MATRIX), lambda: Known(NAMING, LANES), lambda: NOW, refuse))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://hub") as door:
        answers = [(await door.get(path)).status_code for path in GUARDED]

    assert set(answers) == {401}
