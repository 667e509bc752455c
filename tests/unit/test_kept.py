"""Secrets of an installation that are kept in files."""

from __future__ import annotations

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hub.settings import Settings
from hub.wiring.journal import seal_key
from hub.wiring.shared import kept, line_key


def test_of_parts_that_start_at_once_all_get_the_same_secret(tmp_path: Path) -> None:
    drawn = itertools.count()

    def slowly() -> bytes:
        time.sleep(0.01)
        return b"%d" % next(drawn)

    with ThreadPoolExecutor(8) as pool:
        got = {*pool.map(lambda _: kept(tmp_path / "new" / "key", slowly), range(8))}
    assert len(got) == 1
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["key"]


def test_nobody_else_may_read_it_and_it_stays(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    first = line_key(settings), seal_key(settings)
    assert (line_key(settings), seal_key(settings)) == first and len(first[0]) == 32
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_parts_on_other_machines_are_given_it_by_name(tmp_path: Path) -> None:
    (tmp_path / "given").write_bytes(b"k" * 32)
    assert line_key(Settings(data=tmp_path / "elsewhere", line_key=tmp_path / "given")) == b"k" * 32
