"""A locked Kafka: every part of the hub may do what the table says (hub/core/kafka_rights.py) and nothing besides."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.core import kafka_rights as table
from hub.core.kafka_rights import RIGHTS, Right
from tests import locked
from tests.locked import GROUPS, NEW, TOPICS, Cluster, Did

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

IMPLIED = {"READ": ("READ", "DESCRIBE"), "WRITE": ("WRITE", "DESCRIBE"), "ALTER": ("ALTER", "DESCRIBE")}
"""What a right brings with it, by Kafka's own rules."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with locked.cluster(tmp_path_factory.mktemp("locked")) as made:
        yield made


def expected(rights: frozenset[Right]) -> set[Did]:
    places = {table.TOPIC: (*TOPICS, *NEW), table.GROUP: GROUPS, table.CLUSTER: (table.THE_CLUSTER,)}
    found = {
        (operation, name)
        for right in rights
        for name in places[right.kind]
        if (name.startswith(right.name) if right.prefix else name == right.name)
        for operation in IMPLIED.get(right.operation, (right.operation,))
        if operation == table.CREATE or name not in NEW
    }
    found = {one for one in found if one[0] != table.CREATE or one[1] in NEW}
    writes = any(right.operation == table.WRITE for right in rights)
    return found | ({("PRODUCE", "idempotent")} if writes else set())


@pytest.mark.parametrize("user", sorted(RIGHTS))
async def test_a_part_can_do_what_its_row_says_and_is_refused_all_else(cluster: Cluster, user: str) -> None:
    assert await locked.tried(cluster.of(user)) == expected(RIGHTS[user])
