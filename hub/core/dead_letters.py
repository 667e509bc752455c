"""Dead letters: why a delivery was refused for good, what to do about it, and what of the receiver's own words may be
kept. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

import orjson

from hub.core.personal import looks_personal
from hub.core.retry import REFUSED

MOST = 120
"""Characters of a receiver's words that are kept."""

_LINE_BYTES = 4096
_HIDDEN = "*"
_ROUNDS = 8
"""What is hidden can bring together what stood apart; a text that never settles is not kept."""


class Step(NamedTuple):
    """What the partner does next, Dutch and English; a replay of that cause follows."""

    nl: str
    en: str


CAUSES: dict[str, Step] = {
    "dns": Step(
        "De naam van uw adres is niet te vinden. Herstel de DNS-registratie of wijzig het adres.",
        "The name of your address cannot be found. Repair its DNS record or change the sink.",
    ),
    "tls": Step(
        "De beveiligde verbinding lukt niet. Controleer certificaat, tussencertificaten en TLS-versie.",
        "The secure connection fails. Check certificate, intermediate certificates and TLS version.",
    ),
    "connect": Step(
        "Uw adres neemt de verbinding niet aan of verbreekt die. Controleer firewall, poort en dienst.",
        "Your address does not accept the connection or breaks it off. Check firewall, port and service.",
    ),
    "timeout": Step(
        "Uw systeem antwoordt te laat. Sla het bericht op, antwoord met 202 en verwerk het daarna.",
        "Your system answers too late. Store the message, answer 202 and handle it afterwards.",
    ),
    "auth": Step(
        "Uw systeem geeft geen toegang. Vernieuw de toegangsgegevens bij het abonnement (protocolsettings).",
        "Your system gives no access. Renew the credentials of the subscription (protocolsettings).",
    ),
    "refused": Step(
        "Uw systeem weigert dit bericht. Lees de opgegeven reden, herstel de verwerking of pas het filter aan.",
        "Your system refuses this message. Read the reason it gave, repair the handling or change the filter.",
    ),
    "server": Step(
        "Uw systeem loopt vast op dit bericht. Zoek de fout in uw logboek bij dit webhook-id.",
        "Your system breaks on this message. Look for the fault in your log at this webhook-id.",
    ),
    "redirect": Step(
        "Uw adres verwijst door, en dat volgt de hub niet. Zet het nieuwe adres in het abonnement.",
        "Your address redirects, which the hub does not follow. Put the new address into the subscription.",
    ),
    "schema": Step(
        "Uw systeem begrijpt de inhoud niet. Vergelijk uw versie met het schema van deze gebeurtenis.",
        "Your system does not understand the content. Compare your version with the schema of this event.",
    ),
    "policy": Step(
        "De hub mag dit adres niet aanroepen. Kies een openbaar https-adres of vraag de beheerder.",
        "The hub may not call this address. Choose a public https address or ask the operator.",
    ),
    "other": Step(
        "Het antwoord is niet te duiden. Kijk bij dit webhook-id in uw logboek of vraag de beheerder.",
        "The answer cannot be made out. Look in your log at this webhook-id or ask the operator.",
    ),
}

_FAILURES = {
    "dns": "dns",
    "tls": "tls",
    "connect": "connect",
    "closed": "connect",
    "first-byte": "timeout",
    "timeout": "timeout",
    "forbidden": "policy",
    "auth": "auth",
    REFUSED: "refused",
}
_STATUSES = {
    401: "auth",
    403: "auth",
    407: "auth",
    408: "timeout",
    415: "schema",
    422: "schema",
    451: "policy",
}
_CLASSES = {3: "redirect", 4: "refused", 5: "server"}


def cause(status: str) -> str:
    """One of `CAUSES`, for the status of an attempt: an HTTP status or the name of a failure (`Answer.label`)."""
    if not (status.isascii() and status.isdecimal()):
        return _FAILURES.get(status, "other")
    code = int(status)
    return _STATUSES.get(code) or _CLASSES.get(code // 100, "other")


def words(content_type: str, body: bytes) -> str:
    """What a receiver gives as its reason: the title of a problem (RFC 9457) or the end of its type, or the first line
    of plain text; cleaned. "" when it says nothing that may be kept."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/problem+json":
        return clean(_problem(body))
    if kind == "text/plain":
        lines = body[:_LINE_BYTES].decode("utf-8", "replace").strip().splitlines()
        return clean(lines[0]) if lines else ""
    return ""


_NAMING = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        r"[^\s@<>\"'(]{0,64}@[^\s@]+",
        r"\+?[0-9](?:[ ./:-]?[0-9]){3,}",
        r"(?=[a-z-]{0,40}[0-9])[0-9a-f-]{8,}",
        r"[^\s]{25,}",
    )
)
"""UUIDs; e-mail addresses; four digits or more, however grouped; what looks like a key; what is no word."""


def clean(text: str) -> str:
    """One line of printable ASCII without anything that may name a person, at most `MOST` characters long. What was
    cleaned stays as it is when it is cleaned again."""
    for _ in range(_ROUNDS):
        cleaned = _cleaned(text)
        if cleaned == text:
            return cleaned
        text = cleaned
    return ""


def _cleaned(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text[:_LINE_BYTES])
    plain = "".join(one if " " <= one <= "~" else "?" if one.isprintable() else " " for one in plain)
    for naming in _NAMING:
        plain = naming.sub(_HIDDEN, plain)
    short = " ".join(plain.split())[:MOST].rstrip()
    return "" if looks_personal(short) else short


def _problem(body: bytes) -> str:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    if not isinstance(given, dict):
        return ""
    title, kind = given.get("title"), given.get("type")
    if isinstance(title, str) and title.strip():
        return title
    return kind.rstrip("/").rpartition("/")[2] if isinstance(kind, str) and kind != "about:blank" else ""
