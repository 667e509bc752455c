"""One practice run of the local Kafka that leaves a class-data archive beside its jars (measurements.md §1).

`python -m hub.local.archive JARS`; `make setup` does it once. Without the archive everything works, but each
start of Kafka takes twice as long.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from hub.core.topics import Topic
from hub.kafka import ensure_topics
from hub.local.kafka import ARCHIVE, LocalKafka
from hub.local.ports import free_row
from hub.settings import PORTS_PER_BROKER


async def practise(jars: Path) -> Path:
    """Starts a broker, makes a topic, stops it, and returns the archive it wrote."""
    archive = jars.absolute() / ARCHIVE
    # Written under another name: a half-written archive would make every start fail or be slow.
    draft = archive.with_suffix(f".{os.getpid()}")
    with tempfile.TemporaryDirectory(prefix="hub-archive-") as folder:
        broker = LocalKafka(Path(folder) / "kafka", free_row(PORTS_PER_BROKER), jars)
        broker.start(archive_to=draft)
        try:
            await broker.wait_ready()
            await ensure_topics(broker.bootstrap, [Topic("practice", 1, {"cleanup.policy": "compact"})])
        finally:
            await asyncio.to_thread(broker.stop, 60)
    draft.rename(archive)
    return archive


if __name__ == "__main__":
    asyncio.run(practise(Path(sys.argv[1])))
