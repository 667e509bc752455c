"""Which partition a key belongs to: the same for us as for every Kafka client, or its state would split."""

from __future__ import annotations

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from hub.stream.publisher import partition_for


@given(st.binary(max_size=100), st.integers(1, 64))
def test_a_key_goes_where_kafka_clients_send_it(key: bytes, count: int) -> None:
    numbers = list(range(count))
    assert partition_for(key, count) == DefaultPartitioner()(key, numbers, numbers)


def test_without_a_key_it_is_the_first_partition() -> None:
    assert partition_for(None, 12) == 0
