"""The learning line against a plain model, and the rules people read from it (domain.md §3)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hub.core import batch, line
from hub.core.admission import Admitted
from hub.core.views import Line
from tests import city
from tests import strategies as some
from tests.pure import PureHub
from tests.said import LEARNER, A, B, acknowledged, attends, ended, onboard, prepared, started, warm

KEY = f"learner/{LEARNER}".encode()
NEVER = datetime.min.replace(tzinfo=UTC)


def newest(events: list[Admitted], code: str, name: str) -> dict[str, dict[str, Any]]:
    """The whole model: of the facts about one thing, the one logged last by its publisher counts."""
    found: dict[str, Admitted] = {}
    for one in sorted((e for e in events if e.event.type == some.CODES[code].type), key=logged):
        found[one.event.data[name]] = one
    return {id: one.event.data for id, one in found.items()}


def logged(one: Admitted) -> tuple[int, datetime, str, str]:
    given = one.event.attributes
    time = datetime.fromisoformat(str(given["time"])) if "time" in given else NEVER
    return (int(given.get("sequence", 0)), time, one.event.source, one.event.id)


def line_of(*events: Admitted) -> Line:
    hub = PureHub(some.PLAIN)
    hub.publish(events)
    view = batch.view(KEY, hub.states[KEY])
    assert isinstance(view, Line)
    return view


@given(st.one_of(some.histories(size=10), some.rivals()))
def test_the_line_is_what_a_plain_model_of_the_newest_facts_says(events: list[Admitted]) -> None:
    mine = [e for e in events if e.event.data.get("learnerId") == LEARNER]
    if not mine:
        return
    view = line_of(*mine)
    starts, ends = newest(mine, "E8", "enrolmentId"), newest(mine, "E9", "enrolmentId")
    assert {(e.id, e.start, e.end, e.primary) for e in view.enrolments} == {
        (id, start.get("startOn", ""), end.get("endOn", ""), start.get("primary", False))
        for id, start, end in pairs(starts, ends)
    }
    starts, ends = newest(mine, "E10", "participationId"), newest(mine, "E11", "participationId")
    assert {(p.id, p.start, p.end) for p in view.participations if "/" not in p.id} == {
        (id, start.get("startOn", ""), end.get("endOn", "")) for id, start, end in pairs(starts, ends)
    }
    issued = newest(mine, "E23", "certificateId")
    assert {(c.id, c.sector) for c in view.certificates if c.issuer} == {
        (i, d["sector"]) for i, d in issued.items()
    }


def pairs(starts: dict[str, Any], ends: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(id, starts.get(id, {}), ends.get(id, {})) for id in {**starts, **ends}]


@given(some.histories(size=10), st.sampled_from(city.PARTNERS))
def test_a_partner_without_a_running_relation_sees_no_line(
    events: list[Admitted], partner: city.Partner
) -> None:
    mine = [e for e in events if e.event.data.get("learnerId") == LEARNER]
    shown = line.for_partner(line_of(*mine), partner) if mine else None
    if not named(mine) & {org.ref for org in partner.orgs}:
        assert shown is None


def named(events: list[Admitted]) -> set[str]:
    names = ("orgId", "atOrg", "toOrg", "voSchool", "mboOrg", "requestedBy")
    return {e.event.data[name] for e in events for name in names if name in e.event.data}


@given(some.histories(size=10), st.sampled_from(city.PARTNERS))
def test_rows_of_support_appear_for_the_parties_of_that_row_alone(
    events: list[Admitted], partner: city.Partner
) -> None:
    mine = [e for e in events if e.event.data.get("learnerId") == LEARNER]
    view = line_of(*mine) if mine else Line(LEARNER)
    shown = line.for_partner(view, partner) or {"participations": [], "enrolments": []}
    hidden = {p.id for p in view.participations if p.privacy == "P2" and not partner.owns(p.org)}
    assert hidden.isdisjoint(p["id"] for p in shown["participations"])
    secret = {(e.org, e.start) for e in view.enrolments if e.privacy == "P2" and not partner.owns(e.org)}
    open_ = {(e.org, e.start) for e in view.enrolments} - secret
    assert {(e.get("org", ""), e.get("start", "")) for e in shown["enrolments"]} <= open_


def test_a_new_school_makes_an_old_one_left_though_its_own_end_has_not_come_in() -> None:
    view = line_of(
        started(city.SCHOOL_A, A, "2023-08-01"),
        started(city.SCHOOL_B, B, "2027-02-15", **{"from": city.SCHOOL_A}),
    )
    assert (view.primary, view.unusual, view.status) == (city.SCHOOL_B, [], "active")


def test_two_running_primary_enrolments_are_shown_as_unusual_and_never_refused() -> None:
    view = line_of(started(city.SCHOOL_A, A, "2023-08-01"), started(city.SCHOOL_B, B, "2027-02-15"))
    assert view.unusual == ["two-primaries"]


def test_a_step_back_from_mbo_to_vo_is_shown_as_unusual() -> None:
    first = started(city.ROC, A, "2026-08-01", stage="mbo", year="M1")
    view = line_of(first, started(city.VO, B, "2027-02-15", stage="vo", year="13", **{"from": city.ROC}))
    assert view.unusual == ["mbo-vo"]


def test_who_moved_out_has_left_the_region_and_who_only_ended_is_in_a_gap() -> None:
    start = started(city.SCHOOL_A, A, "2023-08-01")
    assert line_of(start, ended(city.SCHOOL_A, A, "2027-02-14", "moved-out")).status == "left-region"
    assert line_of(start, ended(city.SCHOOL_A, A, "2027-02-14", "moved")).status == "gap"
    assert line_of(start, ended(city.SCHOOL_A, A, "2027-02-14", "death")).status == "closed"


def test_a_handover_goes_from_prepared_to_complete_when_every_step_was_reported() -> None:
    steps = [prepared(), acknowledged(), warm("initial"), warm("follow-up")]
    states = [line_of(*steps[: n + 1]).transfers[0].state for n in range(4)]
    assert states == ["prepared", "acknowledged", "warm-initial-held", "complete"]


def test_without_extra_support_an_accepted_handover_is_complete() -> None:
    assert line_of(prepared(support=False), acknowledged()).transfers[0].state == "complete"


def test_a_planned_warm_contact_is_not_a_held_one() -> None:
    assert (
        line_of(prepared(), acknowledged(), warm("initial", status="planned")).transfers[0].state
        == "acknowledged"
    )


def test_one_warm_contact_reported_by_both_sides_counts_once() -> None:
    view = line_of(prepared(), acknowledged(), warm("initial"), warm("initial", org=city.SCHOOL_A))
    assert [t.state for t in view.transfers] == ["warm-initial-held"]


def test_a_learner_on_the_way_to_a_new_school_is_in_transition() -> None:
    view = line_of(started(city.SCHOOL_A, A, "2023-08-01"), prepared())
    assert view.status == "in-transition"


def test_onboard_is_shown_as_two_tracks_at_once() -> None:
    view = line_of(onboard())
    assert [(p.kind, p.org) for p in view.participations] == [
        ("onboard-mbo", city.ROC),
        ("onboard-vo", city.VO),
    ]


def test_what_a_partner_sees_names_no_privacy_class_and_no_empty_field() -> None:
    view = line_of(started(city.SCHOOL_A, A, "2023-08-01"))
    shown = line.for_partner(view, city.BY_ID["school-a"])
    assert shown is not None
    assert shown["enrolments"] == [
        {"org": city.SCHOOL_A, "stage": "po", "year": "5", "start": "2023-08-01", "primary": True}
    ]
    assert "P1" not in msgspec.json.encode(shown).decode()


def test_a_place_in_the_taalcentrum_is_seen_by_the_taalcentrum_and_not_by_the_school() -> None:
    view = line_of(started(city.SCHOOL_A, A, "2023-08-01"), attends(city.TAAL, "taalcentrum-po"))
    seen = {id: line.for_partner(view, city.BY_ID[id]) for id in ("school-a", "taalcentrum")}
    assert {id: len(shown["participations"]) for id, shown in seen.items() if shown} == {
        "school-a": 0,
        "taalcentrum": 1,
    }


def test_of_two_facts_the_one_logged_later_counts_in_whatever_zone_it_was_written() -> None:
    def told(time: str, level: str) -> Admitted:
        data = {**started(city.SCHOOL_A, A, "2023-08-01").event.data, "level": level}
        return some.let_in(some.event_of("E8", data, city.BY_ID["school-a"].sources[0], time, time=time))

    first, later = told("2027-02-15T09:30:00+01:00", "havo"), told("2027-02-15T09:00:00Z", "vwo")
    assert line_of(first, later).enrolments[0].level == line_of(later, first).enrolments[0].level == "vwo"
    fraction = told("2027-02-15T09:00:00.500Z", "vmbo-tl")
    assert line_of(fraction, later).enrolments[0].level == "vmbo-tl"
    assert line_of(first, fraction, later).as_of == "2027-02-15T09:00:00.500Z"
