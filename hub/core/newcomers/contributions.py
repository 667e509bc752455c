"""What the city is told: groups ask, offers give, a newcomer who was placed asks no longer. Empty means nothing.

No child is linked to a group, on purpose: a group of three is persons (domain.md D7). [A]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from hub.core import life
from hub.core.facts import Data, Facts
from hub.core.newcomers.ages import SECTOR_OF, band_of, bands_of, sector_of_stage
from hub.core.views import Band, Group, Offer

UNSURE = ("rumour", "")
"""Certainty of a group that asks for nothing yet: it stays with gemeente and Taalcentrum."""

SCHOOLS = {"taalcentrum-po": "po", "isk": "vo"}
"""Participation that is the first school of a newcomer."""

GRANTED = ("accepted", "temporary")


def demand(group: Group) -> Data:
    """Children of school age per band: each wave from its arrival, who did not come yet from the expected day.

    Who is here needs a place, however unsure it was that the group would come.
    """
    if group.status == "cancelled":
        return {}
    needs: list[Data] = [
        {
            "from": wave.arrived_on,
            "clock": wave.clock_start,
            "by": wave.breach_on,
            "bands": _counts(wave.bands),
        }
        for wave in group.arrivals
    ]
    if group.certainty not in UNSURE:
        coming = _less(_counts(group.bands), (need["bands"] for need in needs))
        needs.append({"from": group.expected_from, "clock": "", "by": "", "bands": coming})
    needs = [need for need in needs if need["bands"]]
    return {"kind": "demand", "area": group.area, "needs": needs} if needs else {}


def _counts(bands: Iterable[Band]) -> dict[str, int]:
    counts = Counter[str]()
    for band in bands:
        if band.age_band in SECTOR_OF:
            counts[band.age_band] += band.count
    return dict(+counts)


def _less(bands: dict[str, int], came: Iterable[dict[str, int]]) -> dict[str, int]:
    """Those who are still to come; more may have come than were announced."""
    left = Counter(bands)
    for wave in came:
        left.subtract(wave)
    return dict(+left)


def supply(offer: Offer) -> Data:
    """Free places from the first start on, for a band, a sector or ("") every age; in an area or ("") the whole city.

    Full places are told too: who has none left is full, who never said anything is unknown.
    """
    ages = offer.age_band or sector_of_stage(offer.stage)
    for_children = ages in SECTOR_OF or ages in ("po", "vo") or not (offer.age_band or offer.stage)
    if offer.kind != "places" or not for_children:
        return {}
    return {
        "kind": "supply",
        "area": offer.area,
        "ages": ages,
        "from": min(offer.next_start),
        "until": offer.valid_to,
        "free": offer.free,
        "org": offer.org,
    }


def placed(facts: Facts) -> Data | None:
    """The first place that one newcomer got: a request of a newcomer that was granted, or the start at a language
    school. None when there was none, or not at school age. `ages` is a band, or the sector when no age is known."""
    first = min((*_granted(facts), *_started(facts)), default=None)
    if first is None:
        return None
    day, sector = first
    month = facts.birth_month
    band = band_of(life.age_on(month, day)) if month else ""
    ages = band if band in bands_of(sector) else sector
    grown = month and life.age_on(month, day) >= 18
    return {"kind": "placed", "on": day, "ages": ages} if ages and not grown else None


def _granted(facts: Facts) -> Iterator[tuple[str, str]]:
    for asked, decided in facts.placements:
        if asked["reason"] == "newcomer" and decided and decided["outcome"] in GRANTED:
            yield decided.get("startOn") or decided["decidedOn"], sector_of_stage(asked["stage"])


def _started(facts: Facts) -> Iterator[tuple[str, str]]:
    for start, _ in facts.participations:
        if start["kind"] in SCHOOLS:
            yield start["startOn"], SCHOOLS[start["kind"]]
