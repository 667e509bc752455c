"""What holds of every line, whatever its facts: against a plain model, and against the events themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hub.core import life, views
from hub.core.admission import Admitted
from hub.core.line import for_partner, ties, view
from hub.core.partners import Org, Partner, Role
from hub.core.state import Fact, State
from hub.core.views import Line
from tests import city
from tests import strategies as some
from tests.said import LEARNER

NEVER = datetime.min.replace(tzinfo=UTC)
KINDS = {kind.type: kind for kind in some.CODES.values()}
BY_TASK = {"leerplicht", "doorstroompunt"}
Shown = dict[str, Any]


def mine(events: Iterable[Admitted]) -> list[Admitted]:
    return [e for e in events if e.event.data.get("learnerId") == LEARNER]


def line_of(events: Iterable[Admitted]) -> Line:
    """The line when everything is known, without the hub: of two facts in one slot the later one stays."""
    facts: dict[str, Fact] = {}
    for one in sorted(events, key=logged):
        facts[KINDS[one.event.type].place(one.event)] = Fact(one.event.attributes, one.event.data)
    found = view(State(f"learner/{LEARNER}", facts=facts))
    assert found is not None
    return found


def logged(one: Admitted) -> tuple[int, datetime, str, str]:
    given = one.event.attributes
    time = datetime.fromisoformat(str(given["time"])) if "time" in given else NEVER
    return (int(given.get("sequence", 0)), time, one.event.source, one.event.id)


def newest(events: list[Admitted], code: str, name: str) -> dict[str, dict[str, Any]]:
    """The whole model: of the facts about one thing, the one logged last by its publisher counts."""
    told = sorted((e for e in events if e.event.type == some.CODES[code].type), key=logged)
    return {one.event.data[name]: one.event.data for one in told}


def replies(
    events: list[Admitted], code: str, name: str, to: str, *fields: str, at_home: bool = False
) -> dict[str, dict[str, Any]]:
    """The same of those who are a party: whom `fields` of the newest `to` name, and who told that. `at_home`: also the
    authorities and every place of the learner. Of a thing that nobody told of yet everyone is believed."""
    anchors = {
        one.event.data[name]: one
        for one in sorted((e for e in events if e.event.type == some.CODES[to].type), key=logged)
    }
    places = {e.event.data.get("atOrg") or e.event.data["orgId"] for e in events if said_in(e, "E8", "E10")}

    def believed(one: Admitted) -> bool:
        anchor, by = anchors.get(one.event.data[name]), one.event.data["orgId"]
        if anchor is None or (at_home and (by in places or by.startswith("oin:"))):
            return True
        own = anchor.event.source == one.event.source and to != "E6"
        return own or by in {anchor.event.data.get(field) for field in fields}

    return newest([one for one in events if not said_in(one, code) or believed(one)], code, name)


def said_in(one: Admitted, *codes: str) -> bool:
    return KINDS[one.event.type].code in codes


def plain(events: list[Admitted]) -> list[Admitted]:
    """Without corrections, and without what lies beyond the 27th birthday."""
    return [
        e
        for e in events
        if "corrects" not in e.event.data
        and not any(life.out_of_scope(e.event.data, month) for month in ("2005-01", "2000-03"))
    ]


@given(st.one_of(some.lines(), some.histories(size=10), some.rivals()))
def test_the_line_is_what_a_plain_model_of_the_newest_facts_says(events: list[Admitted]) -> None:
    known = plain(mine(events))
    line = line_of(known)
    starts, ends = newest(known, "E8", "enrolmentId"), replies(known, "E9", "enrolmentId", "E8", "orgId")
    assert {(e.id, e.start, e.end, e.primary) for e in line.enrolments} == {
        (id, start.get("startOn", ""), end.get("endOn", ""), start.get("primary", False))
        for id, start, end in pairs(starts, ends)
    }
    starts, ends = (
        newest(known, "E10", "participationId"),
        replies(known, "E11", "participationId", "E10", "atOrg", "orgId"),
    )
    assert {(p.id, p.start, p.end) for p in line.participations if "/" not in p.id} == {
        (id, start.get("startOn", ""), end.get("endOn", "")) for id, start, end in pairs(starts, ends)
    }
    asked, decided = newest(known, "E6", "requestId"), replies(known, "E7", "requestId", "E6", "toOrg")
    assert {(p.id, p.asked_by, p.outcome) for p in line.placements} == {
        (id, one.get("orgId", ""), two.get("outcome", "")) for id, one, two in pairs(asked, decided)
    }
    opened, closed = (
        newest(known, "E21", "caseId"),
        replies(known, "E22", "caseId", "E21", "orgId", at_home=True),
    )
    assert {(a.id, a.since, a.how) for a in line.absences} == {
        (id, one.get("since", ""), two.get("how", "")) for id, one, two in pairs(opened, closed)
    }
    issued, revoked = (
        newest(known, "E23", "certificateId"),
        replies(known, "E24", "certificateId", "E23", "issuer", "orgId"),
    )
    assert {c.id for c in line.certificates if c.status == "revoked"} == issued.keys() & revoked.keys()
    assert {t.ref for t in line.tlvs} == newest(known, "E18", "tlvRef").keys()
    assert {s.id: s.level for s in line.supports} == {
        id: told["level"] for id, told in newest(known, "E19", "supportId").items()
    }


def pairs(starts: dict[str, Any], ends: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(id, starts.get(id, {}), ends.get(id, {})) for id in {**starts, **ends}]


@given(st.one_of(some.lines(), some.histories(size=10)))
def test_every_line_can_be_shown_to_everyone_and_kept(events: list[Admitted]) -> None:
    line = line_of(mine(events))
    assert views.load(views.dump(line)) == line
    for partner in city.PARTNERS:
        shown = for_partner(line, partner)
        assert shown is None or msgspec.json.decode(msgspec.json.encode(shown)) == shown


@given(st.one_of(some.lines(), some.histories(size=10)))
def test_a_partner_that_no_event_names_sees_no_line(events: list[Admitted]) -> None:
    line = line_of(mine(events))
    orgs = {value for e in mine(events) for value in e.event.data.values() if isinstance(value, str)}
    for partner in city.PARTNERS:
        if partner.id not in BY_TASK and not orgs & {org.ref for org in partner.orgs}:
            assert for_partner(line, partner) is None


@given(st.one_of(some.lines(), some.histories(size=10)))
def test_who_has_an_active_tie_sees_the_line_and_no_other_organisation_does(events: list[Admitted]) -> None:
    line = line_of(mine(events))
    active = {tie.org for tie in ties(line) if tie.active}
    for ref in {tie.org for tie in ties(line)} | {city.NOBODY}:
        school = Partner("one", "One", (Role.PO,), (Org(ref, "One"),))
        assert (for_partner(line, school) is not None) == (ref in active)


@given(st.one_of(some.lines(), some.histories(size=10)), st.sampled_from(city.PARTNERS))
def test_what_is_sensitive_leaves_no_trace_for_who_is_no_party_to_it(
    events: list[Admitted], partner: Partner
) -> None:
    """Read from the events: take away every sensitive thing that names the partner nowhere, and it sees at least as
    much as before, row by row; and where no row came in, the same status and date."""
    known = [e for e in mine(events) if "corrects" not in e.event.data]
    before = for_partner(line_of(known), partner)
    after = for_partner(line_of(unhidden(known, partner)), partner)
    if before is None:
        return
    assert after is not None
    lists = {name for name, rows in before.items() if isinstance(rows, list)}
    for name in lists:
        assert [row for row in before[name] if row not in after[name]] == []
    if all(before[name] == after[name] for name in lists):
        assert before == after


def unhidden(events: list[Admitted], partner: Partner) -> list[Admitted]:
    """Without the sensitive things to which the partner is no party."""
    refs = {org.ref for org in partner.orgs}
    things: dict[str, list[Admitted]] = {}
    for one in events:
        slot = KINDS[one.event.type].place(one.event)
        things.setdefault("/".join(slot.split("/")[:2]), []).append(one)
    kept = [
        found
        for name, found in things.items()
        if not (secret(found) and not party(name, found, events, refs, partner))
    ]
    return [one for found in kept for one in found]


def secret(thing: list[Admitted]) -> bool:
    """Sensitive by what began it: an end that says nothing of what ended is sensitive only by itself."""
    ends = {some.CODES[code].type for code in ("E9", "E11")}
    told = [e for e in thing if e.event.type not in ends] or thing
    return any(e.event.attributes["privacyclass"] == "P2" for e in told)


def party(name: str, thing: list[Admitted], events: list[Admitted], refs: set[str], partner: Partner) -> bool:
    data = [e.event.data for e in thing]
    if name.startswith("absence/") and partner.id in BY_TASK:
        return True
    schools = [e.event.data for e in events if e.event.type == some.CODES["E8"].type]
    if name.startswith("participation/"):
        data += [d for d in schools if d["enrolmentId"] in {one.get("enrolmentId") for one in data}]
    if name.startswith("tlv/"):
        data += [d for d in schools if d["stage"] in {one["kind"] for one in data}]
    return bool(refs & set(texts(data)))


def texts(data: list[dict[str, Any]]) -> Iterator[str]:
    yield from (value for one in data for value in one.values() if isinstance(value, str))


def test_of_two_facts_the_one_logged_later_counts_in_whatever_zone_it_was_written() -> None:
    def told(time: str, level: str) -> Admitted:
        given = {"learnerId": LEARNER, "occurredOn": "2027-02-14", "basis": "WPO-OKR", "orgId": city.SCHOOL_A}
        given |= {"enrolmentId": some.TWO[0], "stage": "po", "year": "5", "startOn": "2023-08-01"}
        data = {**given, "primary": True, "birthMonth": "2018-03", "level": level}
        return some.let_in(some.event_of("E8", data, city.BY_ID["school-a"].sources[0], time, time=time))

    first, later = told("2027-02-15T09:30:00+01:00", "havo"), told("2027-02-15T09:00:00Z", "vwo")
    fraction = told("2027-02-15T09:00:00.500Z", "vmbo-tl")
    assert hub_line(first, later).enrolments[0].level == hub_line(later, first).enrolments[0].level == "vwo"
    assert hub_line(fraction, later).enrolments[0].level == "vmbo-tl"
    assert hub_line(first, fraction, later).as_of == "2027-02-15T09:00:00.500Z"


def hub_line(*events: Admitted) -> Line:
    """As the hub folds them, in that order of arrival."""
    from hub.core import batch
    from tests.pure import PureHub

    hub = PureHub(some.PLAIN)
    hub.publish(events)
    key = f"learner/{LEARNER}".encode()
    found = batch.view(key, hub.states[key])
    assert isinstance(found, Line)
    return found
