"""The policy at one moment: who the partners are, what they subscribed to, and the rules that are configuration."""

from __future__ import annotations

from collections.abc import Iterable

from hub.core.directory import Directory
from hub.core.pairwise import Alias, References, alias
from hub.core.purposes import GAPS, flow_of
from hub.core.rules import Rules
from hub.core.subscription import Subscription, inbox


class Policy:
    """Handed to every decision. A value: a change of directory or subscriptions makes a new one."""

    def __init__(
        self,
        directory: Directory,
        subscriptions: Iterable[Subscription] = (),
        rules: Rules | None = None,
        secret: bytes = b"",
        references: References | None = None,
    ) -> None:
        """`secret` is the key of the marks of persons in the journal; without one it has none. Without `references`
        everybody is told learner ids as they are: for a hub that tells nobody anything."""
        self.directory = directory
        self.secret = secret
        self.rules = rules or Rules()
        self._off = self.rules.off()
        self.silent = frozenset(rule for rule, flow in GAPS.items() if flow in self._off)
        """Gap rules that say nothing, as the flow they watch over is switched off."""
        self._by_partner: dict[str, tuple[Subscription, ...]] = {}
        self.references = references
        self._aliases = {
            partner.id: made
            for partner in directory.partners.values()
            if (made := alias(partner, self.rules, references))
        }
        given = sorted(subscriptions, key=lambda s: s.id)
        for partner in directory.partners:
            own = tuple(s for s in given if s.partner == partner)
            default = () if any(s.inbox for s in own) else (inbox(partner),)
            self._by_partner[partner] = default + own

    def off(self, type: str) -> bool:
        """Whether events of this type belong to a flow that is switched off."""
        return bool(self._off) and flow_of(type) in self._off

    def alias(self, partner: str) -> Alias | None:
        """What a partner is told in the place of learner ids; None when it is told those."""
        return self._aliases.get(partner)

    def subscriptions(self, partner: str) -> tuple[Subscription, ...]:
        """The partner's subscriptions, its inbox always among them."""
        return self._by_partner.get(partner, ())
