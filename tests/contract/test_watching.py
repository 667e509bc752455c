"""What the alarm reads, on both databases."""

from __future__ import annotations

import sqlalchemy as sa

from hub.core.flows import HOUR_MS
from hub.core.watch import Books
from hub.readmodel import schema
from hub.readmodel.watching import Watching

NOW = 500_000 * HOUR_MS + 1


def letter(delivery: str, state: str, at: int) -> dict[str, object]:
    return {
        **{
            "delivery": delivery,
            "event": "e",
            "partner": "tc",
            "subscription": "s1",
            "number": 1,
            "type": "t",
        },
        **{"cause": "gone", "status": "410", "said": "", "attempts": 1, "at": at, "state": state},
        **{"replay": "", "ended_at": None},
    }


def refused(hours_ago: int, publisher: str, n: int, what: str = "refused") -> dict[str, object]:
    hour = NOW - NOW % HOUR_MS - hours_ago * HOUR_MS
    return {"hour": hour, "what": what, "name": "", "publisher": publisher, "n": n}


def test_the_books_hold_what_is_open_now_and_nothing_else(database_url: str) -> None:
    engine = schema.open_engine(database_url)
    schema.prepare(engine)
    watching = Watching(engine)
    assert watching.books(NOW) == Books()
    hours = [refused(0, "po", 5), refused(1, "po", 9), refused(2, "po", 99), refused(0, "vo", 1)]
    others = [refused(0, "", 50), refused(0, "po", 77, "accepted")]
    with schema.writing(engine).begin() as connection:
        connection.execute(sa.insert(schema.hourly), [*hours, *others])
        connection.execute(
            sa.insert(schema.dead_letters),
            [letter("d1", "open", 4), letter("d2", "open", 7), letter("d3", "replayed", 9)],
        )
        connection.execute(
            sa.insert(schema.subscriptions), {"id": "s1", "partner": "tc", "push": True, "state": "stopped"}
        )
        connection.execute(sa.insert(schema.tallies), {"subscription": "s1", "partner": "tc", "routed": 3})
        connection.execute(
            sa.insert(schema.signals),
            {"key": "learner/x", "name": "n", "rule": "T05", "severity": "breach", "responsible": "brin:1"},
        )
    books = watching.books(NOW)
    assert books.refused == {"po": 9, "vo": 1}
    assert [(one.count, one.first_at, one.last_at) for one in books.letters] == [(2, 4, 7)]
    assert [(one.subscription, one.state) for one in books.deliveries] == [("s1", "stopped")]
    assert [(one.responsible, one.count) for one in books.signals] == [("brin:1", 1)]
    assert [rhythm.publisher for rhythm in books.rhythms] == ["po"]
    engine.dispose()
