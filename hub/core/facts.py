"""The facts of one aggregate, found by what they are about. Built once per step: every rule reads this."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, NamedTuple, TypeVar

from hub.core.state import Fact, State

Data = dict[str, Any]
Parts = Mapping[str, Fact]
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
    """

    __slots__ = ("_families", "answers", "strangers")

    def __init__(self, state: State) -> None:
        families: dict[str, dict[str, dict[str, Fact]]] = {}
        self._families = families
        self.answers: dict[Any, Any] = {}
        """What was asked of these facts before, by question: rules ask the same ones over and over."""
        self.strangers: set[str] = set()
        words: list[tuple[str, Fact]] = []
        voided: list[tuple[str, str, str]] = []
        for slots in (state.facts, *(bundle.facts for bundle in state.shared.values())):
            for slot, fact in slots.items():
                if "corrects" in fact.data:
                    voided.append((slot, fact.data["corrects"]["source"], fact.data["corrects"]["id"]))
                if "@" in slot:
                    words.append((slot, fact))
                else:
                    self._put(slot, fact)
        for slot, fact in words:
            place = slot.partition("@")[0]
            if self._counts(place, fact):
                self._put(place, fact)
            else:
                self.strangers.add(slot)
        for slot, source, id in voided:
            if slot not in self.strangers:
                self._void(slot.partition("@")[0], source, id)

    def _put(self, slot: str, fact: Fact) -> None:
        family, _, rest = slot.partition("/")
        id, _, part = rest.partition("/")
        known = self._families.setdefault(family, {}).setdefault(id, {})
        other = known.setdefault(part, fact)
        if other is not fact and other.rank() < fact.rank():
            known[part] = fact

    def _counts(self, place: str, fact: Fact) -> bool:
        family, id, part = place.split("/", 2)
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

    def _void(self, by: str, source: str, id: str) -> None:
        for family, ids in self._families.items():
            for name, parts in ids.items():
                for part, fact in list(parts.items()):
                    same = fact.attributes["source"] == source and fact.attributes["id"] == id
                    if same and f"{family}/{name}/{part}" != by:
                        del parts[part]

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
        family, _, rest = slot.partition("@")[0].partition("/")
        id, _, part = rest.partition("/")
        return self.of(family, id).get(part)

    def data(self, family: str, id: str, part: str) -> Data | None:
        """Data of the newest fact in one place."""
        fact = self.of(family, id).get(part)
        return fact.data if fact else None

    def each(self, family: str, part: str) -> Iterator[tuple[str, Data]]:
        """Id and data of every fact with that part."""
        for id, parts in self.family(family).items():
            if part in parts:
                yield id, parts[part].data

    def couples(self, family: str, first: str, then: str) -> list[tuple[Fact, Fact | None]]:
        """Every `first` part with the `then` part of the same id, if it is known."""
        if family not in self._families:
            return []
        asked = (family, first, then)
        found: list[tuple[Fact, Fact | None]] | None = self.answers.get(asked)
        if found is None:
            parts = self._families[family].values()
            found = self.answers[asked] = [(one[first], one.get(then)) for one in parts if first in one]
        return found

    def pairs(self, family: str, first: str, then: str) -> list[tuple[Data, Data | None]]:
        """The same as data."""
        couples = self.couples(family, first, then)
        return [(one.data, other.data if other else None) for one, other in couples]


Answer = TypeVar("Answer")
_UNASKED: Any = object()


def remembered(question: Callable[[Facts], Answer]) -> Callable[[Facts], Answer]:
    """A question about facts that is worked out once."""

    @wraps(question)
    def ask(facts: Facts) -> Answer:
        found: Answer = facts.answers.get(question, _UNASKED)
        if found is _UNASKED:
            found = facts.answers[question] = question(facts)
        return found

    return ask
