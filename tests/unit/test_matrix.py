"""The routing matrix of domain.md §2.9: the catalogue beside the page, and deliveries beside a reading of that page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from hub.core.admission import Admitted
from hub.core.catalogue import KINDS
from hub.core.catalogue.base import Cell, Column, always, role, whole
from hub.core.partners import Role
from tests import city
from tests import strategies as some
from tests.pure import DAY_MS, START
from tests.said import A, absent, advised, placed, prepared, requested, started, supported
from tests.watch import answered

PAGE = Path(__file__).parent.parent / "matrix.md"
COLUMNS = ("GEM", "LP", "DP", "TC", "SWV", "FROM", "TO", "BRD", "OTH", "OPV", "JGZ/JH", "PR")
CODES = {kind.code: kind for kind in KINDS.values()}
LINES = 1000
LIVES = (*some.PERSONAL, "H1", "H2", "H4")
YEARS_ON = START + 500 * DAY_MS


def rows() -> dict[str, list[str]]:
    """The cells of the page by event code: who may publish, then one cell per column."""
    found = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        named = re.match(r"(E|H)(\d+)(?:[-/](?:E|H)(\d+))?", cells[0])
        if line.startswith("|") and named:
            first, last = int(named[2]), int(named[3] or named[2])
            found |= {f"{named[1]}{n}": cells[1:] for n in range(first, last + 1)}
    return found


def level(cell: str) -> str:
    """F, R, C or "" for never. What the hub says of itself is whole wherever it is said at all."""
    return {"–": "", "breach": "F", "own": "F"}.get(cell, cell[:1])


ROWS = rows()
ROWS["H4"] = ["hub", *["F"] * 11, "–"]
"""The one row that is a sentence on the page: everyone who ever received events of that learner."""


def test_the_page_has_a_row_for_every_kind_and_a_kind_for_every_row() -> None:
    assert ROWS.keys() == CODES.keys()
    assert len(ROWS) == 29 + 4


@pytest.mark.parametrize("code", sorted(ROWS))
def test_every_cell_of_the_catalogue_is_that_of_the_page(code: str) -> None:
    on_page = {name: level(cell) for name, cell in zip(COLUMNS, ROWS[code][1:], strict=True)}
    cells = CODES[code].cells
    in_code = {n: cells[c].level if (c := Column(n.split("/")[0])) in cells else "" for n in COLUMNS}
    assert in_code == on_page


SCHOOLS = {Role.PO, Role.SO_SBO, Role.VO, Role.VSO, Role.OPDC, Role.MBO, Role.HBO}
PLACES = SCHOOLS | {Role.TAALCENTRUM, Role.OPVANG, Role.SWV}
MAY: dict[str, tuple[set[Role], set[Role]]] = {
    "gemeente": ({Role.GEMEENTE}, {Role.GEMEENTE}),
    "any institution": (SCHOOLS | {Role.TAALCENTRUM, Role.OPVANG, Role.SWV, Role.GEMEENTE}, set(Role)),
    "asking school, taalcentrum": ({Role.PO, Role.SO_SBO, Role.VO, Role.VSO, Role.TAALCENTRUM}, PLACES),
    "asked org": ({Role.PO, Role.SO_SBO, Role.VO, Role.VSO, Role.MBO, Role.TAALCENTRUM}, PLACES),
    "enrolling org": ({Role.PO, Role.SO_SBO, Role.VO, Role.VSO, Role.MBO, Role.HBO}, PLACES),
    "enrolled org": ({Role.PO, Role.SO_SBO, Role.VO, Role.VSO, Role.MBO, Role.HBO}, PLACES | {Role.HUB}),
    "attended org": (
        {Role.TAALCENTRUM, Role.OPDC, Role.OPVANG, Role.MBO, Role.VO},
        PLACES | {Role.JEUGDHULP},
    ),
    "po/sbo/so": ({Role.PO, Role.SO_SBO}, {Role.PO, Role.SO_SBO}),
    "sending org": ({Role.PO, Role.SO_SBO, Role.VO, Role.OPVANG, Role.TAALCENTRUM, Role.OPDC}, PLACES),
    "receiving org": ({Role.PO, Role.VO, Role.VSO, Role.MBO}, PLACES),
    "either side": ({Role.PO, Role.SO_SBO, Role.VO, Role.OPVANG}, PLACES),
    "swv only": ({Role.SWV}, {Role.SWV}),
    "enrolment school, sbo/so/vso, opdc": ({Role.PO, Role.VO, Role.SO_SBO, Role.VSO, Role.OPDC}, SCHOOLS),
    "school": ({Role.PO, Role.VO, Role.SO_SBO, Role.VSO}, SCHOOLS),
    "school (lrv), leerplicht (absolute), doorstroompunt (18+)": (
        {Role.PO, Role.SO_SBO, Role.VO, Role.VSO, Role.MBO, Role.LEERPLICHT, Role.DOORSTROOMPUNT},
        SCHOOLS | {Role.TAALCENTRUM, Role.LEERPLICHT, Role.DOORSTROOMPUNT},
    ),
    "issuer / recogniser": ({Role.MBO, Role.HBO}, SCHOOLS),
    "vo, taalcentrum, onboard desk; exit: pro, vso, mbo, doorstroompunt": (
        {Role.VO, Role.TAALCENTRUM, Role.VSO, Role.MBO, Role.DOORSTROOMPUNT},
        SCHOOLS | {Role.TAALCENTRUM, Role.DOORSTROOMPUNT},
    ),
    "the two orgs, hub steward": ({Role.PO, Role.VO, Role.MBO}, PLACES | {Role.HUB}),
    "onboard desk (vo or ROC)": ({Role.VO, Role.MBO}, {Role.VO, Role.MBO}),
    "enrolled org, hub": ({Role.PO, Role.VO, Role.MBO}, PLACES | {Role.HUB}),
    "hub": (set(), {Role.HUB}),
}
"""For the words of the page on who may publish: roles that must be able to, and roles beyond which nobody is."""


@pytest.mark.parametrize("code", sorted(ROWS))
def test_who_may_publish_is_whom_the_page_names(code: str) -> None:
    least, most = MAY[ROWS[code][0]]
    assert least <= CODES[code].publishers <= most


def test_what_a_thousand_lines_make_every_partner_receive_is_what_the_matrix_allows() -> None:
    """Field by field, nothing more; and nothing less where the page leaves no doubt (issue 3, acceptance)."""
    checked: Counter[str] = Counter()
    due: Counter[str] = Counter()

    @settings(max_examples=LINES, derandomize=True, database=None, phases=(Phase.generate,))
    @given(some.lines())
    def look(events: list[Admitted]) -> None:
        watched = answered(some.PLAIN, events, YEARS_ON)
        assert watched.wrong == []
        checked.update(watched.checked)
        due.update(watched.due)

    look()
    assert [code for code in LIVES if checked[code] < 3] == [], "looked at too rarely"
    assert [code for code in some.PERSONAL if due[code] < 3] == [], (
        "nobody would notice if these were not told"
    )


@given(some.histories(size=10))
def test_groups_and_offers_too_reach_only_whom_the_matrix_allows(events: list[Admitted]) -> None:
    assert answered(some.PLAIN, events).wrong == []


# Were the code wrong, would it be seen?


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Changes one cell of the catalogue, or takes it out with `gone=True`."""

    def change(code: str, column: Column, gone: bool = False, **changes: Any) -> None:
        kind = CODES[code]
        cells = {c: cell for c, cell in kind.cells.items() if c is not column}
        if not gone:
            cells[column] = replace(kind.cells.get(column, Cell("F")), **changes)
        monkeypatch.setitem(KINDS, kind.type, replace(kind, cells=cells))

    return change


Break = Callable[..., None]


def wrong(*events: Admitted) -> list[str]:
    return answered(some.PLAIN, events).wrong


def test_a_dossier_that_reaches_the_samenwerkingsverband_is_seen(broken: Break) -> None:
    line = (*placed(), prepared(tlvRef="tlv-7f31"))
    assert wrong(*line) == []
    broken("E13", Column.SWV, reduce=whole)
    assert wrong(*line) == ["E13 to swv as SWV: dossierRef is shown"]


def test_an_advice_that_reaches_a_candidate_is_seen(broken: Break) -> None:
    line = (requested(), advised("definitive"))
    assert wrong(*line) == []
    broken("E12", Column.TO, who=role(Role.VO), when=always)
    assert wrong(*line) == ["E12 may not reach vo", "E12 may not reach vo-other"]


def test_a_handover_that_reaches_nobody_is_seen(broken: Break) -> None:
    line = (*placed(), prepared())
    assert wrong(*line) == []
    broken("E13", Column.TO, gone=True)
    assert "E13 did not reach vo" in wrong(*line)


def test_a_case_that_reaches_a_board_is_seen(broken: Break) -> None:
    line = (started(city.SCHOOL_A, A, "2023-08-01"), absent())
    assert wrong(*line) == []
    broken("E21", Column.BRD, level="F", who=role(Role.BOARD), when=always, reduce=whole)
    assert wrong(*line) == ["E21 may not reach asg", "E21 may not reach prisma"]


def test_a_level_in_a_plan_of_one_child_is_seen(broken: Break) -> None:
    line = (supported(basis="CONSENT", planPartners=["jeugdhulp"], reviewOn="2027-06-01"),)
    assert wrong(*line) == []
    broken("E19", Column.JGZ, reduce=whole)
    assert any("level is shown" in w for w in wrong(*line))
