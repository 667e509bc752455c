"""The processing activities of the hub (AVG art. 30): one for each flow of the catalogue, and those of the hub itself.

Who sends, who receives and which data there are is not repeated here: that is the catalogue's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from hub.core.catalogue import KINDS
from hub.core.catalogue.base import PREFIX, Kind
from hub.core.codes import Basis
from hub.core.purposes import FLOWS, GROUNDS

Words = tuple[str, str]
"""Dutch, English."""

BASES: dict[Basis, Words] = {
    "WPO-OKR": (
        "overgang en onderwijskundig rapport in het primair onderwijs (WPO)",
        "transition and educational report in primary education (WPO)",
    ),
    "VO-OVERSTAP": (
        "overstap van, naar en binnen het voortgezet onderwijs (WVO 2020)",
        "transfer from, to and within secondary education (WVO 2020)",
    ),
    "LPW": ("toezicht op de leerplicht (Leerplichtwet)", "supervision of compulsory education (Leerplichtwet)"),
    "SWV-TAAK": (
        "wettelijke taak van het samenwerkingsverband passend onderwijs",
        "statutory task of the partnership for inclusive education",
    ),
    "WEB-DSP": (
        "wettelijke taak van het Doorstroompunt (WEB)",
        "statutory task of the regional dropout office (WEB)",
    ),
    "VE-DUTY": (
        "wettelijke taak van voorschoolse educatie en jeugdgezondheidszorg",
        "statutory task of early education and youth health care",
    ),
    "CONSENT": ("toestemming", "consent"),
    "CONVENANT": ("convenant tussen de betrokken partijen", "covenant between the parties concerned"),
    "AGREEMENT": (
        "onderwijs- of samenwerkingsovereenkomst",
        "agreement on education given together",
    ),
}  # fmt: skip
"""Legal bases that an event or a look-up may name; `NONE` is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Activity:
    """`id` is the flow (`hub.core.purposes`) that it is; an activity of the hub itself is of none. `persons` tells
    whether it is about single learners."""

    id: str
    name: Words
    purpose: Words
    persons: bool = True

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the kinds of events of its flow."""
        return FLOWS.get(self.id, ())

    @property
    def bases(self) -> tuple[Basis, ...]:
        """On what it may rest: for a flow what the hub takes for a basis of it, else whatever basis is claimed."""
        if not self.persons or self.id == RIGHTS.id:
            return ()
        return tuple(basis for basis in BASES if self.id in GROUNDS[basis].flows) or tuple(BASES)

    def of_kinds(self) -> list[Kind]:
        return [kind for kind in KINDS.values() if kind.name in self.kinds]


LOOKUP = Activity(
    id="lookups",
    name=("Inzage in de leerlijn", "Looking up a learning line"),
    purpose=(
        "Een partij die met de leerling te maken heeft, ziet wat er van de leerlijn voor haar is; elke inzage wordt "
        "met haar doel vastgelegd.",
        "A party that has to do with the learner sees what of the line is for it; every look is kept with its purpose.",
    ),
)

RIGHTS = Activity(
    id="rights",
    name=("Rechten van leerlingen", "Rights of learners"),
    purpose=(
        "Wie het aangaat krijgt inzage, wissing of beperking, zoals de AVG (art. 15, 17 en 18) de hub verplicht.",
        "Whom it concerns gets access, erasure or restriction, as the GDPR (art. 15, 17 and 18) obliges the hub to.",
    ),
)

ACTIVITIES: tuple[Activity, ...] = (
    Activity(
        id="newcomers",
        name=("Aankomst van groepen nieuwkomers", "Arrival of groups of newcomers"),
        purpose=(
            "Scholen en gemeente weten op tijd hoeveel kinderen er komen, zodat er plaatsen zijn.",
            "Schools and municipality know in time how many children come, so that there are places.",
        ),
        persons=False,
    ),
    Activity(
        id="offers",
        name=("Aanbod en plaatsen", "Offers and places"),
        purpose=("Bekend is welk aanbod er is en waar plaats is.", "It is known what is offered and where places are."),
        persons=False,
    ),
    Activity(
        id="placement",
        name=("Aanvraag en plaatsing", "Request and placement"),
        purpose=(
            "Een leerling krijgt op tijd een plaats, en niemand wacht ongezien.",
            "A learner gets a place in time, and nobody waits unseen.",
        ),
    ),
    Activity(
        id="enrolment",
        name=("Inschrijving", "Enrolment"),
        purpose=(
            "Bekend is waar een leerling staat ingeschreven, ook bij verhuizing en overgang.",
            "It is known where a learner is enrolled, also when moving and passing on.",
        ),
    ),
    Activity(
        id="participation",
        name=("Deelname buiten de eigen school", "Attending elsewhere than the own school"),
        purpose=(
            "Scholen die samen onderwijs geven weten waar een leerling is, en wie hem terugkrijgt.",
            "Schools that teach together know where a learner is, and who gets the learner back.",
        ),
    ),
    Activity(
        id="advice",
        name=("Schooladvies", "School advice"),
        purpose=(
            "Het advies bereikt de school die de leerling plaatst.",
            "The advice reaches the school that places the learner.",
        ),
    ),
    Activity(
        id="handovers",
        name=("Overdracht tussen scholen", "Handover between schools"),
        purpose=(
            "Elk dossier komt aan bij de volgende school, en een warme overdracht gebeurt als die nodig is.",
            "Every dossier reaches the next school, and a warm handover takes place where it is needed.",
        ),
    ),
    Activity(
        id="support",
        name=("Ondersteuning", "Support"),
        purpose=(
            "Ondersteuning loopt door, en toelaatbaarheid en evaluatie verlopen niet ongemerkt.",
            "Support goes on, and admissibility and reviews do not lapse unnoticed.",
        ),
    ),
    Activity(
        id="absence",
        name=("Verzuim", "Absence"),
        purpose=(
            "Wie thuiszit, is in beeld bij wie moet handelen.",
            "Who stays at home is seen by those who must act.",
        ),
    ),
    Activity(
        id="certificates",
        name=("Certificaten", "Certificates"),
        purpose=(
            "Wat een leerling heeft behaald telt mee in het vervolgonderwijs.",
            "What a learner has achieved counts in further education.",
        ),
    ),
    Activity(
        id="progress",
        name=("Plaats en voortgang", "Position and progress"),
        purpose=(
            "De school die een leerling afleverde ziet of het advies en de overgang goed waren.",
            "The school a learner came from sees whether its advice and the passage were right.",
        ),
    ),
    Activity(
        id="onboard",
        name=("ONboard", "ONboard"),
        purpose=(
            "Wie zijn examen niet haalde, volgt vo en mbo naast elkaar en raakt niet uit beeld.",
            "Who failed the exam follows vo and mbo side by side and is not lost from sight.",
        ),
    ),
    Activity(
        id="lines",
        name=("Beheer van de leerlijn en rechten van de betrokkene", "Keeping the line, and rights of the learner"),
        purpose=(
            "Eén lijn per leerling, gesloten als zij ten einde is, en gewist met bericht aan elke eerdere ontvanger.",
            "One line per learner, closed when it ends, and erased with word to every past receiver.",
        ),
    ),
    Activity(
        id="signals",
        name=("Signalen bij een haperende overgang", "Signals where a passage falters"),
        purpose=(
            "Wie aan zet is hoort dat een termijn verstrijkt, en de toezichthouder als die verstreken is.",
            "Who must act hears that a term runs out, and the supervisor when it has.",
        ),
    ),
    Activity(
        id="aggregates",
        name=("Tellingen voor de stad", "Counts for the city"),
        purpose=(
            "De stad ziet hoe het gaat, zonder dat iemand herkenbaar is.",
            "The city sees how things go, with nobody recognisable.",
        ),
        persons=False,
    ),
    LOOKUP,
    RIGHTS,
)  # fmt: skip

_BY_TYPE = {f"{PREFIX}{name}.v1": one for one in ACTIVITIES for name in one.kinds}


@lru_cache(maxsize=512)
def of_type(type: str) -> Activity:
    """The activity of events of a CloudEvents type, whatever its version. What is about no event is a look-up."""
    return _BY_TYPE.get(f"{type.rpartition('.v')[0]}.v1", LOOKUP)


@lru_cache(maxsize=512)
def of_code(code: str) -> Activity:
    """The activity of a kind of events by its code (`E13`); what is of no kind is a look-up."""
    return next((_BY_TYPE[kind.type] for kind in KINDS.values() if kind.code == code), LOOKUP)


def uri(source: str, activity: Activity) -> str:
    """How a processing log names an activity. `source` is the CloudEvents source of the hub."""
    return f"{source}:verwerking:{activity.id}"
