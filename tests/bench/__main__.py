"""`make bench`: all measurements, one after the other. About ten minutes; leave the machine alone meanwhile."""

from __future__ import annotations

import asyncio

from tests.bench import core_job, latency, rebuild, year

JOBS = {"fold": "fold, table and one output", "hub": "the hub's own job"}


def main() -> None:
    ratios = asyncio.run(core_job.main(12_000, 3))
    seconds = asyncio.run(rebuild.main(1_000_000, 3))
    p95 = asyncio.run(latency.main(50.0, 30.0))
    rates = year.main()
    print("\nIn short")
    for job, what in JOBS.items():
        plain, awaited = ratios[job]
        print(f"  {what:36}{plain:.1f} times a plain Faust agent, {awaited:.1f} times one that waits")
    print(f"  {'1,000,000 keys rebuilt':36}{seconds:.1f} s")
    print(f"  {'publish to webhook at 50 events/s':36}p95 {p95:.0f} ms")
    print(
        f"  {'the year of Almere, step alone':36}{rates.step:,.0f} events/s, with door and clocks {rates.replay:,.0f}"
    )


if __name__ == "__main__":
    main()
