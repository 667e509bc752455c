"""Aggregates M1 to M15: every learner in one class of every measure, and the same sums whatever came first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core import census
from hub.core.directory import Directory
from hub.core.partners import Org, Partner, Role
from hub.core.rules import Rules
from hub.core.views import (
    Absence,
    Advice,
    Census,
    Certificate,
    Enrolment,
    Group,
    Line,
    Offer,
    Onboard,
    Participation,
    Placement,
    Places,
    Progress,
    Published,
    Review,
    SignalView,
    Support,
    Tlv,
    Transfer,
    View,
)

RULES = Rules()
PO, PO_NEW, VO, ROC, POORT = "brin:00YY01", "brin:00YY07", "brin:99XX02", "brin:99XX80", "brin:99XX81"
DIRECTORY = Directory(
    [
        Partner(
            "school", "School", (Role.PO,), (Org(PO, "De Boot", "haven"), Org(PO_NEW, "De Kade", "poort"))
        ),
        Partner("vo", "Vo", (Role.VO,), (Org(VO, "Het Wad"),)),
    ]
)
MARCH = "2027-03-01"
THIS = "2026-2027"


def primary(id: str, org: str, stage: str, start: str, end: str = "", **more: Any) -> Enrolment:
    return Enrolment(id, org=org, stage=stage, start=start, end=end, primary=True, **more)


def handover(state: str, **more: Any) -> Transfer:
    return Transfer("h", from_org=PO, to_org=VO, state=state, prepared_on="2027-05-28", **more)


def line(**parts: Any) -> Line:
    return Line("x", **parts)


def counted(metric: str, *views: View) -> dict[str, int]:
    """What views add to one metric, as `period|name`."""
    found = Counter[str]()
    for view in views:
        found.update(census.counts(view))
    return {cell.removeprefix(f"{metric}|"): n for cell, n in found.items() if cell.startswith(f"{metric}|")}


def table(metric: str, period: str, counts: dict[str, int], on: str = MARCH) -> dict[str, int]:
    """The cells of one raw table that are not empty."""
    found = {(raw.metric, raw.period): raw for raw in census.tables(counts, on, DIRECTORY, RULES)}
    return {name: n for name, n in found[metric, period].cells.items() if n}


# M1 and M12


def test_every_change_of_stage_is_a_move_of_its_school_year() -> None:
    stages = line(
        enrolments=[
            primary("1", PO, "po", "2019-01-08", "2027-07-31"),
            primary("2", VO, "vo", "2027-08-01", "2031-07-15", reason="graduated"),
        ]
    )
    assert counted("M1", stages) == {
        "2018-2019|moves/none/po": 1,
        "2027-2028|moves/po/vo": 1,
        "2030-2031|moves/vo/none": 1,
    }


def test_a_change_of_school_within_a_stage_is_no_move_but_a_change_in_the_area_of_the_new_school() -> None:
    moved = line(enrolments=[primary("1", PO, "po", "2026-08-17"), primary("2", PO_NEW, "po", "2027-02-15")])
    assert counted("M1", moved) == {"2026-2027|moves/none/po": 1}
    assert counted("M12", moved) == {f"2026-2027|changes/{PO_NEW}/02": 1}
    assert table("M12", THIS, census.counts(moved)) == {"changes/poort": 1}


def test_who_changes_school_when_the_year_starts_did_not_change_during_it() -> None:
    moved = line(enrolments=[primary("1", PO, "po", "2025-08-18"), primary("2", PO_NEW, "po", "2026-08-17")])
    assert table("M12", THIS, census.counts(moved)) == {}


def test_a_flow_that_is_not_normal_is_told_among_the_other_ones() -> None:
    assert table("M1", THIS, {"M1|2026-2027|moves/mbo/vo": 3, "M1|2026-2027|moves/vo/mbo": 4}) == {
        "moves/other": 3,
        "moves/vo/mbo": 4,
    }


def test_a_death_is_no_move() -> None:
    ended = line(enrolments=[primary("1", PO, "po", "2025-08-18", "2026-10-01", reason="death")])
    assert counted("M1", ended) == {"2025-2026|moves/none/po": 1}


# M2


def test_minors_are_counted_by_what_their_group_came_to() -> None:
    groups = [
        Group("1", status="announced", certainty="decided", total=74),
        Group("2", status="updated", certainty="confirmed", total=31),
        Group("3", status="arrived", certainty="rumour", total=20, waves=1),
        Group("4", status="cancelled", certainty="decided", total=50),
        Group("5", status="announced", certainty="rumour", total=500),
        Group("6", status="cancelled", certainty="decided", total=60, waves=1),
    ]
    assert counted("M2", *groups, Places("almere", free=40)) == {
        "standing|minors/announced": 105,
        "standing|minors/arrived": 20,
        "standing|minors/not-come": 50,
        "standing|groups/not-come": 1,
        "standing|places/free": 40,
    }


@pytest.mark.parametrize(
    ("outcome", "start", "term"),
    [
        ("", "", "waiting"),
        ("waitlisted", "", "waiting"),
        ("declined", "", "otherwise"),
        ("accepted", "2026-11-10", "1-month"),
        ("temporary", "2027-01-31", "3-months"),
        ("accepted", "2027-02-01", "6-months"),
        ("accepted", "2027-08-01", "longer"),
    ],
)
def test_a_newcomer_is_counted_by_how_long_the_first_place_took(outcome: str, start: str, term: str) -> None:
    asked = Placement("p", reason="newcomer", requested_on="2026-10-31", outcome=outcome, start=start)
    other = Placement("q", reason="po-vo", requested_on="2026-09-01", outcome="accepted")
    assert counted("M2", line(placements=[asked, other])) == {f"2026-2027|persons/{term}": 1}


# M3, M4 and M5


def late(rule: str, org: str = VO, subject: str = "handover/h") -> SignalView:
    return SignalView(rule, "warn", "2027-06-14", org, subject)


def test_a_handover_waits_is_overdue_or_is_finished_and_never_two_of_these() -> None:
    waits, overdue = line(transfers=[handover("prepared")]), line(transfers=[handover("prepared")])
    overdue.signals = [late("T06")]
    done = line(transfers=[handover("complete", acknowledged_on="2027-06-16")])
    assert counted("M3", waits, overdue, done) == {f"standing|waiting/{VO}": 1, f"standing|overdue/{VO}": 1}
    assert counted("M5", waits, overdue, done) == {"2026-2027|finished/accepted": 1}


def test_a_warm_handover_is_counted_by_what_is_still_to_be_held_and_overdue_ones_only_per_organisation() -> (
    None
):
    warm = [
        line(transfers=[handover("prepared", warm_needed=True)]),
        line(transfers=[handover("warm-initial-held", warm_needed=True, warm_initial_on="2027-06-24")]),
        line(transfers=[handover("complete", warm_needed=True, warm_follow_up_on="2027-11-08")]),
        line(transfers=[handover("prepared", warm_needed=True)], signals=[late("T07")]),
        line(transfers=[handover("complete")]),
    ]
    assert counted("M4", *warm) == {
        "2026-2027|warm/initial": 1,
        "2026-2027|warm/follow-up": 1,
        "2026-2027|warm/complete": 1,
        f"standing|initial/{VO}": 1,
    }


def test_a_handover_to_the_wrong_school_adds_one_to_m5_whether_it_was_withdrawn_since_or_not() -> None:
    answered = line(transfers=[handover("wrong-recipient")])
    withdrawn = line(
        transfers=[
            handover("withdrawn", withdrawn_for="wrong-recipient", withdrawn_on="2027-06-02"),
            Transfer("new", to_org="brin:99XX05", state="prepared", prepared_on="2027-06-02"),
        ]
    )
    one = {"2026-2027|finished/wrong-recipient": 1}
    assert counted("M5", answered) == counted("M5", withdrawn) == one
    assert counted("M3", withdrawn) == {"standing|waiting/brin:99XX05": 1}


def test_a_withdrawn_handover_counts_as_corrected() -> None:
    gone = line(transfers=[handover("purged", withdrawn_for="duplicate", warm_needed=True)])
    assert counted("M5", gone) == {"2026-2027|finished/corrected": 1}
    assert counted("M4", gone) == {}


# M6 and M7


def certified(*recognised: str, issuer: str = ROC, status: str = "issued") -> Line:
    one = Certificate(
        "c",
        sector="techniek",
        issued_on="2028-01-20",
        issuer=issuer,
        recognised_by=list(recognised),
        status=status,
    )
    schools = [
        Enrolment("1", org=VO, start="2023-08-01", end="2028-07-15"),
        Enrolment("2", org=POORT, start="2028-08-28"),
    ]
    return line(certificates=[one], enrolments=schools)


@pytest.mark.parametrize(
    ("given", "fate"),
    [
        (certified(), "open"),
        (certified(ROC), "recognised"),
        (certified(VO), "recognised"),
        (certified(POORT), "carried-over"),
        (certified(VO, POORT), "carried-over"),
        (certified(POORT, status="revoked"), "revoked"),
    ],
    ids=["nobody", "issuer", "school of that day", "later school", "both", "revoked"],
)
def test_a_certificate_has_one_fate(given: Line, fate: str) -> None:
    assert counted("M6", given) == {f"2027-2028|certificates/techniek/{fate}": 1}


def test_a_certificate_that_is_not_known_yet_is_not_counted() -> None:
    assert counted("M6", certified(POORT, issuer="")) == {}


def onboard(*enrolments: Enrolment, ended: str = "") -> Line:
    tracks = [
        Participation("v", kind="onboard-vo", start="2027-08-30"),
        Participation("m", kind="onboard-mbo", start="2027-08-30", end=ended),
    ]
    return line(
        onboards=[Onboard("o", start="2027-08-30")], participations=tracks, enrolments=list(enrolments)
    )


def test_an_onboard_track_is_counted_by_what_came_of_it() -> None:
    diploma = primary("v", VO, "vo", "2023-08-01", "2028-07-15", diploma="havo")
    earlier = primary("v", VO, "vo", "2023-08-01", "2027-07-15", diploma="vmbo")
    mbo = primary("m", ROC, "mbo", "2028-08-28")
    found = [
        onboard(),
        onboard(ended="2028-02-01"),
        onboard(diploma),
        onboard(diploma, mbo),
        onboard(earlier),
    ]
    assert [next(iter(counted("M7", one))) for one in found] == [
        f"2027-2028|onboard/{state}"
        for state in ("both-tracks", "one-track", "diploma", "diploma-mbo", "both-tracks")
    ]


# M8 to M11, M13 and M15


def tlv(end: str, *stages: str, action: str = "granted") -> Line:
    return line(
        tlvs=[Tlv("t", kind="so", start="2025-08-01", end=end, action=action)],
        enrolments=[Enrolment(stage, stage=stage, start="2025-08-01") for stage in stages],
    )


def test_a_tlv_is_due_in_its_last_six_months_and_expired_only_while_the_learner_is_there() -> None:
    due, later, used, unused = (
        tlv("2027-07-31", "so"),
        tlv("2027-09-30"),
        tlv("2027-02-28", "so"),
        tlv("2027-02-28", "po"),
    )
    found = counted("M8", due, later, used, unused)
    assert table("M8", "standing", {f"M8|{name}": n for name, n in found.items()}) == {
        "tlv/so/six-months": 1,
        "tlv/so/later": 1,
        "tlv/so/expired": 1,
    }


def test_only_the_last_tlv_of_a_kind_counts_and_a_refused_one_never() -> None:
    renewed = tlv("2027-07-31")
    renewed.tlvs.append(Tlv("u", kind="so", end="2029-07-31", action="renewed"))
    assert counted("M8", renewed, tlv("2027-07-31", action="refused")) == {"standing|spare/so/2029-07": 1}


def test_reviews_are_counted_by_outcome_and_missed_ones_per_organisation() -> None:
    held = line(reviews=[Review("end-groep5", THIS, "2027-06-01", "stay", PO)])
    missed = line(signals=[late("T10", PO, "review/x")])
    assert counted("M9", held, missed) == {"2026-2027|held/end-groep5/stay": 1, f"standing|overdue/{PO}": 1}


def test_an_absence_case_is_counted_by_how_long_it_is_open() -> None:
    cases = [Absence(since, kind="lrv", since=since) for since in ("2027-02-20", "2026-12-15", "2025-01-10")]
    cases.append(Absence("c", kind="lrv", since="2026-11-01", closed_on="2027-01-10"))
    assert table("M10", "standing", census.counts(line(absences=cases))) == {
        "open/lrv/1-3": 1,
        "open/lrv/3-6": 1,
        "open/lrv/12+": 1,
    }


def test_a_closed_line_has_no_open_case_no_tlv_and_no_support() -> None:
    closed = tlv("2027-07-31", "so")
    closed.absences = [Absence("a", kind="lrv", since="2027-01-10")]
    closed.supports = [Support("s", code="nt2")]
    assert len(census.counts(closed)) == 3
    closed.closed_on = "2027-02-01"
    assert census.counts(closed) == {}


def test_definitive_advice_is_counted_by_its_adjustment_and_year_three_against_the_advice() -> None:
    told = line(
        advice=[Advice(THIS, "provisional", adjusted="yes"), Advice(THIS, "definitive", adjusted="partly")],
        progress=[Progress("vo-year3", on="2029-11-10", versus_advice="up")],
    )
    assert counted("M11", told) == {"2026-2027|advice/partly": 1, "2029-2030|year3/up": 1}


@pytest.mark.parametrize(
    ("before", "after", "gain"),
    [
        (("A1", ""), ("B1", ""), "two"),
        (("B1", ""), ("A2", ""), "none"),
        (("preA1", ""), ("C1", ""), "more"),
        (("", "1F"), ("", "1S"), "one"),
    ],
)
def test_language_gain_is_counted_in_bands(
    before: tuple[str, str], after: tuple[str, str], gain: str
) -> None:
    told = [
        Progress("language-before", on="2026-09-10", erk=before[0], reference=before[1]),
        Progress("language-after", on="2027-06-10", erk=after[0], reference=after[1]),
    ]
    assert counted("M13", line(progress=told)) == {f"2026-2027|gain/{gain}": 1}
    assert counted("M13", line(progress=told[:1])) == {}


def test_support_that_is_needed_stands_beside_the_schools_that_offer_it() -> None:
    needs = line(
        supports=[
            Support("1", code="nt2", until="2027-07-31"),
            Support("2", code="nt2", until="2027-02-28"),
            Support("3", code="crisis-place", direction="end"),
        ]
    )
    offers = [
        Offer("1", kind="sop", codes=["nt2"], valid_to="2027-07-31"),
        Offer("2", kind="places", codes=["nt2"]),
    ]
    found = (
        Counter(census.counts(needs)) + Counter(census.counts(offers[0])) + Counter(census.counts(offers[1]))
    )
    assert table("M15", "standing", dict(found)) == {"asked/nt2": 1, "offers/nt2": 1}


# Sums


LINES = [
    line(enrolments=[primary("1", PO, "po", "2026-08-17"), primary("2", PO_NEW, "po", "2027-02-15")]),
    line(transfers=[handover("wrong-recipient")]),
    certified(POORT),
    tlv("2027-07-31", "so"),
    line(absences=[Absence("a", kind="lrv", since="2027-01-10")]),
]


def summed(views: Iterable[View]) -> dict[str, int]:
    found = Counter[str]()
    for view in views:
        found.update(census.counts(view))
    return dict(found)


@given(st.permutations(LINES))
def test_sums_do_not_depend_on_the_order(views: list[View]) -> None:
    assert summed(views) == summed(LINES)


def test_erasure_changes_no_aggregate() -> None:
    gone = LINES[2]
    assert summed([*LINES[:2], *LINES[3:], Census(kept=census.counts(gone))]) == summed(LINES)


def test_a_line_that_went_into_another_is_not_counted() -> None:
    merged = certified(POORT)
    merged.merged_into = "y"
    assert census.counts(merged) == {}


def test_what_was_published_is_not_counted_again() -> None:
    assert census.counts(Census([Published("M6", THIS, MARCH, 5, "pooled")])) == {}
