"""The journey of one event, and how to find it. All of it is asked of the hub's own API with the rights of who looks,
so a page shows nothing that the API would not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from hub.core.catalogue import KINDS, about_persons
from hub.core.catalogue.base import Kind
from hub.core.catalogue.words import COLUMNS
from hub.core.dead_letters import cause
from hub.monitor.frame import Frame, draw, frame
from hub.monitor.frame import page as as_page
from hub.monitor.journeys_words import CAUSES, QUARANTINES, STEPS, VERDICTS, WORDS, reason
from hub.monitor.site import HEADERS
from hub.monitor.verdicts import ENDED, GOT, OPEN, Standing, Verdict
from hub.monitor.viewer import Api, GetViewer, Viewer
from hub.monitor.words import CITY, Language

FIELDS = ("id", "correlationId", "organisation", "subscription", "type", "from", "to")
"""What can be looked for, as the API calls it."""

PAGE = 50
_SHOWN = 4
"""So many names of partners stand in a row; the rest can be unfolded."""

_COLUMNS = {column.value: words for column, words in COLUMNS.items()}
_ZONE = ZoneInfo(CITY)


class Step(NamedTuple):
    """One moment of the timeline: `after` is milliseconds since the one before."""

    at: int
    after: int | None
    title: str
    partner: str
    lines: Sequence[str]
    light: str


class Words(Language):
    """The words of these pages."""

    def __init__(self, code: str, names: Mapping[str, str] | None = None) -> None:
        super().__init__(code, WORDS)
        self._names = names or {}

    def partner(self, id: str) -> str:
        return self._names.get(id) or ({"hub": ("de hub", "the hub")[self.place]}.get(id, id))

    def kind(self, type: str) -> str:
        found = KINDS.get(type)
        return f"{found.code} {found.en if self.place else found.nl}" if found else type

    def column(self, column: str) -> str:
        """What a column of the matrix stands for; "" for what is none."""
        return _COLUMNS[column][self.place] if column in _COLUMNS else ""

    def verdict(self, one: Verdict) -> str:
        return VERDICTS[one.code][self.place] if one.code in VERDICTS else one.code

    def because(self, one: Verdict) -> str:
        """What the journal or the receiver said of it; "" for nothing."""
        if one.code == "unused" and one.reason in STEPS:
            return STEPS[one.reason][self.place]
        return reason(one.reason, self.place) if one.reason else self.answer(one.status)

    def answer(self, status: str) -> str:
        """Of a receiver, what it was and what it means."""
        if not status:
            return ""
        if status.isdecimal() and status.startswith("2"):
            return f"{('antwoord', 'answer')[self.place]} {status}"
        meant = CAUSES[cause(status)][self.place]
        return f"{('antwoord', 'answer')[self.place]} {status}: {meant}" if status.isdecimal() else meant

    def stamp(self, ms: int) -> str:
        return datetime.fromtimestamp(ms / 1000, _ZONE).strftime("%d-%m-%Y %H:%M:%S")

    def delay(self, ms: int) -> str:
        """To the millisecond below a second; seconds below a minute."""
        if ms < 1000:
            return f"{ms} ms"
        if ms < 60_000:
            return f"{ms / 1000:.1f} s".replace(".", "," if not self.place else ".")
        return self.age(ms)


def router(api: Api, viewer: GetViewer) -> APIRouter:
    """Mounts the pages at `/journeys` and `/journeys/one`."""
    pages = APIRouter(include_in_schema=False)

    @pages.get("/journeys")
    async def search(request: Request, who: Viewer = Depends(viewer)) -> Response:  # noqa: B008
        asked = {name: request.query_params.get(name, "").strip() for name in (*FIELDS, "before")}
        given = {name: value for name, value in asked.items() if value}
        found, partners = await asyncio.gather(
            api(who, "GET", "/v1/journeys/_search", {**given, "limit": str(PAGE)}),
            api(who, "GET", "/v1/partners"),
        )
        if given.keys() == {"id"} and found.well and len(found.body["journeys"]) == 1:
            # Whoever has the number of a message looks for that message.
            (only,) = found.body["journeys"]
            return RedirectResponse(link(only), 303, dict(HEADERS))
        html = render_search(found.body if found.well else None, partners.body, asked, frame(request, who))
        return as_page(html, request, found.status)

    @pages.get("/journeys/one")
    async def one(request: Request, who: Viewer = Depends(viewer)) -> Response:  # noqa: B008
        asked = {name: request.query_params.get(name, "") for name in ("source", "id")}
        found, partners = await asyncio.gather(
            api(who, "GET", "/v1/journeys", asked), api(who, "GET", "/v1/partners")
        )
        around = frame(request, who)
        if not found.well:
            return as_page(draw("journey_missing", around, Words(around.lang)), request, found.status)
        about = request.query_params.get("partner", "")
        return as_page(render_one(found.body, partners.body, about, around), request)

    return pages


def render_search(
    found: Mapping[str, Any] | None,
    partners: Sequence[Mapping[str, Any]],
    asked: Mapping[str, str],
    around: Frame,
) -> str:
    """The form and what was found; None: the question was refused."""
    words = Words(around.lang, _names(partners))
    rows = [_row(one) for one in found["journeys"]] if found else []
    return draw(
        "journeys",
        around,
        words,
        asked=asked,
        refused=found is None,
        rows=rows,
        next=found["next"] if found else None,
        kinds=_kinds(around.viewer),
        partners=_sorted(partners),
        link=link,
    )


def render_one(
    journey: Mapping[str, Any], partners: Sequence[Mapping[str, Any]], about: str, around: Frame
) -> str:
    """`about` is the partner (id) of which it is asked why it did not get the event; "" for none."""
    words = Words(around.lang, _names(partners))
    kind = KINDS.get(journey["type"])
    standing = Standing(journey, kind, {one["id"]: one["roles"] for one in partners})
    own = around.viewer.partner
    whole = not own or journey["publisher"] == own
    return draw(
        "journey",
        around,
        words,
        journey=journey,
        kind=kind,
        steps=steps(journey["moments"], words),
        reached=standing.reached(),
        others=standing.others() if whole else [],
        whole=whole,
        about=about,
        verdicts=standing.of(about) if about and whole else [],
        partners=_sorted(partners),
        light=light,
        shown=_SHOWN,
        link=link,
    )


def link(journey: Mapping[str, Any]) -> str:
    """The page of one journey."""
    return f"/journeys/one?{urlencode({'source': journey['source'], 'id': journey['id']})}"


def light(code: str) -> tuple[str, str]:
    """Of a verdict: a class and a shape, for those who cannot tell its colour."""
    if code in GOT:
        return "well", "✓"
    if code in OPEN:
        return "late", "▲"
    return ("stuck", "■") if code in ENDED else ("none", "·")


def steps(moments: Sequence[Mapping[str, Any]], words: Words) -> list[Step]:
    """The moments of a journey in order of time, as people read them."""
    made: list[Step] = []
    for one in moments:
        at = round(datetime.fromisoformat(one["at"]).timestamp() * 1000)
        after = at - made[-1].at if made else None
        code = _code(one)
        title = STEPS[code][words.place] if code in STEPS else code
        light = "stuck" if code in _BAD else "late" if code in _POOR else "well" if code in _GOOD else "none"
        made.append(Step(at, after, title, one.get("partner", ""), list(_lines(one, words)), light))
    return made


_GOOD = ("accepted", "attempted_delivered", "pulled")
_POOR = (
    "attempted_retry",
    "attempted_stopped",
    "stale",
    "duplicate",
    "attempted_withdrawn",
    "attempted_withheld",
)
_BAD = ("refused", "quarantined", "conflict", "attempted_dead")


def _code(one: Mapping[str, Any]) -> str:
    match one["kind"]:
        case "attempted":
            return f"attempted_{one['outcome']}"
        case "repeat":
            return str(one["outcome"])
        case "routed" if one.get("again"):
            return "routed_again"
        case kind:
            return str(kind)


def _lines(one: Mapping[str, Any], words: Words) -> list[str]:
    nl = words.place == 0
    match one["kind"]:
        case "accepted":
            door = {"http": "HTTP", "kafka": "Kafka"}.get(one.get("via", ""), "")
            via = [f"{'via' if nl else 'by'} {door}"] if door else []
            warned = one.get("warnings", ())
            return via + ([f"{'let op' if nl else 'warnings'}: {', '.join(warned)}"] if warned else [])
        case "refused":
            return [f"{'fouten' if nl else 'faults'}: {', '.join(one.get('reasons', ()))}"]
        case "routed":
            return _decided(one, words)
        case "quarantined":
            given = one.get("reason", "")
            return [QUARANTINES[given][words.place] if given in QUARANTINES else given]
        case "attempted":
            return _attempt(one, words)
        case _:
            return []


def _decided(one: Mapping[str, Any], words: Words) -> list[str]:
    nl = words.place == 0
    told = [words.partner(each["partner"]) for each in one.get("told", ())]
    made = [
        f"{'voor' if nl else 'for'}: {', '.join(told)}" if told else ("voor niemand" if nl else "for nobody")
    ]
    withheld: dict[str, list[str]] = {}
    for each in one.get("withheld", ()):
        column = words.column(each["column"]) or ("iedereen" if nl else "everybody")
        withheld.setdefault(each["reason"], []).append(column)
    for why, columns in withheld.items():
        made.append(f"{'niet voor' if nl else 'not for'} {', '.join(columns)}: {reason(why, words.place)}")
    return made


def _attempt(one: Mapping[str, Any], words: Words) -> list[str]:
    nl = words.place == 0
    unsent = one["outcome"] in ("withheld", "withdrawn")
    status = str(one.get("status", ""))
    made = [reason(status, words.place) if one["outcome"] == "withheld" else words.answer(status)]
    if not unsent:
        tried = f"{'poging' if nl else 'attempt'} {one['attempt']}"
        made.append(f"{tried}, {'duurde' if nl else 'took'} {words.delay(one['took'])}")
    if one.get("said"):
        made.append(f"{words('said')}: {one['said']}")
    return [line for line in made if line]


class _Row(NamedTuple):
    journey: Mapping[str, Any]
    at: int
    light: tuple[str, str]
    word: str
    partners: list[str]


def _row(one: Mapping[str, Any]) -> _Row:
    """A row of what was found, with the worst of its deliveries."""
    at = round(datetime.fromisoformat(one["at"]).timestamp() * 1000)
    told = one["deliveries"]
    partners = list(dict.fromkeys(each["partner"] for each in told))
    if one["outcome"] == "refused":
        return _Row(one, at, ("stuck", "■"), "refused", partners)
    if not told:
        return _Row(one, at, ("none", "·"), "told_nobody", partners)
    left = [each["outcome"] for each in told if not each["arrived"]]
    if any(outcome in ENDED for outcome in left):
        return _Row(one, at, ("stuck", "■"), "came_not", partners)
    return _Row(one, at, *((("late", "▲"), "underway") if left else (("well", "✓"), "all_arrived")), partners)


def _names(partners: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {one["id"]: one["name"] for one in partners}


def _sorted(partners: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(partners, key=lambda one: str(one["name"]).lower())


def _kinds(viewer: Viewer) -> list[Kind]:
    """Those that this viewer may find."""
    return [
        kind for kind in KINDS.values() if viewer.role != "procesregisseur" or not about_persons(kind.type)
    ]
