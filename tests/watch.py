"""A pure hub that is watched: every delivery is held against the matrix with what the hub could know at that moment."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from hub.core.admission import Admitted
from hub.core.catalogue import KINDS
from hub.core.policy import Policy
from hub.core.records import Out
from tests import city, matrix
from tests.history import History
from tests.pure import DAY_MS, START, PureHub, Told, outcomes, partner_of, told
from tests.sayings import Said, Thing, doubtful, slot, things

LATE = ("E12", "E13", "E14", "E15", "E23")
"""Events that the page lets wait for another: told as soon as that one comes, if it comes later."""
REFUSED = "quarantined:not-a-party"


def code_of(one: Told) -> str:
    return KINDS[one.event["type"]].code


class Watched:
    """`wrong` is what broke the matrix; `checked` counts deliveries that were judged, `due` those that were owed, and
    `refused` events of who is no party."""

    def __init__(self, policy: Policy) -> None:
        self.hub = PureHub(policy)
        self.facts: list[Said] = []
        self.had: dict[Thing, set[str]] = defaultdict(set)
        self.erased: set[str] = set()
        self.wrong: list[str] = []
        self.checked: Counter[str] = Counter()
        self.due: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def publish(self, events: Sequence[Admitted], at: int = START) -> None:
        """Each event as a step of its own, judged before the next."""
        for event in events:
            said = Said(KINDS[event.event.type].code, event.event.data, event.event.source, event.event.id)
            signals = self._signals(event.key)
            self.facts.append(said)
            out = self.hub.publish([event], at)
            self._look_for_refused(said, out)
            self._judge(out, signals or self._signals(event.key))
            self._look_for_missing(said)
            if event.key in self.hub.states and self.hub.state(event.key).erased:
                self.erased.add(said.data.get("learnerId", ""))
        for said in self.facts:
            if said.code in LATE:
                self._look_for_missing(said)

    def tick_all(self, at: int) -> None:
        before = len(self.hub.out)
        self.hub.tick_all(at)
        self._judge(self.hub.out[before:], False)

    def _signals(self, key: bytes) -> bool:
        return key in self.hub.states and bool(self.hub.state(key).signals)

    def _judge(self, out: Sequence[Out], signals: bool) -> None:
        for one in told(out):
            code, partner = code_of(one), partner_of(one.subscription)
            named = (one.event["source"], one.event["id"])
            original = next((f.data for f in self.facts if (f.source, f.id) == named), one.data)
            learner = original.get("learnerId", "")
            history = self._history(learner, signals)
            self.wrong += matrix.judge(code, partner, original, one.data, history)
            if learner in self.erased:
                self.wrong.append(f"{code} reached {partner} after the learner was erased")
            self.checked[code] += 1
            for thing in things(Said(code, original, *named)):
                self.had[thing].add(partner)

    def _history(self, learner: str, signals: bool = False) -> History:
        lines = self._linked(learner)
        mine = [f for f in self.facts if f.data.get("learnerId") in lines]
        return History(mine, self.had, signals)

    def _linked(self, learner: str) -> set[str]:
        """The line and all that it was ever merged with."""
        lines = {learner}
        links = [
            {f.data["learnerId"], f.data["otherLearnerId"]} for f in self.facts if "otherLearnerId" in f.data
        ]
        for _ in links:
            lines |= set[str]().union(*(link for link in links if link & lines))
        return lines

    def _look_for_refused(self, said: Said, out: Sequence[Out]) -> None:
        """Only who is no party is refused, and always is unless it had something of the matter before."""
        facts = self._history(said.data.get("learnerId", "")).facts
        refused = REFUSED in outcomes(out)
        if refused and not doubtful(said, facts):
            self.wrong.append(f"{said.code} of a party was refused")
        self.refused[said.code] += refused

    def _look_for_missing(self, said: Said) -> None:
        if not self._plain(said):
            return
        publisher = city.OF_SOURCE[said.source].id
        owed = matrix.owed(said.code, said.data, self._history(said.data["learnerId"])) - {publisher}
        self.due[said.code] += len(owed)
        for partner in sorted(owed - self.had[("event", said.source, said.id)]):
            self.wrong.append(f"{said.code} did not reach {partner}")

    def _plain(self, said: Said) -> bool:
        """Whether nothing muddles who must get this: no rival, correction, closing, link or death in the line."""
        if "learnerId" not in said.data:
            return False
        mine = self._history(said.data["learnerId"]).facts
        muddled = any(
            "corrects" in f.data
            or "otherLearnerId" in f.data
            or f.data.get("reason") == "death"
            or (f.code == "E29" and f is not said)
            for f in mine
        )
        return not muddled and [slot(f) for f in mine].count(slot(said)) == 1


def answered(policy: Policy, events: Sequence[Admitted], until: int = 0) -> Watched:
    """The hub after these events; if `until` is given, its clocks ran until then before the last few and after."""
    watched = Watched(policy)
    if not until:
        watched.publish(events)
        return watched
    early = (2 * len(events) + 2) // 3
    watched.publish(events[:early])
    watched.tick_all(until)
    watched.publish(events[early:], until)
    watched.tick_all(until + DAY_MS)
    return watched
