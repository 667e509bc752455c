"""What is generated below `schemas/`: JSON Schema of every kind, the catalogue, AsyncAPI and OpenAPI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from hub import __version__
from hub.core import contracts
from hub.core.catalogue import KINDS

SCHEMAS = Path(__file__).resolve().parent.parent.parent / "schemas"


def schemas(check: bool) -> int:
    """Writes what is generated below `schemas/`; with `check` only says what is not current."""
    made = generated()
    stale = [name for name, content in made.items() if _content(SCHEMAS / name) != content]
    known = {str(path.relative_to(SCHEMAS)) for path in SCHEMAS.rglob("*.json")}
    stale += sorted(known - made.keys() - {n for n in known if n.startswith("partners/")})
    if check:
        print("\n".join(f"not current: schemas/{name}" for name in stale) or "schemas are current")
        return 1 if stale else 0
    for name in stale:
        path = SCHEMAS / name
        if name in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(made[name])
        else:
            path.unlink()
    print(f"{len(made)} files, {len(stale)} of them changed")
    return 0


def generated() -> dict[str, bytes]:
    """Path below `schemas/` to content, for every generated file."""
    documents: dict[str, Any] = {contracts.path(kind): contracts.schema(kind) for kind in KINDS.values()}
    documents[contracts.HEARTBEAT_PATH] = contracts.heartbeat_schema()
    documents["asyncapi.json"] = contracts.asyncapi(__version__)
    documents["catalogue.json"] = contracts.catalogue()
    documents["openapi.json"] = _openapi()
    return {
        name: orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n" for name, value in documents.items()
    }


def _openapi() -> Any:
    from hub.gateway import app as door
    from hub.gateway import openapi

    return openapi.document(door.build(None), "http://127.0.0.1:8080")


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
