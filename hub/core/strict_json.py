"""JSON as strangers send it, read without losing anything: what cannot be carried on unchanged is a fault.

The usual parsers keep the last of two equal keys, round large integers and let half a surrogate through.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from hub.core.event import Fault
from hub.core.personal import escape

MAX_DEPTH = 32
MAX_INTEGER = 2**53 - 1
"""Larger ones change in receivers that read numbers as doubles (RFC 8259 §6)."""


class _Twice(dict[str, Any]):
    """An object in which `names` stood more than once."""

    names: tuple[str, ...] = ()


def read(raw: bytes, pointer: str = "") -> tuple[Any, list[Fault]]:
    """The value (None when it is no JSON) and everything wrong with it, with pointers below `pointer`."""
    try:
        value = _decoder.decode(raw.decode())
    except RecursionError:
        return None, [_too_deep(pointer)]
    except ValueError:
        return None, [Fault(pointer, "json", "is not valid JSON in UTF-8")]
    return value, [] if _sound(value) else list(_walk(value, pointer, 0))


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    twice = _Twice(made)
    names = [name for name, _ in pairs]
    twice.names = tuple(name for name in made if names.count(name) > 1)
    return twice


def _no_constant(name: str) -> None:
    raise ValueError(name)


_decoder = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_no_constant)


def _sound(value: Any) -> bool:
    """The quick look that nearly everything passes: level by level, without making pointers."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for one in level:
            kind = type(one)
            if kind is dict:
                if not all(name.isascii() for name in one):
                    return False
                below += one.values()
            elif kind is list:
                below += one
            elif not _sound_scalar(kind, one):
                return False
        if not below:
            return True
        level = below
    return False


def _sound_scalar(kind: type, one: Any) -> bool:
    if kind is str:
        return bool(one.isascii())
    return one is None or kind is bool or (kind is int and abs(one) <= MAX_INTEGER)


def _walk(value: Any, at: str, depth: int) -> Iterator[Fault]:
    if isinstance(value, str):
        yield from _text(value, at)
    elif isinstance(value, dict | list):
        if depth >= MAX_DEPTH:
            yield _too_deep(at)
        elif isinstance(value, dict):
            yield from _object(value, at, depth)
        else:
            for i, below in enumerate(value):
                yield from _walk(below, f"{at}/{i}", depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        yield Fault(at, "number", "is too large for a number")
    elif isinstance(value, int) and abs(value) > MAX_INTEGER:
        yield Fault(at, "number", "whole numbers beyond 2^53 do not survive all receivers; send a string")


def _object(value: dict[str, Any], at: str, depth: int) -> Iterator[Fault]:
    if isinstance(value, _Twice):
        for name in value.names:
            yield Fault(f"{at}/{escape(name)}", "duplicate-key", "stands more than once; send it once")
    for name, below in value.items():
        if list(_text(name, at)):
            yield Fault(at, "text", "a member name holds half a surrogate pair")
        else:
            yield from _walk(below, f"{at}/{escape(name)}", depth + 1)


def _text(value: str, at: str) -> Iterator[Fault]:
    if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        yield Fault(at, "text", "holds half a surrogate pair")


def _too_deep(at: str) -> Fault:
    return Fault(at, "depth", f"is nested more than {MAX_DEPTH} deep")
