"""A story that cannot fail tells nothing: each of them fails when the rule it is about is switched off, and no other
story does that is not about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from hub.core import cells, gaps, life, newcomers, restriction, routing, signals, step
from hub.core.catalogue import KINDS, advice
from hub.core.catalogue.base import Cell, Column, always, nothing, whole
from hub.core.gaps import enrolments
from hub.core.identity import identity
from hub.core.newcomers import city as places
from hub.core.partners import Role
from hub.core.views import Group
from hub.core.withdrawal import Ahead
from tests.scenarios import engines
from tests.scenarios.story import paths
from tests.scenarios.test_scenarios import CODES, tell

Patch = pytest.MonkeyPatch


class Switch(NamedTuple):
    """A rule that can be switched off, and the stories that are about it."""

    rule: str
    off: Callable[[Patch], None]
    fails: frozenset[str]


def _switch(rule: str, off: Callable[[Patch], None], fails: str) -> Switch:
    return Switch(rule, off, frozenset(fails.split()))


def _swap(where: Any, name: str, instead: Any) -> Callable[[Patch], None]:
    return lambda patch: patch.setattr(where, name, instead)


def _no_gap(rule: str) -> Callable[[Patch], None]:
    """Without one rule of domain.md §3.5."""
    rest = tuple(r for r in gaps.RULES if r.id != rule)
    return _swap(gaps, "_about", lambda kinds: [r for r in rest if not kinds.isdisjoint(r.kinds)])


def _kind(code: str, **changes: Any) -> Callable[[Patch], None]:
    """One row of the catalogue in another way."""
    return lambda patch: patch.setitem(KINDS, CODES[code].type, replace(CODES[code], **changes))


def _cell(code: str, column: Column, **changes: Any) -> Callable[[Patch], None]:
    """One cell of the matrix in another way."""
    given: Cell = CODES[code].cells[column]
    return _kind(code, cells={**CODES[code].cells, column: replace(given, **changes)})


def _still_coming(group: Group) -> dict[str, Any]:
    if group.status == "cancelled":
        group.status = "announced"
    return _DEMAND(group)


def _forgetful(state: Any, event: Any, origin: Any, policy: Any) -> Any:
    """Takes in what comes after the erasure as if nothing had been."""
    named = identity(event.source, event.id)
    return step._Fold(state, event, KINDS[event.type], origin, policy).run(named)


def _open(case: Any) -> list[Any]:
    """Gaps as if no line were ever closed."""
    if not case.state.key.startswith("learner/"):
        return list(_GAPS(case))
    return [gap for rule in gaps.RULES for gap in rule.find(case)]


def _nothing(*_: Any) -> Iterator[Any]:
    return iter(())


_DEMAND, _GAPS = newcomers.demand, signals.gaps

SWITCHES = (
    _switch("the clock of a group that arrived (T01)", _swap(places, "_unplaced", _nothing), "s1"),
    _switch("newcomers against places (T02)", _swap(places, "_shortage", _nothing), "s1 s3"),
    _switch("the same id must say the same", _swap(step, "content_hash", lambda event: "same"), "s2"),
    _switch("a cancelled group asks for nothing", _swap(newcomers, "demand", _still_coming), "s3"),
    _switch("small cells are merged", _swap(cells, "merge", lambda bands, k: bands), "s4"),
    _switch("only the first choice is asked", _cell("E6", Column.TO, when=always), "s5"),
    _switch(
        "a provisional advice stays where it is",
        _cell("E12", Column.TO, who=advice.accepting_vo, when=always),
        "s5",
    ),
    _switch("follow-up of a warm handover (T08)", _no_gap("T08"), "s5"),
    _switch("a purge order has no payload", _cell("E17", Column.TO, reduce=whole), "s6"),
    _switch("a wrong receiver gets a purge order", _kind("E17", cells={}, follow=False), "s6 s16"),
    _switch("a withdrawal takes back its handover", _kind("E17", withdraws=nothing), "s16"),
    _switch("an erasure takes back all of its learner", _kind("H4", withdraws=nothing), "s12b s16b"),
    _switch("what was taken back is not delivered", _swap(Ahead, "takes_back", lambda *_: False), "s16 s16b"),
    _switch("acknowledged or purged in time (T06)", _no_gap("T06"), "s5 s6 s12 s12b"),
    _switch("who went on has no gap", _swap(enrolments, "_went_on", lambda *_: False), "s5 s7 s7b"),
    _switch("enrolled nowhere (T04)", _no_gap("T04"), "s7b"),
    _switch("the mbo does not see the subjects", _cell("E28", Column.TO, reduce=whole), "s9"),
    _switch("both tracks of ONboard (T13)", _no_gap("T13"), "s9b"),
    _switch("a TLV that ends (T09)", _no_gap("T09"), "s11"),
    _switch("an ijkpunt that was not held (T10)", _no_gap("T10"), "s11"),
    _switch("the tombstone of who was erased", _swap(step, "_dropped", _forgetful), "s12"),
    _switch("of a frozen line nobody is told", _swap(routing, "held", lambda decision, *_: decision), "s12b"),
    _switch(
        "what a frozen line held back is told when that ends", _swap(restriction, "release", _nothing), "s12b"
    ),
    _switch("a closed line has no clocks", _swap(signals, "gaps", _open), "s12"),
    _switch(
        "nothing is kept from after the 27th birthday", _swap(life, "out_of_scope", lambda *_: False), "s13"
    ),
    _switch("a line closes at 27", _swap(life, "closing_day", lambda month: "2099-01-01"), "s13"),
    _switch("only swv may decide on a TLV", _kind("E18", publishers=frozenset(Role)), "s15"),
)


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.rule)
async def test_a_story_fails_when_its_rule_is_switched_off_and_no_other_does(
    switch: Switch, monkeypatch: Patch
) -> None:
    switch.off(monkeypatch)
    assert {path.stem for path in paths() if not await _holds(path)} == switch.fails


async def _holds(path: Any) -> bool:
    async with engines.pure() as engine:
        try:
            await tell(path, engine)
        except (AssertionError, KeyError):
            return False
    return True


def test_every_story_has_a_rule_that_can_be_switched_off() -> None:
    covered = frozenset[str]().union(*(switch.fails for switch in SWITCHES))
    assert {path.stem for path in paths()} == covered
