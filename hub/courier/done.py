"""How far a lane has got, as it is committed to Kafka: everything below the offset, and beyond it all but a few. Pure.

So one delivery that waits for days holds nothing up, after a crash little is delivered twice, and a schedule of days
goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

MOST_CHARACTERS = 4000
"""Kafka keeps 4096 bytes beside an offset (`offset.metadata.max.bytes`)."""

NO_STEPS: Mapping[int, int] = MappingProxyType({})


class Done(NamedTuple):
    """Everything below offset `upto` is finished, but those `left`; `steps` has the place in the schedule of retries of
    those that are beyond the first, by offset."""

    upto: int = 0
    left: frozenset[int] = frozenset()
    steps: Mapping[int, int] = NO_STEPS

    def has(self, offset: int) -> bool:
        return offset < self.upto and offset not in self.left


NOTHING = Done()


def write(at: int, upto: int, left: Iterable[int], steps: Mapping[int, int] = NO_STEPS) -> str:
    """What is committed beside offset `at`, below which nothing is left: distances from one to the next, each with its
    step if it has one, hexadecimal.

    When too many are left to be named, it claims less to be done: that much may be delivered twice.
    """
    words: list[str] = []
    length, last = 16, at
    for offset in sorted(left):
        word = f"{offset - last:x}"
        if step := steps.get(offset):
            word = f"{word}.{step:x}"
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
    offsets, steps, last = set(), {}, at
    try:
        end = at + int(upto, 16)
        for word in left.split(",") if left else ():
            distance, _, step = word.partition(".")
            last += int(distance, 16)
            offsets.add(last)
            if step:
                steps[last] = int(step, 16)
    except ValueError:
        return Done(at)
    return Done(end, frozenset(offsets), steps)
