"""All subscriptions and what is known of them, as `hub.subscriptions` tells it."""

from __future__ import annotations

from collections.abc import Callable

from hub.core import subscription as codec
from hub.core.redelivery import Replays, is_replay
from hub.core.subscription import Status, Subscription
from hub.telemetry import log

_STATUS = "/status"


class Register:
    """Fed by a CompactedView; `on_written(id)` is told each time that a subscription is written or deleted.

    `replays` are those that were ordered.

    Statuses are written by couriers only. A refusal or a stop holds until the subscription is written
    again: whoever writes it says "try again". Other keys alone say nothing.
    """

    def __init__(self, on_written: Callable[[str], None]) -> None:
        self.replays = Replays()
        self._on_written = on_written
        self._subscriptions: dict[str, Subscription] = {}
        self._statuses: dict[str, Status] = {}

    def apply(self, key: bytes, value: bytes | None) -> None:
        name = key.decode()
        if is_replay(name):
            self.replays.apply(name, value)
        elif name.endswith(_STATUS):
            self._take_status(name.removesuffix(_STATUS), value)
        else:
            self._take(name, value)

    def get(self, id: str) -> Subscription | None:
        return self._subscriptions.get(id)

    def status(self, id: str) -> Status:
        """The last status, for whichever sink it was."""
        return self._statuses.get(id, Status())

    def with_sink(self) -> list[str]:
        return [one.id for one in self._subscriptions.values() if one.sink]

    def _take(self, id: str, value: bytes | None) -> None:
        if value is None:
            self._subscriptions.pop(id, None)
        else:
            before, now = self._subscriptions.get(id), codec.load(value)
            self._subscriptions[id] = now
            if final(self.status(id)) and not (before and now.only_rekeyed(before)):
                del self._statuses[id]
        log.event("subscription.written", "debug", subscription=id, deleted=value is None)
        self._on_written(id)

    def _take_status(self, id: str, value: bytes | None) -> None:
        if value is None:
            self._statuses.pop(id, None)
        else:
            self._statuses[id] = codec.load_status(value)


def final(status: Status) -> bool:
    """Whether the status keeps deliveries back until the subscription is written again."""
    return status.state in ("refused", "stopped")
