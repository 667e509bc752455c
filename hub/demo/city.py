"""What is not about one learner: newcomer groups of the municipality, offers of everybody (domain.md §1a, E1-E5)."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from hub.core.partners import Role
from hub.demo import cast
from hub.demo.teller import Data, Teller

SITES = ("azc", "emergency", "crisis", "ukraine", "family-location", "status-holder-housing", "hotel")
AREAS = ("haven", "stad", "buiten", "hout", "poort")
LANGUAGES = ("uk", "ar", "ti", "so", "fa", "tr", "pl")
BANDS = (("0-3", 0.15), ("4-5", 0.15), ("6-11", 0.4), ("12-15", 0.2), ("16-17", 0.1))
CERTAINTY = ("requested", "decided", "confirmed")
WEEKS = 44
"""Weeks of the school year in which a group may be announced."""
REVISIONS = (2, 6)
"""Changes between the first word of a group and its end: with those two 4-8 revisions (domain.md §4.3)."""


def bursts(rng: Random, start: date) -> list[date]:
    """Mondays of the weeks in which many groups are announced at once: one in ten (§4.3, domain.md F10)."""
    weeks = rng.sample(range(1, WEEKS), WEEKS // 10)
    monday = start + timedelta(days=-start.weekday() % 7)
    return [monday + timedelta(weeks=week) for week in sorted(weeks)]


def group(t: Teller, kind: str = "", week: date | None = None) -> None:
    """A group is announced, in a `week` or any time, changes some times, and arrives in waves or is called off. `kind`
    may be `small` (a few children, who are personal data), `rumour`, `cancelled` or `revived` (wrongly, after that).
    """
    day = t.later(week, 0, 4) if week else t.day((8, 3), (5, 28))
    expected = t.later(day, 21, 60)
    state = _announced(t, expected, t.rng.randint(2, 9) if kind == "small" else t.rng.randint(30, 300))
    if kind == "rumour":
        state["certainty"] = "rumour"
    t.tell(day, cast.GEMEENTE, "arrival-group.announced", state)
    for _ in range(t.rng.randint(*REVISIONS)):
        day = t.later(day, 2, 8)
        state = _changed(t, state)
        t.tell(day, cast.GEMEENTE, "arrival-group.updated", state)
    cancelled = kind in ("cancelled", "revived") or t.chance(0.15)
    end = max(day + timedelta(days=1), expected)
    _end(t, end, state, cancelled=cancelled)
    if kind in ("cancelled", "revived"):
        _after(t, end, state, stray=kind == "cancelled")


def _after(t: Teller, end: date, state: Data, *, stray: bool) -> None:
    """A change that was held up until after the cancellation (scenario S3): the hub lays it aside. Or a change that is
    newer than the cancellation: that one is not believed."""
    if not stray:
        t.tell(end + timedelta(days=2), cast.GEMEENTE, "arrival-group.updated", _changed(t, state))
        return
    old = next(h for h in t.happenings if h.event["type"].endswith("updated.v1"))
    t.happenings.append(
        old._replace(at=t.happenings[-1].at + timedelta(days=1), event={**old.event, "id": t.uuid()})
    )


def _announced(t: Teller, expected: date, children: int) -> Data:
    bands = _bands(t, children)
    return {
        "groupId": t.uuid(),
        "siteKind": t.rng.choice(SITES),
        "siteLabel": f"Locatie {t.rng.randint(1, 40)}",
        "area": t.rng.choice(AREAS),
        "expectedFrom": expected.isoformat(),
        "stayMonths": t.rng.choice((3, 6, 12)),
        "certainty": CERTAINTY[0],
        "bands": bands,
        "totalMinors": _minors(bands),
        "languages": [{"lang": t.rng.choice(LANGUAGES), "share": "most"}],
        "contactDesk": "opvang-onderwijs",
    }


def _bands(t: Teller, children: int) -> list[dict[str, Any]]:
    shares = [(age, round(children * share * t.rng.uniform(0.6, 1.4))) for age, share in BANDS]
    found = [{"ageBand": age, "count": count} for age, count in shares if count]
    return found or [{"ageBand": "6-11", "count": children}]


def _minors(bands: list[dict[str, Any]]) -> int:
    return sum(b["count"] for b in bands)


def _changed(t: Teller, state: Data) -> Data:
    """The full new state, and what changed. A rumour that goes on is no rumour."""
    at = CERTAINTY.index(state["certainty"]) + 1 if state["certainty"] in CERTAINTY else 0
    sure = {"certainty": CERTAINTY[min(at, len(CERTAINTY) - 1)]}
    if t.chance(0.4):
        moved = t.later(date.fromisoformat(state["expectedFrom"]), 2, 10)
        return {
            **state, **sure, "expectedFrom": moved.isoformat(), "changed": ["expectedFrom"], "reason": "date",
        }  # fmt: skip
    bands = _bands(t, max(2, round(state["totalMinors"] * t.rng.uniform(0.6, 1.3))))
    return {
        **state, **sure, "bands": bands, "totalMinors": _minors(bands), "changed": ["bands", "totalMinors"],
        "reason": "size",
    }  # fmt: skip


def _end(t: Teller, day: date, state: Data, *, cancelled: bool) -> None:
    group = {"groupId": state["groupId"]}
    if cancelled:
        reason = t.rng.choice(("relocated", "contract-ended", "not-needed"))
        t.tell(day, cast.GEMEENTE, "arrival-group.cancelled", {**group, "reason": reason})
        return
    for wave in range(1, t.rng.choice((1, 1, 2)) + 1):
        arrived = day.isoformat()
        told = {"arrivedOn": arrived, "schoolClockStart": arrived, "bands": state["bands"], "wave": wave}
        t.tell(day, cast.GEMEENTE, "arrival-group.arrived", {**group, **told})
        day = t.later(day, 3, 10)


def places(t: Teller, times: int) -> None:
    """The Taalcentrum says again and again how many places it has, for po and for vo (F02)."""
    for stage, capacity in (("po", 500), ("vo", 220)):
        offer, occupied = t.uuid(), round(capacity * 0.6)
        for turn in range(times):
            day = t.start + timedelta(days=round(turn * 360 / times))
            occupied = min(capacity, max(0, occupied + t.rng.randint(-30, 40)))
            waiting = t.rng.choice((0, 0, 2, 3, 12, 40)) if occupied == capacity else 0
            _offer(t, day, cast.TAALCENTRUM, offer, "places", {
                "stage": stage, "capacity": capacity, "occupied": occupied, "waiting": waiting,
                "nextStart": [t.later(day, 7, 40).isoformat()],
            })  # fmt: skip


def offer(t: Teller) -> None:
    """Language lessons in September, modules in March, career days and support profiles all year, what parents are
    asked to pay, crisis places (F07, F17, F24, F30, F37, F41)."""
    t.rng.choice((_language, _module, _career, _support, _contribution, _crisis))(t)


def _language(t: Teller) -> None:
    more = {"ageBand": "6-11", "capacity": 20, "stage": "po"}
    _offer(t, t.day((8, 24), (9, 11)), t.pick(Role.PO), t.uuid(), "language", more)


def _module(t: Teller) -> None:
    by = t.rng.choice((cast.ROC, cast.WINDESHEIM))
    more = {"sector": t.rng.choice(("techniek", "technologie", "bouw", "zorg")), "capacity": 24, "level": "4"}
    _offer(t, t.day((2, 22), (3, 12)), by, t.uuid(), "module", more)


def _career(t: Teller) -> None:
    more = {"sector": "techniek", "capacity": t.rng.randint(20, 60)}
    _offer(t, t.day((9, 14), (6, 4)), cast.STO, t.uuid(), "lob", more)


def _support(t: Teller) -> None:
    more = {"supportCodes": t.rng.sample(["nt2", "language", "in-class", "group-arrangement"], 2)}
    _offer(t, t.day((9, 1), (6, 4)), t.pick(Role.VO), t.uuid(), "sop", more)


def _contribution(t: Teller) -> None:
    _offer(t, t.day((8, 24), (9, 25)), t.pick(Role.PO), t.uuid(), "contribution-cap", {"amountEur": 40})


def _crisis(t: Teller) -> None:
    more = {"capacity": 6, "occupied": t.rng.randint(0, 6), "stage": "vo"}
    _offer(t, t.day((8, 24), (6, 25)), cast.OPDC, t.uuid(), "crisis", more)


def _offer(t: Teller, day: date, by: str, id: str, kind: str, more: Data) -> None:
    common = {"offerId": id, "kind": kind, "orgId": t.cast.ref(by), "validFrom": day.isoformat()}
    t.tell(day, by, "offer.published", {**common, **more})
