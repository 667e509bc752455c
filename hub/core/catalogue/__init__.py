"""The event catalogue: every kind, found by its CloudEvents type. To add one, add a `Kind` to the file of its flow."""

from __future__ import annotations

from hub.core.catalogue import (
    absence,
    advice,
    aggregates,
    arrivals,
    careers,
    certificates,
    handover,
    lifecycle,
    offers,
    onboard,
    participation,
    placement,
    signals,
    support,
)
from hub.core.catalogue.base import Kind

ALL: tuple[Kind, ...] = (
    *arrivals.KINDS,
    *offers.KINDS,
    *placement.KINDS,
    *careers.KINDS,
    *participation.KINDS,
    *advice.KINDS,
    *handover.KINDS,
    *support.KINDS,
    *absence.KINDS,
    *certificates.KINDS,
    *lifecycle.KINDS,
    *onboard.KINDS,
    *signals.KINDS,
    *aggregates.KINDS,
)

KINDS: dict[str, Kind] = {kind.type: kind for kind in sorted(ALL, key=lambda k: (k.code[0], int(k.code[1:])))}


def about_persons(type: str) -> bool:
    """Whether events of this CloudEvents type may be about one learner; one that nobody described may."""
    kind = KINDS.get(type)
    return kind is None or "learner_id" in kind.data.model_fields
