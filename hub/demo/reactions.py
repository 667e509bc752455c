"""What a receiving system answers: a school that gets a handover acknowledges it, and holds the warm contact. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from connectors.http.mapping import PREFIX, cloud_event
from hub.core.catalogue import KINDS
from hub.core.partners import Partner

_SPACE = uuid.UUID("6d1c0b7e-92f4-5a3d-8e17-3c5b9a0d4f21")
_HANDOVER = f"{PREFIX}handover.prepared.v1"
INCOMPLETE_IN = 20
"""One in so many handovers is found incomplete."""


def to(event: dict[str, Any], partner: Partner) -> Iterator[dict[str, Any]]:
    """Events that `partner` publishes because it received `event`, in order. Ids are derived, so that receiving it
    twice publishes the same again."""
    data = event.get("data") or {}
    if event.get("type") != _HANDOVER or not partner.owns(data.get("toOrg", "")):
        return
    if not KINDS[f"{PREFIX}handover.acknowledged.v1"].publishers & set(partner.roles):
        return
    received = datetime.fromisoformat(event["time"])
    mark = uuid.uuid5(_SPACE, event["id"])
    result = "incomplete" if mark.int % INCOMPLETE_IN == 0 else "accepted"
    acknowledged = received + timedelta(days=1 + mark.int % 6)
    yield _answer(event, partner, "handover.acknowledged", acknowledged, 1, {"result": result, "by": "admin"})
    if data["warmNeeded"] and result == "accepted":
        held = acknowledged + timedelta(days=3)
        more = {"phase": "initial", "status": "held", "on": held.date().isoformat()}
        present = {"rolesPresent": ["teacher-g8", "mentor", "support"]}
        yield _answer(event, partner, "warm-contact.held", held, 2, {**more, **present})


def _answer(
    event: dict[str, Any], partner: Partner, name: str, at: datetime, sequence: int, more: dict[str, Any]
) -> dict[str, Any]:
    data = event["data"]
    common = {
        "learnerId": data["learnerId"],
        "occurredOn": at.date().isoformat(),
        "orgId": data["toOrg"],
        "basis": data["basis"],
        "handoverId": data["handoverId"],
    }
    return cloud_event(
        f"{name}.v1",
        {**common, **more},
        source=partner.sources[0],
        id=str(uuid.uuid5(_SPACE, f"{event['id']}/{name}")),
        subject=event["subject"],
        time=at,
        sequence=sequence,
    )
