"""What is taken back, who is told so, and that it is only of those whom it concerns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.core import delivery
from hub.core.admission import Admitted
from hub.core.delivery import Delivery
from hub.core.directory import Directory
from hub.core.policy import Policy
from hub.core.subscription import INBOX, Subscription
from hub.core.topics import outbox
from hub.core.withdrawal import Ahead, about, mark, ranges, taken_back
from hub.courier.outlook import MOST_RANGES, Unsaid
from tests import city
from tests import strategies as some
from tests.pure import PureHub
from tests.said import closed, placed, prepared, said, started, warm, withdrawn
from tests.unit.test_catalogue_rules import later

LEARNER = "learner/5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008"


def told(*about: str, withdraws: tuple[str, ...] = ()) -> Delivery:
    return Delivery("d", "s", 1, b"{}", about, withdraws)


def test_a_delivery_is_taken_back_by_a_later_one_and_not_by_one_before_it() -> None:
    order = told(withdraws=("h1",))
    assert taken_back([told("h1"), told("h2"), order, told("h1")]) == {0}


def test_what_takes_back_a_learner_takes_back_the_withdrawal_of_its_handover_too() -> None:
    line, handover = mark(LEARNER), mark(LEARNER, "handover/1")
    withdrawal = told(*about(LEARNER, "handover/1", (handover,)), withdraws=(handover,))
    erasure = told(*about(LEARNER, "erasure/line", (line,)), withdraws=(line,))
    prepared = told(*about(LEARNER, "handover/1", ()))
    other = told(*about("learner/other", "handover/1", ()))
    assert taken_back([other, prepared, withdrawal]) == {1}
    assert taken_back([other, prepared, withdrawal, erasure]) == {1, 2}


def test_a_repeat_of_what_takes_back_does_not_take_back_the_first() -> None:
    line = mark(LEARNER)
    erasure = told(*about(LEARNER, "erasure/line", (line,)), withdraws=(line,))
    assert taken_back([erasure, erasure]) == set()


def test_only_what_is_about_a_learner_can_be_taken_back() -> None:
    assert about("group/1", "group/1", ()) == ()


def test_marks_pass_through_kafka_and_a_record_without_them_is_read_as_before() -> None:
    one = told("a", "b", withdraws=("c",))
    record = delivery.to_record("sub", one)
    assert delivery.from_record(record.key, record.value or b"", record.headers) == one
    plain = delivery.to_record("sub", told())
    assert record.topic == plain.topic == outbox("sub")
    assert [name for name, _ in plain.headers] == ["delivery", "accepted"]
    assert delivery.from_record(plain.key, plain.value or b"", plain.headers) == told()


def left_of(partner: str, *events: Admitted) -> list[str]:
    """Kinds in the inbox of a partner that was away all the time, without what was taken back."""
    hub = PureHub(some.PLAIN)
    hub.publish(events)
    topic = outbox(INBOX + partner)
    box = [delivery.from_record(o.key, o.value or b"", o.headers) for o in hub.out if o.topic == topic]
    gone = taken_back(box)
    return [str(one.event().type).split(".", 2)[2] for place, one in enumerate(box) if place not in gone]


ASKED = ["placement.requested.v1"]
PURGE = "handover.withdrawn.v1"


def test_a_withdrawal_takes_back_all_of_its_handover_and_nothing_else() -> None:
    corrected = later(prepared(ackBy="2027-06-30"))
    given = (*placed(), prepared(), corrected, warm("initial", org=city.SCHOOL_A))
    assert len(left_of("vo", *given)) == 4
    assert left_of("vo", *given, withdrawn()) == [*ASKED, PURGE]


def test_the_withdrawal_of_a_receiver_takes_nothing_back() -> None:
    given = (*placed(), prepared(tlvRef="tlv:1"))
    order = said("E17", orgId=city.VO, handoverId=prepared().event.data["handoverId"], reason="error")
    assert "handover.prepared.v1" in left_of("swv", *given)
    assert "handover.prepared.v1" in left_of("swv", *given, order)


def test_an_erasure_takes_back_all_of_its_learner_also_the_order_to_purge_a_handover() -> None:
    given = (started(city.SCHOOL_A, some.TWO[0], "2026-08-01"), *placed(), prepared(), withdrawn())
    erased = closed("erased", day="2027-07-01", requestedBy="parent")
    assert left_of("vo", *given, erased) == ["erasure.executed.v1"]


def test_an_order_to_erase_reaches_every_outbox_whatever_that_filters() -> None:
    requests = Subscription("vo.requests", "vo", types=("nl.onderwijsloopbanen.placement.requested.v1",))
    hub = PureHub(Policy(Directory(city.PARTNERS), [requests]))
    erased = closed("erased", day="2027-07-01", requestedBy="parent")
    hub.publish((started(city.SCHOOL_A, some.TWO[0], "2026-08-01"), *placed(), prepared(), erased))
    box = [
        delivery.from_record(o.key, o.value or b"", o.headers)
        for o in hub.out
        if o.topic == outbox("vo.requests")
    ]
    assert [str(one.event().type).split(".", 2)[2] for one in box] == [*ASKED, "erasure.executed.v1"]
    assert taken_back(box) == {0}


records = st.lists(
    st.builds(
        lambda about, withdraws: told(*about, withdraws=tuple(withdraws)),
        st.sets(st.sampled_from("abc")),
        st.sets(st.sampled_from("abc")),
    )
)


@given(records, st.data())
def test_what_is_known_piece_by_piece_and_forgotten_on_the_way_is_the_same(
    outbox: list[Delivery], data: st.DataObject
) -> None:
    ahead, gone = Ahead(0), set()
    for place, one in enumerate(outbox):
        for offset in range(data.draw(st.integers(0, place)), len(outbox)):
            ahead.read(offset, outbox[offset].headers())
        ahead.forget(place)
        if ahead.takes_back(place, one):
            gone.add(place)
    assert gone == taken_back(outbox)
    ahead.forget(len(outbox))
    assert len(ahead) == 0


@given(st.sets(st.integers(1, 60)), st.integers(1, 20))
def test_ranges_name_the_lowest_numbers_and_say_which(numbers: set[int], most: int) -> None:
    text, named = ranges(numbers, most)
    read: set[int] = set()
    for run in filter(None, text.split(",")):
        first, _, last = run.partition("-")
        read.update(range(int(first), int(last or first) + 1))
    assert read == named <= numbers
    assert text.count(",") < most
    assert not numbers - named or max(named) < min(numbers - named)


def test_a_number_is_named_until_it_was_heard_and_holds_the_lane_till_then() -> None:
    unsaid = Unsaid()
    for number in range(1, 4 * MOST_RANGES, 2):
        unsaid.add(number)
    text, named = unsaid.named()
    assert len(text) < 2000 and unsaid.named() == (text, named)
    assert unsaid.oldest == 1
    unsaid.said(named)
    assert unsaid.oldest == 2 * MOST_RANGES + 1
    unsaid.said(unsaid.named()[1])
    assert unsaid.oldest is None and unsaid.named() == ("", set())
