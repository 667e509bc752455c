"""The rules of the catalogue, one by one: who gets what of an event, and when."""

from __future__ import annotations

from typing import Any

import pytest

from hub.core import routing
from hub.core.admission import Admitted
from hub.core.case import Case
from hub.core.catalogue import KINDS
from hub.core.directory import Directory
from hub.core.partners import Role
from hub.core.policy import Policy
from hub.core.rules import Rules
from hub.core.state import Fact, State
from tests import city
from tests import strategies as some
from tests.pure import PureHub, receivers, told
from tests.said import (
    LEARNER,
    A,
    B,
    absent,
    acknowledged,
    advised,
    attends,
    back,
    certificate,
    closed,
    decided,
    ended,
    linked,
    placed,
    prepared,
    progressed,
    recognised,
    requested,
    returned,
    revoked,
    said,
    started,
    stops,
    tlv,
    warm,
    withdrawn,
)

CODES = {kind.code: kind for kind in KINDS.values()}


def who(*events: Admitted, rules: Rules | None = None) -> set[str]:
    """Whom the last event reached, with whatever it let through of earlier ones."""
    hub = PureHub(Policy(Directory(city.PARTNERS), (), rules))
    hub.publish(events[:-1])
    return receivers(hub.publish(events[-1:]))


def whom(code: str, *events: Admitted) -> set[str]:
    """Whom one kind reached in all."""
    hub = PureHub(some.PLAIN)
    hub.publish(events)
    return {
        t.subscription.removeprefix("inbox-") for t in told(hub.out) if t.event["type"] == CODES[code].type
    }


def later(said: Admitted) -> Admitted:
    """The same, after all that was said of it without a sequence."""
    event = said.event
    return some.let_in(
        some.event_of(KINDS[event.type].code, event.data, event.source, event.id, sequence="9")
    )


# Placement, advice and handover


def test_a_school_that_was_not_asked_accepts_nobody() -> None:
    stray = decided(city.VO_OTHER)
    assert whom("E12", requested(city.VO), advised(), stray) == set()
    assert whom("E13", requested(city.VO), stray, prepared(city.VO_OTHER)) == set()


def test_a_second_vo_school_does_not_get_the_advice_that_led_to_the_first() -> None:
    first = started(city.VO, A, "2026-08-01", stage="vo", birthMonth="2014-03")
    assert whom("E12", advised(), first, *placed(city.VO_OTHER)) == set()
    assert whom("E12", advised(), first, *placed(city.VO)) == {"vo"}


def test_a_handover_reaches_a_school_that_enrolled_the_pupil_or_must_investigate() -> None:
    assert whom("E13", prepared()) == set()
    assert whom("E13", prepared(), started(city.VO, A, "2027-08-01", stage="vo")) == {"vo"}
    assert whom("E13", prepared(), requested(supportExpected=True)) == {"vo"}
    assert whom("E13", prepared(), requested(supportExpected=True, preferenceRank=2)) == set()
    assert whom("E13", requested(supportExpected=True), decided(outcome="declined"), prepared()) == set()
    assert whom("E13", prepared(transfer="POPO", to=city.SCHOOL_B)) == {"school-b"}


def test_a_warm_contact_tells_no_candidate_that_there_is_a_handover() -> None:
    assert whom("E15", prepared(), warm("initial", org=city.SCHOOL_A)) == set()
    assert whom("E15", prepared(), warm("initial", org=city.SCHOOL_A), *placed()) == {"vo"}


def test_from_opvang_to_school_nothing_passes_without_consent() -> None:
    given = {
        **prepared(city.SCHOOL_B).event.data,
        "orgId": city.OPVANG,
        "fromOrg": city.OPVANG,
        "transfer": "VSPO",
    }
    assert whom("E13", said("E13", **given)) == set()
    assert whom("E13", said("E13", **{**given, "consent": "given"})) == {"school-b"}


def test_when_consent_is_taken_back_the_receiver_hears_that_and_sees_no_dossier() -> None:
    hub = PureHub(some.PLAIN)
    hub.publish([*placed(), prepared()])
    corrects = {"source": prepared().event.source, "id": prepared().event.id}
    (shown,) = told(hub.publish([later(prepared(consent="refused", corrects=corrects))]))
    assert shown.subscription == "inbox-vo"
    assert shown.data.keys() == {"learnerId", "occurredOn", "basis", "corrects", "handoverId"}


def test_a_handover_that_was_withdrawn_before_it_came_reaches_nobody() -> None:
    assert whom("E13", *placed(), withdrawn(), prepared()) == set()
    assert whom("E17", *placed(), withdrawn(), prepared()) == set()


def test_a_purge_order_reaches_an_earlier_receiver_of_the_same_handover() -> None:
    other = (requested(city.VO_OTHER, id=B), decided(city.VO_OTHER, id=B))
    moved = (*placed(), prepared(), later(prepared(city.VO_OTHER)), *other, withdrawn())
    assert whom("E17", *moved) == {"vo", "vo-other"}


def test_what_an_earlier_receiver_answers_is_for_the_sender_alone() -> None:
    first, again = (
        said("E13", **{**prepared(to).event.data, "transfer": "VOVO"}) for to in (city.VO, city.VO_OTHER)
    )
    assert whom("E14", first, later(again), acknowledged("purged", by=city.VO)) == {"school-a"}


def test_what_a_stranger_answers_to_a_handover_reaches_nobody() -> None:
    given = said("E13", **{**prepared(city.VO).event.data, "transfer": "VOVO"})
    assert whom("E14", given, acknowledged("accepted", by=city.VO_OTHER)) == set()


# Enrolment and participation


def test_leerplicht_hears_of_an_enrolment_that_ends_an_open_case_and_of_no_other() -> None:
    case = absent()
    inside = started(city.SCHOOL_B, B, "2027-04-01")
    before = started(city.SCHOOL_B, B, "2027-01-04")
    assert "leerplicht" in whom("E8", case, inside)
    assert "leerplicht" in whom("E8", inside, case)
    assert "leerplicht" not in whom("E8", case, before)
    assert "leerplicht" not in whom("E8", case, back(closedOn="2027-03-01"), inside)


def test_taalcentrum_hears_of_the_enrolment_of_a_newcomer_that_waits() -> None:
    waits = requested(by=city.SCHOOL_A, reason="newcomer")
    start = started(city.SCHOOL_B, B, "2027-04-01")
    assert "taalcentrum" in whom("E8", waits, start)
    assert "taalcentrum" in whom("E8", start, waits)
    assert "taalcentrum" not in whom("E8", waits, decided(), start)
    assert "taalcentrum" not in whom("E8", requested(), start)


def test_the_end_of_a_participation_waits_for_its_start() -> None:
    start = started(city.SCHOOL_A, A, "2027-02-01")
    end = stops(city.OPVANG, erkBand="A2")
    assert whom("E11", start, end) == set()
    hub = PureHub(some.PLAIN)
    hub.publish([start, end, attends(city.OPVANG, "ve", consent="refused")])
    (shown,) = (t.data for t in told(hub.out) if t.event["type"] == CODES["E11"].type)
    assert "erkBand" not in shown


def test_only_a_return_from_a_special_place_concerns_swv() -> None:
    start = started(city.VO, A, "2026-08-01", stage="vo", birthMonth="2013-03")
    assert "swv" in whom("E16", start, attends(city.OPDC, "opdc"), returned(city.OPDC, city.VO))
    assert "swv" not in whom("E16", start, attends(city.ROC, "techlab"), returned(city.ROC, city.VO))


# Support, absence, certificates


def test_a_tlv_reaches_the_school_of_its_kind_that_accepted_and_no_other() -> None:
    so = (requested(city.SO, stage="so", reason="support"), decided(city.SO))
    vo = (requested(city.VO, stage="vo"), decided(city.VO))
    assert whom("E18", tlv(), *so) == {"school-a", "so"}
    assert whom("E18", tlv(), *vo) == {"school-a"}


def test_a_tlv_that_is_revoked_reaches_the_school_that_had_it() -> None:
    so = (requested(city.SO, stage="so", reason="support"), decided(city.SO))
    hub = PureHub(some.PLAIN)
    hub.publish([*so, tlv()])
    revoking = later(tlv("revoked", to="2026-12-31"))
    shown = {t.subscription: t.data for t in told(hub.publish([revoking]))}
    assert shown["inbox-so"].keys() == {"learnerId", "occurredOn", "basis", "tlvRef", "action"}


@pytest.mark.parametrize(
    ("born", "told_to"), [("2009-02", False), ("2009-01", True), ("2000-03", True), ("2000-01", False)]
)
def test_the_doorstroompunt_hears_of_absence_from_eighteen_to_twenty_seven(born: str, told_to: bool) -> None:
    start = started(city.VO, A, "2025-08-01", stage="vo", birthMonth=born)
    assert ("doorstroompunt" in whom("E21", start, absent(city.VO))) == told_to


def test_a_certificate_is_carried_to_a_later_mbo_unless_refused_or_revoked() -> None:
    vo = started(city.VO, A, "2027-08-01", stage="vo", birthMonth="2010-02")
    mbo = started(city.ROC_POORT, B, "2028-08-28", stage="mbo", birthMonth="2010-02")
    refusing = said("E23", **{**certificate().event.data, "consent": "refused"})
    assert whom("E23", vo, certificate(), mbo) == {"vo", "roc-poort"}
    assert whom("E23", vo, refusing, mbo) == {"vo"}
    assert whom("E23", vo, certificate(), revoked(), mbo) == {"vo"}


def test_a_revocation_reaches_who_had_the_certificate_and_who_decided_on_it() -> None:
    vo = started(city.VO, A, "2027-08-01", stage="vo", birthMonth="2010-02")
    assert whom("E24", vo, certificate(), revoked()) == {"vo"}
    assert whom("E24", certificate(), revoked(), recognised(city.HBO)) == {"hogeschool"}


# Progress and the life of the line


def test_the_third_year_is_told_to_the_school_that_advised() -> None:
    report = progressed(vsAdvice="up", levelNow="havo")
    po = started(city.SCHOOL_B, B, "2020-08-01")
    assert whom("E26", po, report) == {"school-b"}
    assert whom("E26", po, advised(), report) == {"school-a"}
    assert whom("E26", advised(), progressed(levelNow="havo")) == set()
    assert whom("E26", advised(), progressed(city.ROC, "exit-1y", vsAdvice="up")) == set()


def test_a_link_is_told_to_the_two_organisations_and_nobody_else() -> None:
    po = started(city.SCHOOL_A, A, "2020-08-01")
    third = started(city.SCHOOL_B, B, "2019-08-01")
    assert whom("E27", third, po, linked("bound")) == {"school-a"}
    handed = said("E13", **{**prepared().event.data, "transfer": "VOVO"})
    assert whom("E27", third, handed, linked("bound")) == {"school-a"}


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("left-region", {"leerplicht", "school-b"}),
        ("completed-work", {"doorstroompunt", "leerplicht", "school-b"}),
        ("error", {"doorstroompunt", "leerplicht", "school-b"}),
        ("deceased", set()),
        ("erased", set()),
    ],
)
def test_a_closing_reaches_whom_its_reason_allows(reason: str, expected: set[str]) -> None:
    left = started(city.SCHOOL_A, A, "2018-08-01", birthMonth="2012-03")
    known = (left, ended(city.SCHOOL_A, A, "2026-10-01", "dropout"))
    back_again = started(city.SCHOOL_B, B, "2027-01-04", birthMonth="2012-03")
    hub = PureHub(some.PLAIN)
    hub.publish([*known, back_again])
    got = told(hub.publish([closed(reason, city.SCHOOL_A)]))
    assert {
        t.subscription.removeprefix("inbox-") for t in got if t.event["type"] == CODES["E29"].type
    } == expected


def test_authorities_that_knew_nothing_of_the_learner_are_not_told_that_the_line_closed() -> None:
    before, here = started(city.SCHOOL_A, A, "2026-08-01"), started(city.SCHOOL_B, B, "2027-01-04")
    assert whom("E29", before, here, closed("completed-work")) == {"school-b"}


# What the hub says itself


def decide(code: str, data: dict[str, Any], state: State, rules: Rules | None = None) -> set[str]:
    kind = CODES[code]
    attributes = {"type": kind.type, "source": "urn:hub", "id": "1"}
    policy = Policy(Directory(city.PARTNERS), (), rules)
    decision = routing.decide(kind, Case(Fact(attributes, data), state, policy))
    return {telling.partner.id for telling in decision.tellings}


def signal(rule: str, severity: str, responsible: str) -> dict[str, Any]:
    return {**CODES["H1"].example, "rule": rule, "severity": severity, "responsible": responsible}


def test_the_supervisor_of_the_rules_hears_of_a_breach_and_not_of_a_warning() -> None:
    state = State(f"learner/{LEARNER}")
    assert decide("H1", signal("T03", "warn", city.VO), state) == {"vo"}
    assert decide("H1", signal("T03", "breach", city.VO), state) == {"vo", "swv"}
    moved = Rules(supervisors={"T03": "leerplicht"})
    assert decide("H1", signal("T03", "breach", city.VO), state, moved) == {"vo", "leerplicht"}


def test_a_shortage_of_places_is_also_the_taalcentrums_own() -> None:
    state = State("places/almere")
    short = {name: value for name, value in signal("T02", "warn", city.DESK).items() if name != "learnerId"}
    assert decide("H1", short, state) == {"gemeente", "taalcentrum"}
    assert decide("H1", signal("T16", "warn", city.TAAL), state) == {"taalcentrum"}
    assert decide("H1", signal("T16", "warn", city.OPDC), state) == {"opdc"}


def test_a_signal_whose_rule_tells_of_support_is_of_the_strictest_class() -> None:
    about = CODES["H1"].privacy
    assert about(signal("T09", "warn", city.VO)) == "P2"
    assert about(signal("T04", "warn", city.VO)) == "P1"


def test_an_erasure_reaches_everyone_who_ever_had_something_and_never_the_procesregisseur() -> None:
    fact = Fact({"type": "x", "source": "s", "id": "i"}, {}, told=["jgz"])
    had = {"enrolment/1": ["vo", "gone"], "census": ["procesregisseur"]}
    state = State(f"learner/{LEARNER}", facts={"a/b/c": fact}, receivers=had)
    reached = decide("H4", CODES["H4"].example, state)
    assert reached == {"vo", "jgz"}


def test_an_aggregate_reaches_governance_and_no_school() -> None:
    reached = {city.BY_ID[id] for id in decide("H3", CODES["H3"].example, State("census/almere"))}
    assert {role for p in reached for role in p.roles} == {
        Role.GEMEENTE, Role.LEERPLICHT, Role.DOORSTROOMPUNT, Role.TAALCENTRUM, Role.SWV, Role.BOARD,
        Role.PROCESREGISSEUR,
    }  # fmt: skip
