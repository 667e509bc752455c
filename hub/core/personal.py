"""Second guard: values shaped like a number or address of a person, wherever they stand (standards.md §1.4, §6.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hub.core.event import Fault

# Inside hexadecimal (UUIDs, traces) digits mean nothing: without these bounds 1 in 170 random UUIDs is refused.
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NINE_DIGITS = re.compile(r"(?<![0-9a-fA-F])[0-9]{9}(?![0-9a-fA-F])")
# One character before the @ is enough, and keeps the search linear on long texts.
_EMAIL = re.compile(r"[^\s@]@[^\s@]+\.[a-z]{2,}", re.IGNORECASE)
_PHONE = re.compile(r"(?<![0-9a-fA-F])(\+31|0031|0)[ -]?[1-9]([ -]?[0-9]){8}(?![0-9a-fA-F])")
_ECK = re.compile(r"ketenid\.nl/", re.IGNORECASE)


def is_bsn(nine: str) -> bool:
    """Eleven test of a burgerservicenummer, or of an onderwijsnummer (starts with 10, remainder 5)."""
    digits = [int(c) for c in nine]
    rest = (sum(d * w for d, w in zip(digits, range(9, 1, -1), strict=False)) - digits[8]) % 11
    return (rest == 0 and any(digits)) or (rest == 5 and nine.startswith("10"))


def looks_personal(text: str) -> bool:
    """Whether a text holds something shaped like a BSN, onderwijsnummer, ECK iD, e-mail address or phone number."""
    text = _UUID.sub(" ", text)
    return (
        any(is_bsn(nine) for nine in _NINE_DIGITS.findall(text))
        or _EMAIL.search(text) is not None
        or _PHONE.search(text) is not None
        or _ECK.search(text) is not None
    )


def faults(value: Any, pointer: str = "/data", allow: frozenset[str] = frozenset()) -> Iterator[Fault]:
    """Every text below `value` that looks personal. Pointers in `allow` are passed over (functional mailboxes)."""
    if isinstance(value, str):
        if pointer not in allow and looks_personal(value):
            yield Fault(pointer, "personal-data", "looks like a number or address of a person; take it out")
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from faults(below, f"{pointer}/{escape(key)}", allow)
    elif isinstance(value, list):
        for i, below in enumerate(value):
            yield from faults(below, f"{pointer}/{i}", allow)


def escape(name: str) -> str:
    """A member name as a token of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
