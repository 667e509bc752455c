"""The directory of partners: how they are found."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable

from hub.core.partners import Client, Partner, Role, Token, hash_token


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
        self._by_client = {(c.issuer, c.id): (p, c) for p in self.partners.values() for c in p.clients}

    def get(self, partner: str) -> Partner | None:
        return self.partners.get(partner)

    def org_name(self, ref: str) -> str:
        """What an organisation is called; its reference when nobody named it."""
        partner = self.of_org(ref)
        return (
            next((org.name for org in partner.orgs if org.ref == ref and org.name), ref) if partner else ref
        )

    def with_role(self, role: Role) -> tuple[Partner, ...]:
        return self._by_role[role]

    def of_client(self, issuer: str, id: str) -> tuple[Partner, Client] | None:
        """The partner that a client of an issuer speaks for."""
        return self._by_client.get((issuer, id))

    def of_token(self, token: str) -> tuple[Partner, Token] | None:
        """The partner a bearer token was issued to, also when it has expired. Compares every hash in constant time."""
        digest = hash_token(token)
        found = None
        for partner in self.partners.values():
            for known in partner.tokens:
                if hmac.compare_digest(known.sha256, digest):
                    found = partner, known
        return found
