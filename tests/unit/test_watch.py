"""What is found to be wrong in what the parts answer and the books hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.core.alerts import Kind, Trouble
from hub.core.flows import DeliveryFlow, SignalFlow
from hub.core.letters import Group
from hub.core.matrix import Rhythm
from hub.core.watch import Answer, Books, Bounds, Lens, of_books, of_disk, of_parts

NOW = 10**12
BOUNDS = Bounds(backlog=900_000, refusals=100)
LENS = Lens(
    flow=lambda type: type.partition(".")[0],
    silence=lambda days: 0 if days[-1] else 3,
    rough=lambda n: "1-4" if n < 5 else "5+",
)


def found(books: Books) -> list[Trouble]:
    return of_books(books, BOUNDS, LENS, NOW)


def flow(state: str = "delivering", **more: int | bool | None) -> DeliveryFlow:
    return DeliveryFlow(partner="tc", subscription="s1", push=True, routed=9, state=state, **more)  # type: ignore[arg-type]


def test_a_part_that_is_silent_is_down_and_one_that_says_no_is_unready() -> None:
    answers = {
        "gateway": Answer(False, False),
        "courier": Answer(True, False),
        "projector": Answer(True, True),
    }
    assert of_parts(answers) == [Trouble(Kind.DOWN, "gateway"), Trouble(Kind.UNREADY, "courier")]


def test_a_disk_is_too_full_with_less_than_a_tenth_free() -> None:
    assert of_disk(99, 1000) == [Trouble(Kind.DISK)] and of_disk(100, 1000) == []


def test_all_dead_letters_of_a_subscription_are_one_trouble() -> None:
    letters = (Group("tc", "s1", "schema", 3, 50, 60), Group("tc", "s1", "gone", 2, 40, 70))
    assert found(Books(letters=letters)) == [Trouble(Kind.FINAL, "s1", "tc", "", "5+", 40, 70)]


def test_a_subscription_that_is_sent_nothing_any_more_is_final_and_no_backlog() -> None:
    books = Books(deliveries=(flow("stopped", oldest=0),), letters=(Group("tc", "s1", "gone", 1, 40, 70),))
    assert found(books) == [Trouble(Kind.FINAL, "s1", "tc", "stopped", "1-4", 40, 70)]
    assert found(Books(deliveries=(flow("expired"),))) == [Trouble(Kind.FINAL, "s1", "tc", "expired")]


def test_what_waits_too_long_is_a_backlog_unless_its_partner_paused_it() -> None:
    late = NOW - BOUNDS.backlog
    assert found(Books(deliveries=(flow(oldest=late + 1),))) == []
    assert found(Books(deliveries=(flow(oldest=late, paused=True),))) == []
    assert found(Books(deliveries=(flow(oldest=late),))) == [
        Trouble(Kind.BACKLOG, "s1", "tc", "", "5+", late)
    ]


def test_silence_is_that_of_a_whole_flow_of_a_publisher() -> None:
    one, other = Rhythm("po", "absence.opened", (1, 0), 5), Rhythm("po", "absence.closed", (1, 1), 9)
    assert found(Books(rhythms=(one,))) == [Trouble(Kind.SILENCE, "po/absence", "po", "absence", "3", 5)]
    assert found(Books(rhythms=(one, other))) == []


def test_only_breaches_are_told_and_together_for_each_organisation() -> None:
    flows = (
        SignalFlow("brin:1", "T05", "breach", 2, "2026-11-02"),
        SignalFlow("brin:1", "T11", "breach", 4, "2026-11-01"),
        SignalFlow("brin:2", "T11", "warning", 9, "2026-11-01"),
    )
    since = 1_793_491_200_000
    assert found(Books(signals=flows)) == [Trouble(Kind.SIGNALS, "brin:1", "brin:1", "T05 T11", "5+", since)]


def test_refusals_are_told_above_the_bound() -> None:
    books = Books(refused={"a": 100, "b": 101})
    assert found(books) == [Trouble(Kind.REFUSALS, "b", "b", "", "5+")]


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_no_exact_number_of_messages_comes_out(letters: int, waiting: int) -> None:
    books = Books(
        letters=(Group("tc", "s2", "gone", letters, 0, 0),),
        deliveries=(DeliveryFlow(partner="tc", subscription="s1", push=True, routed=waiting, oldest=0),),
        refused={"a": 101 + letters},
        signals=(SignalFlow("o", "T05", "breach", letters, "2026-11-02"),),
    )
    told = found(books)
    assert len(told) == 4 and {one.amount for one in told} <= {"1-4", "5+"}
