"""What was erased leaves the files of a store too."""

from __future__ import annotations

from pathlib import Path

import faust
import pytest
from yarl import URL

from hub.stream.stores import OPTIONS, RocksStore

GONE = b"learner/0000-gone"


@pytest.fixture
def store(tmp_path: Path) -> RocksStore:
    app = faust.App("stores", store="rocksdb://", datadir=str(tmp_path))
    return RocksStore(
        URL("rocksdb://"), app, app.Table("lines"), key_type=bytes, value_type=bytes, options=OPTIONS
    )


def holding(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and GONE in path.read_bytes()]


@pytest.mark.parametrize("files", [0, 1, 3])
@pytest.mark.parametrize("scrubs", [0, 1, 2])
def test_after_a_scrub_no_file_holds_what_was_erased_nor_names_its_key(
    store: RocksStore, tmp_path: Path, files: int, scrubs: int
) -> None:
    """The first and last key of each file stand in the manifest too; after a first scrub it changes in another way."""
    for n in range(files + 1):
        store.save(0, [(b"learner/%04d-kept" % n, b"state"), (GONE, b"state")], n)
        store._db_for_partition(0).flush(True)
    for n in range(scrubs):
        store.save(0, [(b"learner/%04d-other" % n, b"state"), (b"learner/%04d-other" % n, None)], n)
        store.scrub()
    assert holding(tmp_path)
    store.save(0, [(GONE, None)], 9)
    store.scrub()
    assert not holding(tmp_path)
    assert store.position(0) == 9 and store.load(0, b"learner/0000-kept") == b"state"
