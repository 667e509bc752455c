"""The register of processing activities as a document, made from the catalogue: what is not in that, nobody does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from hub.core import processing
from hub.core.catalogue.base import COUNTED, Column, Kind
from hub.core.catalogue.words import COLUMNS
from hub.core.contracts import fields, row
from hub.core.processing import ACTIVITIES, BASES, Activity, Words
from hub.core.rules import Rules
from hub.core.topics import DAY_MS, RETENTION_MS

Lang = Literal["nl", "en"]

_DAYS = RETENTION_MS // DAY_MS
_LEVELS: dict[str, Words] = {"F": ("alles", "all of it"), "R": ("een deel", "a part")}
_TEXT: dict[str, Words] = {
    "title": ("Register van verwerkingsactiviteiten (AVG art. 30)", "Register of processing activities (GDPR art. 30)"),
    "made": (
        "Gemaakt uit de catalogus van gebeurtenissen met `hub register`; niet met de hand wijzigen.",
        "Made from the catalogue of events with `hub register --lang en`; not to be changed by hand.",
    ),
    "who": (
        "De hub verwerkt voor de organisaties die zijn aangesloten; elk is verantwoordelijk voor wat zij stuurt en "
        "voor wat zij ontvangt. Er gaan geen gegevens naar landen buiten de EER, tenzij een ontvanger daar zelf een "
        "adres opgeeft dat de beheerder toestaat.",
        "The hub processes on behalf of the organisations that take part; each is responsible for what it sends and "
        "for what it receives. No data go to countries outside the EEA, unless a receiver gives an address there that "
        "the operator allows.",
    ),
    "id": ("Kenmerk in het logboek", "Id in the processing log"),
    "purpose": ("Doel", "Purpose"),
    "bases": ("Grondslag", "Legal basis"),
    "subjects": ("Betrokkenen", "Data subjects"),
    "learners": ("jongeren van 0 tot 27, onder een willekeurig nummer", "young people from 0 to 27, under a random id"),
    "nobody": ("geen: groepen en aantallen", "none: groups and numbers"),
    "no_basis": (
        "geen nodig: geen persoonsgegevens; kleine aantallen worden weggelaten",
        "none needed: no personal data; small numbers are left out",
    ),
    "retention": ("Bewaartermijn", "Retention"),
    "kept": (
        "berichten {days} dagen; de leerlijn tot {months} maanden na sluiting; wissen kan altijd eerder",
        "messages {days} days; the learning line until {months} months after it was closed; erasure is possible at any "
        "time before",
    ),
    "kept_open": ("berichten {days} dagen; daarna alleen de stand", "messages {days} days; then only how it stands"),
    "data": ("Gegevens", "Data"),
    "event": ("Gebeurtenis", "Event"),
    "class": ("Klasse", "Class"),
    "sent": ("Wie stuurt", "Who sends"),
    "to": ("Ontvanger", "Recipient"),
    "gets": ("Krijgt", "Gets"),
    "of": ("Van", "Of"),
    "counted": ("Telt alleen mee voor", "Only counted for"),
    "shown": (
        "Ontvangers: de partijen van hiernaast, elk voor zover het bericht zelf hun toekomt.",
        "Recipients: the parties of the activities above, each as far as the messages themselves are theirs.",
    ),
    "past": ("iedereen die ooit iets van de leerling kreeg", "everyone who ever got something of the learner"),
}  # fmt: skip


def markdown(lang: Lang, source: str, rules: Rules) -> str:
    """The whole register. `source` is the CloudEvents source of the hub, of which the ids of activities are made."""
    return "\n".join(_Page(lang, source, rules).lines()) + "\n"


class _Page:
    def __init__(self, lang: Lang, source: str, rules: Rules) -> None:
        self._place = ("nl", "en").index(lang)
        self._lang, self._source, self._rules = lang, source, rules

    def lines(self) -> Iterator[str]:
        yield f"# {self._t('title')}"
        yield from ("", self._t("made"), "", self._t("who"))
        for activity in ACTIVITIES:
            yield from ("", f"## {activity.name[self._place]}", "")
            yield from self._facts(activity)
            yield from self._events(activity)

    def _facts(self, one: Activity) -> Iterator[str]:
        bases = "; ".join(f"{BASES[code][self._place]} (`{code}`)" for code in one.bases)
        kept = self._t("kept" if one.persons else "kept_open")
        told = {
            "id": f"`{processing.uri(self._source, one)}`",
            "purpose": one.purpose[self._place],
            "bases": bases or self._t("no_basis"),
            "subjects": self._t("learners" if one.persons else "nobody"),
            "retention": kept.format(days=_DAYS, months=self._rules.retention_months),
        }
        for name, value in told.items():
            yield f"- **{self._t(name)}**: {value}"

    def _events(self, one: Activity) -> Iterator[str]:
        kinds = one.of_kinds()
        if not kinds:
            yield from ("", self._t("shown"))
            return
        yield from self._table("event", "class", "sent", "data")
        for kind in kinds:
            yield _line(
                self._named(kind),
                kind.privacy(kind.example),
                ", ".join(sorted(kind.publishers)),
                self._data(kind),
            )
        yield from self._table("to", "gets", "of")
        found: dict[tuple[str, str], list[str]] = {}
        for kind in kinds:
            for told in self._recipients(kind):
                found.setdefault(told, []).append(kind.code)
        for (to, gets), codes in found.items():
            yield _line(to, gets, ", ".join(codes))
        counted = [
            COLUMNS[column][self._place]
            for column in Column
            if any(kind.cells.get(column) is COUNTED for kind in kinds)
        ]
        if counted:
            yield from ("", f"{self._t('counted')}: {', '.join(counted)}.")

    def _recipients(self, kind: Kind) -> Iterator[tuple[str, str]]:
        told = [cell for cell in row(kind)["cells"] if cell["level"] != COUNTED.level]
        for cell in told:
            remarks = (cell["condition"][self._lang], cell["reduction"][self._lang])
            gets = "; ".join((_LEVELS[cell["level"]][self._place], *(text for text in remarks if text)))
            yield f"{cell['to'][self._lang]} ({cell['column']})", gets
        if not told:
            yield self._t("past"), _LEVELS["F"][self._place]

    def _data(self, kind: Kind) -> str:
        return ", ".join(f"{field[self._lang]} (`{field['name']}`)" for field in fields(kind))

    def _named(self, kind: Kind) -> str:
        return f"{kind.code} {kind.nl if self._lang == 'nl' else kind.en}"

    def _table(self, *heads: str) -> Iterator[str]:
        yield ""
        yield _line(*(self._t(head) for head in heads))
        yield _line(*("---" for _ in heads))

    def _t(self, name: str) -> str:
        return _TEXT[name][self._place]


def _line(*cells: str) -> str:
    return f"| {' | '.join(_plain(cells))} |"


def _plain(cells: Iterable[str]) -> Iterator[str]:
    return (cell.replace("|", "/").replace("\n", " ") for cell in cells)
