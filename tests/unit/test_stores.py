"""What was erased leaves the files of a store too."""

from __future__ import annotations

import random
from pathlib import Path

import faust
import pytest
from yarl import URL

from hub.stream.stores import OPTIONS, RocksStore


@pytest.mark.parametrize("seed", range(8))
def test_after_a_scrub_no_file_holds_what_was_erased_nor_names_its_key(tmp_path: Path, seed: int) -> None:
    """The first and last key of each file stand in the manifest too."""
    draw = random.Random(seed)
    app = faust.App(f"stores-{seed}", store="rocksdb://", datadir=str(tmp_path))
    store = RocksStore(
        URL("rocksdb://"), app, app.Table("lines"), key_type=bytes, value_type=bytes, options=OPTIONS
    )
    gone = [_key(draw) for _ in range(draw.choice([1, 5, 30]))]
    offset = 0
    for _ in range(draw.choice([1, 5, 30])):
        kept = [(_key(draw), b"kept" * 50) for _ in range(draw.choice([1, 5]))]
        store.save(0, [*kept, *((key, b"gone" * 25) for key in gone)], offset := offset + 1)
        if draw.random() < 0.3:
            store._db_for_partition(0).flush(True)
    assert _holding(tmp_path, gone)
    left = list(gone)
    while left:
        some = draw.choice([1, 3])
        store.save(0, [(key, None) for key in left[:some]], offset := offset + 1)
        del left[:some]
        if draw.random() < 0.5:
            store.scrub()
    store.scrub()
    assert not _holding(tmp_path, gone)
    assert store.position(0) == offset and store.load(0, kept[0][0]) == kept[0][1]


def _key(draw: random.Random) -> bytes:
    return b"learner/" + draw.randbytes(4).hex().encode()


def _holding(folder: Path, gone: list[bytes]) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(key in path.read_bytes() for key in gone)]
