"""What is replaced on a page while it is looked at (`static/monitor.js` asks for it)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from fastapi import Response

from hub.monitor.site import HEADERS, template


def fragments(names: Iterable[str], context: Mapping[str, Any]) -> dict[str, str]:
    """HTML by the name of each part, as its template `_name` draws it."""
    return {name: template(f"_{name}").render(context) for name in names}


def as_json(value: object) -> Response:
    return Response(orjson.dumps(value), media_type="application/json", headers=HEADERS)
