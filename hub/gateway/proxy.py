"""The client certificate that a proxy saw: its OIN, from a header that only a trusted proxy may set."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from starlette.requests import Request

from hub.core.sinks import Network

_OIN = re.compile(r"[0-9A-Z]{20}")


class Forged(Exception):
    """The header was set by who may not set it, more than once, or to what is no OIN."""


class Proxy:
    """`networks` are the direct peers that are believed; from all others the header is refused, never overlooked."""

    def __init__(self, header: str = "X-Client-OIN", networks: Sequence[Network] = ()) -> None:
        self._header = header
        self._networks = networks

    def oin(self, request: Request) -> str:
        """OIN of the client's certificate; empty when it came without. Raises Forged."""
        given = request.headers.getlist(self._header)
        if not given:
            return ""
        if not self._trusts(request) or len(given) != 1 or not _OIN.fullmatch(given[0]):
            raise Forged
        return given[0]

    def _trusts(self, request: Request) -> bool:
        try:
            peer = ipaddress.ip_address(request.client.host if request.client else "")
        except ValueError:
            return False
        known = getattr(peer, "ipv4_mapped", None) or peer
        return any(known in network for network in self._networks)
