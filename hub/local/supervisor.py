"""`hub up`: the whole hub on one machine, started in one command, kept alive, stopped by Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from typing import Any

from hub.core.topics import manifest
from hub.errors import OperatorError
from hub.kafka import ensure_topics, set_retention, wait_for_kafka
from hub.local.children import Child, Part, brokers, crew, hub_command
from hub.local.folder import Folder
from hub.local.ports import is_free
from hub.local.probe import reachable
from hub.settings import Settings

START_SECONDS = 90.0
STOP_SECONDS = 15.0
WATCH_SECONDS = 0.1
PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds before a child is started again: at once the first time, longer when it keeps dying."""
STEADY_SECONDS = 30.0
"""A child that lived this long begins again at the first of PAUSES."""

Main = Callable[[asyncio.Event], Awaitable[int]]
Lock = Callable[[str], Awaitable[None]]
"""Is given the bootstrap servers of the local Kafka, with a name that may do everything there."""


class StartFailed(OperatorError):
    """A child ended or did not become ready while the hub started."""


def run(
    settings: Settings,
    environ: Mapping[str, str],
    load_partners: Callable[[], Awaitable[None]],
    main: Main | None = None,
    command: Callable[[str], list[str]] = hub_command,
    lock: Lock | None = None,
) -> int:
    """Runs the hub until Ctrl-C or SIGTERM, or until `main(stopping)` returns; gives the exit code.

    `load_partners` is called once the topics exist. `main` is called once every part is ready; it must return
    soon after `stopping` is set. Raises OperatorError (folder in use, port taken, a part that will not start)
    with all children stopped. `command` gives the command line of a part. `lock` gives the parts their passwords and
    rights in the local Kafka, before they start.
    """
    folder = Folder(settings.data)

    async def supervise() -> int:
        parts = [Part(part, command(part), own, folder, environ) for part, own in crew(settings)]
        return await Supervisor(settings, folder, parts, lock).run(load_partners, main or until_stopped)

    with folder.locked():
        return asyncio.run(supervise())


class Supervisor:
    """Starts the children, starts again the ones that die, stops them all."""

    def __init__(
        self, settings: Settings, folder: Folder, parts: list[Part], lock: Lock | None = None
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._stopping = asyncio.Event()
        self._brokers = brokers(settings, folder)
        self._parts = parts
        self._lock = lock
        self._deaths: dict[str, list[float]] = {}
        self._restarts: set[asyncio.Task[None]] = set()

    @property
    def _children(self) -> list[Child]:
        return [*self._brokers, *self._parts]

    async def run(self, load_partners: Callable[[], Awaitable[None]], main: Main) -> int:
        self._listen_to_signals()
        self._clear_the_way()
        try:
            if not await self._unless_stopped(self._start(load_partners)):
                return 0
            return await self._keep_alive_during(main)
        finally:
            await self._stop_all()

    async def _start(self, load_partners: Callable[[], Awaitable[None]]) -> None:
        started = time.monotonic()
        lock = self._lock if self._brokers else None
        if lock is None:
            # All at once: the parts spend their first second importing, while the JVM starts.
            self._start_parts()
        await asyncio.gather(*(asyncio.to_thread(broker.start) for broker in self._brokers))
        await asyncio.gather(*(broker.local.wait_ready(START_SECONDS) for broker in self._brokers))
        if lock is not None:
            await lock(self._brokers[0].local.bootstrap)
            self._start_parts()
        await wait_for_kafka(self._settings.bootstrap, 30.0)
        _say(f"Kafka answers at {self._settings.bootstrap} ({time.monotonic() - started:.1f} s)")
        wanted = manifest(self._settings.partitions, self._settings.window_ms)
        await ensure_topics(self._settings.bootstrap, wanted, self._settings.replication)
        await set_retention(self._settings.bootstrap, self._settings.window_ms)
        await load_partners()
        await asyncio.gather(*(self._wait_ready(part, started) for part in self._parts))
        self._introduce(time.monotonic() - started)

    def _start_parts(self) -> None:
        for part in self._parts:
            part.start()

    async def _wait_ready(self, child: Child, started: float) -> None:
        reason = ""
        while time.monotonic() - started < START_SECONDS:
            if (code := child.exit_code()) is not None:
                raise StartFailed(f"{child.name} {_ending(code)} while starting: {child.last_words()}")
            well, reason = await child.ready()
            if well:
                _say(f"{child.name} is ready ({time.monotonic() - started:.1f} s)")
                return
            await asyncio.sleep(0.05)
        late = f"{child.name} is not ready after {START_SECONDS:g} s"
        raise StartFailed(f"{late}: {reason}; {child.last_words()}")

    async def _keep_alive_during(self, main: Main) -> int:
        watching = asyncio.create_task(self._watch())
        working = asyncio.ensure_future(main(self._stopping))
        try:
            await asyncio.wait([watching, working], return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                watching.result()
            return await working
        finally:
            for task in (watching, working, *self._restarts):
                task.cancel()
            await asyncio.gather(watching, working, *self._restarts, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            for child in self._children:
                code = child.exit_code()
                if code is not None and not self._stopping.is_set() and not self._being_restarted(child):
                    task = asyncio.create_task(self._restart(child, code), name=child.name)
                    self._restarts.add(task)
                    task.add_done_callback(self._restarts.discard)
            await asyncio.sleep(WATCH_SECONDS)

    def _being_restarted(self, child: Child) -> bool:
        return any(task.get_name() == child.name for task in self._restarts)

    async def _restart(self, child: Child, code: int) -> None:
        pause = self._pause(child.name)
        again = f"again in {pause:g} s" if pause else "again at once"
        _say(f"{child.name} {_ending(code)}; started {again}")
        await asyncio.sleep(pause)
        began = time.monotonic()
        try:
            await asyncio.to_thread(child.start)
            await self._wait_ready(child, began)
        except OperatorError as error:
            _say(str(error))

    def _pause(self, name: str) -> float:
        now = time.monotonic()
        recent = [moment for moment in self._deaths.get(name, []) if now - moment < STEADY_SECONDS]
        self._deaths[name] = [*recent, now]
        return PAUSES[min(len(recent), len(PAUSES) - 1)]

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> bool:
        """Does `work`, or gives it up as soon as somebody wants to stop; True when it was done."""
        working = asyncio.create_task(work)
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not working.done():
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            return False
        working.result()
        return True

    async def _stop_all(self) -> None:
        self._stopping.set()
        _say("stopping")
        await asyncio.gather(*(asyncio.to_thread(part.stop, STOP_SECONDS) for part in self._parts))
        await asyncio.gather(*(asyncio.to_thread(broker.stop, STOP_SECONDS) for broker in self._brokers))
        _say("stopped")

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._signalled)

    def _signalled(self) -> None:
        if not self._stopping.is_set():
            self._stopping.set()
            return
        _say("killing everything")
        for child in self._children:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
        os._exit(1)

    def _clear_the_way(self) -> None:
        # Parts before Kafka, as in an orderly stop.
        marks = {child.name: child.mark for child in reversed(self._children)}
        for name in self._folder.stop_leftovers(marks):
            _say(f"ended {name}, left behind by an earlier run that was killed")
        for part in self._parts:
            if not is_free(self._settings.host, part.port):
                move = "HUB_PORT" if part.name == "gateway" else "HUB_METRICS_PORT"
                taken = f"port {part.port} for {part.name} is taken"
                raise StartFailed(f"{taken}: stop what listens there, or set {move}")

    def _introduce(self, seconds: float) -> None:
        s = self._settings
        metrics = " ".join(f"{part.name} :{part.port}" for part in self._parts)
        _say(f"the hub is up after {seconds:.1f} s")
        _say(f"  page      {s.url}/")
        _say(f"  API       {s.url}/v1   described by {s.url}/v1/openapi.json and {s.url}/asyncapi.json")
        _say(f"  metrics   http://{reachable(s.host)}:<port>/metrics   {metrics}")
        for line in self._kafka():
            _say(line)
        _say(f"  data      {self._folder.data}   logs in {self._folder.logs}")
        _say("Ctrl-C stops it")

    def _kafka(self) -> Iterator[str]:
        s, own = self._settings, self._brokers
        kind = {0: "", 1: "   (local)"}.get(len(own), f"   (local, {len(own)} brokers: any one may die)")
        yield f"  Kafka     {s.bootstrap}{kind}"
        if own:
            ca = own[0].local.certificate.ca
            if s.locked:
                yield f"  locked    a password per part in {s.secrets}   (commands: HUB_KAFKA_SECURITY=sasl_ssl)"
            yield f"  partners  by Kafka at {s.partner_bootstrap}, CA {ca}   (`hub partners kafka ID`)"


def _ending(code: int) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"


async def until_stopped(stopping: asyncio.Event) -> int:
    await stopping.wait()
    return 0


def _say(line: str) -> None:
    print(f"[hub] {line}", flush=True)
