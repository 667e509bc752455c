"""Data of every kind of event, as hypothesis draws it: small pools, so that ids, orgs, days and learners collide."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from tests import city

Data = dict[str, Any]
Draw = st.SearchStrategy[Any]
IDS = tuple(str(uuid.UUID(f"0000000{n}-aaaa-4bbb-8ccc-dddddddddddd")) for n in range(1, 7))
LEARNERS, TWO = IDS[:2], IDS[2:4]
EVENTS = tuple(f"e0000000-aaaa-4bbb-8ccc-00000000000{n}" for n in range(1, 7))
DAYS = ("2027-02-14", "2027-02-15", "2027-08-30", "2028-02-20")
TIMES = (None, "2027-02-15T09:00:00Z", "2027-02-15T09:30:00+01:00", "2027-02-15T09:00:00.500Z")
SCHOOLS = (city.SCHOOL_A, city.SCHOOL_B, city.VO)
SPECIAL = (city.SO, city.VSO, city.OPDC)
MBOS = (city.ROC, city.ROC_POORT)
STAGE = {
    city.SCHOOL_A: "po",
    city.SCHOOL_B: "sbo",
    city.SO: "so",
    city.VO: "vo",
    city.VSO: "vso",
    city.ROC: "mbo",
    city.ROC_POORT: "mbo",
    city.HBO: "hbo",
}
ASKED = (city.VO, city.VO, city.VO_OTHER, city.SCHOOL_B, city.ROC)

ids, learners, two = st.sampled_from(EVENTS), st.sampled_from(LEARNERS), st.sampled_from(TWO)
days, times = st.sampled_from(DAYS), st.sampled_from(TIMES)
sequences = st.sampled_from((None, "1", "2", "3"))
schools = st.sampled_from(SCHOOLS)
orgs = st.sampled_from((*SCHOOLS, city.VO_OTHER, *SPECIAL, *MBOS, city.NOBODY))
bases = st.sampled_from(("WPO-OKR", "CONSENT", "AGREEMENT"))
births = st.sampled_from(("2018-03", "2010-02", "2005-01"))
tlvs = st.sampled_from(("tlv-7f31", "tlv-8a42"))
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


def other_than(learner: str) -> str:
    return LEARNERS[1] if learner == LEARNERS[0] else LEARNERS[0]


def _absence(org: Draw, kind: str) -> Draw:
    return _person(
        org,
        caseId=two,
        kind=st.just(kind),
        since=days,
        causeCode=st.sampled_from(("no-place", "conflict")),
        outsideAlmere=st.booleans(),
        optional={"lastOrg": orgs},
    )


def _progress(by: Sequence[str], moments: Sequence[str]) -> Draw:
    return _person(
        st.sampled_from(by),
        moment=st.sampled_from(moments),
        optional={
            "levelNow": st.just("havo"),
            "vsAdvice": st.sampled_from(("up", "same", "down")),
            "erkBand": st.just("A2"),
            "refBand": st.just("2F"),
        },
    )


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
        st.sampled_from(tuple(STAGE)),
        enrolmentId=two,
        startOn=days,
        primary=st.sampled_from((True, True, False)),
        birthMonth=births,
        year=st.just("5"),
        optional={"from": orgs, "level": st.just("havo")},
    ).map(lambda d: {**d, "stage": STAGE[d["orgId"]]}),
    "E9": _person(
        st.sampled_from(tuple(STAGE)),
        enrolmentId=two,
        endOn=days,
        reason=st.sampled_from(("moved", "graduated", "dropout", "death")),
        nextOrgKnown=st.booleans(),
        optional={"nextOrg": orgs, "diploma": st.sampled_from(("none", "vmbo", "havo"))},
    ),
    "E10": _person(
        st.sampled_from((city.ROC, city.TAAL, city.OPVANG, city.VO, city.OPDC)),
        participationId=two,
        kind=st.sampled_from(("techlab", "ve", "taalcentrum-po", "opdc", "onboard-mbo")),
        startOn=days,
        consent=st.sampled_from(("given", "refused", "not-needed")),
        orgs_same=("atOrg",),
        optional={"enrolmentId": two},
    ),
    "E11": _person(
        st.sampled_from((city.ROC, city.TAAL, city.OPVANG, city.VO, city.OPDC)),
        participationId=two,
        endOn=days,
        result=st.sampled_from(("completed", "stopped")),
        optional={"kind": st.sampled_from(("techlab", "ve")), "erkBand": st.just("A2")},
    ),
    "E13": st.builds(
        lambda data, warm: {**data, "extraSupport": warm, "warmNeeded": warm},
        _person(
            st.sampled_from((city.SCHOOL_A, city.SCHOOL_B, city.OPVANG, city.SO, city.OPDC)),
            handoverId=two,
            transfer=st.sampled_from(("POVO", "POPO", "VOMBO")),
            toOrg=orgs,
            system=st.just("digidoor"),
            dossierRef=st.just("dd:8842-7f"),
            consent=st.sampled_from(("not-needed", "refused")),
            plannedStart=days,
            ackBy=days,
            orgs_same=("fromOrg",),
            optional={"tlvRef": tlvs},
        ),
        st.booleans(),
    ),
    "E14": _person(
        st.sampled_from((city.VO, city.SCHOOL_B, city.VSO)),
        handoverId=two,
        result=st.sampled_from(("accepted", "incomplete", "wrong-recipient", "purged")),
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
        tlvRef=tlvs,
        kind=st.just("so"),
        category=st.just("L"),
        to=days,
        action=st.sampled_from(("granted", "refused")),
        requestedBy=schools,
        **{"from": days},
    ),
    "E23": _person(
        st.sampled_from((city.ROC, city.HBO)),
        certificateId=two,
        kind=st.just("mbo-certificaat"),
        title=st.just("Basis installatietechniek"),
        sector=st.sampled_from(("techniek", "zorg")),
        issuedOn=days,
        orgs_same=("issuer",),
        optional={"consent": st.sampled_from(("given", "refused"))},
    ),
    "E25": _person(
        st.sampled_from((*MBOS, city.HBO)),
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
    "E6": _person(
        st.sampled_from((city.SCHOOL_A, city.SCHOOL_B, city.VO, city.TAAL)),
        requestId=two,
        toOrg=st.sampled_from(ASKED),
        stage=st.sampled_from(("po", "vo")),
        supportExpected=st.booleans(),
        reason=st.sampled_from(("regular", "po-vo", "moved", "newcomer", "crisis")),
        birthMonth=births,
        optional={"requestedStart": days, "preferenceRank": st.integers(1, 3)},
    ),
    "E7": _person(
        st.sampled_from(ASKED),
        requestId=two,
        outcome=st.sampled_from(
            (
                "accepted",
                "accepted",
                "accepted",
                "waitlisted",
                "referred",
                "declined",
                "withdrawn",
                "temporary",
            )
        ),
        decidedOn=days,
        optional={"startOn": days, "referredTo": orgs, "extended": st.booleans()},
    ),
    "E12": _person(
        st.sampled_from((city.SCHOOL_A, city.SCHOOL_B, city.SO)),
        moment=st.sampled_from(("provisional", "definitive", "definitive")),
        advice=st.sampled_from(("bb-t/m-kb", "kb", "havo")),
        lwoo=st.booleans(),
        optional={
            "testRelation": st.sampled_from(("higher", "equal", "lower")),
            "adjusted": st.sampled_from(("no", "yes")),
            "notAdjustedReasonCode": st.just("other"),
        },
    ),
    "E16": st.builds(
        lambda data, thing, id: {**data, thing: id},
        _person(
            st.sampled_from((city.OPDC, city.TAAL, city.VSO, city.ROC)),
            direction=st.sampled_from(("to-stam", "onward", "up", "down")),
            toOrg=orgs,
            orgs_same=("from",),
        ),
        st.sampled_from(("participationId", "enrolmentId")),
        two,
    ),
    "E17": _person(
        st.sampled_from((city.SCHOOL_A, city.SCHOOL_B, city.OPVANG)),
        handoverId=two,
        reason=st.sampled_from(("wrong-recipient", "placement-changed", "error")),
        optional={"replacedBy": two},
    ),
    "E19": _person(
        st.sampled_from((city.SCHOOL_A, city.SCHOOL_B, *SPECIAL)),
        supportId=two,
        level=st.integers(0, 4),
        direction=st.sampled_from(("up", "down", "new", "end")),
        optional={
            "atOrg": orgs,
            "until": days,
            "oppRef": st.just("opp:8842-7f"),
            "oppEvaluatedOn": days,
            "supportCode": st.just("nt2"),
            "planPartners": st.lists(
                st.sampled_from(("jgz", "jeugdhulp", "welzijn", "ggz")), min_size=1, max_size=3, unique=True
            ),
            "reviewOn": days,
            "contactDesk": st.just("een-kind-een-plan"),
        },
        **{"from": days},
    ),
    "E20": _person(
        st.sampled_from((*SCHOOLS, *SPECIAL)),
        moment=st.sampled_from(("end-kleuter", "end-groep5", "end-klas2")),
        heldOn=days,
        outcome=st.sampled_from(("stay", "scale-down", "other-school", "permanent")),
    ),
    "E21": st.one_of(
        _absence(st.sampled_from(SCHOOLS), "lrv"),
        _absence(st.just(city.LPA), "absolute"),
        _absence(st.just(city.DSP), "absolute"),
    ),
    "E22": _person(
        st.sampled_from((*SCHOOLS, city.LPA, city.DSP)),
        caseId=two,
        closedOn=days,
        how=st.sampled_from(("placed", "exempt", "moved", "reached-18", "error")),
        optional={"toOrg": orgs},
    ),
    "E24": _person(
        st.sampled_from((city.ROC, city.HBO)),
        certificateId=two,
        reason=st.sampled_from(("exam-error", "fraud", "duplicate", "admin")),
        revokedOn=days,
    ),
    "E26": st.one_of(
        _progress((city.VO, city.VO_OTHER), ("vo-year3",)),
        _progress((city.VO,), ("vo-year3",)).map(lambda d: {**d, "vsAdvice": "up"}),
        _progress((city.TAAL,), ("language-before", "language-after")),
        _progress((city.ROC, city.VSO, city.DSP), ("exit-1y",)),
    ),
    "E27": _person(
        st.sampled_from((city.SCHOOL_A, city.SCHOOL_B, city.VO)),
        action=st.sampled_from(("bound", "unbound")),
        evidence=st.sampled_from(("oso-transfer", "parent-confirmed", "correction")),
        orgs_same=("boundBy",),
    )
    | _person(
        st.sampled_from((city.SCHOOL_A, city.SCHOOL_B, city.VO)),
        action=st.sampled_from(("merged", "merged", "split")),
        evidence=st.sampled_from(("digidoor-transfer", "correction")),
        orgs_same=("boundBy",),
    ).map(lambda data: {**data, "otherLearnerId": other_than(data["learnerId"])}),
    "E29": _person(
        st.sampled_from((*SCHOOLS, *MBOS)),
        reason=st.sampled_from(
            ("left-region", "left-region", "completed-work", "deceased", "error", "erased", "erased")
        ),
        closedOn=days,
        reopenable=st.booleans(),
    ).map(lambda data: {**data, "requestedBy": "parent"} if data["reason"] == "erased" else data),
}
