"""The directory in Kafka: loaded again without taking tokens away, and doors made on request."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub import directory, kafka, partners
from hub.__main__ import parser
from hub.core.partners import Bound, Token, hash_token
from hub.demo.run import DIRECTORY
from hub.errors import OperatorError
from hub.settings import Settings
from tests.broker import Broker

SCHOOL = "de-ontdekking"


def days_left(token: Token) -> float:
    return (token.expires / 1000 - time.time()) / 86400


@pytest.fixture
async def settings(tmp_path: Path) -> AsyncIterator[Settings]:
    broker = Broker(tmp_path)
    await broker.start()
    settings = Settings(kafka=broker.bootstrap)
    await partners.store(settings, [p for p in directory.load(DIRECTORY) if p.id == SCHOOL])
    yield settings
    broker.local.stop()


@pytest.mark.kafka
async def test_a_token_is_replaced_with_an_overlap_and_taken_away(settings: Settings) -> None:
    with pytest.raises(OperatorError, match=r"scope events\.reed is not one of"):
        await partners.give_token(settings, SCHOOL, bound=Bound(scopes=("events.reed",)))
    school = (await partners.read(settings)).partners[SCHOOL]
    bound = Bound(scopes=("events.publish",), sources=school.sources[:1])
    first = await partners.give_token(settings, SCHOOL, 30, bound)
    (old,) = await partners.partner_tokens(settings, SCHOOL)
    second = await partners.rotate_token(settings, SCHOOL, old.label, hours=48)
    known = await partners.read(settings)
    ended, fresh = known.partners[SCHOOL].tokens
    assert (ended.sha256, fresh.sha256) == (hash_token(first), hash_token(second))
    assert 1.9 < days_left(ended) < 2 and 364.9 < days_left(fresh) < 365
    assert (fresh.scopes, fresh.sources) == (bound.scopes, bound.sources)
    await partners.revoke_token(settings, SCHOOL, ended.label)
    assert (await partners.read(settings)).of_token(first) is None
    with pytest.raises(OperatorError, match="has no token"):
        await partners.revoke_token(settings, SCHOOL, ended.label)


@pytest.mark.kafka
async def test_the_commands_show_a_token_once_and_its_hash_never(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async def hub(*words: str) -> str:
        chosen = parser().parse_args(["partners", *words])
        assert await asyncio.to_thread(chosen.command, settings, chosen) == 0
        return capsys.readouterr().out.strip()

    first = await hub("token", SCHOOL, "--days", "30", "--scope", "events.read", "--scope", "lines.read")
    shown = await hub("tokens", SCHOOL)
    label, *_, bounds = shown.split()
    assert re.fullmatch(r"\S+ +ends \S+Z +scopes=events.read,lines.read", shown), shown
    second = await hub("rotate", SCHOOL, label, "--overlap", "0")
    (old, new) = (await hub("tokens", SCHOOL)).splitlines()
    assert "ended" in old and "ends" in new and new.split()[-1] == bounds
    assert re.fullmatch(r"hub_\S{43}", first) and re.fullmatch(r"hub_\S{43}", second)
    await hub("revoke", SCHOOL, label)
    left = await hub("tokens", SCHOOL)
    assert left == new
    assert not any(secret in shown + old + left for secret in (first, hash_token(first), hash_token(second)))


@pytest.mark.kafka
async def test_of_two_changes_at_once_neither_is_lost(settings: Settings) -> None:
    drawn = [await partners.give_token(settings, SCHOOL) for _ in range(2)]
    labels = [token.label for token in await partners.partner_tokens(settings, SCHOOL)]
    for round in range(3):
        fresh, _ = await asyncio.gather(
            partners.give_token(settings, SCHOOL),
            partners.revoke_token(settings, SCHOOL, labels[round]),
        )
        known = await partners.read(settings)
        assert known.of_token(fresh) and known.of_token(drawn[round]) is None
        drawn.append(fresh)
        labels = [*labels, known.partners[SCHOOL].tokens[-1].label]


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
        owner, drawn = found.of_token(token) or pytest.fail("the token is gone")
        assert owner.id == SCHOOL and owner.tokens == (drawn,)
        assert drawn.sha256 == hash_token(token) and 364.9 < days_left(drawn) < 365
        assert await kafka.partitions(broker.bootstrap, f"outbox.inbox-{SCHOOL}") == [0]
        assert await partners.open_ingress(settings, SCHOOL) == f"ingress.{SCHOOL}"
        assert await kafka.partitions(broker.bootstrap, f"ingress.{SCHOOL}") == [0]
        with pytest.raises(OperatorError, match="no partner nobody"):
            await partners.open_ingress(settings, "nobody")
    finally:
        broker.local.stop()
