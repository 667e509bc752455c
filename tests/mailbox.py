"""A real mail server on this machine, and a real HTTP receiver: what the alarm speaks to."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from hub.local.ports import free_row
from tests.certificates import Authority

USER, PASSWORD = "hub", "very secret"


class Mailbox:
    """`refuse` makes it answer so to every message."""

    def __init__(self) -> None:
        self.port = free_row(1)
        self.envelopes: list[Envelope] = []
        self.refuse = ""

    async def handle_DATA(self, _: Any, __: Any, envelope: Envelope) -> str:
        if self.refuse:
            return self.refuse
        self.envelopes.append(envelope)
        return "250 OK"

    @property
    def messages(self) -> list[EmailMessage]:
        return [
            message_from_bytes(bytes(one.content or b""), policy=policy.default) for one in self.envelopes
        ]  # type: ignore[misc]

    @property
    def subjects(self) -> list[str]:
        return [str(message["Subject"]).strip() for message in self.messages]

    @property
    def texts(self) -> list[str]:
        return [message.get_content().replace("\r\n", "\n") for message in self.messages]


def _may_come_in(_: Any, __: Any, ___: Any, ____: Any, given: Any) -> AuthResult:
    known = LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=given == known, handled=False)


@contextlib.contextmanager
def mailbox(tls: ssl.SSLContext | None = None, smtps: bool = False) -> Iterator[Mailbox]:
    """With `tls` it asks for STARTTLS (or `smtps`: speaks TLS at once) and for USER and PASSWORD."""
    box = Mailbox()
    asks: dict[str, Any] = {}
    if tls is not None:
        asks = {"auth_required": True, "authenticator": _may_come_in}
        asks |= (
            {"ssl_context": tls, "auth_require_tls": False}
            if smtps
            else {"tls_context": tls, "require_starttls": True}
        )
    server = Controller(box, hostname="127.0.0.1", port=box.port, **asks)
    server.start()
    try:
        yield box
    finally:
        server.stop()


def tls_of(authority: Authority, folder: Path) -> ssl.SSLContext:
    """Of a server on loopback."""
    pair, path = authority.issue("mail"), folder / "server.pem"
    path.write_text(pair.certificate + pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


class Hook:
    """`requests` are headers and bodies, in order; it answers `status`."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.url = ""


@contextlib.contextmanager
def hook() -> Iterator[Hook]:
    made = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(made.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}/alerts"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
