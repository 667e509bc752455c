"""Partners and subscriptions as `hub.partners` and `hub.subscriptions` tell them."""

from __future__ import annotations

from hub.core import partners, subscription
from hub.core.directory import Directory
from hub.core.partners import Partner, Role
from hub.core.redelivery import Replays, is_replay
from hub.core.subscription import INBOX, Status, Subscription

_STATUS = "/status"


class Known:
    """Fed by two CompactedViews; applying a record again changes nothing. Every partner has an inbox here, also
    when nobody ever wrote it."""

    def __init__(self) -> None:
        self.directory = Directory(())
        self.replays = Replays()
        self.revision = 0
        """Changes when the directory or a subscription does; not for a status, or the progress of a replay."""
        self._subscriptions: dict[str, Subscription] = {}
        self._statuses: dict[str, Status] = {}

    def apply_partner(self, key: bytes, value: bytes | None) -> None:
        """Raises msgspec.ValidationError on a value that is not a partner."""
        known = dict(self.directory.partners)
        if value is None:
            known.pop(key.decode(), None)
        else:
            known[key.decode()] = partners.load(value)
        self.directory = Directory(known.values())
        self.revision += 1

    def apply_subscription(self, key: bytes, value: bytes | None) -> None:
        """Raises msgspec.ValidationError on a value that is no subscription, no status and no replay."""
        name = key.decode()
        if is_replay(name):
            self.replays.apply(name, value)
        elif name.endswith(_STATUS):
            self._take_status(name.removesuffix(_STATUS), value)
        else:
            self._take(name, value)

    def _take(self, name: str, value: bytes | None) -> None:
        if value is None:
            self._subscriptions.pop(name, None)
        else:
            self._subscriptions[name] = subscription.load(value)
        self.revision += 1

    def subscriptions(self) -> list[Subscription]:
        """All that were ever written; inboxes that nobody wrote are not among them."""
        return list(self._subscriptions.values())

    def of(self, partner: Partner) -> list[Subscription]:
        """The partner's subscriptions, its inbox first."""
        inbox = subscription.inbox(partner.id)
        own = sorted((s for s in self._subscriptions.values() if s.partner == partner.id), key=lambda s: s.id)
        first = next((s for s in own if s.inbox), inbox)
        return [first, *(s for s in own if not s.inbox)]

    def find(self, partner: Partner, id: str) -> Subscription | None:
        """The partner's own subscription with that id; None for another's."""
        return next((s for s in self.of(partner) if s.id == id), None)

    def reach(self, partner: Partner, id: str) -> Subscription | None:
        """Like `find`, but an operator finds the subscriptions of all partners."""
        if not partner.has(Role.OPERATOR):
            return self.find(partner, id)
        owner = self.directory.get(id.removeprefix(INBOX)) if id.startswith(INBOX) else None
        return self._subscriptions.get(id) or (subscription.inbox(owner.id) if owner else None)

    def status(self, given: Subscription) -> Status:
        """What the courier last said of the sink the subscription has now."""
        known = self._statuses.get(given.id, Status())
        return known if known.sink == (given.sink or "") else Status()

    def _take_status(self, id: str, value: bytes | None) -> None:
        if value is None:
            self._statuses.pop(id, None)
        else:
            self._statuses[id] = subscription.load_status(value)
