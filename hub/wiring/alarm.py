"""The alarm, as the settings ask for it."""

from __future__ import annotations

import asyncio
import shutil
import ssl
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hub import private
from hub.core.event import moment
from hub.core.known import Known
from hub.settings import Settings, SettingsError, on_loopback
from hub.telemetry import service
from hub.wiring import clock as clocks
from hub.wiring import rules as rulebook
from hub.wiring import secrets
from hub.wiring.parts import serving
from hub.wiring.shared import enter, kafka_answers

PORTS = {"smtp": 587, "smtps": 465}
STATE = "alerts.json"


def alerts(settings: Settings) -> int:
    """Watches and tells until SIGTERM. Raises SettingsError when there is nobody to tell, or no way to."""
    from hub.alerts.letter import compose
    from hub.alerts.looking import Looker
    from hub.alerts.watcher import Watcher

    if not settings.alarmed:
        raise SettingsError("HUB_ALERT_SMTP: set it, or HUB_ALERT_WEBHOOK: the alarm has nobody to tell")
    ways = channels(settings)
    rulebook.load(settings)
    clocks.clock(settings)
    enter("alerts", settings)

    async def work(stopping: asyncio.Event) -> None:
        known = Known()
        look = Looker(_world(settings), clocks.wall)
        letter = partial(_letter, compose, known, settings.url)
        state = private.folder(settings.data) / STATE
        watcher = Watcher(look, ways, letter, state, settings.alert_after, clocks.wall)
        async with serving("alerts", settings, watcher.ready, watcher.healthy, known):
            await watcher.run(stopping)

    return service.run(work)


def check(settings: Settings) -> None:
    """Raises SettingsError for an alarm that could not say anything."""
    if settings.alarmed:
        channels(settings)


def channels(settings: Settings) -> list[Any]:
    """Mail, webhook or both. Raises SettingsError."""
    from hub.alerts.channels import Mail, Webhook

    secrets.check_certificates(settings)
    trust = ssl.create_default_context()
    if settings.sink_ca is not None:
        trust.load_verify_locations(settings.sink_ca)
    ways: list[Any] = []
    if settings.alert_smtp is not None:
        if not settings.alert_to:
            raise SettingsError("HUB_ALERT_TO: set it together with HUB_ALERT_SMTP")
        ways.append(Mail(_post(settings), settings.alert_from, settings.alert_to, trust))
    if settings.alert_webhook is not None:
        ways.append(Webhook(settings.alert_webhook, _signer(settings), trust))
    return ways


def _post(settings: Settings) -> Any:
    from hub.alerts.channels import Post

    given = urlsplit(settings.alert_smtp or "")
    host, tls = given.hostname or "", given.scheme == "smtps"
    user, password = settings.alert_user, ""
    if user:
        password = _secret("HUB_ALERT_PASSWORD_FILE", settings.alert_password_file, "HUB_ALERT_USER")
    return Post(host, given.port or PORTS[given.scheme], tls, tls or not on_loopback(host), user, password)


def _signer(settings: Settings) -> Any:
    from hub.courier.signing import BadSecret, signatures

    secret = _secret("HUB_ALERT_SECRET_FILE", settings.alert_secret_file, "HUB_ALERT_WEBHOOK")
    try:
        signatures([secret], "", 0, b"")
    except BadSecret as error:
        said = str(error).replace("the subscription", "the file").replace("subscription", "file")
        raise SettingsError(f"HUB_ALERT_SECRET_FILE: {said}") from None
    return partial(signatures, [secret])


def _secret(name: str, path: Path | None, together: str) -> str:
    if path is None:
        raise SettingsError(f"{name}: set it together with {together}")
    try:
        found = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is no text"
        raise SettingsError(f"{name}: {path}: {reason}") from None
    if not found:
        raise SettingsError(f"{name}: {path} is empty")
    return found


def _world(settings: Settings) -> Any:
    from hub.alerts.looking import World
    from hub.core import watch
    from hub.core.purposes import flow_of
    from hub.core.silence import silent
    from hub.monitor.shown import banded
    from hub.readmodel.schema import open_engine
    from hub.readmodel.watching import Watching

    rules, today = rulebook.load(settings), clocks.clock(settings)
    bounds = watch.Bounds(int(settings.alert_backlog * 1000), settings.alert_refusals)
    watching = Watching(open_engine(settings.reader_url))

    def silence(days: Any) -> int:
        return silent(days, moment(today())[:10], rules.calendar)

    def rough(count: int) -> str:
        shown = banded(count)
        return str(shown.low) if shown.exact else f"{shown.low}-{shown.high}"

    lens = watch.Lens(flow_of, silence, rough)

    async def kafka() -> bool:
        return not await kafka_answers(settings, "alerts")

    def disk() -> tuple[int, int]:
        found = shutil.disk_usage(settings.data)
        return found.free, found.total

    def judge(books: watch.Books, now: int) -> Any:
        return watch.of_books(books, bounds, lens, now)

    return World(lambda: _parts(settings), kafka, disk, watching.books, judge)


async def _parts(settings: Settings) -> Mapping[str, Any]:
    """How every process is that `hub up` runs with these settings, this one left out."""
    from hub.core.watch import Answer
    from hub.local import probe
    from hub.local.children import ALARM, crew, port_of

    async def ask(name: str) -> Answer:
        status, _ = await probe.get(probe.reachable(settings.host), port_of(name, settings), "/readyz", 5.0)
        return Answer(status > 0, status == 200)

    names = [own.name(part) for part, own in crew(settings) if part != ALARM]
    return dict(zip(names, await asyncio.gather(*map(ask, names)), strict=True))


def _letter(compose: Any, known: Known, url: str, alerts: Any, now: int) -> Any:
    """In the names of the directory as it is known now; without Kafka ids must do."""
    from hub.alerts.letter import Names
    from hub.monitor.words import FLOWS
    from hub.wiring.pages import partner_name

    directory = known.directory
    names = Names(
        partial(partner_name, directory),
        directory.org_name,
        lambda flow: FLOWS.get(flow, (flow, flow)),
    )
    return compose(alerts, names, url, now)
