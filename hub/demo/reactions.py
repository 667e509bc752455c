"""What a receiving system answers: a school that gets a handover acknowledges it, and holds the warm contact. Pure.

In the demo partners react to what they are delivered; in a file the same answers stand between the rest (`answers` of
`hub.demo.story.school_year`).
"""

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
_WITHDRAWN = f"{PREFIX}handover.withdrawn.v1"
_ANSWER = KINDS[f"{PREFIX}handover.acknowledged.v1"]
INCOMPLETE_IN = 20
"""One in so many handovers is found incomplete."""
DOSSIER, ELSEWHERE = "dd:", "dd:elders-"
"""How the made-up references of dossiers begin. Opening one of the second kind shows a pupil who goes elsewhere."""


def to(event: dict[str, Any], partner: Partner) -> Iterator[dict[str, Any]]:
    """Events that `partner` publishes because it received `event`, in order. Ids are derived, so that receiving it
    twice publishes the same again."""
    if not partner.orgs or not _ANSWER.publishers & set(partner.roles):
        return
    data = event.get("data") or {}
    if (
        event.get("type") == _HANDOVER
        and partner.owns(data.get("toOrg", ""))
        and data["consent"] != "refused"
    ):
        yield from _received(event, partner)
    elif event.get("type") == _WITHDRAWN and not partner.owns(data.get("orgId", "")):
        day = datetime.fromisoformat(event["time"]) + timedelta(days=2)
        yield _answer(event, partner, "handover.acknowledged", day, 3, {"result": "purged", "by": "admin"})


def _received(event: dict[str, Any], partner: Partner) -> Iterator[dict[str, Any]]:
    mark = uuid.uuid5(_SPACE, event["id"])
    result = _result(event["data"], mark.int)
    acknowledged = datetime.fromisoformat(event["time"]) + timedelta(days=1 + mark.int % 6)
    yield _answer(event, partner, "handover.acknowledged", acknowledged, 1, {"result": result, "by": "admin"})
    if event["data"]["warmNeeded"] and result == "accepted":
        held = acknowledged + timedelta(days=3)
        more = {"phase": "initial", "status": "held", "on": held.date().isoformat()}
        present = {"rolesPresent": ["teacher-g8", "mentor", "support"]}
        yield _answer(event, partner, "warm-contact.held", held, 2, {**more, **present})


def _result(data: dict[str, Any], mark: int) -> str:
    if data["dossierRef"].startswith(ELSEWHERE):
        return "wrong-recipient"
    return "incomplete" if mark % INCOMPLETE_IN == 0 else "accepted"


def _answer(
    event: dict[str, Any], partner: Partner, name: str, at: datetime, sequence: int, more: dict[str, Any]
) -> dict[str, Any]:
    data = event["data"]
    common = {
        "learnerId": data["learnerId"],
        "occurredOn": at.date().isoformat(),
        "orgId": data.get("toOrg") or partner.orgs[0].ref,
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
