"""What a hostile sender puts where something sound belongs."""

from __future__ import annotations

import random
from typing import Any

PLANTED = ("123456782", "jan.de.tester@school.example", "0612345678", "ketenid.nl/201703/planted")
"""Values of a person; wherever one of these turns up again, the door has let it through."""

_SPELLED = (
    "123.456.782",
    "123 456 782",
    "１２３４５６７８２",
    "%31%32%33456782",
    "jan.de.tester%40school.example",
)

_TEXTS = (
    "", " ", "x" * 5000, "\x00", "\r\nx: y", "é", "\u202e", "😀" * 40, "\ud800", "../../etc/passwd", "{{7*7}}",
    "%s%n", "%",
    "' OR 1=1 --", "<script>alert(1)</script>", "null", "NaN", "-1", "1e999", "2026-13-45", "9" * 400, "a" * 129,
    "0001-01-01T00:00:00+23:59", "2026-11-21T09:12:60Z", "urn:uuid:5f3e7c1a-9d42-4b7e-8f60-0f5be4c5a008", "\ufeff",
)  # fmt: skip
_NUMBERS = (
    0, -1, 1, 2**31, 2**53, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**40, 0.5, -0.0, 1e308, 3.5e25,
    float("nan"), float("inf"), float("-inf"), 123456782,
)  # fmt: skip

QUERIES = (
    "0", "-1", "1", "500", "501", "9223372036854775807", "9223372036854775808", "9007199254740991", "3.5e25", "1e400",
    "NaN", "inf", "0x10", "1_000", "٣", "", " ", "true", "%00", "%ff%fe", "%ED%A0%80", "a" * 600, "[]", "x&x=y",
    "123456782", "jan.de.tester%40school.example", "open", "M1", "2026-2027", "../..", "%2e%2e%2f", "%F0%9F%98%80",
)  # fmt: skip


def value(of: random.Random) -> Any:
    """Any hostile JSON value; some hold what was planted."""
    kind = of.randrange(8)
    if kind == 0:
        return of.choice((*PLANTED, *_SPELLED))
    if kind == 1:
        return f"{of.choice(('x-', 'a:', '', 'ref '))}{of.choice(PLANTED)}{of.choice(('', '/1', '-z'))}"
    if kind in (2, 3):
        return of.choice(_TEXTS)
    if kind == 4:
        return of.choice(_NUMBERS)
    if kind == 5:
        return of.choice((None, True, False, [], {}, [[]], [None], {"": ""}))
    if kind == 6:
        return nested(of.choice((3, 31, 33, 200)), of.choice((list, dict)))
    return {of.choice(("naam", "bsn", "a/b~c", "__proto__", "é")): of.choice(_TEXTS)}


def nested(depth: int, kind: type) -> Any:
    made: Any = 1
    for _ in range(depth):
        made = [made] if kind is list else {"a": made}
    return made


def spoil(given: Any, of: random.Random) -> Any:
    """The same JSON with one place in it made hostile: replaced, taken away, added to, or put on its head."""
    if not isinstance(given, dict | list) or not given or of.random() < 0.15:
        return value(of)
    if isinstance(given, list):
        at = of.randrange(len(given))
        return of.choice(([*given[:at], spoil(given[at], of), *given[at + 1 :]], given * 3, given[:at]))
    name = of.choice(list(given))
    way = of.randrange(6)
    if way == 0:
        return {k: v for k, v in given.items() if k != name}
    if way == 1:
        return {**given, of.choice(("naam", "extra", name.upper(), "", "é", "x" * 300)): value(of)}
    if way == 2:
        return {**given, name: [given[name]]}
    return {**given, name: spoil(given[name], of)}
