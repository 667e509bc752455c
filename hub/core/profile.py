"""Rules of the NL GOV profile for CloudEvents that go beyond CloudEvents itself (standards.md §1.1, §1.2).

What a publisher's `Partner.profile` says about them (warn or refuse) is decided by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub.core.event import Event, Fault

MAX_NAME = 20
_URN = re.compile(r"urn:nld:[a-z0-9][A-Za-z0-9()+,.:=@;$_!*'~&/%-]+")
_REGISTRIES = {
    "oin": re.compile(r"[0-9]{8}[0-9A-Z]{9}[0-9]{3}[:.].+"),
    "kvknr": re.compile(r"[0-9]{8}[:.].+"),
    "rsin": re.compile(r"[0-9]{9}[:.].+"),
}
_REVERSE_DOMAIN = re.compile(r"[a-z]{2,}(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?){2,}")
_VERSION = re.compile(r"v[0-9]+")


def check(event: Event) -> list[Fault]:
    """Every rule of the profile that a sound CloudEvent breaks."""
    return [*_source(event.source), *_type(event.type), *_time(event), *_sequence(event), *_names(event)]


def _source(source: str) -> Iterator[Fault]:
    if not _URN.fullmatch(source):
        yield Fault(
            "/source",
            "profile-source",
            "should be a URN with NID nld, such as urn:nld:oin:<OIN>:systeem:<name>",
        )
        return
    registry, _, rest = source.removeprefix("urn:nld:").partition(":")
    pattern = _REGISTRIES.get(registry)
    if pattern and not pattern.fullmatch(rest):
        yield Fault(
            "/source", "profile-source", f"should hold a whole {registry} number, then the name of the system"
        )


def _type(type: str) -> Iterator[Fault]:
    if not _REVERSE_DOMAIN.fullmatch(type):
        yield Fault(
            "/type", "profile-type", "must be a reverse domain name, such as nl.<domain>.<object>.<fact>.v1"
        )
        return
    tokens = type.split(".")
    if sum(_VERSION.fullmatch(token) is not None for token in tokens) > 1:
        yield Fault("/type", "profile-type-version", "may hold one version only")
    if any(token.isdigit() for token in tokens):
        yield Fault("/type", "profile-type-version", "a version begins with v")


def _time(event: Event) -> Iterator[Fault]:
    if "time" not in event.attributes:
        yield Fault("/time", "profile-time", "should be there: the moment at which the event was recorded")


def _sequence(event: Event) -> Iterator[Fault]:
    sequence, kind = event.attributes.get("sequence"), event.attributes.get("sequencetype")
    if (sequence is None) != (kind is None):
        missing = "/sequence" if sequence is None else "/sequencetype"
        yield Fault(missing, "profile-sequence", "sequence and sequencetype go together")
    elif kind is not None and str(kind).lower() != "integer":
        yield Fault("/sequencetype", "profile-sequence", "the only known value is Integer")
    elif sequence is not None and not _is_counter(str(sequence)):
        yield Fault("/sequence", "profile-sequence", "must be a whole number of 32 bits, from 1 on")


def _is_counter(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 10 and 1 <= int(text) < 2**31


def _names(event: Event) -> Iterator[Fault]:
    for name in event.attributes:
        if len(name) > MAX_NAME:
            yield Fault(f"/{name}", "profile-name-length", f"names should have at most {MAX_NAME} characters")
