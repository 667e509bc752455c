"""One fact, and everything a rule may look at to decide who gets it, or what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from hub.core.facts import Data, Facts
from hub.core.partners import Partner
from hub.core.policy import Policy
from hub.core.state import Fact, Raised, State

T = TypeVar("T")
_UNASKED: Any = object()


class Case:
    """One fact, and everything a rule may look at to decide who gets it.

    `state` is the folded state with the fact in it and `facts` the same by family; `standing` are the signals that
    stood before this event.
    """

    __slots__ = ("_found", "data", "fact", "facts", "policy", "standing", "state")

    def __init__(
        self,
        fact: Fact,
        state: State,
        policy: Policy,
        standing: Mapping[str, Raised] | None = None,
        facts: Facts | None = None,
    ) -> None:
        self.fact, self.state, self.policy = fact, state, policy
        self.standing = standing or {}
        self.data: Data = fact.data
        self.facts = Facts(state) if facts is None else facts
        self._found: dict[str, Any] = {}

    def once(self, name: str, find: Callable[[Case], T]) -> T:
        """What `find` finds, looked up once per case: the cells of one event ask the same of it again and again."""
        found: T = self._found.get(name, _UNASKED)
        if found is _UNASKED:
            found = self._found[name] = find(self)
        return found

    def partner(self, org: str | None) -> tuple[Partner, ...]:
        """The partner that runs an organisation, as a tuple of none or one."""
        found = self.policy.directory.of_org(org) if org else None
        return (found,) if found else ()

    def known(self, slot: str) -> Data | None:
        """Data of the newest fact in a slot `family/id/part` of this aggregate."""
        fact = self.facts.at(slot)
        return fact.data if fact else None
