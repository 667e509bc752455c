"""The event catalogue: every kind, found by its CloudEvents type. To add one, add a `Kind` to the file of its flow."""

from __future__ import annotations

from hub.core.catalogue import arrivals, careers, certificates, handover, offers, signals
from hub.core.catalogue.base import Kind

ALL: tuple[Kind, ...] = (
    *arrivals.KINDS,
    *offers.KINDS,
    *careers.KINDS,
    *handover.KINDS,
    *certificates.KINDS,
    *signals.KINDS,
)

KINDS: dict[str, Kind] = {kind.type: kind for kind in sorted(ALL, key=lambda k: (k.code[0], int(k.code[1:])))}
