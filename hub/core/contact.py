"""How delivery to each subscription stands, and when the hub and a partner last had to do with each other. Moments are
milliseconds since 1970, 0 = never."""

from __future__ import annotations

import msgspec

CONTACTS = ("published", "tried", "delivered", "shown", "pulled")
"""What is known of when it last happened: the partner published something; the hub tried to deliver, and the webhook
took it; the partner read its feed, and acknowledged what it had read."""


class Contact(msgspec.Struct, frozen=True):
    published: int = 0
    tried: int = 0
    delivered: int = 0
    shown: int = 0
    pulled: int = 0


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What one subscription still has to get. `routed` counts what was meant for it, `delivered` what its webhook
    took, `pulled` what was acknowledged. Of the oldest that did not arrive: since when it waits, how often it was
    tried, and the last answer (`hub.core.dead_letters.cause`)."""

    subscription: str
    partner: str
    routed: int = 0
    delivered: int = 0
    pulled: int = 0
    oldest: int = 0
    attempts: int = 0
    answer: str = ""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's choice: `who` is a partner, or the role of a person; `what` such as `replay-ordered` (`hub.readmodel.
    acting`); `why` a code. `number` is how many deliveries it is about, None when that says nothing."""

    at: int
    who: str
    what: str
    subscription: str = ""
    why: str = ""
    number: int | None = None
