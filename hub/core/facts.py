"""The facts of one aggregate, found by what they are about. Built once per step: every rule reads this."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from hub.core.state import Fact, State

Data = dict[str, Any]
Parts = Mapping[str, Fact]
Told = tuple[str, Fact]
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


class Facts:
    """Facts of a learner by family, id and part: slot `enrolment/<id>/start` is `family("enrolment")[id]["start"]`.
    A slot that ends in `@<orgId>` holds the word of one organisation; the part is the newest of those that count.

    Facts that linked lines share (E27) stand among them. A fact that another one corrects from a different slot is
    left out, so what was told by mistake is nowhere seen again. `strangers` are slots whose word does not count.

    What nearly every rule asks is worked out at once: `enrolments` (E8 with, if known, E9), `participations` (E10 with
    E11) and `placements` (E6 with E7) as pairs of data; `birth_month` (`YYYY-MM`) as the newest enrolment tells it
    or, without one, the newest request, "" when none does; `closing` as data of an E29: told so, or by the death that
    a school reported (E9), None while the line is open, or opened again by a later enrolment; `erasure` as data of
    the E29 that asks for it.
    """

    __slots__ = (
        "_couples", "_families", "birth_month", "closing", "enrolments", "erasure", "participations", "placements", "strangers",
    )  # fmt: skip

    def __init__(self, state: State) -> None:
        self._families: dict[str, dict[str, dict[str, Fact]]] = {}
        self._couples: dict[tuple[str, str, str], list[tuple[Fact, Fact | None]]] = {}
        self.strangers: set[str] = set()
        words, voided = self._place(state.facts)
        for bundle in state.shared.values():
            more = self._place(bundle.facts)
            words, voided = words + more[0], voided + more[1]
        if words:
            self._hear(words)
        for slot, fact in voided:
            if slot not in self.strangers:
                self._void(slot.partition("@")[0], fact.data["corrects"])
        self.enrolments = self.pairs("enrolment", "start", "end")
        self.participations = self.pairs("participation", "start", "end")
        self.placements = self.pairs("placement", "requested", "decided")
        self.birth_month = self._birth_month()
        self.erasure = self.data("closing", "erased", "closed")
        self.closing = self._closing()

    def _place(self, slots: Mapping[str, Fact]) -> tuple[list[Told], list[Told]]:
        """Puts facts in their places. Gives those that are one organisation's word, which are not placed yet, and
        those that correct another."""
        families, words, voided = self._families, [], []
        for slot, fact in slots.items():
            if "corrects" in fact.data:
                voided.append((slot, fact))
            if "@" in slot:
                words.append((slot, fact))
                continue
            pieces = slot.split("/", 2)
            family, id, part = pieces if len(pieces) == 3 else _parsed(slot)
            ids = families.get(family)
            if ids is None:
                families[family] = {id: {part: fact}}
            elif (parts := ids.get(id)) is None:
                ids[id] = {part: fact}
            else:
                _newest(parts, part, fact)
        return words, voided

    def _hear(self, words: list[Told]) -> None:
        """Places the words of organisations, as far as they count."""
        for slot, fact in words:
            family, id, part = _parsed(slot.partition("@")[0])
            if self._counts(family, id, part, fact):
                _newest(self._families.setdefault(family, {}).setdefault(id, {}), part, fact)
            else:
                self.strangers.add(slot)

    def _counts(self, family: str, id: str, part: str, fact: Fact) -> bool:
        part, by = part.partition("/")[0], fact.data["orgId"]
        if (family, part) in BY_PLACE and (by.startswith(_AUTHORITY) or by in self._places()):
            return True
        if (family, part) == CLOSING:
            return False
        anchor = ANCHORS[family, part]
        known = self.of(family, id).get(anchor.part)
        if known is None or by in [known.data.get(field) for field in anchor.fields]:
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
        told = told or [(asked["occurredOn"], asked["birthMonth"]) for asked, _ in self.placements]
        return max(told)[1] if told else ""

    def _closing(self) -> Data | None:
        told = self.data("closing", "line", "closed") or self._death()
        if told is None or not told["reopenable"]:
            return told
        later = any(start["startOn"] > told["closedOn"] for start, _ in self.enrolments)
        return None if later else told

    def _death(self) -> Data | None:
        deaths = [end["endOn"] for _, end in self.enrolments if end and end["reason"] == "death"]
        return {"reason": "deceased", "closedOn": deaths[0], "reopenable": False} if deaths else None

    def family(self, name: str) -> Mapping[str, Parts]:
        """Everything of one family by id; an id may have lost all its parts to a correction."""
        return self._families.get(name, _NONE)

    def kinds(self) -> frozenset[str]:
        """Of what something is known, as `family/part`."""
        known = self._families.items()
        return frozenset(
            [f"{name}/{part}" for name, ids in known for parts in ids.values() for part in parts]
        )

    def has(self, *families: str) -> bool:
        return not self._families.keys().isdisjoint(families)

    def of(self, family: str, id: str) -> Parts:
        return self._families.get(family, _NONE).get(id, _NONE)

    def at(self, slot: str) -> Fact | None:
        """The fact that counts in the place of a slot, whoever's word the slot holds."""
        family, id, part = _parsed(slot.partition("@")[0])
        return self.of(family, id).get(part)

    def data(self, family: str, id: str, part: str) -> Data | None:
        """Data of the newest fact in one place."""
        if family not in self._families:
            return None
        fact = self.of(family, id).get(part)
        return fact.data if fact else None

    def each(self, family: str, part: str) -> Iterator[tuple[str, Data]]:
        """Id and data of every fact with that part."""
        for id, parts in self.family(family).items():
            if part in parts:
                yield id, parts[part].data

    def couples(self, family: str, first: str, then: str) -> list[tuple[Fact, Fact | None]]:
        """Every `first` part with the `then` part of the same id, if it is known."""
        ids = self._families.get(family)
        if ids is None:
            return []
        asked = (family, first, then)
        found = self._couples.get(asked)
        if found is None:
            found = [(parts[first], parts.get(then)) for parts in ids.values() if first in parts]
            self._couples[asked] = found
        return found

    def pairs(self, family: str, first: str, then: str) -> list[tuple[Data, Data | None]]:
        """The same as data."""
        if family not in self._families:
            return []
        couples = self.couples(family, first, then)
        return [(one.data, other.data if other else None) for one, other in couples]


def _parsed(slot: str) -> list[str]:
    """Family, id and part, "" for those that a slot of a group or an offer does not have."""
    found = slot.split("/", 2)
    return found if len(found) == 3 else [*found, "", ""][:3]


def _newest(parts: dict[str, Fact], part: str, fact: Fact) -> None:
    other = parts.setdefault(part, fact)
    if other is not fact and other.rank() < fact.rank():
        parts[part] = fact
