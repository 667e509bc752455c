"""What the alarm saw and said, in a file: after a restart it does not repeat itself."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hub import private
from hub.core.alerts import Sayings, Standings
from hub.telemetry import log


class Memory(msgspec.Struct):
    """`said` is by channel: what one could not send, another may have sent."""

    standing: Standings = {}
    said: dict[str, Sayings] = {}


def load(path: Path) -> Memory:
    """Empty when there is no file, or none that can be read: better to say something twice than to be silent."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Memory)
    except FileNotFoundError:
        pass
    except (OSError, msgspec.DecodeError) as error:
        log.event("alerts.forgotten", "warning", error=type(error).__name__)
    return Memory()


def save(path: Path, memory: Memory) -> None:
    """On a full disk the alarm goes on with what it has in mind."""
    try:
        private.write(path, msgspec.json.encode(memory).decode())
    except OSError as error:
        log.event("alerts.unsaved", "warning", error=type(error).__name__)
