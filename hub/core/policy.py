"""The policy at one moment: who the partners are, what they subscribed to, and every number tagged [A] in domain.md."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hub.core.partners import Directory
from hub.core.subscription import Subscription, inbox


class Rules(msgspec.Struct, frozen=True):
    """Thresholds and choices that are configuration, not code. Days are calendar days."""

    small_cell: int = 5
    enrolment_gap_warn_days: int = 7
    enrolment_gap_breach_days: int = 28
    arrival_warn_days: int = 30
    arrival_breach_months: int = 3
    hub_source: str = "urn:nld:oin:00000099000000000000:systeem:onderwijshub"


class Policy:
    """Handed to every decision. A value: a change of directory or subscriptions makes a new one."""

    def __init__(
        self, directory: Directory, subscriptions: Iterable[Subscription] = (), rules: Rules | None = None
    ) -> None:
        self.directory = directory
        self.rules = rules or Rules()
        self._by_partner: dict[str, tuple[Subscription, ...]] = {}
        given = sorted(subscriptions, key=lambda s: s.id)
        for partner in directory.partners:
            own = tuple(s for s in given if s.partner == partner)
            default = () if any(s.inbox for s in own) else (inbox(partner),)
            self._by_partner[partner] = default + own

    def subscriptions(self, partner: str) -> tuple[Subscription, ...]:
        """The partner's subscriptions, its inbox always among them."""
        return self._by_partner.get(partner, ())
