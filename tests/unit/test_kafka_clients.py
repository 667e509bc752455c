"""How clients of Kafka are made."""

from __future__ import annotations

from pathlib import Path

from hub import kafka
from hub.settings import Settings
from hub.stream import app


async def test_no_client_believes_for_minutes_that_a_broker_leads_which_does_not() -> None:
    """A reader that asks the wrong broker where a partition begins is not told, and would read nothing for as long."""
    settings = Settings(kafka="127.0.0.1:9")
    made = [kafka.consumer("127.0.0.1:9")._client, kafka.producer(settings).client]
    assert {client._metadata_max_age_ms for client in made} == {5_000}


def test_neither_does_the_processor(tmp_path: Path) -> None:
    options = app._options(Settings(kafka="127.0.0.1:9"), tmp_path, "memory://")
    assert options["consumer_metadata_max_age_ms"] == options["producer_metadata_max_age_ms"] == 5_000
