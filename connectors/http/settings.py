"""Settings of a publisher, read once from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Settings(NamedTuple):
    """`patience` is how many seconds to go on trying while the hub cannot be reached or says it is busy."""

    url: str
    token: str
    source: str
    patience: float = 300.0


def read(environ: Mapping[str, str]) -> Settings:
    """Raises ValueError, naming every variable that is missing or wrong."""
    names = {"url": "ONDERWIJSHUB_URL", "token": "ONDERWIJSHUB_TOKEN", "source": "ONDERWIJSHUB_SOURCE"}
    missing = [variable for variable in names.values() if not environ.get(variable)]
    if missing:
        raise ValueError(f"set {', '.join(missing)}")
    given = {field: environ[variable] for field, variable in names.items()}
    return Settings(**given, patience=_seconds(environ.get("ONDERWIJSHUB_PATIENCE", "300")))


def _seconds(given: str) -> float:
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise ValueError("ONDERWIJSHUB_PATIENCE must be a number of seconds")
    return seconds
