"""Numbers, signals and metrics over HTTP: who gets which, and never more than was published."""

from __future__ import annotations

from typing import Any

import pytest

from hub.core.flows import StandingSignal
from hub.core.journal import Read
from hub.core.partners import Role
from hub.core.views import Cell, Places, Published
from tests.gateway_fakes import TODAY, Hub, know, partner

LEARNER = "5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008"
SCHOOL_YEAR = "2026-2027"


def published(metric: str = "M6", period: str = SCHOOL_YEAR, **more: Any) -> Published:
    given = {"on": "2026-11-01", "k": 5, "method": "pooled", "cells": [Cell(["issued/techniek"], 40)]}
    return Published(metric, period, **(given | more))


def signal(rule: str, severity: str, responsible: str) -> StandingSignal:
    return StandingSignal(f"learner/{LEARNER}", rule, severity, responsible, "2026-11-01", "enrolment/e1")


async def get(hub: Hub, who: str | None, path: str, **given: Any) -> Any:
    async with hub.client(who) as client:
        return await client.get(path, **given)


class TestFlows:
    @pytest.mark.parametrize(
        ("who", "status"), [("regie", 200), ("beheer", 200), ("school", 403), ("almere", 403)]
    )
    async def test_they_are_for_the_procesregisseur_and_the_operator(self, who: str, status: int) -> None:
        assert (await get(Hub(), who, "/v1/flows")).status_code == status


class TestCensus:
    @pytest.mark.parametrize(
        ("who", "metric", "status"),
        [
            ("almere", "M2", 200),
            ("regie", "M6", 200),
            ("leerplicht", "M10", 200),
            ("beheer", "M15", 200),
            ("almere", "M99", 404),
            ("almere", "M", 404),
            ("school", "M2", 403),
        ],
    )
    async def test_it_is_for_those_who_get_aggregates(self, who: str, metric: str, status: int) -> None:
        assert (await get(Hub(), who, f"/v1/census/{metric}")).status_code == status

    async def test_before_the_first_fixed_day_there_are_no_numbers_but_the_day(self) -> None:
        answer = (await get(Hub(), "regie", "/v1/census/M6")).json()

        assert (answer["cells"], answer["on"], answer["next"]) == ([], None, "2026-12-01")
        assert answer["nl"] and answer["en"] and answer["k"] == 5

    async def test_it_serves_what_was_published_and_of_the_newest_school_year(self) -> None:
        hub = Hub()
        hub.queries.published = [
            published(period="2025-2026", cells=[Cell(["issued/techniek"], 30)]),
            published(),
            published(period="standing", cells=[Cell(["issued/techniek"], 90)]),
            published("M1"),
        ]
        newest = (await get(hub, "regie", "/v1/census/M6")).json()
        before = (await get(hub, "regie", "/v1/census/M6", params={"period": "2025-2026"})).json()
        standing = (await get(hub, "regie", "/v1/census/M6", params={"period": "standing"})).json()

        assert [a["cells"][0]["value"] for a in (newest, before, standing)] == [40, 30, 90]
        assert (newest["on"], newest["method"]) == ("2026-11-01", "pooled")
        assert newest["periods"] == ["2025-2026", SCHOOL_YEAR, "standing"]

    @pytest.mark.parametrize(("period", "status"), [("2019-2020", 404), ("2019", 400), ("' OR 1", 400)])
    async def test_a_period_that_is_not_there_is_told(self, period: str, status: int) -> None:
        hub = Hub()
        hub.queries.published = [published()]

        assert (await get(hub, "regie", "/v1/census/M6", params={"period": period})).status_code == status

    async def test_for_everyone_there_are_tens_or_nothing(self) -> None:
        hub = Hub()
        hub.queries.published = [
            published(cells=[Cell(["issued/techniek"], 43)]),
            published("M3", method="banded", cells=[Cell(["brin:00YY01"], "1-4")]),
        ]
        tens = (await get(hub, "regie", "/v1/census/M6", params={"public": "true"})).json()
        banded = await get(hub, "regie", "/v1/census/M3", params={"public": "true"})
        nothing = await get(hub, "regie", "/v1/census/M1", params={"public": "true"})
        live = await get(hub, "regie", "/v1/census/M14", params={"public": "true"})

        assert tens["k"] == 10 and [cell["value"] for cell in tens["cells"]] == [40]
        assert [a.status_code for a in (banded, nothing, live)] == [404, 404, 404]
        told = {name: said for name, said in banded.json().items() if name != "instance"}  # that is drawn
        assert "1-4" not in str(told)

    async def test_all_of_it_is_there_at_once_and_is_what_each_metric_gives_for_each_period(self) -> None:
        hub = Hub()
        hub.queries.published = [published(period="2025-2026"), published(), published("M1")]
        found = {one["metric"]: one for one in (await get(hub, "regie", "/v1/census")).json()["metrics"]}
        one = (await get(hub, "regie", "/v1/census", params={"metric": "M6"})).json()["metrics"]

        assert list(found) == [f"M{number}" for number in range(1, 16)]
        assert {id: len(given["tables"]) for id, given in found.items() if given["tables"]} == {
            "M1": 1, "M6": 2, "M14": 1,
        }  # fmt: skip
        assert one == [found["M6"]]
        for table in found["M6"]["tables"]:
            alone = (await get(hub, "regie", "/v1/census/M6", params={"period": table["period"]})).json()
            assert {"tables": found["M6"]["tables"], **alone} == {**found["M6"], **table}

    @pytest.mark.parametrize(("who", "metric", "status"), [("school", "M6", 403), ("regie", "M99", 404)])
    async def test_all_of_it_is_for_the_same_and_of_a_metric_that_is_none_there_is_nothing(
        self, who: str, metric: str, status: int
    ) -> None:
        assert (await get(Hub(), who, "/v1/census", params={"metric": metric})).status_code == status

    async def test_the_health_of_the_hub_is_live(self) -> None:
        answer = (await get(Hub(), "regie", "/v1/census/M14")).json()

        assert (answer["on"], answer["method"]) == (TODAY, "live")
        assert answer["cells"] == [{"of": ["refused"], "value": "1-4"}]


class TestNewcomers:
    @pytest.mark.parametrize(
        ("role", "exact"),
        [
            (Role.GEMEENTE, True),
            (Role.TAALCENTRUM, True),
            (Role.LEERPLICHT, True),
            (Role.BOARD, False),
            (Role.SWV, False),
            (Role.VO, False),
            (Role.PROCESREGISSEUR, False),
            (Role.OPERATOR, False),
        ],
    )
    async def test_the_narrow_circle_sees_it_exactly_and_others_guarded(
        self, role: Role, exact: bool
    ) -> None:
        hub = Hub()
        know(hub.known, [partner("who", role)])
        hub.queries.places = Places("almere", demand=3)
        answer = (await get(hub, "who", "/v1/newcomers")).json()

        assert answer["exact"] is exact
        assert (answer.get("demand") == 3) is exact

    @pytest.mark.parametrize("role", [Role.OPVANG, Role.HBO, Role.DOORSTROOMPUNT])
    async def test_who_has_no_part_in_it_does_not(self, role: Role) -> None:
        hub = Hub()
        know(hub.known, [partner("who", role)])
        assert (await get(hub, "who", "/v1/newcomers")).status_code == 403

    async def test_before_anyone_came_there_is_an_answer(self) -> None:
        assert (await get(Hub(), "almere", "/v1/newcomers")).json()["city"] == "almere"


class TestSignals:
    def hub(self) -> Hub:
        hub = Hub()
        hub.queries.signals = [
            signal("T06", "warn", "brin:99XX02"),
            signal("T04", "warn", "brin:00YY01"),
            signal("T04", "breach", "brin:00YY01"),
            signal("T12", "breach", "brin:99XX02"),
        ]
        return hub

    @pytest.mark.parametrize(
        ("who", "seen"),
        [
            ("vo", [("T06", "warn", True), ("T12", "breach", True)]),
            ("school", [("T04", "warn", True), ("T04", "breach", True)]),
            ("leerplicht", [("T04", "breach", False)]),
            ("almere", []),
        ],
    )
    async def test_a_partner_sees_its_own_and_the_breaches_it_supervises(
        self, who: str, seen: list[tuple[str, str, bool]]
    ) -> None:
        hub = self.hub()
        answer = (await get(hub, who, "/v1/signals")).json()["signals"]

        assert [(s["rule"], s["severity"], s["own"]) for s in answer] == seen
        assert all(s["learnerId"] == LEARNER for s in answer)
        (entry,) = hub.kafka.journal()
        assert isinstance(entry, Read) and (entry.partner, entry.purpose) == (who, "own-signals")

    async def test_nobody_looks_unseen(self) -> None:
        hub = self.hub()
        hub.kafka.down = True
        assert (await get(hub, "vo", "/v1/signals")).status_code == 503

    @pytest.mark.parametrize("who", ["regie", "beheer"])
    async def test_the_procesregisseur_sees_how_many_per_organisation_and_no_learner(self, who: str) -> None:
        answer = await get(self.hub(), who, "/v1/signals")

        assert answer.json()["organisations"][0]["number"] == "1-4"
        assert LEARNER not in answer.text and "signals" not in answer.json()


class TestMetrics:
    async def get(self, hub: Hub, who: str | None, loopback: bool, **headers: str) -> int:
        app = hub.app(loopback=loopback)
        async with hub.client(who, app) as client:
            return int((await client.get("/metrics", headers=headers)).status_code)

    @pytest.mark.parametrize("loopback", [True, False])
    @pytest.mark.parametrize(
        ("who", "status"), [("beheer", 200), ("regie", 403), ("school", 403), ("x", 401)]
    )
    async def test_with_a_token_they_are_for_the_operator(
        self, who: str, status: int, loopback: bool
    ) -> None:
        assert await self.get(Hub(), who, loopback) == status

    async def test_without_a_token_they_are_for_this_machine(self) -> None:
        assert await self.get(Hub(), None, loopback=True) == 200
        assert await self.get(Hub(), None, loopback=False) == 401
        assert await self.get(Hub(), None, True, **{"X-Forwarded-For": "10.0.0.1"}) == 401, "through a proxy"

    async def test_a_token_as_a_password_is_no_way_around(self) -> None:
        assert await self.get(Hub(), None, True, Authorization="Basic eDpyZWdpZS10b2tlbg==") == 401


class TestCatalogue:
    async def test_it_is_open_to_everyone_and_says_who_gets_what(self) -> None:
        answer = await get(Hub(), None, "/v1/catalogue")

        kinds = {kind["code"]: kind for kind in answer.json()}
        assert answer.status_code == 200 and {"E1", "E13", "H1"} <= set(kinds)
        assert kinds["E13"]["receivers"]["TO"]
