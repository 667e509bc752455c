"""Gives the parts of the hub their names, passwords and rights in Kafka: all of `hub.core.kafka_rights`, no more."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hub import private
from hub.core.kafka_rights import RIGHTS, Right
from hub.kafka_access import ITERATIONS, administer, alter
from hub.locked import SCRAM


class Changed(NamedTuple):
    """What was not yet as it should be: users that got a password, rights given, rights taken away."""

    passwords: list[str]
    given: int
    taken: int


async def lock(bootstrap: str, folder: Path, rights: Mapping[str, Collection[Right]] = RIGHTS) -> Changed:
    """Makes the cluster's users and rights those of `rights`, with each password in a file of its own in `folder`,
    named after the user and for its owner alone. May be run again at any time; a file that was removed is a password
    that is replaced.

    Raises NoAuthorizer, AccessRefused, and KafkaUnavailable when nothing answers.
    """
    private.folder(folder)

    def put(admin: Any) -> Changed:
        drawn = [user for user in rights if _password(admin, user, folder / user)]
        given, taken = 0, 0
        for user, wanted in rights.items():
            had = _rights(admin, user)
            given += _give(admin, user, [one for one in sorted(wanted) if _acl(user, one) not in had])
            taken += _take(admin, had - {_acl(user, one) for one in wanted})
        return Changed(drawn, given, taken)

    return await administer(bootstrap, put)


def _password(admin: Any, user: str, path: Path) -> bool:
    """Whether a password had to be drawn or told to Kafka."""
    from kafka.admin import UserScramCredentialUpsertion

    known = bool(admin.describe_user_scram_credentials([user])[user]["credential_infos"])
    if known and path.exists():
        return False
    if not path.exists():
        # Written before Kafka knows it: cut off in between, the next run draws no other and tells it this one.
        private.write(path, secrets.token_urlsafe(32))
    alter(admin, UserScramCredentialUpsertion(user, SCRAM, path.read_text(), ITERATIONS))
    return True


def _rights(admin: Any, user: str) -> set[Any]:
    from kafka import admin as names

    anything = names.ResourcePatternFilter(names.ResourceType.ANY, None, names.ACLResourcePatternType.ANY)
    whose = names.ACLFilter(
        f"User:{user}", None, names.ACLOperation.ANY, names.ACLPermissionType.ANY, anything
    )
    found, _ = admin.describe_acls(whose)
    return set(found)


def _acl(user: str, right: Right) -> Any:
    from kafka import admin as names

    how = names.ACLResourcePatternType.PREFIXED if right.prefix else names.ACLResourcePatternType.LITERAL
    what = names.ResourcePattern(names.ResourceType[right.kind], right.name, how)
    does, may = names.ACLOperation[right.operation], names.ACLPermissionType.ALLOW
    return names.ACL(f"User:{user}", "*", does, may, what)


def _give(admin: Any, user: str, rights: Collection[Right]) -> int:
    if rights:
        for wrong in admin.create_acls([_acl(user, one) for one in rights])["failed"]:
            raise wrong()
    return len(rights)


def _take(admin: Any, acls: Collection[Any]) -> int:
    if acls:
        for _, _, wrong in admin.delete_acls(list(acls)):
            if wrong.errno:
                raise wrong()
    return len(acls)
