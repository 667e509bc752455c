"""What each kind promises, as a hash that stands in the repository beside the number of lines of its history.

`python -m tests.unit.promises` records kinds whose history has grown, and refuses those that only changed.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from hub.core import contracts
from hub.core.catalogue import KINDS
from hub.core.catalogue.base import Kind
from hub.core.catalogue.history import history

RECORDED = Path(__file__).with_name("promises.json")
_WORDS = ("title", "description", "examples", "$id")

Promise = list[Any]
"""Lines of the history, and the hash."""


def promise(kind: Kind) -> Promise:
    row = contracts.row(kind)
    cells = [
        [cell["column"], cell["level"], cell["condition"]["en"], cell["reduction"]["en"]]
        for cell in row["cells"]
    ]
    said = [_bare(contracts.schema(kind)), row["publishers"], cells]
    written = json.dumps(said, sort_keys=True).encode()
    return [len(history(kind)), hashlib.blake2b(written, digest_size=8).hexdigest()]


def recorded() -> dict[str, Promise]:
    found: dict[str, Promise] = json.loads(RECORDED.read_text())
    return found


def _bare(schema: Any) -> Any:
    """Without words for people, which promise nothing."""
    if isinstance(schema, list):
        return [_bare(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    # A field that is called so has a schema, not a text.
    return {k: _bare(v) for k, v in schema.items() if not (k in _WORDS and isinstance(v, str | list))}


def main() -> None:
    known = recorded() if RECORDED.exists() else {}
    for kind in KINDS.values():
        now, before = promise(kind), known.get(kind.code, [0, ""])
        if now != before and now[0] <= before[0]:
            raise SystemExit(f"{kind.code} changed: say how in hub/core/catalogue/history.py")
        known[kind.code] = now
    lines = (f'  "{code}": {json.dumps(now)}' for code, now in known.items())
    RECORDED.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
