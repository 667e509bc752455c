"""Which earlier events an event lets reach more partners: by those that `Kind.minds` leaves out nobody is missed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from hub.core import step
from hub.core.catalogue.base import Minds
from hub.core.state import State
from tests.bench.steps import prepared

Wakes = dict[str, step.Woken]


def minding(change: Callable[[Minds | None], Minds | None]) -> Wakes:
    return {
        waker: {type: change(minds) for type, minds in woken.items()} for waker, woken in step.WOKEN.items()
    }


ALWAYS = minding(lambda minds: None)
NEVER = minding(lambda minds: minds and (lambda earlier, came: False))


def told(wakes: Wakes, seed: int) -> list[bytes | None]:
    """All that a year tells whose events come in any order."""
    fed, policy = prepared(1_500)
    states: dict[bytes, State] = {}
    out: list[bytes | None] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step, "WOKEN", wakes)
        for (event, _, key, _), origin in Random(seed).sample(fed, len(fed)):
            done = step.step(states.get(key) or State(key.decode()), event, origin, policy)
            states[key] = done.state
            out += [one.value for one in done.out]
    return out


@pytest.mark.parametrize("seed", range(3))
def test_to_look_at_everything_again_would_tell_nobody_more(seed: int) -> None:
    everything = told(ALWAYS, seed)
    assert told(step.WOKEN, seed) == everything
    assert told(NEVER, seed) != everything
