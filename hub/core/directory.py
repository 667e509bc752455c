"""The directory of partners: how they are found."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable

from hub.core.partners import Partner, Role, hash_token


class Directory:
    """All partners, indexed for look-up by organisation, role and source. A value: never changed after it is made."""

    def __init__(self, partners: Iterable[Partner]) -> None:
        self.partners: dict[str, Partner] = {p.id: p for p in sorted(partners, key=lambda p: p.id)}
        by_org = {org.ref: p for p in self.partners.values() for org in p.orgs}
        self.of_org: Callable[[str], Partner | None] = by_org.get
        """The partner that runs an organisation; None for one outside the hub."""
        self._by_role: dict[Role, tuple[Partner, ...]] = {
            role: tuple(p for p in self.partners.values() if role in p.roles) for role in Role
        }
        by_source = {source: p for p in self.partners.values() for source in p.sources}
        self.of_source: Callable[[str], Partner | None] = by_source.get

    def get(self, partner: str) -> Partner | None:
        return self.partners.get(partner)

    def with_role(self, role: Role) -> tuple[Partner, ...]:
        return self._by_role[role]

    def of_token(self, token: str) -> Partner | None:
        """The partner a bearer token belongs to. Compares every hash in constant time."""
        digest = hash_token(token)
        found = None
        for partner in self.partners.values():
            for known in partner.tokens:
                if hmac.compare_digest(known.sha256, digest):
                    found = partner
        return found
