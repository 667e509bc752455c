"""How far a lane has got, as it is committed to Kafka: everything below the offset, and beyond it all but a few. Pure.

So one delivery that waits for days holds nothing up, and after a crash little is delivered twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

MOST_CHARACTERS = 4000
"""Kafka keeps 4096 bytes beside an offset (`offset.metadata.max.bytes`)."""


class Done(NamedTuple):
    """Everything below offset `upto` is finished, but those `left`."""

    upto: int = 0
    left: frozenset[int] = frozenset()

    def has(self, offset: int) -> bool:
        return offset < self.upto and offset not in self.left


NOTHING = Done()


def write(at: int, upto: int, left: Iterable[int]) -> str:
    """What is committed beside offset `at`, below which nothing is left: distances from one to the next, hexadecimal.

    When too many are left to be named, it claims less to be done: that much may be delivered twice.
    """
    words: list[str] = []
    length, last = 16, at
    for offset in sorted(left):
        word = f"{offset - last:x}"
        length += len(word) + 1
        if length > MOST_CHARACTERS:
            upto = offset
            break
        words.append(word)
        last = offset
    return f"{upto - at:x}:{','.join(words)}" if upto > at else ""


def read(at: int, text: str) -> Done:
    """Reads what `write` wrote; anything else says that nothing beyond `at` is done."""
    upto, _, left = text.partition(":")
    try:
        distances = [int(word, 16) for word in left.split(",") if word]
        end = at + int(upto, 16)
    except ValueError:
        return Done(at)
    offsets, last = set(), at
    for distance in distances:
        last += distance
        offsets.add(last)
    return Done(end, frozenset(offsets))
