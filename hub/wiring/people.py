"""Login of people, as the settings ask for it."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from hub.private_key_jwt import ClientKey
from hub.settings import Settings, SettingsError
from hub.wiring.shared import kept

KEY_BYTES = 32


class Visitors:
    """A service of the gateway: the login, and the connections to its issuer that end with it."""

    def __init__(self, settings: Settings, issuer: str, now: Callable[[], int], line_key: bytes) -> None:
        import httpx

        from hub.gateway.jwks import Issuer
        from hub.gateway.oidc import Claims, Login
        from hub.gateway.sessions import Seal, Sessions

        client, key = _client(settings)
        sealing = _session_key(settings)
        secure = settings.url.startswith("https://")
        self._http = httpx.AsyncClient(timeout=10)
        self.login = Login(
            Issuer(issuer, self._http),
            self._http,
            client,
            key,
            Claims(settings.login_role, settings.login_organisation),
            settings.url,
            Sessions(sealing, secure, now),
            Seal(sealing, b"login"),
            line_key,
        )

    async def start(self) -> None:
        """The issuer is asked when the first person comes: the hub works without it."""

    async def stop(self) -> None:
        await self._http.aclose()


def visitors(settings: Settings, now: Callable[[], int], line_key: bytes) -> Visitors | None:
    """None when no issuer is set. Raises SettingsError."""
    issuer = settings.login_issuer
    return None if issuer is None else Visitors(settings, issuer, now, line_key)


def check(settings: Settings) -> None:
    """Raises SettingsError for a login that cannot work."""
    if settings.login_issuer is None:
        return
    _client(settings)
    if settings.session_key is not None:
        _session_key(settings)
    if not (settings.url.startswith("https://") or settings.loopback):
        raise SettingsError("HUB_PUBLIC_URL: people log in by https, or on a loopback address")


def _client(settings: Settings) -> tuple[str, ClientKey]:
    if not settings.login_client:
        raise SettingsError("HUB_LOGIN_CLIENT: set it together with HUB_LOGIN_ISSUER")
    if settings.login_key is None:
        raise SettingsError("HUB_LOGIN_KEY: set it together with HUB_LOGIN_ISSUER")
    try:
        return settings.login_client, ClientKey(settings.login_key.read_bytes())
    except OSError as error:
        raise SettingsError(f"HUB_LOGIN_KEY: {error.strerror}") from None
    except ValueError as error:
        raise SettingsError(f"HUB_LOGIN_KEY: {error}") from None


def _session_key(settings: Settings) -> bytes:
    if settings.session_key is None:
        return kept(settings.data / "session.key", lambda: secrets.token_bytes(32))
    try:
        found = settings.session_key.read_bytes()
    except OSError as error:
        raise SettingsError(f"HUB_SESSION_KEY: {error.strerror}") from None
    if len(found) != KEY_BYTES:
        raise SettingsError(f"HUB_SESSION_KEY: {KEY_BYTES} bytes are needed, it has {len(found)}")
    return found
