"""Every word on the pages of the city: Dutch, English."""

from __future__ import annotations

from collections.abc import Iterable

from hub.core.census import STANDING
from hub.core.census.wording import named
from hub.core.census.words import CLASSES
from hub.core.directory import Directory
from hub.core.newcomers.wording import day
from hub.monitor.city_charts import Axis
from hub.monitor.city_tables import NOW, Cell, Table, Value
from hub.monitor.words import Language

Pair = tuple[str, str]

NOBODY = Directory(())
"""Organisations stand in no cell that is told together."""

WORDS: dict[str, Pair] = {
    "title": ("Leerlijn van de stad, 0-27", "Learning line of the city, 0-27"),
    "intro": (
        "Hoe kinderen en jongeren in Almere van de ene plek naar de volgende gaan, en waar dat blijft steken. Alleen "
        "aantallen, nooit een leerling.",
        "How children and young people in Almere pass from one place to the next, and where that gets stuck. Only "
        "numbers, never a learner.",
    ),
    "metric_intro": ("Leerlijn van de stad, 0-27", "Learning line of the city, 0-27"),
    "back_to_city": ("Naar de leerlijn van de stad", "To the learning line of the city"),
    "nothing": (
        "Er is hier niets dat uw organisatie mag zien.",
        "There is nothing here that your organisation may see.",
    ),
    "year": ("Schooljaar", "School year"),
    "years": ("Kies een schooljaar", "Choose a school year"),
    "to_report": ("Rapport om af te drukken", "Report to print"),
    "newcomers": ("Nieuwkomers en plaatsen", "Newcomers and places"),
    "newcomers_more": ("Alles over nieuwkomers en plaatsen", "All about newcomers and places"),
    "axis_title": ("Nieuwkomers tegenover plaatsen", "Newcomers against places"),
    "none_known": ("geen bekende", "no known"),
    "axis_need": ("kinderen die een plaats vragen", "children who ask for a place"),
    "axis_free": ("plaatsen die beginnen", "places that begin"),
    "axis_short": ("meer kinderen dan plaatsen", "more children than places"),
    "axis_few": (
        "Te weinig kinderen om een lijn te tekenen.",
        "Too few children to draw a line.",
    ),
    "sector_po": ("Basisschool (4-11 jaar)", "Primary (age 4-11)"),
    "sector_vo": ("Middelbaar (12-17 jaar)", "Secondary (age 12-17)"),
    "ages_": ("4-17 jaar", "age 4-17"),
    "ages_po": ("po, 4-11 jaar", "primary, age 4-11"),
    "ages_vo": ("vo, 12-17 jaar", "secondary, age 12-17"),
    "groups": ("Wie er komen, en of er plaats is", "Who come, and whether there is a place"),
    "groups_caption": (
        "Per dag van aankomst: kinderen die nog een plaats vragen, en de plaatsen die zij vinden",
        "By day of arrival: children who still ask for a place, and the places that they find",
    ),
    "groups_none": ("Er wacht niemand op een plaats.", "Nobody waits for a place."),
    "from": ("Vanaf", "From"),
    "until": ("Tot", "Until"),
    "area": ("Stadsdeel", "District"),
    "ages": ("Leeftijd", "Age"),
    "children": ("Kinderen", "Children"),
    "places": ("Plaatsen", "Places"),
    "verdict": ("Genoeg?", "Enough?"),
    "enough": ("Plaats voor allen", "A place for all"),
    "unknown": ("Geen plaatsen bekend", "No places known"),
    "lacking": ("Tekort", "Short"),
    "at_most": ("ten hoogste", "at most"),
    "few": ("te weinig om te tonen", "too few to show"),
    "shortages": ("Tekorten", "Shortages"),
    "shortages_caption": (
        "Dagen waarop kinderen geen plaats vinden, per stadsdeel",
        "Days on which children find no place, by district",
    ),
    "shortages_none": ("Er zijn geen tekorten bekend.", "No shortages are known."),
    "need": ("Nodig", "Needed"),
    "free": ("Vrij", "Free"),
    "no_end": ("geen einde in zicht", "no end in sight"),
    "starts": ("Aangeboden plaatsen", "Places on offer"),
    "starts_caption": (
        "Wie vanaf wanneer hoeveel plaatsen vrij heeft",
        "Who has how many places free from when",
    ),
    "starts_none": ("Niemand heeft plaatsen opgegeven.", "Nobody has published places."),
    "offered_by": ("Bij", "At"),
    "area_": ("heel Almere", "all of Almere"),
    "area_rest": ("overige stadsdelen", "other districts"),
    "area_outside": ("buiten Almere", "outside Almere"),
    "rounded_up": (
        "Aantallen kinderen zijn naar boven afgerond op vijven; kleine groepen zijn samengenomen.",
        "Numbers of children are rounded up to fives; small groups are taken together.",
    ),
    "late": ("Wie loopt achter", "Who is behind"),
    "late_handovers": ("Overdrachten: wie loopt achter", "Handovers: who is behind"),
    "late_caption": (
        "Wat nu te lang openstaat, per organisatie die aan zet is",
        "What has been open too long now, by the organisation that must act",
    ),
    "late_all": ("Alle organisaties", "All organisations"),
    "late_more": ("Niet alle organisaties staan hier.", "Not all organisations stand here."),
    "late_T06": ("Ontvangst niet bevestigd", "Not acknowledged"),
    "late_T07": ("Warm gesprek niet gevoerd", "Warm contact not held"),
    "late_T08": ("Tweede gesprek ontbreekt", "Follow-up missing"),
    "late_T09": ("TLV loopt af", "TLV expires"),
    "late_T16": ("Lang verblijf, geen vervolgplan", "Long stay, no onward plan"),
    "late_none": ("Niemand loopt achter.", "Nobody is behind."),
    "late_clocks": ("Klokken van TLV en OPDC", "Clocks of TLV and OPDC"),
    "organisation": ("Organisatie", "Organisation"),
    "number": ("Aantal", "Number"),
    "severity_info": ("Ter informatie", "For information"),
    "severity_warn": ("Waarschuwing", "Warning"),
    "severity_breach": ("Termijn overschreden", "Term exceeded"),
    "flows": ("Van school naar school", "From school to school"),
    "flows_title": ("Overgangen tussen onderwijssoorten", "Moves between stages"),
    "flows_desc": (
        "Links waar leerlingen vandaan kwamen, rechts waar zij heen gingen; hoe dikker de band, hoe meer leerlingen. "
        "Buiten is buiten het onderwijs, of nog niet bekend bij de hub. De tabel geeft dezelfde getallen.",
        "On the left where learners came from, on the right where they went; the thicker the band, the more learners. "
        "Outside is out of education, or not known to the hub yet. The table gives the same numbers.",
    ),
    "flows_none": (
        "Voor dit schooljaar zijn nog geen overgangen te tonen.",
        "No moves can be shown for this school year yet.",
    ),
    "flows_rest": (
        "Niet getekend, want te klein of samengenomen:",
        "Not drawn, for too small or taken together:",
    ),
    "before_none": ("van buiten", "from outside"),
    "after_none": ("naar buiten", "to outside"),
    "category": ("Wat is geteld", "What is counted"),
    "value": ("Aantal", "Number"),
    "share_of": ("Verhouding", "Proportion"),
    "together": ("Wat samen is geteld", "What is counted together"),
    "zeros": ("Nul", "Zero"),
    "empty_table": ("Alles staat op nul.", "Everything is zero."),
    "not_yet": ("Nog niet gepubliceerd.", "Not published yet."),
    "next": ("Volgende publicatie", "Next publication"),
    "all_metrics": ("Alle stadscijfers", "All city figures"),
    "more": ("Uitleg en hele tabel", "Meaning and whole table"),
    "meaning": ("Wat dit is", "What this is"),
    "definition": ("Definitie", "Definition"),
    "sources": ("Geteld uit", "Counted from"),
    "sources_machine": ("de logboeken van de hub zelf", "the logs of the hub itself"),
    "small": ("Kleine aantallen", "Small numbers"),
    "published_on": ("Gepubliceerd op", "Published on"),
    "download": ("Download als CSV", "Download as CSV"),
    "per_period": ("Per periode", "By period"),
    "note": (
        "Cijfers over personen verschijnen op vaste dagen, in stappen, en nooit als ze over minder dan vijf leerlingen "
        "gaan. “Te weinig om te tonen” is niet nul.",
        "Figures of persons are published on fixed days, in steps, and never when they are about fewer than five "
        "learners. “Too few to show” is not zero.",
    ),
    "report": ("Rapport leerlijn van de stad", "Report on the learning line of the city"),
    "report_intro": (
        "Alle stadscijfers van een schooljaar met hun definitie, om af te drukken of als pdf te bewaren.",
        "All city figures of a school year with their definition, to print or to keep as a pdf.",
    ),
    "occasion": ("Voor", "For"),
    "occasion_board": ("bestuurdersdag", "board day"),
    "occasion_network": ("netwerkbijeenkomst", "network meeting"),
    "make": ("Toon", "Show"),
    "made_on": ("Gemaakt op", "Made on"),
    "print_how": (
        "Druk af met Ctrl+P, of kies daar “Opslaan als pdf”.",
        "Print with Ctrl+P, or choose “Save as PDF” there.",
    ),
    "method_pooled": (
        "Onder de {k} staat er geen getal. Kleine aantallen zijn samengenomen, en een getal springt per {k}.",
        "Under {k} no number is shown. Small numbers are taken together, and a number moves in steps of {k}.",
    ),
    "method_rounded": (
        "Dit zijn gevoelige gegevens: alleen tientallen, en onder de {k} geen getal.",
        "These are sensitive data: tens alone, and under {k} no number.",
    ),
    "method_banded": (
        "Per organisatie staat er alleen een bereik, zoals 5-9 of 10-24.",
        "Per organisation there is a range alone, such as 5-9 or 10-24.",
    ),
    "method_live": (
        "Dit gaat over de machine en niet over personen; het is van nu.",
        "This is about the machine and not about persons; it is of now.",
    ),
    "oldest-undelivered": (
        "oudste onbezorgde bericht, in seconden",
        "oldest undelivered message, in seconds",
    ),
    "waiting": ("berichten die wachten", "messages that wait"),
    "quarantined": ("berichten apart gezet, 24 uur", "messages quarantined, 24 hours"),
    "refused": ("berichten geweigerd, 24 uur", "messages refused, 24 hours"),
    "partners-late": ("partners die achterlopen", "partners that lag"),
    "partners-stopped": ("partners die zijn gestopt", "partners that stopped"),
    "partners-unread": ("partners die nooit iets ophaalden", "partners that never fetched anything"),
}


class Words(Language):
    """The words of these pages."""

    def __init__(self, code: str) -> None:
        super().__init__(code, WORDS)

    def value(self, value: Value) -> str:
        if value.low is None:
            return self("few")
        if value.high is None:
            return f"{self.number(value.low)}+"
        return (
            self.number(value.low) if value.exact else f"{self.number(value.low)}-{self.number(value.high)}"
        )

    def name(self, name: str) -> str:
        """What the API calls something; the machine's own figures have their words here."""
        return self(name) if name in WORDS else name

    def bare(self, cell: Cell, table: Table) -> str:
        """Its name, without the measure where all of the table are of one."""
        name = self.name(cell.name)
        measure, dot, _ = name.partition(" · ")
        alone = len({name.partition("/")[0] for one in table.cells for name in one.of}) == 1
        return name.replace(measure + dot, "") if alone and dot else name

    def members(self, cell: Cell) -> list[str]:
        """Every category that a cell counts together, by name."""
        return [named(name, NOBODY)[self.place] for name in cell.of]

    def late(self, rule: str) -> str:
        """A rule as the head of a column."""
        return self(f"late_{rule}") if f"late_{rule}" in WORDS else self.rule(rule)

    def need(self, need: int | str, exact: bool) -> str:
        """A number of children as the API gives it: rounded up, unless `exact`; a text when it is too small."""
        if isinstance(need, str):
            return self("few")
        return self.number(need) if exact else f"{self('at_most')} {self.number(need)}"

    def axis(self, drawn: Axis, exact: bool) -> str:
        """What the drawing shows, in a sentence."""
        days = self.day(drawn.days[0].text), self.day(drawn.days[-1].text)
        asked = self.need(drawn.asked, exact)
        places = self("none_known") if drawn.places is None else self.number(drawn.places)
        if self.place:
            return f"From {days[0]} to {days[1]}: {asked} children ask for a place, {places} places begin."
        return f"Van {days[0]} tot {days[1]}: {asked} kinderen vragen een plaats, {places} plaatsen beginnen."

    def methods(self, tables: Iterable[Table]) -> list[str]:
        return list(dict.fromkeys(self.method(table) for table in tables))

    def day(self, iso: str) -> str:
        return day(iso)[self.place] if iso else "–"

    def short_day(self, iso: str) -> str:
        """Without the year, for an axis."""
        number, month, _ = day(iso)[self.place].split()
        return f"{number} {month[:3]}"

    def period(self, table: Table) -> str:
        if table.period == NOW:
            return ("Nu", "Now")[self.place]
        on = self.day(table.on)
        if table.period == STANDING:
            return (f"Stand op {on}", f"As of {on}")[self.place]
        return (f"Schooljaar {table.period}, tot {on}", f"School year {table.period}, until {on}")[self.place]

    def method(self, table: Table) -> str:
        return self(f"method_{table.method}").format(k=table.k)

    def stage(self, stage: str, side: str) -> str:
        """`side` is `before` or `after`."""
        if stage == "none":
            return self(f"{side}_none")
        return CLASSES.get(stage, (stage, stage))[self.place]

    def area(self, area: str) -> str:
        return self(f"area_{area}") if f"area_{area}" in WORDS else area.capitalize()

    def ages(self, ages: str) -> str:
        return self(f"ages_{ages}") if f"ages_{ages}" in WORDS else f"{ages} {('jaar', 'years')[self.place]}"
