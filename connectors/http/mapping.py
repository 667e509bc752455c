"""From what a school or municipal system knows to a CloudEvent as the hub wants it. Pure: ids and times are given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

PREFIX = "nl.onderwijsloopbanen."


def cloud_event(
    name: str,
    data: Mapping[str, Any],
    *,
    source: str,
    id: str,
    subject: str,
    time: datetime,
    sequence: int | None = None,
) -> dict[str, Any]:
    """A CloudEvent in structured form. `name` is that of the catalogue, such as `enrolment.started.v1`.

    `id` must be kept with your record and be the same over all retries: it is by `source` and `id` that the hub knows
    a repeat. `subject` is an opaque id, never a name or number of a person. `time` (aware) is when you recorded the
    fact, the date on which it happened stands in `data`. `sequence` counts from 1 within one `subject` of yours.
    """
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "type": PREFIX + name,
        "source": source,
        "id": id,
        "subject": subject,
        "time": time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
    }
    if sequence is not None:
        attributes |= {"sequence": str(sequence), "sequencetype": "Integer"}
    return attributes | {"data": dict(data)}
