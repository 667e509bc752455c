"""What a replay came to, in numbers: for a program as a dictionary, for people as text. Never who."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from hub.core.offline import Offline
from hub.core.views import Group, Line, Offer
from hub.replay import Door

Told = dict[str, Any]
NAMED = 3
FOLDS, EVENTS = "hub_folds_total", "hub_events_total"


def of(hub: Offline, door: Door, seconds: float) -> Told:
    """Everything there is to say."""
    census = hub.census()
    return {
        "day": hub.day,
        "seconds": round(seconds, 3),
        "eventsPerSecond": round(door.read / seconds) if seconds else 0,
        "read": door.read,
        "admitted": door.admitted,
        "refused": dict(door.refused),
        "outcomes": _outcomes(hub),
        "quarantined": dict(hub.quarantined),
        "deliveries": hub.delivered.total(),
        "subscriptions": len(hub.delivered),
        **_views(hub),
        "signals": _signals(hub),
        "aggregates": msgspec.to_builtins(census.published),
        "nextSnapshot": hub.next_snapshot,
    }


def _outcomes(hub: Offline) -> dict[str, int]:
    """What became of admitted events; `told` are those that were new and had their say."""
    found: Counter[str] = Counter()
    for count, times in hub.counted.items():
        if count.name == FOLDS:
            found["told"] += times
        elif count.name == EVENTS:
            outcome = count.labels[2]
            found[outcome] += times
            if outcome not in ("duplicate", "conflict", "redelivered", "erased"):
                found["told"] -= times
    return dict(found)


def _views(hub: Offline) -> Told:
    lines, groups, offers, merged = Counter[str](), Counter[str](), 0, 0
    for _, view in hub.views():
        if isinstance(view, Line):
            merged += bool(view.merged_into)
            lines[view.status] += not view.merged_into
        elif isinstance(view, Group):
            groups[view.status] += 1
        offers += isinstance(view, Offer)
    return {"lines": dict(lines), "merged": merged, "groups": dict(groups), "offers": offers}


def _signals(hub: Offline) -> list[Told]:
    """Standing signals by rule, severity and who must act."""
    found = Counter((one.rule, one.severity, one.responsible) for _, one in hub.signals())
    directory = hub.policy.directory
    return [
        {"rule": rule, "severity": severity, "responsible": partner.name if partner else ref, "count": n}
        for (rule, severity, ref), n in sorted(found.items())
        for partner in [directory.of_org(ref)]
    ]


def text(told: Told, *, signals: bool = False, census: bool = False) -> Iterator[str]:
    yield f"until {told['day']}, {told['read']:,} events in {told['seconds']:.1f} s"
    yield _row("at the door", {"admitted": told["admitted"]} | _prefixed("refused: ", told["refused"]))
    yield _row("folded", told["outcomes"])
    if told["quarantined"]:
        yield _row("set aside", told["quarantined"])
    yield _row("delivered", {f"to {told['subscriptions']} subscriptions": told["deliveries"]})
    yield _row("lines", told["lines"] | ({"merged into another": told["merged"]} if told["merged"] else {}))
    yield _row("groups", told["groups"])
    yield _row("offers", {"known": told["offers"]})
    yield from _standing(told["signals"], signals)
    yield from _published(told, census)


def _row(name: str, numbers: Mapping[str, int]) -> str:
    return f"  {name:14}" + (", ".join(f"{what} {n:,}" for what, n in numbers.items() if n) or "none")


def _prefixed(prefix: str, numbers: Mapping[str, int]) -> dict[str, int]:
    return {f"{prefix}{name}": n for name, n in sorted(numbers.items())}


def _standing(given: list[Told], each: bool) -> Iterator[str]:
    """By rule; with `each` by who must act as well."""
    rules: dict[str, Counter[str]] = defaultdict(Counter)
    for one in given:
        rules[one["rule"]][one["severity"]] += one["count"]
    yield f"  {'signals':14}" + ("" if rules else "none stands")
    for rule, severities in sorted(rules.items()):
        yield _row(f"  {rule}", dict(sorted(severities.items())))
    for one in given if each else ():
        yield f"    {one['rule']} {one['severity']:7}{one['count']:7,}  {one['responsible']}"


def _published(told: Told, each: bool) -> Iterator[str]:
    tables = told["aggregates"]
    metrics = sorted({one["metric"] for one in tables}, key=lambda metric: int(metric[1:]))
    on = max((one["on"] for one in tables), default="")
    said = f"{len(tables)} tables of {', '.join(metrics)}, last on {on}" if tables else "none published yet"
    yield f"  {'aggregates':14}{said}; next on {told['nextSnapshot'] or 'the first moment of the calendar'}"
    for one in tables if each else ():
        yield f"    {one['metric']} {one['period']} on {one['on']}, k={one['k']}, {one['method']}"
        for cell in one.get("cells", ()):
            if cell["value"] != 0:
                yield f"      {cell['value']!s:>10}  {_named(cell['of'])}"


def _named(names: list[str]) -> str:
    """What one cell counts together, the first few by name."""
    more = f" + {len(names) - NAMED} others" if len(names) > NAMED else ""
    return " + ".join(names[:NAMED]) + more
