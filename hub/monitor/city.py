"""The learning line of the city, 0-27: the census (M1-M15), newcomers against places, and who is behind; as pages, as
CSV and as a report. Everything is asked of the API with the rights of whoever looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from hub.core.catalogue import KINDS
from hub.core.census import METRICS
from hub.core.event import moment
from hub.monitor.city_charts import axis, bar, sankey
from hub.monitor.city_tables import (
    CLOCKS,
    SOURCES,
    Behind,
    Late,
    Metric,
    Table,
    as_csv,
    behind,
    late,
    metric,
)
from hub.monitor.city_words import Words
from hub.monitor.frame import Frame, draw, frame
from hub.monitor.frame import page as as_page
from hub.monitor.site import HEADERS
from hub.monitor.viewer import Api, GetViewer, Reply, Viewer, anybody

HANDOVERS = ("T06", "T07", "T08")
TLV_OPDC = ("T09", "T16")
RULES = tuple(dict.fromkeys(rule for codes in CLOCKS.values() for rule in codes.split()))
SECTORS = ("po", "vo")
TOP, FLOWS, ORGS = 4, 8, 8
"""So many categories of a metric, moves beside their drawing, and organisations stand on the first page."""

NEWCOMERS = "M2"
"""The metric whose page also says who needs a place now."""
OCCASIONS = ("board", "network")
SIGNS = {"info": "i", "warn": "▲", "breach": "■"}


class City(NamedTuple):
    """What whoever looks may see; None or missing is what the API did not give."""

    metrics: Mapping[str, Metric]
    newcomers: Mapping[str, Any] | None = None
    late: list[Late] | None = None

    @property
    def empty(self) -> bool:
        return not self.metrics and self.newcomers is None and self.late is None

    def years(self) -> list[str]:
        """School years of which anything is published, the newest first."""
        found = {table.period for one in self.metrics.values() for table in one.tables}
        return sorted((period for period in found if period[:1].isdigit()), reverse=True)

    def behind(self, *rules: str) -> Behind | None:
        return None if self.late is None else behind(self.late, rules)


def router(api: Api, now: Callable[[], int], viewer: GetViewer = anybody) -> APIRouter:
    """Mounts the pages at `/city` and below. `now` (milliseconds since 1970) dates the report."""
    pages = APIRouter(include_in_schema=False)
    looking = Depends(viewer)

    @pages.get("/city")
    async def city(request: Request, who: Viewer = looking, period: str = "") -> Response:
        around = frame(request, who)
        return as_page(overview(await read(api, who, around.lang), around, period), request)

    @pages.get("/city/report")
    async def report(request: Request, who: Viewer = looking, period: str = "") -> Response:
        around = frame(request, who)
        occasion = request.query_params.get("for", OCCASIONS[0])
        given = await read(api, who, around.lang)
        return as_page(reported(given, around, period, occasion, moment(now())[:10]), request)

    @pages.get("/city/{metric}.csv")
    async def download(metric: str, request: Request, who: Viewer = looking) -> Response:
        around = frame(request, who)
        found = (await _metrics(api, who, around.lang, _known(metric))).get(metric)
        if found is None:
            raise HTTPException(403)
        on = max((table.on for table in found.tables), default="")
        name = "-".join(part for part in (metric, on) if part)
        headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}.csv"'}
        return Response(as_csv(found), media_type="text/csv; charset=utf-8; header=present", headers=headers)

    @pages.get("/city/{metric}")
    async def whole(metric: str, request: Request, who: Viewer = looking) -> Response:
        around = frame(request, who)
        given = await read(api, who, around.lang, _known(metric))
        seen = metric in given.metrics or (metric == NEWCOMERS and given.newcomers is not None)
        return as_page(detail(given, around, metric), request, 200 if seen else 403)

    return pages


def overview(city: City, around: Frame, period: str = "") -> str:
    """The page of the city; `period` is a school year, the newest one when there is no such."""
    return draw("city", around, Words(around.lang), **_context(city, period), top=TOP, flows=FLOWS, orgs=ORGS)


def detail(city: City, around: Frame, metric: str) -> str:
    """The page of one metric."""
    words = Words(around.lang)
    found, described = city.metrics.get(metric), METRICS[metric]
    kinds = [kind for kind in KINDS.values() if kind.code in SOURCES[metric].split()]
    named = {
        "id": metric,
        "m": found,
        "called": described["nl" if around.lang == "nl" else "en"],
        "about": described["about_nl" if around.lang == "nl" else "about_en"],
        "kinds": kinds,
        "behind_rows": city.behind(*CLOCKS.get(metric, "").split()) if metric in CLOCKS else None,
        "with_newcomers": metric == NEWCOMERS and city.newcomers is not None,
    }
    return draw("city_metric", around, words, **_context(city, ""), **named)


def reported(city: City, around: Frame, period: str, occasion: str, on: str) -> str:
    """The report of a school year, made on a day (ISO)."""
    chosen = occasion if occasion in OCCASIONS else OCCASIONS[0]
    kinds = {
        id: [kind for kind in KINDS.values() if kind.code in codes.split()] for id, codes in SOURCES.items()
    }
    return draw(
        "city_report",
        around,
        Words(around.lang),
        **_context(city, period),
        occasion=chosen,
        occasions=OCCASIONS,
        kinds=kinds,
        on=on,
    )


async def read(api: Api, viewer: Viewer, lang: str, metric: str = "") -> City:
    """All that a page shows; of the census `metric` alone, when it is given. Raises HTTPException 503 when the API
    cannot answer."""
    newcomers, signals, found = await asyncio.gather(
        _asked(api, viewer, "/v1/newcomers"),
        _asked(api, viewer, "/v1/signals"),
        _metrics(api, viewer, lang, metric),
    )
    # Who is no procesregisseur gets signals about persons here: they are not for pages.
    organisations = signals.body.get("organisations") if signals else None
    return City(
        found,
        newcomers.body if newcomers else None,
        None if organisations is None else late(organisations),
    )


async def _metrics(api: Api, viewer: Viewer, lang: str, only: str = "") -> dict[str, Metric]:
    found = await _asked(api, viewer, "/v1/census", {"metric": only} if only else None)
    return {one["metric"]: metric(one, lang) for one in found.body["metrics"]} if found else {}


async def _asked(
    api: Api, viewer: Viewer, route: str, query: Mapping[str, str] | None = None
) -> Reply | None:
    """None for what is not for this viewer."""
    if not viewer.may("GET", route):
        return None
    reply = await api(viewer, "GET", route, query)
    if reply.well:
        return reply
    if reply.status in (403, 404):
        return None
    raise HTTPException(503)


def _known(metric: str) -> str:
    if metric not in METRICS:
        raise HTTPException(404)
    return metric


def _context(city: City, period: str) -> dict[str, Any]:
    years = city.years()
    chosen = period if period in years else (years[0] if years else "")
    axes = {sector: city.newcomers and axis(city.newcomers, sector) for sector in SECTORS}
    return {
        "city": city,
        "years": years,
        "year": chosen,
        "axes": axes,
        "moves": _moves(city, chosen),
        "handovers": city.behind(*HANDOVERS),
        "clocks": city.behind(*TLV_OPDC),
        "everyone": city.behind(*RULES),
        "bar": bar,
        "signs": SIGNS,
    }


def _moves(city: City, period: str) -> tuple[Table, Any] | None:
    found = city.metrics.get("M1")
    tables = [table for table in found.tables if table.period == period] if found else []
    return (tables[0], sankey(tables[0])) if tables else None
