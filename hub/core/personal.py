"""Second guard: values shaped like a number or address of a person, wherever they stand (standards.md §1.4, §6.5)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from hub.core.event import Fault

# Most texts: they hold too little to be any of these, and need no closer look.
_HARMLESS = re.compile(r"[^0-9@%]*(?:[0-9][^0-9@%]*){0,8}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# Inside hexadecimal (traces, digests) digits mean nothing; short ones may be a number with a letter before it.
_HEX = re.compile(r"(?<![0-9a-f])(?=[0-9]*[a-f])[0-9a-f]{12,}(?![0-9a-f])", re.IGNORECASE)
_DATE = re.compile(r"(?<![0-9])(19|20)[0-9]{2}-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])(?![0-9])")
_GROUPS = re.compile(r"[0-9]+(?:[ .-]{1,2}[0-9]+)*")
_DIGITS = re.compile(r"[0-9]+")
# One character before the @ is enough, and keeps the search linear on long texts.
_EMAIL = re.compile(r"[^\s@]@(?:[^\s@]+\.[^\s@]|\[)")
_PHONE = re.compile(
    r"(?<![0-9])(?:\+31|0031|0)[ ./-]{0,2}(?:\(0\)[ ./-]?)?[1-9](?:[ ./-]{0,2}[0-9]){8}(?![0-9])"
)
_ABROAD = re.compile(r"\+[1-9](?:[ ./()-]{0,2}[0-9]){8,14}(?![0-9])")
_ECK = re.compile(r"ketenid\.nl/|(?<![0-9a-f])[0-9a-f]{128}(?![0-9a-f])", re.IGNORECASE)
_DOTS = str.maketrans("。｡‐‑‒–—−", "..------")
_BSN_DIGITS = 9
_ROUNDS = 4


def is_bsn(nine: str) -> bool:
    """Eleven test of a burgerservicenummer, or of an onderwijsnummer (starts with 10, remainder 5)."""
    digits = [int(c) for c in nine]
    rest = (sum(d * w for d, w in zip(digits, range(9, 1, -1), strict=False)) - digits[8]) % 11
    return (rest == 0 and any(digits)) or (rest == 5 and nine.startswith("10"))


def looks_personal(text: str) -> bool:
    """Whether a text holds something shaped like a BSN, onderwijsnummer, ECK iD, e-mail address or phone number: also
    percent-encoded, in digits of other scripts, or with spaces, dots and hyphens in between."""
    if _HARMLESS.fullmatch(text) and text.isascii() and _ECK.search(text) is None:
        return False
    text = _plain(text)
    if _ECK.search(text) is not None or _EMAIL.search(text) is not None:
        return True
    text = _HEX.sub("|", _UUID.sub("|", text))
    return _PHONE.search(text) is not None or _ABROAD.search(text) is not None or _holds_bsn(text)


def _plain(text: str) -> str:
    """The text as a reader would take it: decoded, digits as 0-9, nothing invisible."""
    for _ in range(_ROUNDS):
        if "%" not in text:
            break
        text = unquote_to_bytes(text).decode(errors="replace")
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text).translate(_DOTS)
    return "".join(_plain_character(one) for one in text)


def _plain_character(one: str) -> str:
    digit = unicodedata.digit(one, -1)
    if digit >= 0:
        return str(digit)
    return "" if unicodedata.category(one) == "Cf" else one


def _holds_bsn(text: str) -> bool:
    """Nine digits that pass the test: in one piece, or in neighbouring pieces."""
    for found in _GROUPS.finditer(_DATE.sub("|", text)):
        pieces: list[str] = _DIGITS.findall(found[0])
        for start in range(len(pieces)):
            number = ""
            for piece in pieces[start:]:
                number += piece
                if len(number) >= _BSN_DIGITS:
                    break
            if len(number) == _BSN_DIGITS and is_bsn(number):
                return True
    return False


def faults(
    value: Any,
    pointer: str = "/data",
    allow: frozenset[str] = frozenset(),
    mailboxes: frozenset[str] = frozenset(),
) -> Iterator[Fault]:
    """Every text or number below `value` that looks personal. Pointers in `allow` are passed over; those in `mailboxes`
    may hold the e-mail address of a desk: letters and hyphens before the @."""
    if isinstance(value, str):
        seen = _DESK.sub("", value) if pointer in mailboxes else value
        if pointer not in allow and looks_personal(seen):
            yield _fault(pointer)
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from faults(below, f"{pointer}/{escape(key)}", allow, mailboxes)
    elif isinstance(value, list):
        for i, below in enumerate(value):
            yield from faults(below, f"{pointer}/{i}", allow, mailboxes)
    elif isinstance(value, int) and looks_personal(str(value)):
        yield _fault(pointer)


_DESK = re.compile(r"^[a-z][a-z-]{1,39}@(?=[a-z0-9-]+(?:\.[a-z0-9-]+)+$)")


def _fault(pointer: str) -> Fault:
    return Fault(pointer, "personal-data", "looks like a number or address of a person; take it out")


def escape(name: str) -> str:
    """A member name as a token of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
