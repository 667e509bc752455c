"""A directory of partners as people write it: a YAML file, read with everything that is wrong with it at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.core import rights
from hub.core.attributes import wrong
from hub.core.codes import Area, OrgRef
from hub.core.partners import Client, Org, Partner, Role, Token, hash_token
from hub.errors import OperatorError

TokenOf = Callable[[str], str]
"""The bearer token of a partner id."""

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class DirectoryError(OperatorError):
    """The file cannot be used; `faults` says everything that is wrong with it, one line each."""

    def __init__(self, path: Path, faults: Sequence[str]) -> None:
        super().__init__(f"{path}: " + "; ".join(faults))
        self.faults = tuple(faults)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Org(_Model):
    ref: OrgRef
    name: Name
    area: Area | Literal[""] = ""


class _Bound(_Model):
    scopes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    types: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    orgs: tuple[OrgRef, ...] = ()


class _Token(_Bound):
    """`expires` is a day, until the end of which (UTC) it holds, or milliseconds since 1970."""

    label: Name
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    expires: date | Annotated[int, Field(ge=0)] = 0


class _Client(_Bound):
    issuer: Annotated[str, Field(pattern="^https?://[^ ?#]+$")]
    id: Annotated[str, Field(min_length=1, max_length=200)]


class _Partner(_Model):
    id: Slug
    name: Name
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    orgs: tuple[_Org, ...] = ()
    board: Slug | None = None
    sources: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    types: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    profile: Literal["warn", "refuse"] = "warn"
    tokens: tuple[_Token, ...] = ()
    clients: tuple[_Client, ...] = ()
    oins: tuple[Annotated[str, Field(pattern="^[0-9A-Z]{20}$")], ...] = ()


def load(path: Path, token_of: TokenOf | None = None) -> list[Partner]:
    """Partners of a YAML file (`hub/demo/directory.yaml` is an example). `token_of` gives each partner one more token.

    Raises DirectoryError with all faults of the file.
    """
    entries = _entries(path)
    read = [_read(entry, place) for place, entry in enumerate(entries)]
    faults = [fault for one in read if isinstance(one, list) for fault in one]
    found = [one for one in read if isinstance(one, _Partner)]
    if faults := [*faults, *_together(found)]:
        raise DirectoryError(path, faults)
    return [_partner(one, token_of) for one in found]


def _entries(path: Path) -> list[Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DirectoryError(path, [f"cannot be read: {error}"]) from None
    except yaml.YAMLError as error:
        raise DirectoryError(path, [f"is not YAML: {' '.join(str(error).split())}"]) from None
    if not isinstance(content, list) or not content:
        raise DirectoryError(path, ["must be a list of partners"])
    return content


def _read(entry: Any, place: int) -> _Partner | list[str]:
    name = entry.get("id") if isinstance(entry, dict) else None
    where = f"partner {name or place + 1}"
    try:
        return _Partner.model_validate(entry)
    except ValidationError as error:
        return [f"{where}: {_path(e['loc'])}{e['msg']}" for e in error.errors(include_url=False)]


def _path(loc: Sequence[int | str]) -> str:
    return ".".join(map(str, loc)) + ": " if loc else ""


def _together(partners: Sequence[_Partner]) -> Iterator[str]:
    """What is wrong between partners: everything that finds one must find one only."""
    for what, given in (
        ("id", [p.id for p in partners]),
        ("organisation", [org.ref for p in partners for org in p.orgs]),
        ("source", [source for p in partners for source in p.sources]),
        ("token", [token.sha256 for p in partners for token in p.tokens]),
        ("client", [f"{client.id} of {client.issuer}" for p in partners for client in p.clients]),
    ):
        yield from (f"{what} {name} stands there {n} times" for name, n in Counter(given).items() if n > 1)
    boards = {p.id for p in partners}
    for partner in partners:
        if partner.board and partner.board not in boards:
            yield f"partner {partner.id}: board {partner.board} is not in the file"
        yield from (
            f"partner {partner.id}: source {source} {problem}"
            for source in partner.sources
            if (problem := wrong("source", source)[1])
        )
        made = _partner(partner, None)
        yield from (
            f"partner {partner.id}: {fault}"
            for given in (*made.tokens, *made.clients)
            for fault in rights.unsound(given, made)
        )


def _partner(given: _Partner, token_of: TokenOf | None) -> Partner:
    tokens = [Token(t.label, t.sha256, _moment(t.expires), **_bounds(t)) for t in given.tokens]
    if token_of is not None:
        tokens.append(Token("demo", hash_token(token_of(given.id))))
    return Partner(
        id=given.id,
        name=given.name,
        roles=given.roles,
        orgs=tuple(Org(o.ref, o.name, o.area) for o in given.orgs),
        board=given.board,
        sources=given.sources,
        types=given.types,
        profile=given.profile,
        tokens=tuple(tokens),
        clients=tuple(Client(c.issuer, c.id, **_bounds(c)) for c in given.clients),
        oins=given.oins,
    )


def _bounds(given: _Bound) -> dict[str, tuple[str, ...]]:
    return {"scopes": given.scopes, "sources": given.sources, "types": given.types, "orgs": given.orgs}


def _moment(expires: date | int) -> int:
    if isinstance(expires, int):
        return expires
    return int(datetime.combine(expires + timedelta(days=1), time(), UTC).timestamp() * 1000)


def dump(partners: Sequence[Partner]) -> str:
    """YAML that `load` reads back to the same partners."""
    entries = [{k: v for k, v in msgspec.to_builtins(p).items() if v not in (None, [], ())} for p in partners]
    return yaml.safe_dump(entries, sort_keys=False, allow_unicode=True)
