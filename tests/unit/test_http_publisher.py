"""The publisher's client of `connectors.http`: tries again when that makes sense, and with the same event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from connectors.http import mapping, settings
from connectors.http.client import Accepted, Fault, HubUnavailable, Publisher, Refused
from hub.core.admission import Admitted, admit
from hub.core.cloudevents import draft_http
from tests.city import BY_ID, SCHOOL_A

EVENT = mapping.cloud_event(
    "offer.published.v1",
    {
        "offerId": "7a1c8f34-2b11-4d7a-8a52-9b5be4c5a005",
        "kind": "places",
        "orgId": SCHOOL_A,
        "validFrom": "2026-11-21",
    },
    source=BY_ID["school-a"].sources[0],
    id="5d7f",
    subject="offer/7a1c8f34-2b11-4d7a-8a52-9b5be4c5a005",
    time=datetime(2026, 11, 21, 9, 12, 44, tzinfo=UTC),
    sequence=1,
)
ACCEPTED = httpx.Response(202, json={"journey": "http://hub/v1/journeys?id=5d7f", "warnings": []})
Answer = httpx.Response | Exception


class Hub:
    """Gives these answers one after another; keeps the requests, and how long was slept between them."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.slept: list[float] = []

    def publisher(self, patience: float = 300.0, draw: Callable[[], float] = lambda: 0.0) -> Publisher:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        return Publisher(http, "http://hub/", "secret", patience, self._sleep, draw)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


async def test_an_event_is_sent_with_the_token_and_accepted() -> None:
    hub = Hub(ACCEPTED)
    assert await hub.publisher().publish(EVENT) == Accepted("http://hub/v1/journeys?id=5d7f", ())
    assert hub.requests[0].url == "http://hub/v1/events"
    assert hub.requests[0].headers["Authorization"] == "Bearer secret"


async def test_the_hub_reads_what_the_client_sends_and_admits_it() -> None:
    hub = Hub(ACCEPTED)
    await hub.publisher().publish(EVENT)
    sent = hub.requests[0]
    draft = draft_http(sent.headers["Content-Type"], sent.headers, sent.content)
    assert not isinstance(draft, list)
    assert not draft.faults
    outcome = admit(draft.event, BY_ID["school-a"])
    assert isinstance(outcome, Admitted)
    assert outcome.warnings == ()


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.Response(503),
        httpx.Response(429),
        httpx.Response(500),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
    ],
)
async def test_trouble_that_passes_is_tried_again_with_the_same_bytes(trouble: Answer) -> None:
    hub = Hub(trouble, trouble, ACCEPTED)
    assert isinstance(await hub.publisher().publish(EVENT), Accepted)
    assert len({request.content for request in hub.requests}) == 1
    assert len(hub.requests) == 3


async def test_pauses_grow_and_end_at_half_a_minute() -> None:
    hub = Hub(*[httpx.Response(503)] * 12, ACCEPTED)
    await hub.publisher(draw=lambda: 1.0).publish(EVENT)
    assert hub.slept == sorted(hub.slept)
    assert hub.slept[:3] == [0.2, 0.4, 0.8]
    assert hub.slept[-1] == 30.0


async def test_it_waits_as_long_as_the_hub_asks() -> None:
    hub = Hub(httpx.Response(503, headers={"Retry-After": "7"}), ACCEPTED)
    await hub.publisher().publish(EVENT)
    assert hub.slept == [7.0]


async def test_a_refusal_is_not_tried_again_and_tells_every_fault() -> None:
    errors = [{"pointer": "/data/naam", "code": "unknown-field", "detail": "take it out"}]
    hub = Hub(httpx.Response(400, json={"code": "refused", "detail": "see errors", "errors": errors}))
    refused = Refused(400, (Fault("/data/naam", "unknown-field", "take it out"),))
    assert await hub.publisher().publish(EVENT) == refused
    assert len(hub.requests) == 1


async def test_an_unknown_token_is_told_as_a_fault() -> None:
    hub = Hub(httpx.Response(401, json={"code": "unknown-token", "detail": "ask the operator", "errors": []}))
    refused = Refused(401, (Fault("", "unknown-token", "ask the operator"),))
    assert await hub.publisher().publish(EVENT) == refused


async def test_patience_ends() -> None:
    hub = Hub(httpx.ConnectError("refused"))
    with pytest.raises(HubUnavailable, match="1 attempts: ConnectError"):
        await hub.publisher(patience=0.0).publish(EVENT)


def test_settings_name_everything_that_is_missing() -> None:
    with pytest.raises(ValueError, match="ONDERWIJSHUB_TOKEN, ONDERWIJSHUB_SOURCE"):
        settings.read({"ONDERWIJSHUB_URL": "http://hub"})


def test_settings_are_read_from_the_environment() -> None:
    given = {"ONDERWIJSHUB_URL": "http://hub", "ONDERWIJSHUB_TOKEN": "t", "ONDERWIJSHUB_SOURCE": "urn:x"}
    assert settings.read({**given, "ONDERWIJSHUB_PATIENCE": "5"}) == settings.Settings(
        "http://hub", "t", "urn:x", 5.0
    )


@pytest.mark.parametrize("wrong", ["soon", "-1", "nan"])
def test_a_patience_that_is_no_number_of_seconds_is_refused(wrong: str) -> None:
    given = {"ONDERWIJSHUB_URL": "http://hub", "ONDERWIJSHUB_TOKEN": "t", "ONDERWIJSHUB_SOURCE": "urn:x"}
    with pytest.raises(ValueError, match="ONDERWIJSHUB_PATIENCE"):
        settings.read({**given, "ONDERWIJSHUB_PATIENCE": wrong})
