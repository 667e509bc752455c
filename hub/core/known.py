"""Partners and subscriptions as `hub.partners` and `hub.subscriptions` tell them."""

from __future__ import annotations

from hub.core import partners, subscription
from hub.core.partners import Directory, Partner
from hub.core.subscription import Status, Subscription

_STATUS = "/status"


class Known:
    """Fed by two CompactedViews; applying a record again changes nothing. Every partner has an inbox here, also
    when nobody ever wrote it."""

    def __init__(self) -> None:
        self.directory = Directory(())
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

    def apply_subscription(self, key: bytes, value: bytes | None) -> None:
        """Raises msgspec.ValidationError on a value that is neither a subscription nor a status."""
        name = key.decode()
        if name.endswith(_STATUS):
            self._take_status(name.removesuffix(_STATUS), value)
        elif value is None:
            self._subscriptions.pop(name, None)
        else:
            self._subscriptions[name] = subscription.load(value)

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

    def status(self, given: Subscription) -> Status:
        """What the courier last said of the sink the subscription has now."""
        known = self._statuses.get(given.id, Status())
        return known if known.sink == (given.sink or "") else Status()

    def _take_status(self, id: str, value: bytes | None) -> None:
        if value is None:
            self._statuses.pop(id, None)
        else:
            self._statuses[id] = subscription.load_status(value)
