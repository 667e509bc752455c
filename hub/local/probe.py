"""Asks a part how it is, without the weight of an HTTP client: `hub up` must start fast."""

from __future__ import annotations

import asyncio
import json


async def get(host: str, port: int, path: str, timeout: float = 2.0) -> tuple[int, str]:
    """Status and body of `GET path`; status 0 and a few words when nothing answers in `timeout` seconds."""
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                answer = await reader.read()
            finally:
                writer.close()
    except TimeoutError:
        return 0, "no answer"
    except OSError:
        return 0, "not listening"
    head, _, body = answer.partition(b"\r\n\r\n")
    return _status(head), body.decode(errors="replace")


async def ready(host: str, port: int) -> tuple[bool, str]:
    """Whether `/readyz` answers 200, and the reason it gives."""
    status, body = await get(reachable(host), port, "/readyz")
    try:
        reason = str(json.loads(body).get("reason", ""))
    except (ValueError, AttributeError):
        reason = body[:200]
    return status == 200, reason or f"HTTP {status}"


def reachable(host: str) -> str:
    """An address to call for a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def _status(head: bytes) -> int:
    words = head.split(maxsplit=2)
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
