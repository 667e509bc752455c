"""What the hub says to a receiver that heard nothing for a while: which number was the last."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from hub.core.delivery import Delivery, delivery_id
from hub.core.event import Attribute, Event, moment

TYPE = "nl.onderwijsloopbanen.hub.heartbeat.v1"
NL = "Hartslag van de hub"
EN = "Heartbeat of the hub"


class Heartbeat(BaseModel):
    """No record of the feed: it has no number of its own (no `Hub-Sequence`) and is sent once. Whoever misses a number
    up to `number` for more than a few minutes fetches it from the feed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    subscription: str = Field(description="Id of the subscription")
    number: int = Field(ge=0, description="Number of the last event in its feed; 0 when there never was one")
    at: datetime = Field(description="When that was so")


EXAMPLE = {"subscription": "sub-0123456789ab", "number": 4711, "at": "2026-11-22T09:00:00.000Z"}


def delivery(source: str, subscription: str, number: int, at: int) -> Delivery:
    """The heartbeat of a subscription at `at` (milliseconds since 1970), ready to be sent."""
    attributes: dict[str, Attribute] = {
        "specversion": "1.0",
        "id": f"{subscription}/{at}",
        "source": source,
        "type": TYPE,
        "subject": f"subscription/{subscription}",
        "time": moment(at),
        "datacontenttype": "application/json",
        "privacyclass": "G0",
    }
    event = Event(attributes, {"subscription": subscription, "number": number, "at": moment(at)})
    return Delivery(delivery_id(source, event.id, subscription), event.subject, at, event.structured())
