"""TCP ports of this machine."""

from __future__ import annotations

import socket


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do; without it the sockets that linger after a server stopped would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_row(count: int) -> int:
    """The first of `count` free ports in a row, from below the range the system hands out itself."""
    for first in _candidates(count):
        if all(is_free("127.0.0.1", port) for port in range(first, first + count)):
            return first
    raise OSError(f"no {count} free ports in a row")


def _candidates(count: int) -> range:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        start = 20000 + (probe.getsockname()[1] * 2) % 10000
    return range(start, 31000, count)
