"""One log line = one JSON object: `ts level part event` and the fields of that event.

Lines never hold payload, a learner id or a name. Lines of libraries are not ours to word, so they are
cleaned: access logs are off (a URL may hold a learner id), UUIDs are masked, and of an exception only its
type and the places in the code are shown, unless its message is known to be about machinery.
"""

from __future__ import annotations

import logging
import re
import sys
import time
import traceback
from datetime import UTC, datetime
from typing import IO, Any

import orjson

LOGGER = "hub"
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_ACCESS_LOGS = ("uvicorn.access", "aiohttp.access", "hypercorn.access")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_OPENLY_WORDED = ("hub.", "aiokafka.", "kafka.", "asyncio.")
_REPEAT_SECONDS = 10.0


def configure(part: str, level: str = "info", form: str = "json", stream: IO[str] | None = None) -> None:
    """Sends all logging of this process to `stream` (default stderr), one line each; `part` names the
    process.

    `level` governs the hub's own lines; libraries are heard from WARNING up. Calling it again replaces the
    first.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines(part) if form == "json" else TextLines(part))
    handler.addFilter(NoRepeats())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(LOGGER).setLevel(_LEVELS[level])
    for name in _ACCESS_LOGS:
        logging.getLogger(name).disabled = True


def event(name: str, /, level: str = "info", *, error: object = None, **fields: object) -> None:
    """Logs that `name` happened, such as `delivery.attempted`, in one line with every field worth asking for
    later.

    Give ids of events, subscriptions and partners; never payload, a learner id, a name or a URL with a path.
    An exception given as `error` is shown as `describe` shows it, with the places in the code it came
    through.
    """
    logger = logging.getLogger(LOGGER)
    number = _LEVELS[level]
    if not logger.isEnabledFor(number):
        return
    trace = (type(error), error, error.__traceback__) if isinstance(error, BaseException) else None
    if error is not None and trace is None:
        fields["error"] = error
    logger.log(number, name, exc_info=trace, extra={"fields": fields})


def describe(error: BaseException) -> str:
    """Type of an exception, and its message only where that cannot quote data (ours, Kafka's, the OS's)."""
    kind = type(error)
    if isinstance(error, OSError) or kind.__module__.startswith(_OPENLY_WORDED):
        # Kafka's errors name their class themselves.
        text = str(error).removeprefix(f"{kind.__name__}: ")
        return mask(f"{kind.__name__}: {text}") if text else kind.__name__
    return kind.__name__


def mask(text: str) -> str:
    """`text` with every UUID, which may be a learner's, replaced."""
    return _UUID.sub("<uuid>", text)


class NoRepeats(logging.Filter):
    """Lets a library's line through once per 10 s: a client without its broker complains several times a
    second.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == LOGGER:
            return True
        key = (record.name, str(record.msg)[:80])
        now = time.monotonic()
        if now - self._seen.get(key, -_REPEAT_SECONDS) < _REPEAT_SECONDS:
            return False
        if len(self._seen) > 1000:
            self._seen.clear()
        self._seen[key] = now
        return True


class JsonLines(logging.Formatter):
    def __init__(self, part: str) -> None:
        super().__init__()
        self.part = part

    def format(self, record: logging.LogRecord) -> str:
        line = {"ts": _timestamp(record.created), "level": record.levelname.lower(), "part": self.part}
        return orjson.dumps(line | _content(record), default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class TextLines(logging.Formatter):
    def __init__(self, part: str) -> None:
        super().__init__()
        self.part = part

    def format(self, record: logging.LogRecord) -> str:
        content = _content(record)
        name = content.pop("event")
        fields = " ".join(f"{key}={value}" for key, value in content.items())
        clock = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        return f"{clock} {record.levelname.lower():7} {self.part}: {name} {fields}".rstrip()


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _content(record: logging.LogRecord) -> dict[str, Any]:
    if record.name == LOGGER:
        content = {"event": record.getMessage(), **getattr(record, "fields", {})}
    else:
        content = {"event": "library", "logger": record.name, "message": mask(record.getMessage())[:500]}
    if record.exc_info and record.exc_info[1] is not None:
        content |= _failure(record.exc_info[1])
    return content


def _failure(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)
    return {"error": describe(error), "trace": [f"{f.filename}:{f.lineno} {f.name}" for f in frames]}
