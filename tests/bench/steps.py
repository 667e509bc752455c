"""The events of the generated year as they come to the core, and `step` on them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import orjson

from hub import directory
from hub.core.admission import Admitted
from hub.core.directory import Directory
from hub.core.policy import Policy
from hub.core.state import State
from hub.core.step import step
from hub.core.work import Origin
from hub.demo import story
from hub.demo.run import DIRECTORY
from hub.replay import Arrival, Door


class Fed(NamedTuple):
    """An event as it comes to the core, and where from."""

    admitted: Admitted
    origin: Origin


def prepared(events: int) -> tuple[list[Fed], Policy]:
    """A year of so many events, always the same one."""
    partners = Directory(directory.load(DIRECTORY))
    return admitted(arrivals(tell(partners, events)), partners), Policy(partners)


def tell(partners: Directory, events: int) -> list[story.Happening]:
    return list(story.school_year(partners, "bench", events=events, answers=True))


def arrivals(told: Iterable[story.Happening]) -> list[Arrival]:
    return [Arrival(round(one.at.timestamp() * 1000), one.partner, orjson.dumps(one.event)) for one in told]


def admitted(given: Sequence[Arrival], partners: Directory) -> list[Fed]:
    door = Door(partners)
    found = [(one.at, event) for one in given if (event := door.admit(one))]
    return [
        Fed(event, Origin(event.topic, 0, offset, at, time.strftime("%Y-%m-%d", time.gmtime(at / 1000))))
        for offset, (at, event) in enumerate(found)
    ]


def rate(job: Callable[[], int]) -> float:
    """Per second of processor time: none of these waits for anything, and neighbours on the machine must not count."""
    begun = time.process_time()
    count = job()
    return count / (time.process_time() - begun)


def steps(fed: Sequence[Fed], policy: Policy) -> int:
    states: dict[bytes, State] = {}
    for admitted, origin in fed:
        key = admitted.key
        before = states.get(key) or State(key.decode())
        states[key] = step(before, admitted.event, origin, policy).state
    return len(fed)
