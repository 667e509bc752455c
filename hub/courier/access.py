"""One request to a subscription's sink, with what it takes to get in there: a client certificate, an access token."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping

from hub.core.confidential import Unsealable
from hub.core.retry import Answer
from hub.core.subscription import Subscription
from hub.courier.sender import Reply, Sender
from hub.courier.tls import BadCertificate, Contexts
from hub.courier.tokens import NoToken, Tokens

Open = Callable[[Subscription], Subscription]
"""Gives a subscription with its secrets as the partner gave them; raises Unsealable."""

_NO_ENTRY = Reply(Answer(0, "auth"), {}, 0.0)
_UNAUTHORIZED = 401


class Access:
    """Secrets are opened here and in `hub.courier.post`, for the length of one request."""

    def __init__(self, sender: Sender, contexts: Contexts, tokens: Tokens, open: Open) -> None:
        self._sender = sender
        self._contexts = contexts
        self._tokens = tokens
        self._open = open

    async def send(
        self, to: Subscription, method: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Reply:
        """Never raises for anything a partner does; `auth` is the failure when there is no way in. `to` as stored."""
        try:
            tls = self._tls(to)
        except (BadCertificate, Unsealable):
            return _NO_ENTRY
        sealed = to.protocolsettings.get("authorization")
        # The question for consent goes without a token, as it goes without the headers of the subscriber.
        if sealed is None or body is None:
            return await self._sender.send(method, to.sink or "", headers, body, tls)
        stale = ""
        while True:
            try:
                settings = self._open(to).protocolsettings["authorization"]
                token = await self._tokens.get(to.id, sealed, settings, stale)
            except (NoToken, Unsealable):
                return _NO_ENTRY
            bearing = {**headers, "Authorization": f"Bearer {token}"}
            reply = await self._sender.send(method, to.sink or "", bearing, body, tls)
            if reply.answer.status != _UNAUTHORIZED or stale:
                return reply
            stale = token

    def _tls(self, to: Subscription) -> ssl.SSLContext:
        if "tls" not in to.protocolsettings:
            return self._contexts.default
        return self._contexts.of(self._open(to).protocolsettings["tls"])
