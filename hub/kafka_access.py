"""What a partner may do in Kafka itself: its credential (SCRAM) and its rights (ACLs). Kafka alone keeps both.

Rights on topics are literal, one per subscription: the ids of subscriptions are drawn, so no prefix says whose they
are, and `outbox.inbox-a` is a prefix of `outbox.inbox-a-b`. Rights on groups go by prefix, up to a dot that no partner
id holds. The right on groups also marks who has a credential at all: only then do rights follow its subscriptions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from hub.core.topics import OUTBOX
from hub.errors import OperatorError
from hub.kafka import admin_client
from hub.locked import SCRAM

MECHANISM = SCRAM
ITERATIONS = 8192
READ, WRITE = "READ", "WRITE"
TOPIC, GROUP = "TOPIC", "GROUP"
Right = tuple[str, str, str]
"""Kind of resource, its name (the prefix, for a group), and what may be done to it."""
T = TypeVar("T")


class AccessRefused(OperatorError):
    """Kafka would not change a credential or a right."""


class NoAuthorizer(AccessRefused):
    """The cluster lets everyone do everything, so there is nothing to give or take."""


def user(partner: str) -> str:
    """The name under which a partner comes in."""
    return f"partner-{partner}"


def group_prefix(partner: str) -> str:
    """What the names of its consumer groups must begin with."""
    return f"{user(partner)}."


async def admit(bootstrap: str, partner: str) -> frozenset[Right]:
    """Lets a partner join its groups, and from now on read what it subscribes to; not before it has a password.
    Returns the rights it had.

    Raises NoAuthorizer, AccessRefused, and KafkaUnavailable when nothing answers, as all functions here do.
    """

    def put(admin: Any) -> frozenset[Right]:
        had = _rights(admin, partner)
        _create(admin, partner, [_group(partner)])
        return had

    return await administer(bootstrap, put)


async def set_rights(
    bootstrap: str, partner: str, reads: Collection[str], writes: Collection[str], had: Collection[Right]
) -> None:
    """Gives an admitted partner these topics, and takes away what it had (`admit`) beyond them; a right that somebody
    else gave it meanwhile stays."""
    wanted = {_group(partner), *((TOPIC, name, READ) for name in reads)}
    wanted |= {(TOPIC, name, WRITE) for name in writes}

    def put(admin: Any) -> None:
        _create(admin, partner, sorted(wanted))
        for right in set(had) - wanted:
            _delete(admin, partner, right)

    await administer(bootstrap, put)


async def set_password(bootstrap: str, partner: str, password: str) -> None:
    """Replaces the partner's password; salted and hashed here, so that Kafka never sees it."""

    def put(admin: Any) -> None:
        from kafka.admin import UserScramCredentialUpsertion

        alter(admin, UserScramCredentialUpsertion(user(partner), MECHANISM, password, ITERATIONS))

    await administer(bootstrap, put)


async def expel(bootstrap: str, partner: str) -> bool:
    """Takes password and rights away; False when it had no password. Connections that are open can do nothing more."""

    def take(admin: Any) -> bool:
        from kafka.admin import UserScramCredentialDeletion

        found = admin.describe_user_scram_credentials([user(partner)])
        had = bool(found[user(partner)]["credential_infos"])
        if had:
            alter(admin, UserScramCredentialDeletion(user(partner), MECHANISM))
        _delete(admin, partner)
        return had

    return await administer(bootstrap, take)


async def let(bootstrap: str, partner: str, topic: str, operation: str) -> bool:
    """Gives one more topic to a partner that was admitted; False for any other, and where there is no authorizer."""

    def put(admin: Any) -> bool:
        admitted = _group(partner) in _rights(admin, partner)
        if admitted:
            _create(admin, partner, [(TOPIC, topic, operation)])
        return admitted

    try:
        return await administer(bootstrap, put)
    except NoAuthorizer:
        return False


async def settle(bootstrap: str, reads: Mapping[str, Collection[str]]) -> None:
    """Makes what every admitted partner may read of the outboxes what `reads` says for it: nothing for one that is not
    named."""

    def put(admin: Any) -> None:
        held: dict[str, set[str]] = {}
        for who, (kind, name, operation) in _all_rights(admin):
            if kind == GROUP:
                held.setdefault(who, set())
            elif operation == READ and name.startswith(OUTBOX):
                held.setdefault(who, set()).add(name)
        for who, had in held.items():
            due = set(reads.get(who, ()))
            _create(admin, who, [(TOPIC, name, READ) for name in sorted(due - had)])
            for name in sorted(had - due):
                _delete(admin, who, (TOPIC, name, READ))

    await administer(bootstrap, put)


async def administer(bootstrap: str, act: Callable[[Any], T]) -> T:
    """What `act` makes of an admin client, in a thread."""

    def work() -> T:
        admin = admin_client(bootstrap)
        try:
            with _told(bootstrap):
                return act(admin)
        finally:
            admin.close()

    return await asyncio.to_thread(work)


@contextmanager
def _told(bootstrap: str) -> Iterator[None]:
    from kafka.errors import KafkaError, SecurityDisabledError

    try:
        yield
    except SecurityDisabledError:
        open_to_all = f"Kafka at {bootstrap} lets everyone read everything"
        raise NoAuthorizer(f"{open_to_all}: set authorizer.class.name on its brokers first") from None
    except KafkaError as error:
        raise AccessRefused(f"Kafka would not change who may do what: {error}") from None


def _group(partner: str) -> Right:
    return GROUP, group_prefix(partner), READ


def alter(admin: Any, alteration: Any) -> None:
    """Changes one credential."""
    wrong = admin.alter_user_scram_credentials([alteration])[alteration.user]
    if wrong:
        raise AccessRefused(f"Kafka would not change the password of {alteration.user}: {wrong}")


def _rights(admin: Any, partner: str) -> frozenset[Right]:
    return frozenset(right for _, right in _all_rights(admin, partner))


def _all_rights(admin: Any, partner: str | None = None) -> Iterator[tuple[str, Right]]:
    """Partners with each right they have."""
    ours = f"User:{user('')}"
    for one in admin.describe_acls(_filter(partner))[0]:
        if one.principal.startswith(ours):
            what = one.resource_pattern
            right = (what.resource_type.name, what.resource_name, one.operation.name)
            yield one.principal.removeprefix(ours), right


def _create(admin: Any, partner: str, rights: Collection[Right]) -> None:
    from kafka import admin as names

    if not rights:
        return

    def acl(kind: str, name: str, operation: str) -> Any:
        how = names.ACLResourcePatternType.PREFIXED if kind == GROUP else names.ACLResourcePatternType.LITERAL
        what = names.ResourcePattern(names.ResourceType[kind], name, how)
        # Reading and writing imply seeing that the topic is there (Describe).
        does, may = names.ACLOperation[operation], names.ACLPermissionType.ALLOW
        return names.ACL(f"User:{user(partner)}", "*", does, may, what)

    for wrong in admin.create_acls([acl(*right) for right in rights])["failed"]:
        raise wrong()


def _delete(admin: Any, partner: str | None, right: Right = ("ANY", "", "ANY")) -> None:
    for _, _, wrong in admin.delete_acls([_filter(partner, right)]):
        if wrong.errno:
            raise wrong()


def _filter(partner: str | None, right: Right = ("ANY", "", "ANY")) -> Any:
    """Rights of a partner, or of all, on a resource by exactly that name, or on all."""
    from kafka import admin as names

    kind, name, operation = right
    how = {TOPIC: "LITERAL", GROUP: "PREFIXED"}.get(kind, "ANY")
    pattern = names.ACLResourcePatternType[how]
    what = names.ResourcePatternFilter(names.ResourceType[kind], name or None, pattern)
    whose = f"User:{user(partner)}" if partner else None
    return names.ACLFilter(whose, None, names.ACLOperation[operation], names.ACLPermissionType.ANY, what)
