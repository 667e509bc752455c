"""A walk over every door of a running hub with one token, and the judgement of what came back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import httpx
import orjson

from hub.core.catalogue import KINDS, about_persons
from hub.local.children import PARTS, port_of
from hub.settings import Settings

PAGES = (
    "/",
    "/?lang=en",
    "/monitor/live",
    "/monitor/live?lang=en",
    "/monitor/figures",
    "/catalogue",
    "/metrics",
)
DOCUMENTS = ("/healthz", "/readyz", "/asyncapi.json", "/schemas/catalogue.json", "/docs", "/openapi.json")
PERSON_TYPES = sorted(kind.type for kind in KINDS.values() if about_persons(kind.type))
GREEDY = {"filters": [{"not": {"exact": {"type": "nothing"}}}]}
"""A subscription with a filter that always holds."""

EXACT_SMALL = re.compile(r"[1-4]")


class Said(NamedTuple):
    """One answer: what was asked, and all that came back."""

    asked: str
    status: int
    text: str


class Walker:
    """Asks everything that the OpenAPI document, the pages and the parts offer. `fill` gives, per name of a path or
    query parameter, everything worth trying; under `source+id` the events whose journey to ask for."""

    def __init__(self, settings: Settings, port: int, token: str, fill: Mapping[str, Sequence[str]]) -> None:
        self._settings = settings
        self._base = f"http://127.0.0.1:{port}"
        self._headers = {"Authorization": f"Bearer {token}", "Purpose": "WPO-OKR"}
        self._fill = fill

    async def walk(self) -> list[Said]:
        async with httpx.AsyncClient(base_url=self._base, headers=self._headers, timeout=30) as client:
            own = [one["id"] for one in (await client.get("/v1/subscriptions")).json()]
            self._fill = {**self._fill, "id": [*self._fill["id"], *own]}
            said = [await self._ask(client, "GET", path) for path in (*PAGES, *DOCUMENTS)]
            for verb, path in self._asks((await client.get("/v1/openapi.json")).json()):
                said.append(await self._ask(client, verb, path))
            parts = [(part, path) for part in PARTS for path in ("metrics", "readyz")]
            return said + [await self._part(client, part, path) for part, path in parts]

    def _asks(self, document: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Every operation at every address; what takes something away comes last."""
        asks = [
            (verb.upper(), address)
            for path, verbs in document["paths"].items()
            for verb, operation in verbs.items()
            for address in self._every(path, operation)
        ]
        return sorted(asks, key=lambda ask: ask[0] == "DELETE")

    async def _ask(self, client: httpx.AsyncClient, verb: str, path: str) -> Said:
        body = {"POST": GREEDY, "PUT": GREEDY | {"types": PERSON_TYPES}}.get(verb)
        answer = await client.request(verb, path, json=body)
        return Said(f"{verb} {path}", answer.status_code, f"{answer.headers}\n{answer.text}")

    def _every(self, path: str, operation: Mapping[str, Any]) -> list[str]:
        """Every address this operation can be asked at."""
        if path == "/v1/journeys":
            return [f"{path}?{pair}" for pair in self._fill["source+id"]]
        addresses = [path]
        for parameter in operation.get("parameters", ()):
            name, where = parameter["name"], parameter["in"]
            values = self._fill.get(name, ())
            if where == "path":
                addresses = [a.replace(f"{{{name}}}", value) for a in addresses for value in values]
            elif where == "query" and values:
                more = [f"{a}{'&' if '?' in a else '?'}{name}={value}" for a in addresses for value in values]
                addresses = more if parameter.get("required") else addresses + more
        return addresses

    async def _part(self, client: httpx.AsyncClient, part: str, path: str) -> Said:
        return await self._ask(client, "GET", f"http://127.0.0.1:{port_of(part, self._settings)}/{path}")


def person_types(feed: Mapping[str, Any]) -> list[str]:
    """Types of events about persons in one page of a feed."""
    return [one["event"]["type"] for one in feed["events"] if about_persons(one["event"]["type"])]


def small_figures(figures: Mapping[str, Any]) -> list[str]:
    """Where the figures of the flows hold an exact number of 1 to 4 that may be of persons."""
    return [place for place, value in _leaves(figures, "") if not _harmless(place, figures) and _small(value)]


def small_cells(metric: Mapping[str, Any]) -> list[str]:
    """Cells of a published metric that are 1 to 4 exactly."""
    return [
        f"{metric.get('metric')} {cell['of']}" for cell in metric.get("cells", ()) if _small(cell["value"])
    ]


def small_words(html: str) -> list[str]:
    """Rows of the page's tables with an exact 1 to 4 in a cell, but for numbers of groups and of kinds of groups."""
    found = []
    for table in re.findall(r"<table.*?</table>", html, re.S):
        for row in re.findall(r"<tr>.*?</tr>", table, re.S):
            cells = [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.S)]
            if any(EXACT_SMALL.fullmatch(cell) for cell in cells) and not _of_groups(row):
                found.append(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)))
    return found


_OPEN_KINDS = {word for k in KINDS.values() if not about_persons(k.type) for word in (k.nl, k.en)}
_STATUSES = {"Aangekondigd", "Aangekomen", "Geannuleerd", "Announced", "Arrived", "Cancelled"}


def _of_groups(row: str) -> bool:
    heads = re.findall(r'<th scope="row">([^<]*)', row)
    return any(head.strip() in _OPEN_KINDS | _STATUSES for head in heads)


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, given in value.items():
            yield from _leaves(given, f"{place}/{name}")
    elif isinstance(value, list):
        for number, given in enumerate(value):
            yield from _leaves(given, f"{place}/{number}")
    else:
        yield place, value


def _harmless(place: str, figures: Mapping[str, Any]) -> bool:
    """Times, ages, places, groups, and events about nobody."""
    if re.fullmatch(r"/(at|free_places|shortfalls|hours/\d+|deliveries/\d+/age|arrivals/\d+/groups)", place):
        return True
    event = re.match(r"/events/(\d+)/", place)
    return event is not None and figures["events"][int(event.group(1))]["kind"]["nl"] in _OPEN_KINDS


def _small(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 5


def read(said: Said) -> Any:
    """The JSON of an answer; None when it is none."""
    try:
        return orjson.loads(said.text.partition("\n")[2])
    except orjson.JSONDecodeError:
        return None
