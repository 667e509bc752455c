"""What is measured: the fifteen metrics of domain.md §3.6 in words, and the classes they are told in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypedDict

STANDING = "standing"
"""The period of a table of what stands on its day. Other periods are school years, `2026-2027`."""

WITHIN = {"1-month": 1, "2-months": 2, "3-months": 3, "6-months": 6}
"""Terms of M2 in months, from the first request of a newcomer to the first place."""

LONGER, WAITING, OTHERWISE = "longer", "waiting", "otherwise"

ABSENT = {"0-1": 1, "1-3": 3, "3-6": 6, "6-12": 12}
"""Durations of M10 in months; longer is `12+`."""

YEAR = "school year"


class Metric(TypedDict):
    """Words and nature of one metric: names, one sentence of what it counts, dimensions, class of the events it counts
    (P2: in tens) and the periods it is published for."""

    nl: str
    en: str
    about_nl: str
    about_en: str
    dims: tuple[str, ...]
    privacy: str
    periods: tuple[str, ...]


def _metric(nl: str, en: str, about_nl: str, about_en: str, dims: str, privacy: str, *periods: str) -> Metric:
    return Metric(
        nl=nl,
        en=en,
        about_nl=about_nl,
        about_en=about_en,
        dims=tuple(dims.split()),
        privacy=privacy,
        periods=periods,
    )


METRICS: Mapping[str, Metric] = {
    "M1": _metric(
        "Stromen tussen onderwijssoorten",
        "Flows between stages",
        "Overgangen van de ene hoofdinschrijving naar de volgende in een andere onderwijssoort, per schooljaar.",
        "Moves from one primary enrolment to the next in another stage, per school year.",
        "from to",
        "P2",
        YEAR,
    ),
    "M2": _metric(
        "Nieuwkomers tegenover plaatsen",
        "Newcomers against places",
        "Minderjarigen in groepen die zijn aangekondigd, aangekomen of niet gekomen, vrije plaatsen, en hoe lang "
        "nieuwkomers op hun eerste plaats wachtten.",
        "Minors in groups that were announced, arrived or did not come, free places, and how long newcomers waited "
        "for their first place.",
        "status",
        "P2",
        STANDING,
        YEAR,
    ),
    "M3": _metric(
        "Overdrachten die wachten, per organisatie",
        "Handovers that wait, per organisation",
        "Klaargezette overdrachten waarvan de ontvanger de ontvangst nog niet bevestigde, binnen en over de termijn.",
        "Prepared handovers that the receiver has not acknowledged, within and past the term.",
        "state organisation",
        "P1",
        STANDING,
    ),
    "M4": _metric(
        "Warme overdracht",
        "Warm handover",
        "Warme overdrachten die nodig zijn: gesprek nog te voeren, vervolggesprek nog te voeren, afgerond, en per "
        "organisatie wat over de termijn is.",
        "Warm handovers that are needed: contact still to be held, follow-up still to be held, complete, and per "
        "organisation what is overdue.",
        "state organisation",
        "P2",
        YEAR,
        STANDING,
    ),
    "M5": _metric(
        "Verkeerd gestuurde en gecorrigeerde overdrachten",
        "Handovers sent wrongly or corrected",
        "Hoe overdrachten afliepen: ontvangen door de goede school, naar een verkeerde gestuurd, of gecorrigeerd.",
        "How handovers ended: accepted by the right school, sent to a wrong one, or corrected.",
        "result",
        "P1",
        YEAR,
    ),
    "M6": _metric(
        "Modulecertificaten",
        "Module certificates",
        "Uitgereikte certificaten per sector: nog niet erkend, erkend, meegenomen of ingetrokken.",
        "Certificates issued per sector: not recognised yet, recognised, carried over or revoked.",
        "sector state",
        "P1",
        YEAR,
    ),
    "M7": _metric(
        "ONboard",
        "ONboard",
        "Gestarte ONboard-trajecten: lopende sporen, vo-diploma gehaald, doorgegaan in het mbo.",
        "ONboard tracks that started: tracks alive, vo diploma reached, gone on in mbo.",
        "state",
        "P1",
        YEAR,
    ),
    "M8": _metric(
        "Toelaatbaarheidsverklaringen",
        "Declarations of admissibility (TLV)",
        "Lopende TLV's per soort: verlopen terwijl de leerling er nog zit, aflopend binnen zes maanden, later.",
        "Running TLVs per kind: expired while the learner is still there, ending within six months, later.",
        "kind term",
        "P2",
        STANDING,
    ),
    "M9": _metric(
        "IJkpunten",
        "Review moments",
        "Gehouden ijkpunten naar uitkomst, en per organisatie de ijkpunten die niet op tijd zijn gehouden.",
        "Reviews held by outcome, and per organisation those that were not held in time.",
        "moment outcome",
        "P2",
        YEAR,
        STANDING,
    ),
    "M10": _metric(
        "Thuiszitters",
        "Absence cases",
        "Open zaken van leerlingen zonder onderwijs, naar soort en duur.",
        "Open cases of learners without education, by kind and duration.",
        "kind duration",
        "P2",
        STANDING,
    ),
    "M11": _metric(
        "Bijgesteld advies en stand in leerjaar 3",
        "Adjusted advice and position in year 3",
        "Definitieve adviezen die na de toets zijn bijgesteld, en leerlingen in leerjaar 3 vergeleken met hun advies.",
        "Definitive advices adjusted after the test, and learners in year 3 compared with their advice.",
        "result",
        "P1",
        YEAR,
    ),
    "M12": _metric(
        "Schoolwisselingen tijdens het jaar",
        "School changes during the year",
        "Wisselingen van school binnen dezelfde onderwijssoort tijdens het schooljaar, per stadsdeel van de nieuwe "
        "school.",
        "Changes of school within a stage during the school year, by the area of the new school.",
        "area",
        "P1",
        YEAR,
    ),
    "M13": _metric(
        "Taalwinst",
        "Language gain",
        "Hoeveel taalniveaus leerlingen vooruitgingen tussen de eerste en de laatste meting.",
        "How many language bands learners gained between the first measurement and the last.",
        "gain",
        "P2",
        YEAR,
    ),
    "M14": _metric(
        "Gezondheid van de hub",
        "Health of the hub",
        "Achterstand, quarantaine, niet bezorgde berichten en stromen zonder abonnement: cijfers over de machine.",
        "Lag, quarantine, dead letters and flows without a subscriber: numbers about the machine.",
        "",
        "G0",
        "now",
    ),
    "M15": _metric(
        "Dekkend aanbod",
        "Coverage of support",
        "Soorten ondersteuning die leerlingen nodig hebben, naast de scholen die ze in hun profiel aanbieden.",
        "Kinds of support that learners need, beside the schools that offer them in their profile.",
        "code",
        "P2",
        STANDING,
    ),
}
"""M1 to M15 by id. M14 is about the machine: it is not counted here, and shown live."""


def following(moments: Iterable[str], today: str) -> str:
    """The first of the snapshot days (MM-DD) after `today` (ISO); "" when there are none."""
    year = int(today[:4])
    days = (f"{y:04}-{moment}" for moment in moments for y in (year, year + 1))
    return min((day for day in days if day > today), default="")
