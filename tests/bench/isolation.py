"""What a bad partner costs the others, and how a partner that was away catches up.

`python -m tests.bench.isolation [SECONDS [PAIRS [AWAY]]]`. 100 webhooks of ten schools at 200 deliveries a second. In
one run of a pair all are well; in the other one hangs, one crawls and one answers 500. Timed from the start of the
publisher's request to the arrival at the other 97; the runs of a pair alternate, since a shared machine wanders, and
its load stands beside each. Then a webhook of an eleventh school is away for AWAY events (default 100,000; 0 leaves
this out) and comes back while the 100 go on as before: these are timed in pairs again, while it catches up and while a
pause holds it back. Every delivery must arrive once and in order, at the bad ones too as soon as they are well.
"""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence

import uvloop

from hub.core.partners import Partner
from tests.bench.partners import Behaviour, Sink, Stage, crawls, fails, hangs, opened, percentile, well
from tests.bench.table import show

SCHOOLS, EACH = 10, 10
RATE = 20.0
"""Events a second; each goes to the ten webhooks of one school."""

BAD: tuple[Behaviour, ...] = (hangs, crawls, fails)
RETRIES = "0,1,2,5,5"
SUBJECTS = 1000
PERCENTS = (50, 95, 99)
PIECE_SECONDS = 5.0
CALM_SECONDS = 15.0
REST_SECONDS = 1.0
"""After a pause, in which what is on the wire ends."""

Run = tuple[float, ...]
"""Milliseconds at PERCENTS."""


async def main(seconds: float, pairs: int, away: int) -> float:
    """Prints the figures; returns the median ratio of the p95s."""
    async with opened(HUB_RETRY_SCHEDULE=RETRIES, HUB_BACKLOG_LIMIT="200000") as stage:
        schools = stage.takers[:SCHOOLS]
        sinks = await stage.subscribe(schools, EACH)
        others = sinks[len(BAD) :]
        gc.freeze()  # else the collector of this process holds up the arrivals that it times
        await measured(stage, schools, others, 5.0)  # warms up
        runs = [await pair(stage, schools, sinks, seconds, first_bad=bool(n % 2)) for n in range(pairs)]
        ratio = report(runs, len(others))
        if away:
            await catch_up(stage, sinks, schools, away)
        stage.check(repeats=True)
        assert not sum(sink.repeats for sink in others), "something came twice to a partner that was well"
    return ratio


async def pair(
    stage: Stage, schools: Sequence[Partner], sinks: Sequence[Sink], seconds: float, first_bad: bool
) -> tuple[Run, Run]:
    """All well, and with the bad ones."""
    found = {}
    for bad in (first_bad, not first_bad):
        for sink, behaviour in zip(sinks, BAD, strict=False):
            sink.behaviour = behaviour if bad else well
        found[bad] = await measured(stage, schools, sinks[len(BAD) :], seconds)
        for sink in sinks:
            sink.behaviour = well
        await stage.arrived(stage.sent, sinks, 180)
        print(f"{'three bad' if bad else 'all well'}: p95 {found[bad][1]:.0f} ms, {load()}", flush=True)
    return found[False], found[True]


async def measured(stage: Stage, schools: Sequence[Partner], sinks: Sequence[Sink], seconds: float) -> Run:
    ids = await stage.steady(RATE, seconds, schools)
    await stage.arrived(ids, sinks)
    return percents(stage.took(ids, sinks))


def percents(took: Sequence[float]) -> Run:
    return tuple(percentile(took, percent) for percent in PERCENTS)


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f}"


def report(runs: Sequence[tuple[Run, Run]], others: int) -> float:
    rows = []
    for number, (good, bad) in enumerate(runs, 1):
        rows += [(f"{number}: all well", *_ms(good)), (f"{number}: three bad", *_ms(bad))]
    ratios = compared(runs)
    rows.append(("bad / well, median of pairs", *(f"{ratio:.2f}" for ratio in ratios)))
    title = f"The other {others} webhooks, at {RATE * EACH:g} deliveries/s"
    show(title, ("", *(f"p{percent} ms" for percent in PERCENTS)), rows)
    return ratios[1]


def compared(pairs: Sequence[tuple[Run, Run]]) -> list[float]:
    """Median ratio of the second to the first of each pair."""
    return [statistics.median(second[n] / first[n] for first, second in pairs) for n in range(len(PERCENTS))]


def _ms(run: Run) -> list[str]:
    return [f"{ms:.1f}" for ms in run]


async def catch_up(stage: Stage, sinks: Sequence[Sink], schools: Sequence[Partner], away: int) -> None:
    """In pairs of pieces: it catches up, and is held back by a pause, so that both see the same machine."""
    newcomer = stage.takers[len(schools)]
    (fallen,) = await stage.subscribe([newcomer])
    fallen.behaviour = fails
    ids = await stage.many(away, newcomer, SUBJECTS)
    await measured(stage, schools, sinks, CALM_SECONDS)  # what so much kept busy comes to rest
    fallen.behaviour = well
    begun, took, used = time.perf_counter(), 0.0, Counter[str]()
    pairs: list[tuple[Run, Run]] = []
    while len(fallen.at) < len(ids):
        since, worked = time.perf_counter(), stage.worked()
        catching = await measured(stage, schools, sinks, PIECE_SECONDS)
        took += time.perf_counter() - since
        used.update({name: one - worked[name] for name, one in stage.worked().items()})
        await stage.order(fallen, "pause")
        await asyncio.sleep(REST_SECONDS)
        pairs.append((await measured(stage, schools, sinks, PIECE_SECONDS), catching))
        await stage.order(fallen, "resume")
        print(f"{len(fallen.at):,} of {len(ids):,}: p95 {catching[1]:.0f} ms, {load()}", flush=True)
    await stage.arrived(ids, [fallen])
    backs, ups = zip(*pairs, strict=True)
    rows = [
        ("others, held back", *_ms(tuple(map(statistics.median, zip(*backs, strict=True))))),
        ("others, catching up", *_ms(tuple(map(statistics.median, zip(*ups, strict=True))))),
        (f"median of {len(pairs)} pairs", *(f"{ratio:.2f}" for ratio in compared(pairs))),
    ]
    show(f"Away for {len(ids):,} events", ("", *(f"p{percent} ms" for percent in PERCENTS)), rows)
    first = min(fallen.at[id] for id in ids) - begun
    print(
        f"  first delivery {first:.1f} s after it was back, caught up in order at {len(ids) / took:,.0f} events/s"
    )
    shares = ", ".join(f"{name} {share / took:.0%}" for name, share in used.items())
    print(f"  of one core meanwhile: {shares}; this machine has {os.cpu_count()}")


if __name__ == "__main__":
    given = sys.argv[1:]
    seconds, pairs, away = (*given, *("30", "3", "100000")[len(given) :])
    uvloop.run(main(float(seconds), int(pairs), int(away)))
