"""Sessions of people: all of it sealed in a cookie, nothing kept here but which sessions were ended early.

Any gateway with the same key opens them. A logout is known to the gateway that got it, and in the browser that left: a
stolen copy of the cookie would be good at another gateway, or after a restart, until one of its limits ends it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import TypeVar

import msgspec
from cryptography.fernet import Fernet, InvalidToken
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.core.people import Person, PersonRole

T = TypeVar("T")

MINUTE = 60_000
WHOLE = 8 * 60 * MINUTE
"""Milliseconds after which a session ends, however busy."""
IDLE = 30 * MINUTE
"""Milliseconds without a request after which it ends."""
RENEWED = MINUTE
"""Milliseconds after which a request has the cookie sealed anew."""

COOKIE = "cookie"
"""Under this name a `Set-Cookie` waits in the state of a request for `Renewing`."""


class Session(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`who` is a keyed hash of issuer and subject: who did what can be told apart, and not who that is. `begun` and
    `seen` are milliseconds since 1970."""

    id: str
    who: str
    role: PersonRole
    partner: str
    begun: int
    seen: int

    @property
    def person(self) -> Person:
        return Person(self.role, self.partner)

    def lives(self, now: int) -> bool:
        return now - self.begun < WHOLE and now - self.seen < IDLE


class Seal:
    """Turns a value into a text that only who has the key can read or make; each `purpose` has a key of its own."""

    def __init__(self, secret: bytes, purpose: bytes) -> None:
        key = hashlib.blake2b(key=secret, person=purpose, digest_size=32).digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def close(self, content: object) -> str:
        return self._fernet.encrypt(msgspec.json.encode(content)).decode()

    def open(self, sealed: str, kind: type[T]) -> T | None:
        """None for anything that this seal did not close."""
        try:
            return msgspec.json.decode(self._fernet.decrypt(sealed), type=kind)
        except (InvalidToken, msgspec.MsgspecError):
            return None


class Sessions:
    """`secret` is shared by gateways that are to know each other's sessions, `secure` whether people come by https,
    `now` gives milliseconds since 1970."""

    def __init__(self, secret: bytes, secure: bool, now: Callable[[], int]) -> None:
        self.name = "__Host-hub" if secure else "hub-session"
        self._secure = secure
        self._now = now
        self._seal = Seal(secret, b"session")
        self._csrf = hashlib.blake2b(key=secret, person=b"csrf", digest_size=32).digest()
        self._ended: dict[str, int] = {}

    def begin(self, person: Person, who: str) -> Session:
        """Always a session of its own: what a browser brought along is no part of it."""
        now = self._now()
        return Session(secrets.token_urlsafe(32), who, person.role, person.partner, now, now)

    def end(self, session: Session) -> None:
        now = self._now()
        self._ended = {id: until for id, until in self._ended.items() if until > now}
        self._ended[session.id] = session.begun + WHOLE

    def open(self, cookie: str) -> Session | None:
        """The session in a cookie's value; None when it is none, has ended, or was ended."""
        session = self._seal.open(cookie, Session) if cookie else None
        if session is None or session.id in self._ended or not session.lives(self._now()):
            return None
        return session

    def renewed(self, session: Session) -> str | None:
        """A cookie that says the session was seen now; None while the one there is says about the same."""
        now = self._now()
        if now - session.seen < RENEWED:
            return None
        return self.cookie(msgspec.structs.replace(session, seen=now))

    def cookie(self, session: Session) -> str:
        """A `Set-Cookie` for as long as the browser is open."""
        return set_cookie(self.name, self._seal.close(session), self._secure)

    def without(self) -> str:
        """A `Set-Cookie` that takes it away."""
        return set_cookie(self.name, "", self._secure, seconds=0)

    def csrf(self, session: Session) -> str:
        """What a request that changes something must show besides the cookie: a page of another site cannot know it."""
        return hmac.digest(self._csrf, session.id.encode(), "sha256").hex()


def set_cookie(name: str, value: str, secure: bool, seconds: int | None = None) -> str:
    """Sent back to this host only, out of reach of scripts, and not along with requests that other sites make."""
    age = "" if seconds is None else f"; Max-Age={seconds}"
    return f"{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}{'; Secure' if secure else ''}"


class Renewing:
    """An ASGI layer that sends the cookie which a request left in its state."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dress(message: Message) -> None:
            if message["type"] == "http.response.start" and (cookie := scope.get("state", {}).get(COOKIE)):
                message["headers"] = [*message.get("headers", ()), (b"set-cookie", cookie.encode())]
            await send(message)

        await self._app(scope, receive, dress)
