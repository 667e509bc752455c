"""Carries faults out, and looks whether each had its effect: a fault that did nothing proves nothing."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from tests.chaos import plan
from tests.chaos.plan import Fault
from tests.chaos.processes import Gone, Process
from tests.chaos.proxy import Link
from tests.chaos.stage import Stage
from tests.chaos.systems import Mood, System

WAIT_SECONDS = 20.0
"""For a target that is between two lives."""
KILLED_SECONDS = 5.0
STOPPED_SECONDS = 40.0
"""A graceful end may take so long; the supervisor itself gives its parts 15 s."""
EXTRA_SECONDS = 40.0
"""So much longer a fault of a partner lasts, until at least one request met it."""
LOOK_SECONDS = 0.05
DELAYS = {plan.DOOR: (0.05, 0.4), "": (0.1, 1.5)}
"""Seconds per piece of traffic, at the mildest and at the worst: to the door, and to a partner."""
FULL_BYTES = 4096
"""Where files end on a full disk."""
MOST_DAYS = 30


class Done(NamedTuple):
    """A fault that was carried out between two moments (seconds since 1970; `ended` when what was hurt was well
    again). `effect` says what was seen of it, `real` whether that is what it was meant to do."""

    fault: Fault
    began: float
    ended: float
    effect: str
    real: bool


class Injector:
    """Hurts one stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._ways: dict[str, Callable[[Fault], Awaitable[tuple[str, bool]]]] = {
            plan.KILL: self._kill,
            plan.PAUSE: self._pause,
            plan.RESTART: self._restart,
            plan.CUT: self._cut,
            plan.DELAY: self._delay,
            plan.CUT_KAFKA: self._cut_kafka,
            plan.DISK: self._fill_disk,
            plan.CLOCK: self._step_clock,
            **dict.fromkeys(plan.MOODS, self._moody),
        }

    async def carry_out(self, fault: Fault) -> Done:
        """Returns when it is over and what was hurt is back. Cancelled, it undoes what it can."""
        began = time.time()
        try:
            effect, real = await self._ways[fault.kind](fault)
        except (Gone, PermissionError) as error:
            effect, real = f"not done: {error}", False
        return Done(fault, began, time.time(), effect, real)

    async def _kill(self, fault: Fault) -> tuple[str, bool]:
        return await self._end(fault, signal.SIGKILL, KILLED_SECONDS)

    async def _restart(self, fault: Fault) -> tuple[str, bool]:
        return await self._end(fault, signal.SIGTERM, STOPPED_SECONDS)

    async def _end(self, fault: Fault, number: int, patience: float) -> tuple[str, bool]:
        name, process = await self._find(fault.target)
        with contextlib.closing(process):
            process.send(number)
            took = await process.end_within(patience)
        if took is None:
            return f"{name} {process.pid} still there after {patience:g} s", False
        back = await self._stage.hub.back(name, process.pid)
        gone = f"{name} {process.pid} gone after {took:.1f} s"
        return (f"{gone}, not back", False) if back is None else (f"{gone}, back after {back:.1f} s", True)

    async def _pause(self, fault: Fault) -> tuple[str, bool]:
        name, process = await self._find(fault.target)
        with contextlib.closing(process):
            process.send(signal.SIGSTOP)
            try:
                await asyncio.sleep(LOOK_SECONDS)
                still = process.stopped
                await asyncio.sleep(fault.seconds - LOOK_SECONDS)
            finally:
                with contextlib.suppress(Gone):
                    process.send(signal.SIGCONT)
            effect = f"{name} {process.pid} stood still" + (", killed meanwhile" if process.ended else "")
        return (
            (f"{effect} for {fault.seconds:g} s", True) if still else (f"{name} did not stand still", False)
        )

    async def _cut(self, fault: Fault) -> tuple[str, bool]:
        link = self._link(fault.target)
        broken = await link.cut()
        try:
            refused = await link.refuses()
            await asyncio.sleep(fault.seconds)
        finally:
            whole = await link.mend()
        taken = not whole or not await link.refuses()
        effect = f"{broken} connections reset, " + ("new ones refused" if refused else "NEW ONES TAKEN")
        return f"{effect} for {fault.seconds:g} s" + ("" if taken else ", NOT MENDED"), refused and taken

    async def _delay(self, fault: Fault) -> tuple[str, bool]:
        link, before = self._link(fault.target), self._link(fault.target).delayed
        least, most = DELAYS.get(fault.target, DELAYS[""])
        seconds = least + (most - least) * fault.strength
        with link.slow(seconds):
            await self._last(fault.seconds, lambda: link.delayed > before)
        return f"{link.delayed - before} pieces of traffic held up {seconds:.1f} s", link.delayed > before

    async def _cut_kafka(self, fault: Fault) -> tuple[str, bool]:
        name, process = await self._find(fault.target)
        ports, deadline = set(self._stage.hub.kafka_ports()), time.monotonic() + WAIT_SECONDS
        with contextlib.closing(process):
            while not (before := process.connections(ports)) and time.monotonic() < deadline:
                await asyncio.sleep(LOOK_SECONDS)
            broken = process.break_connections(ports)
        return f"{broken} of {before} connections of {name} with Kafka broken", broken > 0

    async def _fill_disk(self, fault: Fault) -> tuple[str, bool]:
        """Done with a limit on the size of files, which can be taken away again: no write beyond it succeeds."""
        name, process = await self._find(fault.target)
        said: list[str] = []

        async def troubled() -> bool:
            well, reason = await self._stage.hub.ready(name)
            if not well and not said and "database" in reason:
                said.append(reason)
            return bool(said)

        with contextlib.closing(process):
            process.limit_files(FULL_BYTES)
            try:
                await self._last_async(fault.seconds, troubled)
            finally:
                with contextlib.suppress(Gone):
                    process.limit_files(None)
            began = time.monotonic()
            while (
                not process.ended
                and time.monotonic() - began < WAIT_SECONDS
                and not (await self._stage.hub.ready(name))[0]
            ):
                await asyncio.sleep(LOOK_SECONDS)
            lives = "killed meanwhile" if process.ended else f"went on {time.monotonic() - began:.1f} s after"
        return f"{name}: {said[0] if said else 'NOTHING SEEN OF IT'}; {lives}", bool(said)

    async def _step_clock(self, fault: Fault) -> tuple[str, bool]:
        """Whether the hub took it over shows in the records that it stamps: `confirmed`."""
        days = 1 + int(fault.strength * MOST_DAYS)
        return f"{days} days forward, to {self._stage.step(days)}", True

    async def _moody(self, fault: Fault) -> tuple[str, bool]:
        system: System = self._stage.systems[fault.target]
        mood, before = Mood(fault.kind, fault.strength), system.moody[fault.kind]
        system.moods.append(mood)
        try:
            await self._last(fault.seconds, lambda: system.moody[fault.kind] > before)
        finally:
            system.moods.remove(mood)
        met = system.moody[fault.kind] - before
        return f"{fault.target}: {met} requests met it", met > 0

    async def _last(self, seconds: float, seen: Callable[[], bool]) -> None:
        async def look() -> bool:
            return seen()

        await self._last_async(seconds, look)

    async def _last_async(self, seconds: float, seen: Callable[[], Awaitable[bool]]) -> None:
        """Waits so long, and somewhat longer as long as nothing was seen."""
        began, met = time.monotonic(), False
        while (passed := time.monotonic() - began) < seconds + (0.0 if met else EXTRA_SECONDS):
            met = met or await seen()
            if met and passed >= seconds:
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _find(self, target: str) -> tuple[str, Process]:
        """Name and handle of the process; waits while it is being started again. Raises Gone."""
        hub, deadline = self._stage.hub, time.monotonic() + WAIT_SECONDS
        while True:
            with contextlib.suppress(Gone):
                name, process = hub.name(target), hub.process(target)
                if not process.ended:
                    return name, process
                process.close()
            if time.monotonic() > deadline:
                raise Gone(f"no process for {target} in {WAIT_SECONDS:g} s")
            await asyncio.sleep(LOOK_SECONDS)

    def _link(self, target: str) -> Link:
        return self._stage.door if target == plan.DOOR else self._stage.systems[target].link
