"""What an operator does with the journal: check it, hand out the key to check it with, and send it to a processing
log."""

from __future__ import annotations

import argparse
import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from hub.core.seals import Verdict
from hub.errors import OperatorError
from hub.logbook import export as exporting
from hub.logbook import keys, otlp
from hub.logbook import verify as checking
from hub.settings import Settings, SettingsError
from hub.wiring.shared import kept, start_log

FAULTS = {
    "changed": "the record at offset {offset} was changed",
    "inserted": "the record at offset {offset} was inserted",
    "removed": "the record that stood at offset {offset} was removed",
    "unsealed": "the record at offset {offset} is in no seal, though later ones are: a seal was removed",
    "seal": "the seal that begins at offset {offset} is not what the sealer wrote",
}


def seal_key(settings: Settings) -> bytes:
    """The private key (PEM) with which the journal is sealed; the same for all projectors."""
    return kept(_path(settings), keys.make)


def verify(settings: Settings, chosen: argparse.Namespace) -> int:
    """Exit code 1 when anything was touched, with a line for each partition either way."""
    genuine = keys.checker(_public(settings, chosen.key))
    now = time.time_ns() // 1_000_000
    verdicts = asyncio.run(checking.verify(settings.bootstrap, genuine))
    for one in verdicts:
        print(told(one, now))
    return 0 if all(checking.sound(one, now) for one in verdicts) else 1


def export(settings: Settings, chosen: argparse.Namespace) -> int:
    """Exit code 1 when the collector did not take all of it; what it took is not sent again."""
    start_log("journal-export", settings)
    order = exporting.Order(
        url=otlp.address(chosen.otlp),
        source=settings.source,
        token=_token(chosen.token_file),
        since=_moment(chosen.since),
        follow=chosen.follow,
    )
    done = asyncio.run(exporting.Export(settings.bootstrap, order).run())
    print(f"{done.records} records read, {done.spans} spans sent, {done.dropped} dropped by the collector")
    return 1 if done.dropped or done.unreadable else 0


def _token(path: Path | None) -> str:
    try:
        return path.read_text().strip() if path else ""
    except OSError as error:
        raise SettingsError(f"--token-file {path}: {error.strerror}") from None


def _moment(given: str | None) -> int | None:
    """Milliseconds since 1970 of a date or moment in ISO 8601; without a zone it is UTC."""
    if given is None:
        return None
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        raise SettingsError(
            f"--since {given}: give a date or moment, as 2026-11-22 or 2026-11-22T08:00:00Z"
        ) from None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


def key(settings: Settings, _: argparse.Namespace) -> int:
    """Prints the public key, for who checks the journal from elsewhere."""
    print(_public(settings, None).decode(), end="")
    return 0


def told(one: Verdict, now: int) -> str:
    """One line on a partition."""
    where = f"hub.journal/{one.partition}"
    if one.fault:
        return f"{where}  NOT SOUND  {FAULTS[one.fault.what].format(offset=one.fault.offset)}"
    if not checking.sound(one, now):
        return f"{where}  NOT SOUND  {one.waiting} records from offset {one.sealed} on without a seal for an hour"
    seal = f", last seal {one.hash}" if one.hash else ""
    return f"{where}  sound  offsets {one.start} to {one.sealed}, {one.waiting} not sealed yet{seal}"


def _public(settings: Settings, given: Path | None) -> bytes:
    path = given or _path(settings)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise OperatorError(
            f"{path}: {error.strerror}; name the public key of the journal with --key (`hub journal key` prints it)"
        ) from None
    return raw if given else keys.public(raw)


def _path(settings: Settings) -> Path:
    return settings.seal_key or settings.data / "journal.key"
