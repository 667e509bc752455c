"""The pages on which the administrator of a partner sees, makes and runs the subscriptions of that partner. All that
they show and do goes through the hub's own API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import orjson
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from hub.core.catalogue import KINDS
from hub.monitor import subscription_draft as drafts
from hub.monitor.frame import Frame, draw, frame
from hub.monitor.frame import page as as_page
from hub.monitor.site import HEADERS
from hub.monitor.subscription_draft import Group, Option, Wrong
from hub.monitor.subscription_told import FAULTS, STATES, outcome, stand
from hub.monitor.subscriptions_words import Words
from hub.monitor.viewer import Api, Change, GetChange, GetViewer, Reply, Viewer

Json = dict[str, Any]

LIST = "/subscriptions"
API = "/v1/subscriptions"
DAYS = 7
"""Of the log on which a draft is tried."""

BOOKED = 1000
"""Newest messages of which a page says what became of them."""

NAMES = {kind.type: (kind.nl, kind.en) for kind in KINDS.values()}

BECAME = ("delivered", "pulled", "handled", "waiting", "dead", "withdrawn", "withheld", "expired")


class Look(NamedTuple):
    """What a draft would bring: samples by kind, and what a trial on the log gave, None when it could not be tried."""

    kinds: Sequence[Json]
    trial: Json | None


class Form(NamedTuple):
    """The form as it is shown: what was filled in, what may be chosen, and what is wrong by field."""

    fields: Mapping[str, str]
    groups: Sequence[Group]
    bases: Sequence[str]
    wrongs: Mapping[str, Sequence[Wrong]] = {}
    look: Look | None = None


def router(api: Api, viewer: GetViewer, change: GetChange) -> APIRouter:
    """Mounts the pages below `/subscriptions`."""
    pages = APIRouter(include_in_schema=False)
    looking, changing = Depends(viewer), Depends(change)

    def shown(
        request: Request, who: Viewer, name: str, at: str = "", status: int = 200, **more: Any
    ) -> Response:
        # The language is changed by asking for a page again; one that answers a form lies at no address.
        around = frame(request, who)
        around = around._replace(path=at, query=()) if at else around
        return as_page(render(name, around, **more), request, status)

    def failed(request: Request, who: Viewer, reply: Reply) -> Response:
        code = (reply.body or {}).get("code", "")
        word = "gone" if reply.status == 404 else "busy" if reply.status in (429, 503) else "not_done"
        word = code if code in ("rotating", "too-many-subscriptions") else word
        return shown(request, who, "subscription_not", LIST, reply.status, word=word)

    async def one(who: Viewer, id: str) -> Reply:
        return await api(who, "GET", _api(id))

    @pages.get(LIST)
    async def everything(request: Request, who: Viewer = looking) -> Response:
        reply = await api(who, "GET", API)
        if not reply.well:
            return failed(request, who, reply)
        return shown(request, who, "subscriptions", given=reply.body, stand=stand)

    @pages.get(f"{LIST}/new")
    async def new(request: Request, who: Viewer = looking) -> Response:
        form = await _offered(api, who)
        return shown(request, who, "subscription_form", form=form, before=None)

    @pages.post(f"{LIST}/new")
    async def make(request: Request, sent: Change = changing) -> Response:
        who, form = sent.viewer, await _offered(api, sent.viewer, sent.fields)
        asked = drafts.body(sent.fields, _options(form))
        form = await _judged(api, who, form, asked)
        if form.wrongs or "make" not in sent.fields:
            return shown(
                request, who, "subscription_form", status=400 if form.wrongs else 200, form=form, before=None
            )
        return done(request, who, await api(who, "POST", API, body=asked))

    @pages.get(f"{LIST}/{{id}}")
    async def single(request: Request, id: str, who: Viewer = looking) -> Response:
        query = request.query_params
        reply, books, journey = await asyncio.gather(
            one(who, id), _books(api, who, id), _journey(api, who, query.get("source"), query.get("test"))
        )
        if not reply.well:
            return failed(request, who, reply)
        given = reply.body
        tested = None if journey is None else outcome(journey, id, "sink" not in given)
        more = {"books": books, "tested": tested, "stand": stand(given), "became": BECAME}
        return shown(request, who, "subscription", given=given, **more)

    @pages.get(f"{LIST}/{{id}}/change")
    async def edit(request: Request, id: str, who: Viewer = looking) -> Response:
        reply, form = await one(who, id), await _offered(api, who)
        if not reply.well:
            return failed(request, who, reply)
        form = form._replace(fields=drafts.filled(reply.body, _options(form)))
        return shown(request, who, "subscription_form", form=form, before=reply.body)

    @pages.post(f"{LIST}/{{id}}/change")
    async def save(request: Request, id: str, sent: Change = changing) -> Response:
        who, reply = sent.viewer, await one(sent.viewer, id)
        if not reply.well:
            return failed(request, who, reply)
        form = await _offered(api, who, sent.fields)
        asked = drafts.body(sent.fields, _options(form), reply.body)
        form = await _judged(api, who, form, asked)
        if not form.wrongs and "make" in sent.fields:
            written = await api(who, "PUT", _api(id), body=asked)
            if written.status != 400:
                return done(request, who, written)
            form = form._replace(
                wrongs=drafts.wrongs(written.body["errors"], asked, _options(form)), look=None
            )
        status = 400 if form.wrongs else 200
        return shown(request, who, "subscription_form", status=status, form=form, before=reply.body)

    def done(request: Request, who: Viewer, reply: Reply) -> Response:
        """A secret is shown in the answer itself: it stands in no address, and no page can show it again."""
        if not reply.well:
            return failed(request, who, reply)
        own = f"{LIST}/{reply.body['id']}"
        if "secret" in reply.body and reply.body.get("sink"):
            return shown(request, who, "subscription_secret", own, given=reply.body)
        return _to(own)

    def act(name: str) -> None:
        @pages.post(f"{LIST}/{{id}}/{name}")
        async def acted(request: Request, id: str, sent: Change = changing) -> Response:
            reply = await api(sent.viewer, "POST", f"{_api(id)}/_{name}")
            return _to(_page(id)) if reply.well else failed(request, sent.viewer, reply)

    for name in ("pause", "resume"):
        act(name)

    @pages.post(f"{LIST}/{{id}}/test")
    async def test(request: Request, id: str, sent: Change = changing) -> Response:
        reply = await api(sent.viewer, "POST", f"{_api(id)}/_test")
        if not reply.well:
            return failed(request, sent.viewer, reply)
        return _to(f"{_page(id)}?{urlencode({'test': reply.body['id'], 'source': reply.body['source']})}")

    @pages.post(f"{LIST}/{{id}}/rotate")
    async def rotate(request: Request, id: str, sent: Change = changing) -> Response:
        given = sent.fields.get("overlap", "24")
        overlap = int(given) if given.isascii() and given.isdecimal() else -1
        reply = await api(sent.viewer, "POST", f"{_api(id)}/_rotate", body={"overlap": overlap})
        if not reply.well:
            return failed(request, sent.viewer, reply)
        return shown(request, sent.viewer, "subscription_secret", _page(id), given=reply.body)

    @pages.get(f"{LIST}/{{id}}/delete")
    async def leaving(request: Request, id: str, who: Viewer = looking) -> Response:
        reply = await one(who, id)
        if not reply.well:
            return failed(request, who, reply)
        return shown(request, who, "subscription_delete", given=reply.body)

    @pages.post(f"{LIST}/{{id}}/delete")
    async def delete(request: Request, id: str, sent: Change = changing) -> Response:
        reply = await api(sent.viewer, "DELETE", _api(id))
        return _to(LIST) if reply.well else failed(request, sent.viewer, reply)

    return pages


def render(name: str, around: Frame, **more: Any) -> str:
    """A whole page, named as its template."""
    words = Words(around.lang)
    helps = {"names": NAMES, "states": STATES, "data": _data, "raw": _raw, "inbox": _inbox}
    return draw(name, around, words, **helps, **more)


async def _offered(api: Api, who: Viewer, fields: Mapping[str, str] | None = None) -> Form:
    """The form with what this partner may choose."""
    reply = await api(who, "POST", f"{API}/_preview", body={})
    known = reply.body if reply.well else {"kinds": [], "bases": []}
    return Form(drafts.blank() if fields is None else fields, drafts.groups(known["kinds"]), known["bases"])


async def _judged(api: Api, who: Viewer, form: Form, asked: Json) -> Form:
    """The form with what the API says of a draft: what is wrong with it, or what it would bring."""
    options = _options(form)
    wrongs: dict[str, list[Wrong]] = {}
    if not drafts.chosen(form.fields, options):
        wrongs["kinds"] = [Wrong(FAULTS["kinds_none"])]
    # Headers of a sink that stands are hidden, and kept by the PUT of its own subscription alone.
    draft = {name: value for name, value in asked.items() if name != "protocolsettings"}
    reply = await api(who, "POST", f"{API}/_preview", body=draft)
    if not reply.well:
        errors = reply.body["errors"] or [{"pointer": "", "code": "form", "detail": reply.body["detail"]}]
        wrongs |= drafts.wrongs(errors, asked, options)
    if wrongs:
        return form._replace(wrongs=wrongs)
    tried = {"types": asked["types"], "days": DAYS, "filters": asked.get("filters", [])}
    source = {"source": asked["source"]} if "source" in asked else {}
    # The log of all that a partner was told is that of its inbox.
    trial = await api(who, "POST", f"{_api(f'inbox-{who.partner}')}/_dry-run", body=tried | source)
    kinds = [one for one in reply.body["kinds"] if any(s.get("why") != "filtered" for s in one["samples"])]
    return form._replace(look=Look(kinds, trial.body if trial.well else None))


async def _journey(api: Api, who: Viewer, source: str | None, id: str | None) -> Json | None:
    """Of a test message: empty as long as the books know nothing of it. None when none was asked for."""
    if source is None or id is None:
        return None
    reply = await api(who, "GET", "/v1/journeys", {"source": source, "id": id})
    return reply.body if reply.well else {}


async def _books(api: Api, who: Viewer, id: str) -> Json | None:
    """Where the feed of a subscription is, and what became of its newest messages."""
    report = await api(who, "GET", f"{_api(id)}/report", {"newest": str(BOOKED)})
    if not report.well:
        return None
    counts = {name: one["count"] for name, one in report.body["states"].items() if one["count"]}
    return {**report.body, "states": counts}


def _options(form: Form) -> list[Option]:
    return [option for group in form.groups for option in group.options]


def _inbox(given: Json) -> bool:
    return str(given["id"]).startswith("inbox-")


def _data(event: Mapping[str, Any]) -> dict[str, str]:
    """Fields of the data of an event, each value as a text."""
    return {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in event.get("data", {}).items()
    }


def _raw(event: Mapping[str, Any]) -> str:
    return orjson.dumps(event, option=orjson.OPT_INDENT_2).decode()


def _api(id: str) -> str:
    return f"{API}/{quote(id, safe='')}"


def _page(id: str) -> str:
    return f"{LIST}/{quote(id, safe='')}"


def _to(where: str) -> Response:
    return RedirectResponse(where, 303, headers={"Cache-Control": HEADERS["Cache-Control"]})
