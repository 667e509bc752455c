"""The directory in Kafka: loaded again without taking tokens away, and doors made on request."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub import directory, kafka, partners
from hub.core.partners import hash_token
from hub.demo.run import DIRECTORY
from hub.errors import OperatorError
from hub.settings import Settings
from tests.broker import Broker

SCHOOL = "de-ontdekking"


@pytest.mark.kafka
async def test_a_directory_loaded_again_keeps_the_tokens_that_were_drawn(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    await broker.start()
    try:
        settings = Settings(kafka=broker.bootstrap)
        given = directory.load(DIRECTORY)[:20]
        await partners.store(settings, given)
        token = await partners.give_token(settings, SCHOOL)
        await partners.store(settings, given)
        found = await partners.read(settings)
        assert set(found.partners) == {p.id for p in given}
        owner = found.of_token(token)
        assert owner is not None and owner.id == SCHOOL
        assert [t.sha256 for t in owner.tokens] == [hash_token(token)]
        assert await kafka.partitions(broker.bootstrap, f"outbox.inbox-{SCHOOL}") == [0]
        assert await partners.open_ingress(settings, SCHOOL) == f"ingress.{SCHOOL}"
        assert await kafka.partitions(broker.bootstrap, f"ingress.{SCHOOL}") == [0]
        with pytest.raises(OperatorError, match="no partner nobody"):
            await partners.open_ingress(settings, "nobody")
    finally:
        broker.local.stop()
