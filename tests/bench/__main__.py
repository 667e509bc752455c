"""`make bench`: all measurements, one after the other. About ten minutes; leave the machine alone meanwhile."""

from __future__ import annotations

import asyncio

from tests.bench import core_job, latency, rebuild


def main() -> None:
    ratios = asyncio.run(core_job.main(12_000, 3))
    seconds = asyncio.run(rebuild.main(1_000_000, 3))
    p95 = asyncio.run(latency.main(50.0, 30.0))
    print("\nIn short")
    print(
        f"  core job, against a plain Faust agent   {ratios['hub']:.1f} times (bare engine {ratios['fold']:.1f})"
    )
    print(f"  1,000,000 keys rebuilt                  {seconds:.1f} s")
    print(f"  publish to webhook at 50 events/s       p95 {p95:.0f} ms")


if __name__ == "__main__":
    main()
