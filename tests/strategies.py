"""What hypothesis draws from: pools so small that ids, orgs, times and dates collide (style.md §4.2)."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from hub.core.admission import Admitted, admit
from hub.core.catalogue import KINDS
from hub.core.event import Event
from hub.core.partners import Directory
from hub.core.policy import Policy
from hub.core.subscription import Subscription
from tests import city

_CALM = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
settings.register_profile("net", max_examples=100, deadline=None, suppress_health_check=_CALM)
_NET = settings.get_profile("net")
settings.register_profile(
    "quick", _NET, max_examples=50, derandomize=True, phases=(Phase.explicit, Phase.generate)
)
settings.register_profile("nightly", _NET, max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "net"))

Data = dict[str, Any]
Draw = st.SearchStrategy[Any]
CODES = {kind.code: kind for kind in KINDS.values()}
PERSONAL = ("E8", "E9", "E10", "E11", "E13", "E14", "E15", "E18", "E23", "E25", "E28")
GROUPS = ("E1", "E2", "E3", "E4")

IDS = tuple(str(uuid.UUID(f"0000000{n}-aaaa-4bbb-8ccc-dddddddddddd")) for n in range(1, 7))
LEARNERS, TWO = IDS[:2], IDS[2:4]
DAYS = ("2027-02-14", "2027-02-15", "2027-08-30")
TIMES = (None, "2027-02-15T09:00:00Z", "2027-02-15T09:30:00+01:00", "2027-02-15T09:00:00.500Z")
SCHOOLS = (city.SCHOOL_A, city.SCHOOL_B, city.VO)
MBOS = (city.ROC, city.ROC_POORT)

ids, learners, two = st.sampled_from(IDS), st.sampled_from(LEARNERS), st.sampled_from(TWO)
days, times = st.sampled_from(DAYS), st.sampled_from(TIMES)
sequences = st.sampled_from((None, "1", "2", "3"))
schools = st.sampled_from(SCHOOLS)
orgs = st.sampled_from((*SCHOOLS, city.VO_OTHER, *MBOS, city.NOBODY))
bases = st.sampled_from(("WPO-OKR", "CONSENT", "AGREEMENT"))
counts = st.one_of(st.integers(0, 6), st.integers(5, 40))
MINOR_BANDS = ("0-3", "4-5", "6-11", "12-15", "16-17")


@st.composite
def bands(draw: st.DrawFn, adults: bool = True) -> list[Data]:
    """Headcounts, small ones often."""
    ages = draw(
        st.lists(st.sampled_from((*MINOR_BANDS, *(["18-26"] if adults else []))), min_size=1, unique=True)
    )
    return [{"ageBand": age, "count": draw(counts)} for age in ages]


@st.composite
def group_state(draw: st.DrawFn) -> Data:
    given = draw(bands())
    state = {
        "groupId": draw(st.sampled_from(IDS[:2])),
        "siteKind": draw(st.sampled_from(("ukraine", "hotel"))),
        "siteLabel": "GOO Stad 3",
        "area": draw(st.sampled_from(("stad", "haven"))),
        "expectedFrom": draw(days),
        "certainty": draw(st.sampled_from(("rumour", "decided", "confirmed"))),
        "bands": given,
        "totalMinors": sum(b["count"] for b in given if b["ageBand"] != "18-26"),
        "contactDesk": "opvang-onderwijs",
    }
    return {k: v for k, v in state.items() if k != "siteLabel" or draw(st.booleans())}


def _with(base: Draw, **more: Draw) -> Draw:
    return st.builds(lambda a, b: {**a, **b}, base, st.fixed_dictionaries(more))


def _of(required: dict[str, Draw], **optional: Draw) -> Draw:
    return st.fixed_dictionaries(required, optional=optional)


def _person(
    org: Draw, *, orgs_same: Sequence[str] = (), optional: dict[str, Draw] | None = None, **fields: Draw
) -> Draw:
    """Data of a person event; every field of `orgs_same` names the telling organisation again."""
    common = {"learnerId": learners, "occurredOn": days, "orgId": org, "basis": bases}
    made = st.fixed_dictionaries({**common, **fields}, optional=optional or {})
    return made.map(lambda d: {**d, **dict.fromkeys(orgs_same, d["orgId"])})


DATA: dict[str, Draw] = {
    "E1": group_state(),
    "E2": _with(group_state(), changed=st.just(["bands"]), reason=st.sampled_from(("size", "date"))),
    "E3": _of({"groupId": st.sampled_from(IDS[:2]), "reason": st.sampled_from(("relocated", "not-needed"))}),
    "E4": _of(
        {"groupId": st.sampled_from(IDS[:2]), "arrivedOn": days, "bands": bands(), "schoolClockStart": days},
        wave=st.integers(1, 2),
    ),
    "E5": _of(
        {
            "offerId": two,
            "kind": st.sampled_from(("places", "language")),
            "orgId": st.sampled_from((city.TAAL, city.SCHOOL_A, city.ROC)),
            "validFrom": days,
        },
        stage=st.sampled_from(("po", "vo")),
        capacity=counts,
        occupied=counts,
        waiting=counts,
        nextStart=st.lists(days, min_size=1, max_size=2),
        ageBand=st.sampled_from(("6-11", "12-15")),
    ),
    "E8": _person(
        st.sampled_from((*SCHOOLS, *MBOS)),
        enrolmentId=two,
        stage=st.sampled_from(("po", "sbo", "vo", "mbo")),
        startOn=days,
        primary=st.booleans(),
        birthMonth=st.sampled_from(("2018-03", "2010-02", "2005-01")),
        year=st.just("5"),
        optional={"from": orgs, "level": st.just("havo")},
    ),
    "E9": _person(
        st.sampled_from((*SCHOOLS, *MBOS)),
        enrolmentId=two,
        endOn=days,
        reason=st.sampled_from(("moved", "graduated", "dropout", "death")),
        nextOrgKnown=st.booleans(),
        optional={"nextOrg": orgs, "diploma": st.sampled_from(("none", "vmbo", "havo"))},
    ),
    "E10": _person(
        st.sampled_from((city.ROC, city.TAAL, city.OPVANG, city.VO)),
        participationId=two,
        kind=st.sampled_from(("techlab", "ve", "taalcentrum-po", "opdc", "onboard-mbo")),
        startOn=days,
        consent=st.sampled_from(("given", "refused", "not-needed")),
        orgs_same=("atOrg",),
        optional={"enrolmentId": two},
    ),
    "E11": _person(
        st.sampled_from((city.ROC, city.TAAL, city.OPVANG, city.VO)),
        participationId=two,
        endOn=days,
        result=st.sampled_from(("completed", "stopped")),
        optional={"kind": st.sampled_from(("techlab", "ve")), "erkBand": st.just("A2")},
    ),
    "E13": st.builds(
        lambda data, warm: {**data, "extraSupport": warm, "warmNeeded": warm},
        _person(
            st.sampled_from((city.SCHOOL_A, city.SCHOOL_B, city.OPVANG)),
            handoverId=two,
            transfer=st.just("POVO"),
            toOrg=orgs,
            system=st.just("digidoor"),
            dossierRef=st.just("dd:8842-7f"),
            consent=st.sampled_from(("not-needed", "refused")),
            plannedStart=days,
            ackBy=days,
            orgs_same=("fromOrg",),
            optional={"tlvRef": st.just("tlv-7f31")},
        ),
        st.booleans(),
    ),
    "E14": _person(
        st.sampled_from((city.VO, city.SCHOOL_B)),
        handoverId=two,
        result=st.sampled_from(("accepted", "incomplete", "wrong-recipient")),
        by=st.just("admin"),
    ),
    "E15": _person(
        schools,
        handoverId=two,
        phase=st.sampled_from(("initial", "follow-up")),
        status=st.sampled_from(("planned", "held")),
        on=days,
        rolesPresent=st.just(["mentor"]),
    ),
    "E18": _person(
        st.just(city.SWV),
        tlvRef=st.sampled_from(("tlv-7f31", "tlv-8a42")),
        kind=st.just("so"),
        category=st.just("L"),
        to=days,
        action=st.sampled_from(("granted", "refused")),
        requestedBy=schools,
        **{"from": days},
    ),
    "E23": _person(
        st.sampled_from((city.ROC, city.VO)),
        certificateId=two,
        kind=st.just("mbo-certificaat"),
        title=st.just("Basis installatietechniek"),
        sector=st.sampled_from(("techniek", "zorg")),
        issuedOn=days,
        orgs_same=("issuer",),
    ),
    "E25": _person(
        st.sampled_from(MBOS),
        certificateId=two,
        effect=st.sampled_from(("partial", "none")),
        decidedOn=days,
        orgs_same=("byOrg",),
    ),
    "E28": _person(
        st.sampled_from((city.VO, city.ROC)),
        onboardId=two,
        baseEnrolment=st.just("vo"),
        voSchool=st.just(city.VO),
        missingSubjects=st.sampled_from((["0011"], ["0011", "0021"])),
        voLevel=st.just("vmbo-tl"),
        mboOrg=st.sampled_from(MBOS),
        mboCode=st.just("25297"),
        mboLevel=st.just(4),
        startOn=days,
        plannedExam=st.just("2028-05"),
    ),
}


def publisher_of(code: str, data: Data) -> str:
    """Id of the partner that may say this."""
    return "gemeente" if code in GROUPS else city.OF_ORG[data["orgId"]].id


def event_of(
    code: str, data: Data, source: str, id: str, sequence: str | None = None, time: str | None = None
) -> Event:
    given = {"specversion": "1.0", "type": CODES[code].type, "source": source, "id": id, "time": time}
    given |= {"sequence": sequence, "sequencetype": "Integer" if sequence else None}
    return Event({k: v for k, v in given.items() if v is not None}, data)


@st.composite
def events(draw: st.DrawFn, codes: Sequence[str] = tuple(DATA)) -> Event:
    """A valid event of one of these kinds, from a publisher that may send it."""
    code = draw(st.sampled_from(codes))
    data = draw(DATA[code])
    source = draw(st.sampled_from(city.BY_ID[publisher_of(code, data)].sources))
    return event_of(code, data, source, draw(ids), draw(sequences), draw(times))


def admitted(codes: Sequence[str] = tuple(DATA)) -> st.SearchStrategy[Admitted]:
    return events(codes).map(let_in)


def let_in(event: Event) -> Admitted:
    """Through the door; a strategy whose events are refused is a mistake in the strategy."""
    result = admit(event, city.OF_SOURCE[event.source])
    assert isinstance(result, Admitted), result
    return result


def distinct(found: Sequence[Admitted]) -> list[Admitted]:
    """The first of every identity: who reuses an id decides by order of arrival, and that is as it should be."""
    first: dict[tuple[str, str], Admitted] = {}
    for one in found:
        first.setdefault((one.event.source, one.event.id), one)
    return list(first.values())


STORIES = (
    GROUPS,
    (*GROUPS, "E5"),
    PERSONAL,
    ("E8", "E9"),
    ("E13", "E14", "E15"),
    ("E8", "E10", "E23", "E25", "E28"),
)
"""Kinds that have something to do with each other."""


@st.composite
def histories(draw: st.DrawFn, size: int = 8, unique: bool = True) -> list[Admitted]:
    """Admitted events that meet in the same few aggregates. `unique`: no identity twice."""
    found = draw(st.lists(admitted(draw(st.sampled_from(STORIES))), min_size=1, max_size=size))
    return distinct(found) if unique else found


_THINGS = ("enrolmentId", "participationId", "handoverId", "certificateId", "onboardId", "offerId")


@st.composite
def rivals(draw: st.DrawFn, codes: Sequence[str] = ("E8", "E9", "E10", "E11", "E23")) -> list[Admitted]:
    """Different facts about the same thing of one learner, so that only sequence, time and identity decide."""
    code = draw(st.sampled_from(codes))
    found = draw(st.lists(events((code,)), min_size=2, max_size=4))
    same = {"learnerId": LEARNERS[0], "groupId": IDS[0]} | dict.fromkeys(_THINGS, TWO[0])
    fixed = [Event(e.attributes, {k: same.get(k, v) for k, v in e.data.items()}) for e in found]
    return distinct([let_in(event) for event in fixed])


def _types(*codes: str) -> tuple[str, ...]:
    return tuple(CODES[code].type for code in codes)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """The small city, with up to three subscriptions beside the inboxes. Their ids begin with the partner's."""
    wishes = st.sampled_from(
        (
            {},
            {"types": _types("E1", "E8", "E13")},
            {"filters": ({"prefix": {"type": "nl.onderwijsloopbanen.arrival"}},)},
            {"filters": ({"not": {"exact": {"privacyclass": "P2"}}},)},
            {"source": city.BY_ID["gemeente"].sources[0]},
        )
    )
    partners = st.sampled_from(("taalcentrum", "prisma", "vo", "roc", "school-b"))
    drawn = draw(st.lists(st.tuples(partners, wishes), max_size=3))
    chosen = [Subscription(f"{partner}.{i}", partner, **wish) for i, (partner, wish) in enumerate(drawn)]
    return Policy(Directory(city.PARTNERS), chosen)


PLAIN = Policy(Directory(city.PARTNERS))


@st.composite
def broken(draw: st.DrawFn, change: Callable[[Data], Data] | None = None) -> Event:
    """A valid event with one thing wrong in its data: a field gone, of another type, or too many."""
    event = draw(events())
    data = dict(event.data)
    name = draw(st.sampled_from(sorted(data)))
    fault = draw(st.sampled_from(("gone", "wrong", "more")))
    if fault == "gone":
        del data[name]
    else:
        wrong = draw(st.sampled_from((None, 7.5, [], {}, "", "\ud83d", "x" * 200, -1, [None])))
        data["extra" if fault == "more" else name] = wrong
    return Event(event.attributes, change(data) if change else data)
