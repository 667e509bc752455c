"""What several deliveries in one request are called, and what a reply says about each of them."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.delivery import Delivery, to_record
from hub.core.records import Record
from hub.core.retry import REFUSED, SCHEDULE, Answer, dead, refuses, refuses_event
from hub.core.subscription import Batching, Subscription
from hub.courier import batch
from hub.courier.item import Item, read
from hub.courier.request import Stamp, build, together
from hub.courier.signing import signatures
from hub.courier.supply import BATCHES, Supply
from hub.courier.window import SIZE, Window

SECRET = "whsec_c2VjcmV0"
JSON = "application/json; charset=utf-8"


def item(number: int, subject: str = "a") -> Item:
    event = {"specversion": "1.0", "id": f"e{number}", "source": "urn:x", "type": "t", "subject": subject}
    out = to_record("s", Delivery(f"d{number}-s", subject, 0, orjson.dumps(event)))
    return read(Record(out.topic, 0, number - 1, 0, out.key or b"", out.value, out.headers))


def test_a_batch_is_one_signed_array_of_the_events_as_they_are_with_their_numbers() -> None:
    items = [item(number) for number in (4, 5, 6, 9)]
    to = Subscription(id="s", partner="p", sink="https://x", secret=SECRET, config={"batch": {}})
    made = together([one.delivery for one in items], to, [4, 5, 6, 9], Stamp("hub", 7))
    assert made.body == b"[" + b",".join(one.delivery.body for one in items) + b"]"
    assert made.headers["Content-Type"].startswith("application/cloudevents-batch+json")
    assert made.headers["Hub-Sequence"] == "4-6,9"
    id = made.headers["webhook-id"]
    assert made.headers["webhook-signature"] == signatures([SECRET], id, 7, made.body)


def test_who_asked_for_batches_gets_a_single_event_as_a_batch_of_one_under_its_own_id() -> None:
    to = Subscription(id="s", partner="p", sink="https://x", secret=SECRET, config={"batch": {"size": 5}})
    made = build(item(3).delivery, to, 3, Stamp("hub", 7))
    assert [one["id"] for one in orjson.loads(made.body)] == ["e3"]
    assert (made.headers["webhook-id"], made.headers["Hub-Sequence"]) == ("d3-s", "3")


def test_what_has_no_place_in_the_feed_has_no_number() -> None:
    to = Subscription(id="s", partner="p", sink="https://x", secret=SECRET)
    made = build(item(3).delivery, to, 0, Stamp("hub", 7, {"Hub-Replay": "r1"}))
    assert "Hub-Sequence" not in made.headers
    assert made.headers["Hub-Replay"] == "r1"


ids = st.lists(st.text("abc-1", min_size=1, max_size=8), min_size=2, max_size=6, unique=True)


@given(ids, ids)
def test_the_same_batch_has_the_same_id_and_another_another(one: list[str], other: list[str]) -> None:
    assert batch.batch_id(one) == batch.batch_id(list(one))
    assert (batch.batch_id(one) == batch.batch_id(other)) == (one == other)
    assert "." not in batch.batch_id(one)


def test_a_reply_refuses_by_delivery_id_event_id_or_number_and_says_why() -> None:
    items = [item(number) for number in range(1, 6)]
    body = orjson.dumps(
        {
            "refused": [
                {"id": "d1-s", "reason": "BSN 123456782"},
                {"id": "e3"},
                {"id": 5},
                {"id": "unknown"},
                7,
            ]
        }
    )
    assert batch.refused(JSON, body, items) == {1: "BSN *", 3: "", 5: ""}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("", b""),
        (JSON, b""),
        (JSON, b"{}"),
        (JSON, b"[]"),
        (JSON, b'{"refused": null}'),
        ("text/html", b"<p>{"),
    ],
)
def test_a_2xx_that_refuses_nothing_takes_all(kind: str, body: bytes) -> None:
    assert batch.refused(kind, body, [item(1)]) == {}


@pytest.mark.parametrize(
    "body", [b'{"refused": [{"id": "e', b"\xff", b'{"refused": "e1"}', b'{"refused": {"id": 1}}']
)
def test_a_reply_that_may_refuse_something_unreadable_is_no_acceptance(body: bytes) -> None:
    with pytest.raises(batch.Unreadable):
        batch.refused(JSON, body, [item(1)])


@given(st.binary(max_size=60), st.sampled_from((JSON, "application/problem+json", "text/plain", "")))
def test_no_reply_breaks_the_reading(body: bytes, kind: str) -> None:
    try:
        assert set(batch.refused(kind, body, [item(1)])) <= {1}
    except batch.Unreadable:
        assert "json" in kind


def supply(*subjects: str) -> tuple[Supply, list[float]]:
    window, clock = Window(), [0.0]
    for offset, subject in enumerate(subjects):
        window.add(Record("outbox.x", 0, offset, 0, subject.encode(), b""))
    return Supply(window, lambda: clock[0], lambda: None), clock


async def test_a_batch_goes_when_it_is_full_or_its_time_has_come() -> None:
    given_supply, clock = supply(*"abc")
    assert given_supply.take(Batching(4, 10.0)) == []
    clock[0] = 9.9
    assert given_supply.take(Batching(4, 10.0)) == []
    clock[0] = 10.0
    assert len(given_supply.take(Batching(4, 10.0))) == 3
    given_supply, _ = supply(*"abcde")
    assert len(given_supply.take(Batching(4, 10.0))) == 4
    assert given_supply.take(Batching(4, 10.0)) == []
    given_supply.close()


async def test_batches_may_be_larger_than_what_is_under_way_one_by_one() -> None:
    given_supply, _ = supply(*map(str, range(100)))
    assert BATCHES * 100 > SIZE
    assert len(given_supply.take(Batching(100, 0.0))) == 100


answers = st.builds(
    Answer,
    st.sampled_from([0, 301, 400, 401, 403, 404, 408, 409, 410, 413, 422, 425, 429, 500, 503]),
    st.sampled_from(["dns", "connect", "timeout", REFUSED]),
)


@given(answers, st.integers(1, 30), st.booleans())
def test_nothing_is_dead_before_its_schedule_ends_nor_while_the_receiver_may_be_down(
    answer: Answer, attempt: int, proven: bool
) -> None:
    answer = answer._replace(failure="" if answer.status else answer.failure)
    if attempt < len(SCHEDULE):
        assert not dead(answer, attempt, SCHEDULE, proven)
    elif proven:
        assert dead(answer, attempt, SCHEDULE, proven)
    else:
        final = 400 <= answer.status < 500 and answer.status not in (408, 410, 425, 429)
        assert dead(answer, attempt, SCHEDULE, proven) == (final or answer.failure == REFUSED)
    assert refuses(answer) or not refuses_event(answer)


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429])
def test_what_is_said_at_the_door_is_not_said_of_the_event(status: int) -> None:
    assert not refuses_event(Answer(status))
    assert refuses_event(Answer(422))
