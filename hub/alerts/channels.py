"""The ways out of the alarm. Each sends a letter, or raises Unsent with a few words on why not."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
import time
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.utils import formatdate
from typing import NamedTuple, Protocol

import httpx

from hub.alerts.letter import Letter

SECONDS = 10.0
"""In which a server must answer."""

Signer = Callable[[str, int, bytes], str]
"""Gives the header `webhook-signature` of Standard Webhooks for an id, seconds since 1970 and a body."""


class Unsent(Exception):
    """A letter did not go out. The message is for the log: it quotes nothing that was sent or answered."""


class Channel(Protocol):
    name: str

    async def send(self, letter: Letter) -> None: ...


class Post(NamedTuple):
    """A mail server. `tls`: from the first byte on (smtps); otherwise STARTTLS where `secure`, which is everywhere but
    on a loopback address."""

    host: str
    port: int
    tls: bool
    secure: bool
    user: str = ""
    password: str = ""


class Mail:
    name = "mail"

    def __init__(self, post: Post, sender: str, receivers: Sequence[str], trust: ssl.SSLContext) -> None:
        self._post = post
        self._sender = sender
        self._receivers = list(receivers)
        self._trust = trust

    async def send(self, letter: Letter) -> None:
        await asyncio.to_thread(self._send, letter)

    def _send(self, letter: Letter) -> None:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = ", ".join(self._receivers)
        message["Subject"] = letter.subject
        message["Date"] = formatdate(localtime=False)
        message["Message-ID"] = f"<{letter.id}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
        try:
            with self._open() as server:
                if self._post.secure and not self._post.tls:
                    server.starttls(context=self._trust)
                if self._post.user:
                    server.login(self._post.user, self._post.password)
                refused = server.send_message(message, self._sender, self._receivers)
        except smtplib.SMTPResponseException as error:
            raise Unsent(f"the mail server answers {error.smtp_code}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise Unsent(type(error).__name__) from None
        if refused:
            raise Unsent(f"{len(refused)} of {len(self._receivers)} addresses refused")

    def _open(self) -> smtplib.SMTP:
        host, port = self._post.host, self._post.port
        if self._post.tls:
            return smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=self._trust)
        return smtplib.SMTP(host, port, timeout=SECONDS)


class Webhook:
    """Signed as the webhooks to partners are (Standard Webhooks)."""

    name = "webhook"

    def __init__(self, url: str, sign: Signer, trust: ssl.SSLContext) -> None:
        self._url = url
        self._sign = sign
        self._trust = trust

    async def send(self, letter: Letter) -> None:
        at = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": letter.id,
            "webhook-timestamp": str(at),
            "webhook-signature": self._sign(letter.id, at, letter.body),
        }
        try:
            async with httpx.AsyncClient(verify=self._trust, timeout=SECONDS, trust_env=False) as client:
                answer = await client.post(self._url, content=letter.body, headers=headers)
        except httpx.HTTPError as error:
            raise Unsent(type(error).__name__) from None
        if not answer.is_success:
            raise Unsent(f"the receiver answers {answer.status_code}")
