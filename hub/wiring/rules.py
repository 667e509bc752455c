"""Thresholds and calendars as people write them: a YAML file laid over the defaults of `hub.core.rules.Rules`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import msgspec
import yaml

from hub.core.partners import Role
from hub.core.purposes import SWITCHED
from hub.core.rules import Rules
from hub.settings import Settings, SettingsError

_DAYS = ("year_start", "handover_by", "follow_up_by", "review_by", "count_day")
_PLACE = re.compile(r"(.*?)(?: - at `\$\.?(.*)`)?", re.S)
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")


def load(settings: Settings) -> Rules:
    """The rules of `HUB_RULES`, or the defaults; `hub_source` is HUB_SOURCE.

    Raises SettingsError, one line that names the first field that is unknown or wrong.
    """
    given = {} if settings.rules is None else _read(settings)
    try:
        rules = msgspec.convert(_merged(given, settings), Rules)
    except msgspec.ValidationError as error:
        raise _refusal(settings, *_place(str(error))) from None
    for field, problem in _faults(rules, settings):
        raise _refusal(settings, field, problem)
    return rules


class _Loader(yaml.SafeLoader):
    """Dates stay the text they were written as."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _read(settings: Settings) -> Mapping[str, Any]:
    assert settings.rules is not None
    try:
        content = yaml.load(settings.rules.read_text(encoding="utf-8"), _Loader)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"HUB_RULES: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise _refusal(settings, "", f"is not YAML: {' '.join(str(error).split())}") from None
    if content is not None and not isinstance(content, dict):
        raise _refusal(settings, "", "must be fields of Rules (hub/core/rules.py) with their values")
    return content or {}


def _merged(given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Of `calendar` the fields are laid over one by one; any other field is taken as a whole."""
    defaults: dict[str, Any] = msgspec.to_builtins(Rules(hub_source=settings.source))
    calendar = given.get("calendar")
    laid = {"calendar": defaults["calendar"] | calendar} if isinstance(calendar, dict) else {}
    return defaults | dict(given) | laid


def _place(message: str) -> tuple[str, str]:
    """Field and problem, of what msgspec says: `Expected `int`, got `str` - at `$.calendar.count_day``."""
    found = _PLACE.fullmatch(message)
    problem, where = (found.group(1), found.group(2) or "") if found else (message, "")
    if unknown := _UNKNOWN.fullmatch(problem):
        return ".".join(filter(None, (where, unknown.group(1)))), "there is no such field"
    return where, problem[0].lower() + problem[1:]


def _refusal(settings: Settings, field: str, problem: str) -> SettingsError:
    return SettingsError(f"HUB_RULES: {settings.rules}: {field + ': ' if field else ''}{problem}")


def _faults(rules: Rules, settings: Settings) -> Iterator[tuple[str, str]]:
    if rules.hub_source != settings.source:
        yield "hub_source", f"is not {settings.source}; leave it out, HUB_SOURCE sets it"
    for name, value in msgspec.structs.asdict(rules).items():
        if isinstance(value, int) and value < 1:
            yield name, "must be 1 or more"
    yield from _cells(rules)
    for rule, role in rules.supervisors.items():
        if role not in tuple(Role):
            yield f"supervisors.{rule}", f"{role} is no role; known: {', '.join(Role)}"
    for name in ("stay_months", "stay_limit_months"):
        for kind, months in getattr(rules, name).items():
            if months < 1:
                yield f"{name}.{kind}", "must be 1 or more"
    for flow in rules.flows:
        if flow not in SWITCHED:
            yield f"flows.{flow}", f"is no flow that can be switched off; known: {', '.join(SWITCHED)}"
    for role in sorted(rules.pairwise - set(Role)):
        yield "pairwise", f"{role} is no role; known: {', '.join(Role)}"
    yield from _calendar_faults(rules)


def _cells(rules: Rules) -> Iterator[tuple[str, str]]:
    """What is laxer than domain.md §3.7 is a mistake of the one who wrote it, not a choice."""
    if rules.small_cell < 5:
        yield "small_cell", "must be 5 or more (domain.md §3.7)"
    if rules.public_cell < max(10, rules.small_cell):
        yield "public_cell", "must be 10 or more, and not below small_cell (domain.md §3.7)"


def _calendar_faults(rules: Rules) -> Iterator[tuple[str, str]]:
    calendar = rules.calendar
    days = [(name, getattr(calendar, name)) for name in _DAYS]
    for name, day in [*days, *(("snapshots", day) for day in calendar.snapshots)]:
        # In a year that is no leap year, for the day must exist in every year.
        if not _is_date(f"2027-{day}"):
            yield f"calendar.{name}", f"{day} is no day of every year, such as 08-01"
    for first, last in calendar.holidays:
        if not (_is_date(first) and _is_date(last) and first <= last):
            yield (
                "calendar.holidays",
                f"{first}, {last} are no first and last day, such as 2026-10-10, 2026-10-18",
            )


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
