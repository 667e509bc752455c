"""Sends what goes to one subscription: signed, and in the form that it asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.core.confidential import Unsealable
from hub.core.delivery import Delivery
from hub.core.retry import Answer
from hub.core.subscription import Subscription
from hub.courier import request
from hub.courier.crew import Crew
from hub.courier.request import Request, Stamp
from hub.courier.sender import Reply
from hub.courier.signing import BadSecret


class Post:
    """`to` is the subscription as it was written last."""

    def __init__(self, to: Subscription, crew: Crew) -> None:
        self.to = to
        self._crew = crew

    async def one(self, delivery: Delivery, number: int, extra: Mapping[str, str]) -> Reply:
        """`number` 0: it has no place in the feed. `extra` are headers of ours."""
        return await self.several([delivery], [number], extra)

    async def several(
        self, deliveries: Sequence[Delivery], numbers: Sequence[int], extra: Mapping[str, str]
    ) -> Reply:
        """More than one only to who asked for batches."""
        stamp = Stamp(self._crew.origin, self._crew.now() // 1000, extra)
        try:
            made = _made(self._crew.open(self.to), deliveries, numbers, stamp)
        except (BadSecret, Unsealable):
            return Reply(Answer(0, "bad-secret"), {}, 0.0)
        return await self._crew.send(self.to, "POST", made.headers, made.body)


def _made(to: Subscription, deliveries: Sequence[Delivery], numbers: Sequence[int], stamp: Stamp) -> Request:
    if len(deliveries) == 1:
        return request.build(deliveries[0], to, numbers[0], stamp)
    return request.together(deliveries, to, numbers, stamp)
