"""The facts of one aggregate, found by what they are about. Built once per step: every rule reads this."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from hub.core.state import Fact, State

Data = dict[str, Any]
Parts = Mapping[str, Fact]
Told = tuple[str, Fact]
Couple = tuple[Fact, Fact | None]
_NONE: Mapping[str, Any] = {}
_AUTHORITY = "oin:"


class Anchor(NamedTuple):
    """Whose word counts on a part: the organisations that the `part` of the same id names in `fields`, and with `own`
    also who told that part."""

    part: str
    fields: tuple[str, ...]
    own: bool = True


ANCHORS: dict[tuple[str, str], Anchor] = {
    ("enrolment", "end"): Anchor("start", ("orgId",)),
    ("participation", "end"): Anchor("start", ("atOrg", "orgId")),
    ("placement", "decided"): Anchor("requested", ("toOrg",), own=False),
    ("handover", "acknowledged"): Anchor("prepared", ("toOrg",), own=False),
    ("handover", "withdrawn"): Anchor("prepared", ("fromOrg",)),
    ("handover", "warm-initial"): Anchor("prepared", ("fromOrg", "toOrg")),
    ("handover", "warm-follow-up"): Anchor("prepared", ("fromOrg", "toOrg")),
    ("certificate", "revoked"): Anchor("issued", ("issuer", "orgId")),
    ("absence", "closed"): Anchor("opened", ("orgId",)),
}
"""Who may publish it, of domain.md §2.9, as far as it is a relation: the issuer revokes, the sending school withdraws.
What a stranger says is kept and counts for nothing; so it is the same whether it came before or after the rest."""

CLOSING = ("closing", "closed")
BY_PLACE = frozenset({CLOSING, ("absence", "closed")})
"""Parts on which every place where the learner is or was enrolled has a word, and an authority."""


COUPLED = {
    "enrolment": ("start", "end"),
    "participation": ("start", "end"),
    "placement": ("requested", "decided"),
    "handover": ("prepared", "withdrawn"),
    "absence": ("opened", "closed"),
}
"""The part that begins a matter and the one that ends it."""


class Facts:
    """Facts of a learner by family, id and part: slot `enrolment/<id>/start` is `family("enrolment")[id]["start"]`.
    A slot that ends in `@<orgId>` holds the word of one organisation; the part is the newest of those that count.

    Facts that linked lines share (E27) stand among them. A fact that another one corrects from a different slot is
    left out, so what was told by mistake is nowhere seen again. `strangers` are slots whose word does not count.
    `plain` tells that none of this is the case and that nothing closed the line: everything counts as it was told.
    `kinds` says as `(family, part)` of what something is known, or was until it was corrected.

    What nearly every rule asks is worked out at once: `enrolments` (E8 with, if known, E9), `participations` (E10 with
    E11) and `placements` (E6 with E7) as pairs of data; `birth_month` (`YYYY-MM`) as the newest enrolment tells it
    or, without one, the newest request, "" when none does; `closing` as data of an E29: told so, or by the death that
    a school reported (E9), None while the line is open, or opened again by a later enrolment; `erasure` as data of
    the E29 that asks for it. `restricted` tells that the line is frozen (`hub.core.restriction`).
    """

    __slots__ = (
        "_couples", "_families", "_stays", "birth_month", "closing", "enrolments", "erasure", "kinds", "participations",
        "placements", "plain", "restricted", "strangers",
    )  # fmt: skip

    def __init__(self, state: State) -> None:
        self._families: dict[str, dict[str, dict[str, Fact]]] = {}
        self._couples: dict[str, list[Couple]] = {}
        self._stays: list[Couple] | None = None
        self.kinds: set[tuple[str, str]] = set()
        self.strangers: set[str] = set()
        words, voided = self._place(state.facts)
        if state.shared:
            for bundle in state.shared.values():
                more = self._place(bundle.facts)
                words, voided = words + more[0], voided + more[1]
        if words:
            self._hear(words)
        for slot, fact in voided:
            if slot not in self.strangers:
                self._void(slot.partition("@")[0], fact.data["corrects"])
        self.enrolments = self.pairs("enrolment")
        self.participations = self.pairs("participation")
        self.placements = self.pairs("placement")
        self.birth_month = self._birth_month()
        told = "closing" in self._families
        self.erasure = self.data("closing", "erased", "closed") if told else None
        self.closing = self._closing(self.data("closing", "line", "closed") if told else None)
        self.plain = not (told or voided or self.strangers or state.shared)
        word = self.data("restriction", "line", "word")
        self.restricted = word is not None and bool(word["restricted"])

    def _place(self, slots: Mapping[str, Fact]) -> tuple[list[Told], list[Told]]:
        """Puts facts in their places. Gives those that are one organisation's word, which are not placed yet, and
        those that correct another."""
        families, kinds, words, voided = self._families, self.kinds, [], []
        for slot, fact in slots.items():
            if "corrects" in fact.data:
                voided.append((slot, fact))
            if "@" in slot:
                words.append((slot, fact))
                continue
            family, id, part = slot.split("/", 2)
            kinds.add((family, part))
            if family not in families:
                families[family] = {id: {part: fact}}
                continue
            ids = families[family]
            if id not in ids:
                ids[id] = {part: fact}
            elif part not in ids[id]:
                ids[id][part] = fact
            else:
                _newest(ids[id], part, fact)
        return words, voided

    def _hear(self, words: list[Told]) -> None:
        """Places the words of organisations, as far as they count."""
        for slot, fact in words:
            family, id, part = slot.partition("@")[0].split("/", 2)
            if self._counts(family, id, part, fact):
                self.kinds.add((family, part))
                _newest(self._families.setdefault(family, {}).setdefault(id, {}), part, fact)
            else:
                self.strangers.add(slot)

    def _counts(self, family: str, id: str, part: str, fact: Fact) -> bool:
        matter, by = (family, part.partition("/")[0]), fact.data["orgId"]
        if matter in BY_PLACE and (by.startswith(_AUTHORITY) or by in self._places()):
            return True
        anchor = ANCHORS.get(matter)
        if anchor is None:
            return False
        known = self._families.get(family, _NONE).get(id, _NONE).get(anchor.part)
        if known is None:
            return True
        for field in anchor.fields:
            if known.data.get(field) == by:
                return True
        return anchor.own and known.attributes["source"] == fact.attributes["source"]

    def _places(self) -> set[str]:
        """Where the learner is or was enrolled, or took part."""
        enrolled = {data["orgId"] for _, data in self.each("enrolment", "start")}
        return enrolled | {data["atOrg"] for _, data in self.each("participation", "start")}

    def _void(self, by: str, corrected: Data) -> None:
        for family, ids in self._families.items():
            for name, parts in ids.items():
                for part, fact in list(parts.items()):
                    named = fact.attributes
                    same = named["source"] == corrected["source"] and named["id"] == corrected["id"]
                    if same and f"{family}/{name}/{part}" != by:
                        del parts[part]

    def _birth_month(self) -> str:
        told = [(start["startOn"], start["birthMonth"]) for start, _ in self.enrolments]
        if not told and self.placements:
            told = [(asked["occurredOn"], asked["birthMonth"]) for asked, _ in self.placements]
        return max(told)[1] if told else ""

    def _closing(self, told: Data | None) -> Data | None:
        told = told or self._death()
        if told is None or not told["reopenable"]:
            return told
        later = any(start["startOn"] > told["closedOn"] for start, _ in self.enrolments)
        return None if later else told

    def _death(self) -> Data | None:
        for _, end in self.enrolments:
            if end and end["reason"] == "death":
                return {"reason": "deceased", "closedOn": end["endOn"], "reopenable": False}
        return None

    def family(self, name: str) -> Mapping[str, Parts]:
        """Everything of one family by id; an id may have lost all its parts to a correction."""
        return self._families.get(name, _NONE)

    def has(self, family: str) -> bool:
        return family in self._families

    def of(self, family: str, id: str) -> Parts:
        return self._families.get(family, _NONE).get(id, _NONE)

    def at(self, slot: str) -> Fact | None:
        """The fact that counts in the place of a slot, whoever's word the slot holds."""
        family, id, part = slot.partition("@")[0].split("/", 2)
        return self._families.get(family, _NONE).get(id, _NONE).get(part)

    def data(self, family: str, id: str, part: str) -> Data | None:
        """Data of the newest fact in one place."""
        if family not in self._families:
            return None
        fact = self._families[family].get(id, _NONE).get(part)
        return fact.data if fact else None

    def each(self, family: str, part: str) -> Iterator[tuple[str, Data]]:
        """Id and data of every fact with that part."""
        for id, parts in self.family(family).items():
            if part in parts:
                yield id, parts[part].data

    def couples(self, family: str) -> list[Couple]:
        """What began in a family, each with what ended it if that is known (`COUPLED`)."""
        found = self._couples.get(family)
        if found is None:
            first, then = COUPLED[family]
            known = self._families.get(family, _NONE).values()
            found = [(parts[first], parts.get(then)) for parts in known if first in parts]
            self._couples[family] = found
        return found

    def pairs(self, family: str) -> list[tuple[Data, Data | None]]:
        """The same as data."""
        known = self._families.get(family)
        if known is None:
            return []
        first, then = COUPLED[family]
        return [
            (parts[first].data, parts[then].data if then in parts else None)
            for parts in known.values()
            if first in parts
        ]

    def stays(self) -> list[Couple]:
        """Start and, if known, end of every enrolment that was no error."""
        if self._stays is None:
            known = self.couples("enrolment")
            self._stays = [pair for pair in known if pair[1] is None or pair[1].data["reason"] != "error"]
        return self._stays


def _newest(parts: dict[str, Fact], part: str, fact: Fact) -> None:
    other = parts.setdefault(part, fact)
    if other is not fact and other.rank() < fact.rank():
        parts[part] = fact
