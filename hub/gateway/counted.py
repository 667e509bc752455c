"""Numbers and signals: what was published on fixed days, newcomers against places, and gaps that stand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec
import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from hub.core import census, journal, newcomers, pairwise, persons
from hub.core.flows import StandingSignal
from hub.core.partners import Partner, Role
from hub.core.rules import Rules
from hub.core.views import Places, Published
from hub.gateway import openapi
from hub.gateway.auth import Caller, Door, require
from hub.gateway.context import Gateway
from hub.gateway.problems import Problem, not_found, not_stored
from hub.gateway.publisher import NotStored

router = APIRouter(tags=["counts"])

COUNTING = (
    Role.GEMEENTE,
    Role.LEERPLICHT,
    Role.DOORSTROOMPUNT,
    Role.TAALCENTRUM,
    Role.SWV,
    Role.BOARD,
    Role.PROCESREGISSEUR,
    Role.OPERATOR,
)
"""Who gets aggregates: the row of H3 in the routing matrix (domain.md §2.9), and who runs the hub."""

EXACT = (Role.GEMEENTE, Role.TAALCENTRUM, Role.LEERPLICHT)
"""Who sees newcomers against places as it is: the narrow circle of domain.md D7."""

GUARDED = (
    Role.SWV,
    Role.BOARD,
    Role.PO,
    Role.SO_SBO,
    Role.VO,
    Role.VSO,
    Role.OPDC,
    Role.MBO,
    Role.PROCESREGISSEUR,
    Role.OPERATOR,
)
"""Who sees it with small numbers taken together; the procesregisseur, for whom F02 says it, and who runs the hub."""

HEALTH = "M14"
"""The one metric that is live: of the hub itself, of no person."""

PURPOSE = "own-signals"
"""Stands in the journal as the purpose of a reading of one's own signals."""


@router.get("/v1/flows", **openapi.FLOWS)
async def get_flows(caller: Caller, door: Door) -> Response:
    """What the page of the procesregisseur shows: counts, never a learner."""
    require(caller, Role.PROCESREGISSEUR, Role.OPERATOR)
    return _json(await asyncio.to_thread(door.flows))


@router.get("/v1/census", **openapi.WHOLE_CENSUS)
async def get_whole_census(
    caller: Caller,
    door: Door,
    metric: Annotated[str | None, Query(max_length=8, description="Only this one")] = None,
) -> Response:
    """Every aggregate metric with what was published of each of its periods, as `/v1/census/{metric}` gives one."""
    require(caller, *COUNTING)
    if metric is not None and metric not in census.METRICS:
        raise not_found("metric")
    ids = [metric] if metric else list(census.METRICS)
    return _json({"metrics": await asyncio.to_thread(_shown_metrics, ids, door)})


@router.get("/v1/census/{metric}", **openapi.CENSUS)
async def get_census(
    metric: str,
    caller: Caller,
    door: Door,
    period: Annotated[
        str | None,
        Query(
            pattern=f"^([0-9]{{4}}-[0-9]{{4}}|{census.STANDING})$",
            description=f"School year, or {census.STANDING}: what stands on the day; default: the newest school year",
        ),
    ] = None,
    public: Annotated[bool, Query(description="As it may be shown to everyone: from 10, in tens")] = False,
) -> Response:
    """One aggregate metric (M1 to M15), as it was published on the last fixed day; never a number of today.

    Before the first such day there are no cells, and `next` says when it comes. M14, the health of the hub, is live.
    """
    require(caller, *COUNTING)
    described = census.METRICS.get(metric)
    if described is None:
        raise not_found("metric")
    shown = await asyncio.to_thread(_shown_metric, metric, period, public, door)
    return _json({"metric": metric, **described, **shown})


@router.get("/v1/newcomers", **openapi.NEWCOMERS)
async def get_newcomers(caller: Caller, door: Door) -> Response:
    """Newcomers against places (F01, F02): need per age band, area and date, with the shortfall and its date.

    Exact for gemeente, Taalcentrum and leerplicht; for boards, samenwerkingsverband, schools and procesregisseur small
    numbers are taken together.
    """
    require(caller, *EXACT, *GUARDED)
    places = await asyncio.to_thread(door.queries.city) or Places("almere")
    exact, directory = caller.has(*EXACT), door.known.directory
    return _json(newcomers.answer(places, exact=exact, rules=door.rules, directory=directory))


@router.get("/v1/signals", **openapi.SIGNALS)
async def get_signals(caller: Caller, door: Door) -> Response:
    """Gaps that stand (T01 to T17): those that are yours to mend, and breaches that you supervise.

    The procesregisseur and the operator see how many there are per organisation and rule, as a range.
    """
    if caller.has(Role.PROCESREGISSEUR, Role.OPERATOR):
        return _json({"organisations": await asyncio.to_thread(door.lagging)})
    orgs = [org.ref for org in caller.orgs]
    rules = supervised(caller, door.rules)
    found = await asyncio.to_thread(door.queries.standing_signals, orgs, rules)
    await _journal_read(door, caller, found)
    alias = pairwise.alias(caller, door.rules, door.references) or str
    return _json({"signals": [_shown_signal(one, caller, alias) for one in found]})


def supervised(partner: Partner, rules: Rules) -> list[str]:
    """Rules whose breaches this partner hears of."""
    return sorted(rule for rule, role in rules.supervisors.items() if role in partner.roles)


def _shown_signal(one: StandingSignal, caller: Partner, alias: pairwise.Alias) -> dict[str, Any]:
    kind, _, id = one.key.partition("/")
    return {
        "rule": one.rule,
        "severity": one.severity,
        "dueOn": one.due,
        "responsible": one.responsible,
        "own": caller.owns(one.responsible),
        "subject": one.subject,
        **({"learnerId": alias(id)} if kind == "learner" else {}),
    }


def _shown_metric(metric: str, period: str | None, public: bool, door: Gateway) -> dict[str, Any]:
    if metric == HEALTH:
        return _live(public, door)
    found = {one.period: one for one in door.queries.census().published if one.metric == metric}
    if period is not None and found and period not in found:
        raise not_found(f"period of this metric (there are {', '.join(sorted(found))})")
    chosen = found.get(period or max(found, key=_newness, default=""))
    if public:
        chosen = _public(chosen, door)
    days = {"periods": sorted(found), "next": _next(door)}
    if chosen is None:
        return {"period": period, "on": None, "k": door.rules.small_cell, "cells": [], **days}
    return {**census.figures(chosen, door.known.directory, door.rules, public), **days}


def _shown_metrics(ids: Iterable[str], door: Gateway) -> list[dict[str, Any]]:
    published, next = door.queries.census().published, _next(door)
    shown = []
    for id in ids:
        found = [one for one in published if one.metric == id]
        tables = [census.figures(one, door.known.directory, door.rules) for one in found]
        days = {"periods": sorted(one.period for one in found), "next": next}
        if id == HEALTH:
            tables, days = [_live(False, door)], {"periods": [], "next": None}
        shown.append({"metric": id, **census.METRICS[id], **days, "tables": tables})
    return shown


def _next(door: Gateway) -> str | None:
    """The fixed day of the next publication."""
    return census.following(door.rules.calendar.snapshots, door.today()) or None


def _newness(period: str) -> str:
    return "" if period == census.STANDING else period


def _public(given: Published | None, door: Gateway) -> Published:
    """Raises Problem 404 where there is nothing that may be shown to everyone."""
    shown = given and census.public(given, door.rules)
    if shown is None:
        raise Problem(
            404, "not-public", "nothing of this metric may be shown to everyone; ask without public"
        )
    return shown


def _live(public: bool, door: Gateway) -> dict[str, Any]:
    if public:
        raise Problem(404, "not-public", "the health of the hub is for its partners; ask without public")
    cells = msgspec.to_builtins(door.health())
    return {"on": door.today(), "k": door.rules.small_cell, "method": "live", "cells": cells}


async def _journal_read(door: Gateway, caller: Partner, found: Iterable[StandingSignal]) -> None:
    """Before the answer, or there is no answer: signals may be about persons, and nobody looks unseen."""
    marks = sorted({persons.of_key(one.key, door.line_key) for one in found} - {""})
    entry = journal.Read(at=door.now(), partner=caller.id, purpose=PURPOSE, line="", persons=tuple(marks))
    try:
        await door.publisher.publish([journal.record(entry)])
    except NotStored as error:
        raise not_stored(str(error)) from None


def _json(content: Mapping[str, Any] | list[Any] | Any) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")
