"""What hypothesis draws from: pools so small that ids, orgs, times and dates collide (style.md §4.2)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from hub.core.admission import Admitted, admit
from hub.core.catalogue import KINDS
from hub.core.directory import Directory
from hub.core.event import Event
from hub.core.policy import Policy
from hub.core.subscription import Subscription
from tests import city
from tests.payloads import DATA, DAYS, IDS, LEARNERS, TWO, Data, bands, days, ids, orgs, sequences, times

__all__ = ["DATA", "DAYS", "IDS", "LEARNERS", "TWO", "bands", "days", "orgs"]

_CALM = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
settings.register_profile("net", max_examples=100, deadline=None, suppress_health_check=_CALM)
_NET = settings.get_profile("net")
settings.register_profile(
    "quick", _NET, max_examples=50, derandomize=True, phases=(Phase.explicit, Phase.generate)
)
settings.register_profile("nightly", _NET, max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "net"))

CODES = {kind.code: kind for kind in KINDS.values()}
GROUPS = ("E1", "E2", "E3", "E4")
PERSONAL = tuple(code for code in DATA if code not in (*GROUPS, "E5"))


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


LIFE_STORIES = (
    PERSONAL,
    (*PERSONAL, "E29", "E29", "E29"),
    ("E8", "E8", "E9"),
    ("E8", "E8"),
    ("E8", "E8"),
    ("E6", "E7", "E12", "E13"),
    ("E6", "E7", "E12"),
    ("E6", "E7", "E12"),
    ("E13", "E17"),
    ("E12", "E26"),
    ("E12", "E26"),
    ("E6", "E7", "E13", "E14", "E15"),
    ("E13", "E14", "E15"),
    ("E13", "E14", "E15", "E17"),
    ("E13", "E27"),
    ("E13", "E27"),
    ("E8", "E18", "E19", "E20"),
    ("E8", "E21", "E22"),
    ("E8", "E10", "E11", "E16"),
    ("E8", "E10", "E11"),
    ("E8", "E29"),
    ("E8", "E10", "E23", "E25", "E28"),
    ("E8", "E23", "E24", "E25"),
    ("E8", "E9", "E10", "E11", "E29"),
)
"""Kinds about a learner that have something to do with each other."""

STORIES = (GROUPS, GROUPS, (*GROUPS, "E5"), *LIFE_STORIES)


@st.composite
def histories(draw: st.DrawFn, size: int = 8, unique: bool = True) -> list[Admitted]:
    """Admitted events that meet in the same few aggregates. `unique`: no identity twice."""
    found = draw(st.lists(admitted(draw(st.sampled_from(STORIES))), min_size=1, max_size=size))
    return distinct(found) if unique else found


_THINGS = (
    "requestId",
    "enrolmentId",
    "participationId",
    "handoverId",
    "supportId",
    "caseId",
    "certificateId",
    "onboardId",
    "offerId",
)
_SAME = {"learnerId": LEARNERS[0], "groupId": IDS[0]} | dict.fromkeys(_THINGS, TWO[0])


@st.composite
def lines(draw: st.DrawFn, size: int = 12) -> list[Admitted]:
    """A line of one learner, or two that may be linked, in any order of arrival: each kind of a story once, or any
    number of times. Often all of it is about the same request, handover, certificate or case; now and then an event
    corrects another of the same source."""
    story = draw(st.sampled_from(LIFE_STORIES))
    once = draw(st.sampled_from((True, True, False)))
    codes = draw(
        st.permutations(story) if once else st.lists(st.sampled_from(story), min_size=1, max_size=size)
    )
    found = [draw(events((code,))) for code in codes[:size]]
    same = draw(st.sampled_from((_ONE, _ONE, _ONE, _SAME, None)))
    if same is not None:
        found = _answering([_about(event, same) for event in found])
    first, last = found[0], found[-1]
    if first.source == last.source and "learnerId" in last.data and draw(st.booleans()):
        corrects = {"source": first.source, "id": first.id}
        found[-1] = Event(last.attributes, {**last.data, "corrects": corrects})
    return distinct([let_in(event) for event in found])


_ONE = {name: id for name, id in _SAME.items() if name != "enrolmentId"}
_ANSWERS = {
    "E7": ("E6", "toOrg", "orgId"),
    "E9": ("E8", "orgId", "orgId"),
    "E11": ("E10", "atOrg", "orgId"),
    "E14": ("E13", "toOrg", "orgId"),
    "E15": ("E13", "toOrg", "orgId"),
    "E17": ("E13", "fromOrg", "orgId"),
    "E27": ("E13", "toOrg", "boundBy"),
    "E8": ("E8", "orgId", "from"),
    "E29": ("E8", "orgId", "orgId"),
}
"""An event of a kind answers one of another: what it says in its last field is what that one said in its field."""


def _answering(found: Sequence[Event]) -> list[Event]:
    """The same events, but each told by the organisation that is asked by the first event that it can answer."""
    first: dict[str, Data] = {}
    for event in found:
        first.setdefault(KINDS[event.type].code, event.data)
    return [_answer(event, first) for event in found]


def _answer(event: Event, first: dict[str, Data]) -> Event:
    question, asked, field = _ANSWERS.get(KINDS[event.type].code, ("", "", ""))
    org = first[question][asked] if question in first else ""
    changes = {"orgId": org, field: org} if field in ("orgId", "boundBy") else {field: org}
    publisher = city.OF_ORG.get(org if "orgId" in changes else event.data.get("orgId", ""))
    if not org or publisher is None or not set(publisher.roles) & KINDS[event.type].publishers:
        return event
    attributes = (
        {**event.attributes, "source": publisher.sources[0]} if "orgId" in changes else event.attributes
    )
    return Event(attributes, {**event.data, **changes})


def _about(event: Event, same: Data) -> Event:
    """The event about these things instead; the other line of a link stays another."""
    data = {k: same.get(k, v) for k, v in event.data.items()}
    return Event(
        event.attributes, {**data, **({"otherLearnerId": LEARNERS[1]} if "otherLearnerId" in data else {})}
    )


@st.composite
def rivals(draw: st.DrawFn, codes: Sequence[str] = ("E8", "E9", "E10", "E11", "E23")) -> list[Admitted]:
    """Different facts about the same thing of one learner, so that only sequence, time and identity decide."""
    code = draw(st.sampled_from(codes))
    found = draw(st.lists(events((code,)), min_size=2, max_size=4))
    return distinct([let_in(_about(event, _SAME)) for event in found])


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
