"""What waits, last contacts and acts as the read model keeps them, on every database it can live in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from hub.core import journal
from hub.core.contact import Contact, Waiting
from hub.readmodel import schema
from hub.readmodel.purge import Purge
from hub.readmodel.standings import Standings
from tests.contract.test_readmodel import Model
from tests.journals import NOW, Event, batches, life, pulled


@pytest.fixture
def model(database_url: str) -> Iterator[Model]:
    made = Model(database_url)
    yield made
    made.engine.dispose()


def test_what_waits_is_told_with_the_oldest_and_its_last_answer(model: Model) -> None:
    old, new, came = Event("e1"), Event("e2", at=NOW + 9_000), Event("e0", at=NOW - 9_000)
    for one in (old, new, came):
        model.say(one.routed(("vo", "hook"), after=0))
    model.say(old.attempted("vo", "hook", "retry", 1), old.attempted("vo", "hook", "retry", 2, 30))
    model.say(came.attempted("vo", "hook"))

    assert Standings(model.engine).waiting() == [
        Waiting(
            subscription="hook", partner="vo", routed=3, delivered=1, oldest=NOW, attempts=2, answer="503"
        )
    ]


def test_when_nothing_waits_there_is_no_oldest(model: Model) -> None:
    one = Event("e1")
    model.say(one.routed(("vo", "hook")), one.attempted("vo", "hook"))
    assert Standings(model.engine).waiting() == [
        Waiting(subscription="hook", partner="vo", routed=1, delivered=1)
    ]


def test_last_contacts_are_the_latest_whatever_the_order_in_which_they_are_told(model: Model) -> None:
    one, later = Event("e1"), Event("e2", at=NOW + 60_000)
    for event in (later, one):
        model.say(event.accepted())
        model.say(event.attempted("vo", "hook", "delivered", 1, 20))
    model.say(one.attempted("vo", "hook", "retry", 2, 70_000))
    model.say(pulled("vo", "inbox-vo", one.delivery("inbox-vo"), at=NOW + 50))
    model.say(journal.Shown(at=NOW + 40, partner="vo", subscription="inbox-vo", deliveries=("d",)))

    found = Standings(model.engine).contacts()

    assert found == {
        ("po", ""): Contact(published=NOW + 60_000),
        ("vo", "hook"): Contact(tried=NOW + 70_000, delivered=NOW + 60_020),
        ("vo", "inbox-vo"): Contact(shown=NOW + 40, pulled=NOW + 50),
    }


@pytest.mark.parametrize("size", [1, 37])
def test_contacts_are_the_same_however_the_journal_is_cut(model: Model, size: int) -> None:
    entries = life(3, 30)
    for batch in batches(model.log.entries(entries), size):
        model.take(batch)
    delivered: dict[tuple[str, str], int] = {}
    for one in entries:
        if isinstance(one, journal.Attempted) and one.outcome == "delivered":
            named = one.partner, one.subscription
            delivered[named] = max(one.at, delivered.get(named, 0))

    found = Standings(model.engine).contacts()

    assert {named: one.delivered for named, one in found.items() if one.delivered} == delivered != {}


def acted(model: Model) -> None:
    model.subscribe("hook", "vo")
    model.say(
        journal.Arranged(at=NOW, subscription="hook", by="vo", change="paused"),
        journal.Handled(at=NOW + 1, partner="fg", act="erasure", line="hash", person="mark"),
        journal.Rekeyed(at=NOW + 2, subscription="other", by="po", signature="hmac", until=NOW + 9),
    )
    for after, change, count in ((3, "ordered", 5), (4, "stopped", 2), (4, "stopped", 2), (5, "finished", 2)):
        replay = {"id": "rp-1", "subscription": "hook", "by": "operator", "why": "rehearsal"}
        model.say(journal.Replayed(at=NOW + after, change=change, count=count, **replay))


def test_who_did_what_is_kept_once_newest_first_and_says_nothing_of_learners(model: Model) -> None:
    acted(model)

    found = Standings(model.engine).acts(None, NOW + 100, 10)

    assert [(one.who, one.what, one.subscription, one.why, one.number) for one in found] == [
        ("operator", "replay-stopped", "hook", "rehearsal", 2),
        ("operator", "replay-ordered", "hook", "rehearsal", 5),
        ("po", "key-rotated", "other", "", None),
        ("fg", "erasure-ordered", "", "", None),
        ("vo", "subscription-paused", "hook", "", None),
    ]
    with model.engine.connect() as connection:
        kept = str(connection.execute(sa.select(schema.acts)).all())
    assert "hash" not in kept and "mark" not in kept


def test_a_partner_sees_what_it_did_and_what_was_done_to_its_subscriptions(model: Model) -> None:
    acted(model)
    found = Standings(model.engine).acts("vo", NOW + 100, 10)
    assert [one.what for one in found] == ["replay-stopped", "replay-ordered", "subscription-paused"]


def test_acts_are_read_in_pages(model: Model) -> None:
    acted(model)
    given = Standings(model.engine)
    first = given.acts(None, NOW + 100, 2)
    assert [one.at - NOW for one in (*first, *given.acts(None, first[-1].at, 2))] == [4, 3, 2, 1]


async def test_acts_are_forgotten_with_the_journal(model: Model) -> None:
    acted(model)
    await Purge(model.engine, lambda: NOW + 400 * 86_400_000, 12, 12).look()
    assert Standings(model.engine).acts(None, NOW + 100, 10) == []
