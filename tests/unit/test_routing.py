"""Who gets what: the code against an independent reading of the matrix, and each rule by an example."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core import journal, routing
from hub.core.admission import Admitted
from hub.core.directory import Directory
from hub.core.partners import PARTIES, Org, Partner, Role
from hub.core.policy import Policy
from tests import city, matrix
from tests import strategies as some
from tests.matrix import History
from tests.pure import PureHub, Told, entries, partner_of, receivers, told
from tests.said import (
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
    group,
    offer,
    onboard,
    placed,
    prepared,
    progressed,
    recognised,
    requested,
    returned,
    reviewed,
    revoked,
    said,
    started,
    stops,
    supported,
    tlv,
    warm,
    withdrawn,
)
from tests.watch import answered

MBO = {"roc", "roc-poort"}
REFUSED = {
    "learnerId",
    "occurredOn",
    "orgId",
    "basis",
    "participationId",
    "kind",
    "startOn",
    "plannedEnd",
    "endOn",
}


def code(event: dict[str, Any]) -> str:
    return some.KINDS[event["type"]].code


def publish(*events: Admitted, policy: Policy = some.PLAIN) -> list[Told]:
    """What the last event caused to be delivered."""
    hub = PureHub(policy)
    hub.publish(events[:-1])
    return told(hub.publish(events[-1:]))


def who(*events: Admitted) -> set[str]:
    return {partner_of(t.subscription) for t in publish(*events)}


def for_partner(partner: str, *events: Admitted) -> dict[str, Any]:
    (one,) = (t for t in publish(*events) if t.subscription == f"inbox-{partner}")
    return one.data


@given(some.lines(), some.policies())
def test_nobody_gets_more_than_the_matrix_allows_nor_less(events: list[Admitted], policy: Policy) -> None:
    assert answered(policy, events).wrong == []


@given(some.histories(size=10), some.policies())
def test_the_publisher_never_gets_its_own_event(events: list[Admitted], policy: Policy) -> None:
    hub = PureHub(policy)
    hub.publish(events)
    own = {t for t in told_keys(hub) if t[0] == t[1]}
    assert own == set()


def told_keys(hub: PureHub) -> set[tuple[str, str]]:
    events = [t for t in told(hub.out) if t.event["source"] in city.OF_SOURCE]
    return {(partner_of(t.subscription), city.OF_SOURCE[t.event["source"]].id) for t in events}


@given(st.lists(some.admitted(("E8", "E10", "E11")), min_size=1, max_size=8).map(some.distinct))
def test_without_consent_voorschoolse_educatie_tells_programme_and_duration_only(
    events: list[Admitted],
) -> None:
    hub = PureHub(some.PLAIN)
    hub.publish(events)
    starts = [e.event.data for e in events if e.event.type.endswith("participation.started.v1")]
    for one in (t for t in told(hub.out) if code(t.event) == "E10"):
        mine = next(d for d in starts if d["participationId"] == one.data["participationId"])
        if one.data.get("kind") == "ve" and one.data.get("consent") == "refused":
            assert one.data.keys() <= REFUSED | {"hoursPerWeek", "consent"}, mine


@given(some.admitted(("E1", "E5")))
def test_groups_and_offers_reach_exactly_whom_the_matrix_names(event: Admitted) -> None:
    hub = PureHub(some.PLAIN)
    named = matrix.allowed(code(event.event.attributes), event.event.data, History([]))
    publisher = city.OF_SOURCE[event.event.source].id
    assert receivers(hub.publish([event])) == named - {publisher}


@given(some.histories(size=10))
def test_events_of_persons_never_reach_who_has_no_case_role(events: list[Admitted]) -> None:
    hub = PureHub(some.PLAIN)
    hub.publish([e for e in events if "learnerId" in e.event.data])
    assert receivers(hub.out).isdisjoint({"gemeente", "prisma", "asg", "procesregisseur"})


@given(some.histories(size=10))
def test_what_a_reduction_took_away_stands_in_the_journal(events: list[Admitted]) -> None:
    hub = PureHub(some.PLAIN)
    hub.publish(events)
    bodies = {t.id: t.data for t in told(hub.out)}
    originals = {(e.event.source, e.event.id): e.event.data for e in events}
    for entry in (e for e in entries(hub.out) if isinstance(e, journal.Routed) and e.publisher != "hub"):
        data = originals[entry.source, entry.id]
        for one in entry.told:
            for body in (bodies[id] for id in one.deliveries.values()):
                before, after = leaves(data), leaves(body)
                lost = {at for at, value in before.items() if after.get(at) != value}
                assert all(any(below(at, pointer) for pointer in one.removed) for at in lost)
                assert all(any(below(at, pointer) for at in lost) for pointer in one.removed)


def leaves(value: Any, at: str = "") -> dict[str, Any]:
    """Every text, number and empty thing in a value, by its JSON pointer."""
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {k: v for name, one in items for k, v in leaves(one, f"{at}/{name}").items()}
    return {at: value}


def below(at: str, pointer: str) -> bool:
    return f"{at}/".startswith(f"{pointer}/")


def test_pointers_of_what_was_taken_away_go_as_deep_as_the_change() -> None:
    before = {"a": {"b": 1, "c/d": 2}, "rows": [{"x": 1}, {"x": 2}], "gone": [1], "same": 0}
    after = {"a": {"b": 1}, "rows": [{"x": 1}, {"x": 3}], "same": 0}
    assert set(routing.changed(before, after)) == {"/a/c~1d", "/rows/1/x", "/gone"}
    assert set(routing.changed(before, {**before, "rows": [{"x": 1}]})) == {"/rows"}


def test_taalcentrum_gets_the_site_of_a_group_and_a_board_does_not() -> None:
    assert for_partner("taalcentrum", group())["siteLabel"] == "GOO Stad 3"
    assert "siteLabel" not in for_partner("prisma", group())
    assert for_partner("jgz", group()).keys() == {"groupId", "bands"}


def test_a_rumour_stays_with_taalcentrum() -> None:
    assert who(group(certainty="rumour")) == {"taalcentrum"}


def test_an_update_reaches_also_whom_it_drops() -> None:
    adults = [{"ageBand": "16-17", "count": 9}]
    children = [{"ageBand": "6-11", "count": 9}]
    assert who(group(bands=adults)) >= MBO
    assert who(group(bands=adults), group("E2", "2", bands=children)) >= MBO
    assert who(group(bands=children), group("E2", "2", bands=children)).isdisjoint(MBO)


def test_an_update_to_a_rumour_reaches_whoever_heard_of_the_group() -> None:
    assert who(group(), group("E2", "2", certainty="rumour")) == who(group())


def test_a_cancellation_reaches_who_heard_of_the_group_and_nobody_else() -> None:
    assert who(group(certainty="rumour"), group("E3", "2")) == {"taalcentrum"}
    assert who(group(), group("E3", "2")) == who(group())
    assert who(group("E3", "2")) == set()


def test_a_group_that_was_cancelled_is_announced_to_nobody() -> None:
    assert who(group("E3", "2"), group("E1", "1")) == set()


def test_the_second_system_of_a_partner_is_told_nothing_of_the_first() -> None:
    assert "gemeente" not in who(group(source=0)) | who(group(source=1))


def test_an_offer_reaches_all_partners_but_its_publisher() -> None:
    assert who(offer()) == set(city.BY_ID) - {"taalcentrum"}


def test_a_handover_reaches_the_receiving_school_whole_and_swv_without_the_dossier() -> None:
    whole = prepared().event.data
    assert for_partner("vo", *placed(), prepared()) == whole
    with_tlv = prepared(tlvRef="tlv-7f31")
    assert for_partner("swv", *placed(), with_tlv).keys() == (whole.keys() | {"tlvRef"}) - {"dossierRef"}
    assert who(*placed(), prepared()) == {"vo"}


def test_a_handover_from_po_waits_until_that_school_accepted() -> None:
    assert who(requested(), prepared()) == set()
    assert who(requested(), prepared(), decided()) == {"vo", "school-a"}
    assert who(*placed(city.VO_OTHER), prepared()) == set()
    assert who(requested(), decided(outcome="waitlisted"), prepared()) == set()
    assert who(prepared(transfer="VOVO")) == {"vo"}


def test_a_school_of_first_choice_that_must_look_at_support_has_the_handover_earlier() -> None:
    assert who(requested(supportExpected=True, preferenceRank=1), prepared()) == {"vo"}
    assert who(requested(supportExpected=True, preferenceRank=2), prepared()) == set()


def test_without_consent_no_handover_passes() -> None:
    refused = prepared(consent="refused")
    assert who(*placed(), refused) == set()


def test_an_acknowledgement_that_came_before_its_handover_still_reaches_the_sender() -> None:
    assert who(acknowledged()) == set()
    assert who(*placed(), acknowledged(), prepared()) == {"vo", "school-a"}
    assert who(*placed(), prepared(), acknowledged()) == {"school-a"}


def test_a_warm_contact_reaches_the_other_side_alone() -> None:
    assert who(*placed(), prepared(), warm("initial")) == {"school-a"}
    assert who(*placed(), prepared(), warm("initial", org=city.SCHOOL_A)) == {"vo"}


def test_a_wrong_receiver_is_told_to_forget_and_not_where_the_learner_went() -> None:
    told_wrong = (*placed(), prepared(), acknowledged("wrong-recipient"))
    order = for_partner("vo", *told_wrong, withdrawn(replacedBy=B))
    assert order["handoverId"] == A
    assert "replacedBy" not in order
    assert who(prepared(), withdrawn()) == set()


def test_a_request_reaches_the_first_choice_alone() -> None:
    assert who(requested()) == {"vo"}
    assert who(requested(preferenceRank=1)) == {"vo"}
    assert who(requested(preferenceRank=2)) == set()


def test_a_request_with_support_reaches_swv_without_the_rank() -> None:
    asked = requested(supportExpected=True, preferenceRank=1)
    assert who(asked) == {"vo", "swv"}
    assert for_partner("swv", asked).keys() == asked.event.data.keys() - {"preferenceRank"}


@pytest.mark.parametrize(
    ("reason", "also"), [("moved", {"leerplicht"}), ("newcomer", {"leerplicht", "taalcentrum"})]
)
def test_a_newcomer_or_a_move_is_told_to_leerplicht(reason: str, also: set[str]) -> None:
    assert who(requested(reason=reason)) == {"vo"} | also


@pytest.mark.parametrize(
    ("outcome", "also"),
    [("accepted", set()), ("declined", {"leerplicht"}), ("referred", {"leerplicht", "swv"})],
)
def test_a_decision_reaches_who_asked_and_who_must_care(outcome: str, also: set[str]) -> None:
    assert who(requested(), decided(outcome=outcome, referredTo=city.VO_OTHER)) == {"school-a"} | also


def test_advice_reaches_the_accepting_school_when_definitive_and_only_after_acceptance() -> None:
    assert who(requested(), requested(city.VO_OTHER, id=B), advised()) == set()
    assert who(requested(), advised(), decided()) == {"vo", "school-a"}
    assert who(*placed(), advised()) == {"vo"}
    assert who(*placed(), advised("provisional")) == set()


def test_a_learner_sent_back_is_known_to_both_sides_and_to_swv() -> None:
    start = started(city.VO, A, "2026-08-01", stage="vo")
    stay = attends(city.OPDC, "opdc")
    assert who(start, stay, returned(city.OPDC, city.VO)) == {"vo", "swv"}


def test_a_plan_of_one_child_tells_named_partners_that_it_exists() -> None:
    plan = {
        "planPartners": ["jeugdhulp", "welzijn"],
        "reviewOn": "2027-06-01",
        "contactDesk": "een-kind-een-plan",
    }
    start = started(city.SCHOOL_A, A, "2023-08-01")
    with_consent = supported(city.SO, basis="CONSENT", atOrg=city.SO, **plan)
    assert who(start, with_consent) == {"school-a", "swv", "jeugdhulp"}
    stub = for_partner("jeugdhulp", start, with_consent)
    assert stub["exists"] is True
    assert stub.keys().isdisjoint({"level", "direction", "from", "planPartners"})
    assert who(start, supported(city.SO, basis="AGREEMENT", atOrg=city.SO, **plan)) == {"school-a", "swv"}


def test_a_review_reaches_swv_and_the_school() -> None:
    assert who(started(city.SCHOOL_A, A, "2023-08-01"), reviewed(org=city.SO)) == {"swv", "school-a"}


def test_an_absence_reaches_leerplicht_swv_and_the_last_school_and_no_board() -> None:
    start = started(city.SCHOOL_A, A, "2023-08-01")
    opened = absent(city.LPA, "absolute", lastOrg=city.SCHOOL_A)
    assert who(start, opened) == {"swv", "school-a"}
    assert who(start, opened, back(city.LPA, toOrg=city.SCHOOL_B)) == {"swv", "school-a", "school-b"}
    assert who(start, absent()) == {"leerplicht", "swv"}


def test_an_adult_who_stays_away_is_told_to_the_doorstroompunt() -> None:
    start = started(city.VO, A, "2023-08-01", stage="vo", birthMonth="2008-01")
    assert who(start, absent(city.VO)) == {"leerplicht", "swv", "doorstroompunt"}


def test_a_revoked_certificate_reaches_all_who_had_it() -> None:
    vo = started(city.VO, A, "2027-08-01", stage="vo", birthMonth="2010-02")
    mbo = started(city.ROC_POORT, B, "2028-08-28", stage="mbo", birthMonth="2010-02")
    assert who(vo, certificate(), mbo, recognised(city.HBO), revoked()) == {"vo", "roc-poort", "hogeschool"}


def test_a_certificate_does_not_travel_without_consent() -> None:
    vo = started(city.VO, A, "2027-08-01", stage="vo", birthMonth="2010-02")
    mbo = started(city.ROC_POORT, B, "2028-08-28", stage="mbo", birthMonth="2010-02")
    made = said("E23", **{**certificate().event.data, "consent": "refused"})
    assert who(vo, made, mbo) == set()


def test_the_advising_school_learns_up_same_or_down_and_nothing_else() -> None:
    year3 = progressed(vsAdvice="up", levelNow="havo")
    assert who(advised(), year3) == {"school-a"}
    assert "levelNow" not in for_partner("school-a", advised(), year3)
    assert who(advised(), progressed(moment="exit-1y", vsAdvice="up")) == set()


def test_a_learner_who_left_the_region_is_told_to_the_school_and_leerplicht() -> None:
    start = started(city.SCHOOL_A, A, "2023-08-01")
    assert who(start, closed("left-region", city.SCHOOL_A)) == {"leerplicht"}


def test_nothing_dated_after_the_closing_is_told() -> None:
    start = started(city.SCHOOL_A, A, "2023-08-01")
    shut = closed("left-region", city.SCHOOL_A, "2027-02-01")
    assert who(start, shut, absent()) == set()


def test_an_erasure_is_told_to_all_who_ever_had_anything_and_then_nothing_is() -> None:
    erased = closed("erased", city.SCHOOL_A, requestedBy="parent")
    line = (started(city.SCHOOL_A, A, "2023-08-01"), requested(), absent())
    deliveries = publish(*line, erased)
    assert {partner_of(t.subscription) for t in deliveries if code(t.event) == "H4"} == {
        "vo",
        "leerplicht",
        "swv",
    }
    assert who(*line, erased, decided()) == set()


def test_a_correction_reaches_whom_the_original_reached_and_nobody_else() -> None:
    """The request went to the wrong school: that school learns it, and no one hears of it who has no part in it."""
    wrong = requested(city.VO_OTHER)
    right = requested(city.VO, id=B, corrects={"source": wrong.event.source, "id": wrong.event.id})
    assert who(supported(), wrong, right) == {"vo", "vo-other"}
    assert "toOrg" not in for_partner("vo-other", wrong, right)


def test_the_previous_school_learns_of_the_enrolment_but_not_of_level_or_birth() -> None:
    start = started(city.SCHOOL_B, B, "2027-02-15", level="havo", **{"from": city.SCHOOL_A})
    shown = for_partner("school-a", start)
    assert shown.keys().isdisjoint({"level", "code", "birthMonth"})
    assert who(start) == {"school-a"}


def test_leerplicht_hears_of_a_minor_who_left_without_a_next_school() -> None:
    start = started(city.SCHOOL_A, A, "2023-08-01")
    assert who(start, ended(city.SCHOOL_A, A, "2027-02-14")) == {"leerplicht"}
    assert (
        who(start, said("E9", **{**ended(city.SCHOOL_A, A, "2027-02-14").event.data, "nextOrgKnown": True}))
        == set()
    )


def test_leerplicht_hears_late_when_the_age_comes_late() -> None:
    start = started(city.SCHOOL_A, A, "2023-08-01")
    assert who(ended(city.SCHOOL_A, A, "2027-02-14"), start) == {"leerplicht"}


@pytest.mark.parametrize(
    ("born", "expected"),
    [
        ("2016-01", {"leerplicht"}),
        ("2015-02", {"leerplicht"}),
        ("2015-01", {"leerplicht", "doorstroompunt"}),
        ("2009-02", {"leerplicht", "doorstroompunt"}),
        ("2009-01", {"doorstroompunt"}),
        ("2000-02", {"doorstroompunt"}),
        ("2000-01", set()),
    ],
)
def test_ages_are_reached_at_the_end_of_the_birth_month(born: str, expected: set[str]) -> None:
    start = started(city.VO, A, "2023-08-01", stage="vo", birthMonth=born)
    assert who(start, ended(city.VO, A, "2027-02-14", "dropout")) == expected


def test_who_has_a_startkwalificatie_is_no_case_of_the_doorstroompunt() -> None:
    start = started(city.VO, A, "2023-08-01", stage="vo", birthMonth="2008-01")
    assert who(start, ended(city.VO, A, "2027-02-14", "graduated", diploma="havo")) == set()
    assert who(start, ended(city.VO, A, "2027-02-14", "graduated", diploma="vmbo")) == {"doorstroompunt"}


def test_after_a_death_nobody_is_told() -> None:
    start = started(city.SCHOOL_A, A, "2023-08-01")
    assert who(start, ended(city.SCHOOL_A, A, "2027-02-14", "death")) == set()


def test_a_certificate_follows_the_learner_to_a_later_mbo_exactly_once() -> None:
    vo = started(city.VO, A, "2027-08-01", stage="vo", birthMonth="2010-02")
    mbo = started(city.ROC_POORT, B, "2028-08-28", stage="mbo", birthMonth="2010-02")
    assert who(vo, certificate()) == {"vo"}
    again = publish(vo, certificate(), mbo)
    assert [(t.subscription, code(t.event)) for t in again] == [("inbox-roc-poort", "E23")]
    assert who(vo, certificate(), mbo, recognised(city.ROC_POORT)) == {"roc", "vo"}


def test_roc_sees_how_many_subjects_are_missing_and_not_which() -> None:
    shown = for_partner("roc", onboard())
    assert "missingSubjects" not in shown
    assert shown["missingSubjectCount"] == 2
    assert "0011" not in str(shown)


@pytest.mark.parametrize(("day", "told_to"), [("2028-02-28", "leerplicht"), ("2028-03-01", "doorstroompunt")])
def test_onboard_is_told_to_leerplicht_under_eighteen_and_to_the_doorstroompunt_after(
    day: str, told_to: str
) -> None:
    start = started(city.VO, A, "2023-08-01", stage="vo", birthMonth="2010-02")
    assert who(start, onboard(day=day)) == {"roc", told_to}


def test_a_participation_reaches_the_school_of_enrolment() -> None:
    start = started(city.VO, A, "2023-08-01", stage="vo", birthMonth="2010-02")
    assert who(start, attends(city.ROC, "techlab")) == {"vo"}
    assert who(start, attends(city.ROC, "techlab"), stops(city.ROC)) == {"vo"}


def test_refused_consent_hides_the_ve_result_from_the_school() -> None:
    start = started(city.SCHOOL_A, A, "2027-02-01")
    ve = attends(city.OPVANG, "ve", consent="refused")
    assert who(start, ve) == {"school-a"}
    assert for_partner("school-a", start, ve, stops(city.OPVANG, erkBand="A2")).keys() <= REFUSED


def test_a_tlv_reaches_the_school_that_asked_for_it() -> None:
    assert who(tlv()) == {"school-a"}


def test_what_waited_for_an_enrolment_or_a_request_is_told_when_that_comes_late() -> None:
    there = started(city.VO, A, "2027-02-01", stage="vo", year="11")
    assert who(prepared(), there) == {"vo"}
    newcomer = started(city.SCHOOL_A, A, "2027-02-14")
    asked = requested(city.SCHOOL_B, reason="newcomer", occurredOn="2027-02-01")
    assert ("inbox-taalcentrum", "E8") in [(t.subscription, code(t.event)) for t in publish(newcomer, asked)]
    assert "school-b" in who(advised(), started(city.SCHOOL_B, B, "2026-08-01"))


@pytest.mark.parametrize("role", sorted(set(Role) - PARTIES))
def test_whoever_is_no_school_nor_guards_attendance_gets_nothing_by_being_named_as_one(role: Role) -> None:
    """A school names its board where the school itself should stand, or whoever else has an organisation."""
    named = Org("kvk:00000099", "Genoemd")
    partner = Partner("named", "Named", (role,), (named,))
    policy = Policy(Directory((*city.PARTNERS, partner)))
    line = (tlv(requestedBy=named.ref), requested(to=named.ref), returned(city.OPDC, named.ref))
    hub = PureHub(policy)
    assert "named" not in receivers(hub.publish(line))
    withheld = [one for e in entries(hub.out) if isinstance(e, journal.Routed) for one in e.withheld]
    assert routing.NO_SIDE in {one.reason for one in withheld}
