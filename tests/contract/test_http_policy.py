"""Policy at the HTTP door: flows that are off, purposes of subscriptions, references of learners, rights that ended."""

from __future__ import annotations

from typing import Any

from hub.core.admission import door
from hub.core.delivery import Delivery, to_record
from hub.core.event import Event
from hub.core.flows import StandingSignal
from hub.core.journal import Attempted, Pulled, Shown
from hub.core.partners import Role
from hub.core.rules import Rules
from hub.core.views import Absence, Line
from tests.gateway_fakes import Hub, know, partner
from tests.refs import REFERENCES
from tests.said import LEARNER, advised

LINE = f"/v1/learning-lines/{LEARNER}"
LPW = {"Purpose": "LPW"}
ABSENCE = "nl.onderwijsloopbanen.absence.opened.v1"
SUBSCRIPTIONS = "/v1/subscriptions"


async def test_an_event_of_a_flow_that_is_off_is_refused_with_its_name_and_nothing_is_kept() -> None:
    hub = Hub()
    rules = Rules(flows={"advice": False})
    one = advised().event
    school = partner("po", Role.PO, sources=(one.source,), orgs=hub.known.directory.partners["school"].orgs)
    know(hub.known, [school])
    app = hub.app(rules=rules, admit=door(rules))
    headers = {"Content-Type": "application/cloudevents+json"}
    async with hub.client("po", app) as client:
        answer = await client.post("/v1/events", content=one.structured(), headers=headers)
    assert answer.status_code == 403, answer.text
    assert [fault["code"] for fault in answer.json()["errors"]] == ["flow-off"]
    assert LEARNER.encode() not in hub.kafka.everything()


async def test_a_subscription_says_what_it_is_for_and_on_what_basis() -> None:
    hub = Hub()
    wanted: dict[str, Any] = {"config": {"purpose": ["handovers", "advice"], "basis": "WPO-OKR"}}
    async with hub.client("school") as client:
        made = await client.post(SUBSCRIPTIONS, json=wanted)
        other = await client.post(
            SUBSCRIPTIONS, json={"config": {"purpose": ["advice", "support"], "basis": "WPO-OKR"}}
        )
    assert made.status_code == 201 and made.json()["config"] == wanted["config"]
    assert other.status_code == 400
    assert [fault["pointer"] for fault in other.json()["errors"]] == ["/config/purpose/1"]


async def test_a_basis_of_another_role_is_refused() -> None:
    hub = Hub()
    async with hub.client("almere") as client:
        answer = await client.post(SUBSCRIPTIONS, json={"config": {"purpose": ["absence"], "basis": "LPW"}})
    assert answer.status_code == 400
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/config/basis"]


def hub_with_case() -> Hub:
    hub = Hub()
    case = Absence(id="c1", kind="lrv", since="2027-01-11", last_org="brin:00YY01")
    hub.queries.lines[LEARNER] = Line(learner_id=LEARNER, absences=[case])
    hub.queries.signals = [
        StandingSignal(f"learner/{LEARNER}", "T11", "breach", "brin:00YY01", "2027-04-11", "absence/c1")
    ]
    return hub


async def test_a_partner_outside_education_looks_up_a_line_by_its_reference_and_by_that_alone() -> None:
    hub = hub_with_case()
    app = hub.app(references=REFERENCES)
    reference = REFERENCES.outward("leerplicht", LEARNER)
    async with hub.client("leerplicht", app) as client:
        own = await client.get(f"/v1/learning-lines/{reference}", headers=LPW)
        other = await client.get(LINE, headers=LPW)
    assert own.status_code == 200 and own.json()["learnerId"] == reference
    assert own.json()["absences"] and LEARNER not in own.text
    assert other.status_code == 404


async def test_signals_name_the_learner_as_the_partner_knows_it() -> None:
    hub = hub_with_case()
    app = hub.app(references=REFERENCES)
    async with hub.client("leerplicht", app) as client:
        answer = await client.get("/v1/signals")
    (signal,) = answer.json()["signals"]
    assert signal["learnerId"] == REFERENCES.outward("leerplicht", LEARNER)


def delivered(number: int, column: str) -> Any:
    event = Event({"specversion": "1.0", "id": f"e{number}", "source": "/s", "type": ABSENCE}, number)
    return to_record("inbox-office", Delivery(f"d{number}", "s", 1, event.structured(), column=column))


async def test_a_right_that_ended_stops_the_next_page_and_the_journal_says_so() -> None:
    hub = Hub()
    know(hub.known, [partner("office", Role.LEERPLICHT)])
    await hub.kafka.publish([delivered(1, "LP"), delivered(2, "HAD")])
    path = "/v1/subscriptions/inbox-office"
    async with hub.client("office") as client:
        before = (await client.get(f"{path}/events")).json()
        know(hub.known, [partner("office", Role.GEMEENTE)])
        after = (await client.get(f"{path}/events")).json()
        await client.put(f"{path}/position", json={"number": 2})
    assert [one["event"]["data"] for one in before["events"]] == [1, 2]
    assert after["events"][0] == {"number": 1, "deliveryId": "d1", "withheld": True}
    assert after["events"][1]["event"]["data"] == 2
    _, ended, shown, *_, pulled = hub.kafka.journal()
    assert isinstance(ended, Attempted)
    assert (ended.delivery, ended.outcome, ended.status) == ("d1", "withheld", "no-role")
    assert isinstance(shown, Shown) and shown.deliveries == ("d2",)
    assert isinstance(pulled, Pulled) and pulled.deliveries == ("d2",)
