"""Finding events in the journal: what is found, by whom, and page by page, on every database."""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core import traces
from hub.core.journal import Accepted, Routed
from hub.core.journeys import Asked, Found, Sight
from hub.readmodel import schema
from hub.readmodel.search import Search
from tests.contract.test_readmodel import Model
from tests.journals import GROUP, HANDOVER, NOW, Event, batches, life

ALL = Sight()
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def model(database_url: str) -> Iterator[Model]:
    made = Model(database_url)
    yield made
    made.engine.dispose()


def found(model: Model, sight: Sight = ALL, **asked: object) -> list[Found]:
    return Search(model.engine).events(msgspec.convert(asked, Asked), sight)


def ids(model: Model, sight: Sight = ALL, **asked: object) -> list[str]:
    return [one.event.id for one in found(model, sight, **asked)]


def paged(model: Model, sight: Sight, limit: int, **asked: object) -> list[str]:
    """Every page after the other."""
    made: list[str] = []
    before = None
    while page := found(model, sight, before=before, limit=limit, **asked):
        made += [one.event.event for one in page]
        before = msgspec.to_builtins(page[-1].place)
    return made


def told(one: Event, *to: tuple[str, str], after: int = 5) -> tuple[Accepted, Routed]:
    return one.accepted(), one.routed(*to, after=after)


def test_what_came_in_last_is_found_first(model: Model) -> None:
    model.say(*(Event(id, at=NOW + n).accepted() for n, id in enumerate("abc")))

    assert ids(model) == ["c", "b", "a"]
    assert ids(model, limit=1) == ["c"]


def test_an_event_is_found_by_its_id_whatever_its_source(model: Model) -> None:
    model.say(
        Event("e1").accepted(), Event("e1", publisher="vo", at=NOW + 1).accepted(), Event("e2").accepted()
    )

    assert [one.event.publisher for one in found(model, id="e1")] == ["vo", "po"]
    assert ids(model, id="e") == []


def test_what_was_refused_or_set_aside_is_found_too(model: Model) -> None:
    model.say(Event("e1").refused("uuid"))

    (one,) = found(model, id="e1")
    assert one.event.outcome == "refused" and one.at == NOW and one.courses == ()


def test_a_correlation_id_finds_all_that_belongs_together_and_a_trace_what_came_with_it(model: Model) -> None:
    first, second, third = Event("e1"), Event("e2", at=NOW + 1), Event("e3", at=NOW + 2)
    model.say(
        msgspec.structs.replace(first.accepted(), correlation="zaak-1"),
        msgspec.structs.replace(second.accepted(), correlation="zaak-1", trace=TRACE),
        third.accepted(),
    )

    assert ids(model, correlation="zaak-1") == ["e2", "e1"]
    assert ids(model, correlation=traces.id_in(TRACE)) == ["e2"]
    own = traces.of("", third.named["source"], "e3").id
    assert ids(model, correlation=own) == ["e3"]
    assert ids(model, correlation="zaak") == []


def test_an_organisation_finds_what_it_published_and_what_it_was_told(model: Model) -> None:
    model.say(
        *told(Event("e1"), ("vo", "hook"), ("vo", "inbox-vo")), *told(Event("e2", publisher="vo", at=NOW + 9))
    )
    model.say(*told(Event("e3", publisher="mbo"), ("po", "inbox-po")))

    assert ids(model, partner="vo") == ["e2", "e1"]
    assert ids(model, partner="vo", type=GROUP) == []
    assert ids(model, partner="po", type=HANDOVER) == ["e3", "e1"]


def test_a_subscription_finds_what_went_to_it(model: Model) -> None:
    model.say(*told(Event("e1"), ("vo", "hook"), ("mbo", "inbox-mbo")), *told(Event("e2"), ("vo", "other")))

    assert ids(model, subscription="hook") == ["e1"]
    assert ids(model, subscription="hook", partner="mbo") == []
    assert ids(model, subscription="hook", partner="po") == ["e1"]


def test_a_period_begins_at_its_first_moment_and_ends_before_its_last(model: Model) -> None:
    model.say(*(Event(f"e{n}", at=NOW + n).accepted() for n in range(4)))

    assert ids(model, since=NOW + 1, until=NOW + 3) == ["e2", "e1"]


def test_a_partner_finds_what_it_published_or_was_told_and_nothing_else(model: Model) -> None:
    mine, other = Event("e1"), Event("e2", publisher="mbo")
    model.say(*told(mine, ("vo", "hook"), ("swv", "inbox-swv")), *told(other, ("swv", "inbox-swv")))
    vo, po = Sight(partner="vo"), Sight(partner="po")

    for asked in ({}, {"id": "e1"}, {"partner": "po"}, {"subscription": "hook"}, {"type": HANDOVER}):
        assert ids(model, vo, **asked) == ["e1"], asked
        assert ids(model, po, **asked) == ["e1"], asked
    for asked in ({"id": "e2"}, {"partner": "mbo"}, {"subscription": "inbox-mbo"}):
        assert ids(model, vo, **asked) == ids(model, po, **asked) == [], asked


def test_a_receiver_cannot_find_out_who_else_was_told(model: Model) -> None:
    one = Event("e1")
    model.say(*told(one, ("vo", "hook"), ("swv", "inbox-swv")))
    vo, po = Sight(partner="vo"), Sight(partner="po")

    for asked in ({"partner": "swv"}, {"subscription": "inbox-swv"}):
        for more in ({}, {"id": "e1"}, {"correlation": traces.of("", one.named["source"], "e1").id}):
            assert ids(model, vo, **asked, **more) == []
            assert ids(model, po, **asked, **more) == ["e1"], "who published it knows"
    assert [c.partner for c in found(model, vo)[0].courses] == ["vo"]
    assert {c.partner for c in found(model, po)[0].courses} == {"vo", "swv"}


def test_with_a_sight_of_kinds_nothing_else_is_found_whatever_is_asked(model: Model) -> None:
    child, group, secret = Event("e1"), Event("e2", GROUP), Event("e3", GROUP)
    open_one = msgspec.structs.replace(group.accepted(), topic="hub.events.g")
    model.say(
        *told(child, ("vo", "hook")), open_one, group.routed(("vo", "hook")), *told(secret, ("vo", "hook"))
    )
    regie = Sight(types=(GROUP,))

    asks = ({}, {"partner": "vo"}, {"partner": "po"}, {"subscription": "hook"}, {"type": GROUP}, {"since": 0})
    for asked in asks:
        assert ids(model, regie, **asked) == ["e2"], asked
    assert ids(model, regie, type=HANDOVER) == []
    for hidden in (child, secret):
        id = hidden.named["id"]
        assert ids(model, regie, id=id) == [], "came in as about a person"
        assert ids(model, regie, correlation=traces.of("", hidden.named["source"], id).id) == []


@pytest.mark.parametrize("seed", range(3))
def test_no_page_loses_an_event_or_shows_it_twice(model: Model, seed: int) -> None:
    rng = random.Random(seed)
    entries = life(seed, 120)
    rng.shuffle(entries)
    # Many at the same moment: the order within it must hold too.
    entries = [msgspec.structs.replace(one, at=one.at - one.at % 7_200_000) for one in entries]
    for batch in batches(model.log.entries(entries), 37):
        model.take(batch)
    looks = [ALL, Sight(partner="vo1"), Sight(partner="po1"), Sight(types=(GROUP, HANDOVER))]
    asks: list[dict[str, object]] = [
        {}, {"partner": "vo2"}, {"partner": "po0"}, {"subscription": "hook-vo3"}, {"type": GROUP},
        {"since": NOW - 40_000_000, "until": NOW - 9_000_000, "partner": "vo1"},
    ]  # fmt: skip
    for sight in looks:
        for asked in asks:
            whole = [one.event.event for one in found(model, sight, limit=10_000, **asked)]
            assert paged(model, sight, rng.randint(1, 9), **asked) == whole
            assert len(set(whole)) == len(whole)
    assert len(found(model, limit=10_000)) == 120


def test_what_is_found_is_what_looking_at_every_event_would_find(model: Model) -> None:
    for batch in batches(model.log.entries(life(7, 150)), 40):
        model.take(batch)
    with model.engine.connect() as connection:
        events = {row.event: row for row in connection.execute(sa.select(schema.events))}
        deliveries = list(connection.execute(sa.select(schema.deliveries)))

    def had(partner: str) -> set[str]:
        reached = {row.event for row in deliveries if row.partner == partner}
        return reached | {row.event for row in events.values() if row.publisher == partner}

    for partner in ("po0", "vo1", "vo4"):
        for other in ("po1", "po2", "vo2", "vo1"):
            seen = {one.event.event for one in found(model, partner=partner, type=GROUP, limit=999)}
            assert seen == {event for event in had(partner) if events[event].type == GROUP}
            both = {one.event.event for one in found(model, Sight(partner=partner), partner=other, limit=999)}
            if partner == other:
                assert both == had(partner)
            else:
                assert both == had(partner) & had(other)


_lives = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from("abc"), st.sets(st.sampled_from(("a", "b", "c1", "c2")))),
    max_size=8,
)
"""When it came in, who published it, and by which subscriptions others were told."""


@given(_lives, st.integers(1, 4), st.sampled_from(("", "a", "b", "c")), st.sampled_from((None, "a", "c")))
@settings(max_examples=60, deadline=None)
def test_pages_of_any_size_together_are_all_there_is(
    lives: list[tuple[int, str, set[str]]], limit: int, partner: str, looker: str | None
) -> None:
    model = Model("sqlite://")
    try:
        for n, (at, publisher, to) in enumerate(lives):
            one = Event(f"e{n}", HANDOVER, publisher, NOW + at)
            others = sorted((s[0], s) for s in to if s[0] != publisher)
            model.say(one.accepted(), one.routed(*others, after=n % 2))
        had = [{publisher, *(s[0] for s in to)} for _, publisher, to in lives]
        expected = {
            f"e{n}"
            for n, (_, publisher, to) in enumerate(lives)
            if (not partner or partner in had[n]) and (looker is None or looker in had[n])
            and (looker in (None, partner, publisher) or partner in ("", publisher))
        }  # fmt: skip
        names = {one.event.event: one.event.id for one in found(model, limit=99)}

        pages = paged(model, Sight(looker), limit, partner=partner)

        assert sorted(names[one] for one in pages) == sorted(expected)
    finally:
        model.engine.dispose()
