"""The mark under which a person stands in the journal: keyed, so that only who holds the key of this installation can
tell whose it is, and the same everywhere, so that all that was done with one person's data can be found."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from hub.core.delivery import Delivery
from hub.core.withdrawal import mark

_LEARNER = "learner/"


@lru_cache(maxsize=4096)
def of_key(key: str, secret: bytes) -> str:
    """The mark of the learner whose aggregate has this key; "" for any other aggregate, and without a secret."""
    return _keyed(mark(key), secret) if secret and key.startswith(_LEARNER) else ""


def of_learner(learner: str, secret: bytes) -> str:
    return of_key(f"{_LEARNER}{learner}", secret)


def of_delivery(delivery: Delivery, secret: bytes) -> str:
    """The same mark, from what stands on a delivery already (`hub.core.withdrawal.about`): its learner comes first, on
    an erasure among what it takes back."""
    base = (delivery.about or delivery.withdraws or ("",))[0]
    return _keyed(base, secret) if secret and base else ""


def _keyed(base: str, secret: bytes) -> str:
    return hashlib.blake2b(base.encode(), key=secret, digest_size=16).hexdigest()
