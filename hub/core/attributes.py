"""What may stand in an attribute of a CloudEvent: name, type, format (CloudEvents 1.0.2 §3), nothing personal."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from hub.core.personal import looks_personal

REQUIRED = ("specversion", "id", "source", "type")
_TEXTS = (*REQUIRED, "datacontenttype", "dataschema", "subject", "time", "dataref", "partitionkey")
_URIS = ("source", "dataschema", "dataref")
_OPEN = ("specversion", "type", "datacontenttype", "time")

_NAME = re.compile(r"[a-z0-9]+")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef]")
_URI_CHARS = r"(?:[A-Za-z0-9._~:/?@!$&'()*+,;=\[\]-]|%[0-9A-Fa-f]{2})*"
_URI = re.compile(f"{_URI_CHARS}(?:#{_URI_CHARS})?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_RSIN = re.compile(r"^urn:nld:rsin:[0-9]{9}")
_JSON = re.compile(r"[^/;\s]+/(?:[^/;\s]+\+)?json\s*(?:;(?P<parameters>.*))?", re.IGNORECASE | re.DOTALL)
_CHARSET = re.compile(r"charset\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)


def wrong(name: str, value: Any) -> tuple[str, str]:
    """Code and detail of what is wrong with one attribute; empty when it is sound."""
    if not _NAME.fullmatch(name) or name == "data":
        return "attribute-name", "names of attributes are lower case letters and digits"
    if isinstance(value, str):
        return _wrong_text(name, value)
    if name in _TEXTS:
        return "attribute-type", "must be a text"
    if not isinstance(value, int):
        return "attribute-type", "attributes are texts, whole numbers or booleans; the rest belongs in data"
    if not -(2**31) <= value < 2**31:
        return "attribute-type", "whole numbers must fit in 32 bits"
    return _wrong_privacy(name, str(value))


def _wrong_text(name: str, value: str) -> tuple[str, str]:
    if not value and name in _TEXTS:
        return "empty", "may not be empty; leave it out"
    if _FORBIDDEN.search(value) or (not value.isascii() and any(ord(c) & 0xFFFE == 0xFFFE for c in value)):
        return "text", "holds control characters or characters that Unicode forbids"
    if name == "specversion" and value != "1.0":
        return "specversion", "must be 1.0"
    if name in _URIS and not _URI.fullmatch(value):
        return "uri", "must be a URI reference; percent-encode what it may not hold"
    if name == "dataschema" and not _SCHEME.match(value):
        return "uri", "must be an absolute URI"
    if name == "time" and not _is_time(value):
        return "time", "must be a moment as in RFC 3339, such as 2026-11-21T09:12:44Z"
    if name == "datacontenttype" and not is_json(value):
        return "datacontenttype", "only JSON data in UTF-8 is carried"
    return _wrong_privacy(name, value)


def _wrong_privacy(name: str, value: str) -> tuple[str, str]:
    """All on the way may log attributes, so nothing of a person may stand there (standards.md §1.4)."""
    if name in _OPEN or _TIME.fullmatch(value) or _TRACE.fullmatch(value):
        return "", ""
    if looks_personal(_RSIN.sub("", value) if name == "source" else value):
        return "personal-data", "looks like a number or address of a person; use an opaque id"
    return "", ""


def is_json(content_type: str) -> bool:
    """Whether a media type means JSON (`*/json`, `*/*+json`) in UTF-8."""
    found = _JSON.fullmatch(content_type.strip())
    return found is not None and is_utf8(found["parameters"])


def is_utf8(parameters: str | None) -> bool:
    """Whether the parameters of a media type leave the text in UTF-8."""
    found = _CHARSET.search(parameters or "")
    return found is None or found[1].lower() in ("utf-8", "utf8", "us-ascii")


def _is_time(value: str) -> bool:
    """Whether it is a moment that exists; a leap second counts as the second before it."""
    if not _TIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value[:10] + "T" + value[11:17] + value[17:19].replace("60", "59") + "+00:00")
        zone = value[19:].lstrip(".0123456789")
        return zone in ("Z", "z") or (int(zone[1:3]) < 24 and int(zone[4:6]) < 60)
    except ValueError:
        return False
