"""Every word on the page, Dutch first; and how numbers, times and ages are written in each language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from hub.monitor.shown import Shown

LANGUAGES = ("nl", "en")
CITY = "Europe/Amsterdam"

SITE: dict[str, tuple[str, str]] = {
    "site": ("Onderwijshub Almere", "Almere education hub"),
    "navigation": ("Hoofdmenu", "Main menu"),
    "nav_flows": ("Stromen", "Flows"),
    "nav_numbers": ("Cijfers van vandaag", "Figures of today"),
    "nav_city": ("Leerlijn van de stad", "Learning line of the city"),
    "nav_troubles": ("Problemen", "Troubles"),
    "nav_partners": ("Partners", "Partners"),
    "nav_journeys": ("Reis van een bericht", "Journey of a message"),
    "nav_subscriptions": ("Abonnementen", "Subscriptions"),
    "nav_acts": ("Wie deed wat", "Who did what"),
    "nav_catalogue": ("Wie krijgt wat", "Who gets what"),
    "role_operator": ("Beheerder", "Operator"),
    "role_procesregisseur": ("Procesregisseur", "Process director"),
    "role_partner-administrator": ("Beheerder van een partner", "Administrator of a partner"),
    "role_fg": ("Functionaris gegevensbescherming", "Data protection officer"),
    "log_out": ("Log uit", "Log out"),
    "other_language": ("English", "Nederlands"),
    "skip": ("Naar de inhoud", "Skip to content"),
    "updated": ("Bijgewerkt om", "Updated at"),
    "live": ("Live", "Live"),
    "paused_page": ("Stilgezet", "Paused"),
    "pause": ("Zet stil", "Pause"),
    "resume": ("Ga verder", "Resume"),
    "lost": ("Geen verbinding; de cijfers staan stil", "No connection; the figures stand still"),
    "back": ("Verbinding hersteld", "Connection restored"),
    "no_script": (
        "Zonder JavaScript ververst deze pagina niet vanzelf. Laad haar opnieuw voor nieuwe cijfers.",
        "Without JavaScript this page does not refresh by itself. Reload it for new figures.",
    ),
    "times_note": ("Tijden zijn Nederlandse tijd.", "Times are Dutch local time."),
}
"""Words that stand on every page, by name: Dutch, English."""

FLOWS: dict[str, tuple[str, str]] = {
    "newcomers": ("Nieuwkomers", "Newcomers"),
    "offers": ("Aanbod van plaatsen", "Places on offer"),
    "placement": ("Aanmelden en plaatsen", "Requests and placements"),
    "enrolment": ("In- en uitschrijven", "Enrolments"),
    "participation": ("Deelname", "Participation"),
    "advice": ("Schooladvies", "School advice"),
    "handovers": ("Overdrachten", "Handovers"),
    "support": ("Ondersteuning", "Support"),
    "absence": ("Verzuim", "Absence"),
    "certificates": ("Certificaten", "Certificates"),
    "progress": ("Voortgang", "Progress"),
    "onboard": ("ONboard", "ONboard"),
    "lines": ("Leerlijnen", "Learning lines"),
    "signals": ("Signalen", "Signals"),
    "aggregates": ("Stadscijfers", "City figures"),
    "": ("Andere", "Other"),
}
"""Kinds of flows (`hub.core.purposes.FLOWS`), in the order in which they are shown."""

GROUPS: dict[str, tuple[str, str]] = {
    "gemeente": ("Gemeente", "Municipality"),
    "leerplicht": ("Leerplicht", "Attendance"),
    "doorstroompunt": ("Doorstroompunt", "Dropout office"),
    "taalcentrum": ("Taalcentrum", "Language centre"),
    "swv": ("Samenwerkingsverband", "Support partnership"),
    "opvang": ("Opvang", "Childcare"),
    "po": ("Basisscholen", "Primary"),
    "so-sbo": ("so en sbo", "Special primary"),
    "vo": ("Middelbare scholen", "Secondary"),
    "vso": ("vso", "Special secondary"),
    "opdc": ("OPDC", "OPDC"),
    "mbo": ("mbo", "Vocational"),
    "hbo": ("hbo", "Higher"),
    "board": ("Besturen", "Boards"),
    "jgz": ("JGZ", "Youth health"),
    "jeugdhulp": ("Jeugdhulp", "Youth care"),
    "procesregisseur": ("Procesregisseur", "Process director"),
    "operator": ("Beheer", "Operator"),
    "fg": ("FG", "DPO"),
    "hub": ("Hub", "Hub"),
    "": ("Onbekend", "Unknown"),
}
"""Groups of partners by their role, in the order in which they are shown."""

WORDS: dict[str, tuple[str, str]] = {
    "title": ("Stromen van de onderwijshub", "Flows of the education hub"),
    "intro": (
        "Wat er tussen de partners in Almere stroomt, en waar het stokt. Deze pagina toont aantallen, nooit een "
        "leerling.",
        "What flows between the partners in Almere, and where it stalls. This page shows numbers, never a learner.",
    ),
    "now": ("In het kort", "At a glance"),
    "numbers": ("Cijfers van vandaag", "Figures of today"),
    "numbers_intro": (
        "Wat er vandaag binnenkwam, wat is geweigerd, en hoe het met de bezorging bij elke partner staat.",
        "What came in today, what was refused, and how delivery to each partner stands.",
    ),
    "attention": ("Vraagt aandacht", "Asks for attention"),
    "what_to_do": ("Wat te doen", "What to do"),
    "all_well": ("Niets staat stil", "Nothing is stuck"),
    "all_well_more": (
        "Nergens wacht een bericht langer dan een minuut, en geen stroom is stiller dan anders.",
        "Nowhere does a message wait longer than a minute, and no flow is quieter than usual.",
    ),
    "lanes": ("Stromen", "Flows"),
    "lanes_caption": (
        "Per soort stroom, de laatste zeven dagen: verteld aan partners, aangekomen, en wat nog wacht",
        "By kind of flow, the last seven days: told to partners, arrived, and what still waits",
    ),
    "flow": ("Stroom", "Flow"),
    "every_flow": ("Alle stromen", "All flows"),
    "stand": ("Stand", "State"),
    "told": ("Verteld", "Told"),
    "arrived": ("Aangekomen", "Arrived"),
    "p95": ("95 % binnen", "95 % within"),
    "grid": ("Van wie naar wie", "From whom to whom"),
    "grid_caption": (
        "Afzenders in de rijen, ontvangers in de kolommen, de laatste zeven dagen:",
        "Publishers in rows, receivers in columns, the last seven days:",
    ),
    "grid_none": ("Nog niets verteld in de laatste zeven dagen.", "Nothing told in the last seven days yet."),
    "from_to": ("Van \\ naar", "From \\ to"),
    "from": ("van", "from"),
    "to": ("naar", "to"),
    "light_stuck": ("Ligt stil", "Stuck"),
    "light_late": ("Loopt achter", "Lagging"),
    "light_quiet": ("Stiller dan anders", "Quieter than usual"),
    "light_ended": ("Niet alles aangekomen", "Not all arrived"),
    "light_slow": ("Traag", "Slow"),
    "light_well": ("Stroomt", "Flowing"),
    "light_none": ("Niets verteld", "Nothing told"),
    "receiver": ("Ontvanger", "Receiver"),
    "legs_caption": (
        "Partner voor partner, de laatste zeven dagen; wat het langst wacht staat bovenaan",
        "Partner by partner, the last seven days; what waits longest comes first",
    ),
    "back_to_flows": ("Terug naar alle stromen", "Back to all flows"),
    "bound_beyond": ("langer dan een dag", "longer than a day"),
    "all_of_it": ("alles", "all of it"),
    "not_all": ("nog niet alles", "not all yet"),
    **{f"flow_{name}": pair for name, pair in FLOWS.items()},
    **{f"group_{name}": pair for name, pair in GROUPS.items()},
    "tile_events": ("gebeurtenissen in 24 uur", "events in 24 hours"),
    "tile_oldest": ("wacht de oudste bezorging", "the oldest delivery waits"),
    "tile_nothing_waits": ("geen bezorging wacht", "no delivery waits"),
    "tile_refused": ("berichten geweigerd in 24 uur", "messages refused in 24 hours"),
    "tile_breaches": ("overschreden termijnen", "terms exceeded"),
    "at_least": ("minstens", "at least"),
    "events": ("Gebeurtenissen", "Events"),
    "events_caption": (
        "Geaccepteerde gebeurtenissen per soort en afzender, laatste 24 uur",
        "Accepted events by kind and publisher, last 24 hours",
    ),
    "events_none": (
        "Nog geen gebeurtenissen in de laatste 24 uur.",
        "No events in the last 24 hours yet.",
    ),
    "hours_summary": ("Alle uren in cijfers", "All hours in figures"),
    "hours_caption": (
        "Geaccepteerde gebeurtenissen per uur; de kop is het begin van het uur",
        "Accepted events per hour; the heading is when the hour began",
    ),
    "kind": ("Soort", "Kind"),
    "publisher": ("Afzender", "Publisher"),
    "per_hour": ("Per uur", "Per hour"),
    "previous_hour": ("Vorig uur", "Previous hour"),
    "this_hour": ("Dit uur", "This hour"),
    "day": ("24 uur", "24 hours"),
    "deliveries": ("Bezorging", "Delivery"),
    "deliveries_caption": (
        "Bezorgingen per partner, alle tot nu toe",
        "Deliveries by partner, all so far",
    ),
    "deliveries_none": ("Nog niets te bezorgen.", "Nothing to deliver yet."),
    "partner": ("Partner", "Partner"),
    "routed": ("Te bezorgen", "To deliver"),
    "delivered": ("Bezorgd", "Delivered"),
    "open": ("Wacht", "Waiting"),
    "oldest": ("Oudste wacht", "Oldest waits"),
    "state": ("Stand", "State"),
    "webhook": ("Toegestuurd (webhook)", "Sent (webhook)"),
    "pull_feed": ("Zelf op te halen (feed)", "To be fetched (feed)"),
    "feed": ("Klaargezet", "Available"),
    "pulled": ("Bevestigd", "Acknowledged"),
    "last_answer": ("laatste antwoord", "last answer"),
    "none_short": ("geen", "none"),
    "state_well": ("Bij", "Up to date"),
    "state_busy": ("Bezig", "Under way"),
    "state_late": ("Loopt achter", "Lagging"),
    "state_stuck": ("Ligt stil", "Stuck"),
    "state_paused": ("Gepauzeerd", "Paused"),
    "state_pending": ("Nog niet bevestigd", "Not confirmed yet"),
    "state_refused": ("Door partner geweigerd", "Refused by partner"),
    "state_expired": ("Toestemming verlopen", "Consent expired"),
    "state_backing-off": ("Probeert opnieuw", "Trying again"),
    "state_breaker-open": ("Onbereikbaar", "Out of reach"),
    "state_stopped": ("Door partner gestopt", "Stopped by partner"),
    "state_": ("Geen webhook", "No webhook"),
    "refusals": ("Geweigerd en dubbel", "Refused and repeated"),
    "refusals_caption": (
        "Fouten waarom berichten aan de deur zijn geweigerd, laatste 24 uur",
        "Faults for which messages were refused at the door, last 24 hours",
    ),
    "refusals_none": (
        "Niets geweigerd in de laatste 24 uur.",
        "Nothing refused in the last 24 hours.",
    ),
    "quarantine_caption": (
        "Apart gezet: kon niet worden verwerkt, laatste 24 uur",
        "Quarantined: could not be handled, last 24 hours",
    ),
    "reason": ("Reden", "Reason"),
    "count": ("Aantal", "Number"),
    "unknown": ("onbekend", "unknown"),
    "refused": ("Geweigerd", "Refused"),
    "duplicates": ("Dubbel ontvangen", "Received twice"),
    "conflicts": ("Zelfde nummer, andere inhoud", "Same number, other content"),
    "stale": ("Ingehaald door nieuwer", "Overtaken by newer"),
    "arrivals": ("Nieuwkomers en plaatsen", "Newcomers and places"),
    "arrivals_caption": (
        "Groepen nieuwkomers en de minderjarigen daarin, tegenover vrije plaatsen",
        "Groups of newcomers and the minors in them, against free places",
    ),
    "groups": ("Groepen", "Groups"),
    "minors": ("Minderjarigen", "Minors"),
    "status": ("Toestand", "Status"),
    "status_announced": ("Aangekondigd", "Announced"),
    "status_arrived": ("Aangekomen", "Arrived"),
    "status_cancelled": ("Geannuleerd", "Cancelled"),
    "free_places": ("Vrije plaatsen", "Free places"),
    "shortfalls": ("Tekorten aan plaatsen", "Shortfalls of places"),
    "signals": ("Signalen", "Signals"),
    "signals_caption": (
        "Signalen die nu openstaan, per verantwoordelijke organisatie",
        "Signals that stand now, by responsible organisation",
    ),
    "signals_none": ("Geen open signalen.", "No standing signals."),
    "organisation": ("Organisatie", "Organisation"),
    "signal": ("Signaal", "Signal"),
    "severity": ("Ernst", "Severity"),
    "severity_info": ("Ter informatie", "For information"),
    "severity_warn": ("Waarschuwing", "Warning"),
    "severity_breach": ("Termijn overschreden", "Term exceeded"),
    "small_note": (
        "Aantallen over personen, en berichten die over personen kunnen gaan, staan er als een bereik (1-4, 5-9, "
        "10-19, 20-49, 50-99, daarna per tien), ook in optellingen; zo is geen enkel kind te volgen. Groepen, plaatsen "
        "en aanbod staan er precies. De staafjes zijn per rij geschaald.",
        "Numbers of persons, and of messages that may be about persons, are shown as a range (1-4, 5-9, 10-19, 20-49, "
        "50-99, then by ten), also in totals; so no single child can be followed. Groups, places and offers are exact. "
        "Bars are scaled per row.",
    ),
    "T01": ("Aangekomen, nog geen schoolplaats", "Arrived, no school place yet"),
    "T02": ("Meer kinderen dan vrije plaatsen", "More children than free places"),
    "T03": ("Aanmelding zonder besluit", "Request without a decision"),
    "T04": ("Uitgeschreven, nergens ingeschreven", "Left a school, enrolled nowhere"),
    "T05": ("Overdracht po-vo niet klaargezet", "Handover to secondary not prepared"),
    "T06": ("Overdracht niet bevestigd", "Handover not acknowledged"),
    "T07": ("Warme overdracht niet gevoerd", "Warm handover not held"),
    "T08": ("Tweede warme contact ontbreekt", "Follow-up warm contact missing"),
    "T09": ("Toelaatbaarheidsverklaring loopt af", "Admissibility statement expires"),
    "T10": ("IJkpunt niet gehouden", "Review not held"),
    "T11": ("Thuiszitter, zaak staat lang open", "Absence case open too long"),
    "T12": ("Certificaat niet beoordeeld", "Certificate not decided on"),
    "T13": ("ONboard: één spoor gestopt", "ONboard: one track ended"),
    "T14": ("Geen mbo-inschrijving na de zomer", "No mbo enrolment after summer"),
    "T15": ("Peuter zonder aanmelding basisschool", "Toddler without a school request"),
    "T16": ("Lang verblijf zonder vervolgplan", "Long stay without an onward plan"),
    "T17": ("Vaak van school gewisseld", "Changed schools often"),
}
"""By name: Dutch, English. `T01`-`T17` are the gap rules of domain.md §3.5."""

SHARED_FROM = 20
"""Of fewer no percentage is shown (domain.md §3.7)."""

_AGES = ((86_400_000, "d", "d"), (3_600_000, "u", "h"), (60_000, "min", "min"), (1000, "s", "s"))


@lru_cache(maxsize=8192)
def _range(low: int, high: int, thousands: str) -> str:
    """A page of figures asks for the same ones thousands of times."""
    ends = (low,) if low == high else (low, high)
    return "-".join(f"{end:,}".replace(",", thousands) for end in ends)


class Language:
    """One of LANGUAGES; an unknown one is Dutch. `words` are those of one page, before those of the site."""

    def __init__(self, code: str, words: Mapping[str, tuple[str, str]] = WORDS) -> None:
        self._words = words
        self.code = code if code in LANGUAGES else LANGUAGES[0]
        self.place = LANGUAGES.index(self.code)
        self.other = LANGUAGES[1 - self.place]
        self._thousands = ".,"[self.place]

    def __call__(self, name: str) -> str:
        """Raises KeyError for a word that is not there."""
        return (self._words.get(name) or SITE[name])[self.place]

    def rule(self, rule: str) -> str:
        return WORDS[rule][self.place] if rule in WORDS else rule

    def number(self, value: int) -> str:
        return _range(value, value, self._thousands)

    def shown(self, value: Shown) -> str:
        return _range(value.low, value.high, self._thousands)

    def least(self, value: Shown) -> str:
        """For a headline: `at least` and the lower bound where the number is not exact."""
        return self.number(value.low) if value.exact else f"{self('at_least')} {self.number(value.low)}"

    def age(self, ms: int) -> str:
        """The largest unit that fits, rounded down."""
        for size, *names in _AGES:
            if ms >= size:
                return f"{ms // size} {names[self.place]}"
        return f"0 {_AGES[-1][1]}"

    def days(self, n: int) -> str:
        return f"{n} {('schooldagen', 'school days')[self.place]}"

    def bound(self, ms: int | None) -> str:
        """Within what time; a dash for nothing arrived, 0 for longer than a day."""
        if ms is None:
            return "–"
        return self.age(ms) if ms else self("bound_beyond")

    def share(self, told: Shown, missing: Shown) -> str:
        """What part of what was told arrived: of a few in words, for a percentage would tell how many there were."""
        if not told.high:
            return "–"
        if not missing.high:
            return self("all_of_it")
        if told.low < SHARED_FROM:
            return self("not_all")
        least = 100 * max(0, told.low - missing.high) // told.low
        return f"≥ {least} %"

    def behind(self, ms: int) -> str:
        """Said of a partner."""
        age = self.age(ms)
        if self.place:
            return f"gets nothing: the oldest message has been waiting for {age}"
        return f"krijgt niets binnen: het oudste bericht wacht al {age}"

    def still(self, n: int) -> str:
        """Said of a partner."""
        if self.place:
            return f"has sent nothing for {self.days(n)}"
        return f"stuurt al {self.days(n)} niets"

    def left_out(self, n: int) -> str:
        if self.place:
            return f"{self.number(n)} more stand not here; choose a flow or a cell of the matrix to see them."
        return (
            f"Nog {self.number(n)} staan hier niet; kies een stroom of een vak van de matrix om ze te zien."
        )

    def more(self, n: int) -> str:
        return f"And {n} more" if self.place else f"En nog {n}"

    def clock(self, ms: int) -> str:
        return _local(ms).strftime("%H:%M:%S")

    def hour(self, ms: int) -> str:
        return _local(ms).strftime("%H:%M")


def _local(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, _zone())


@lru_cache(maxsize=1)
def _zone() -> ZoneInfo:
    return ZoneInfo(CITY)
