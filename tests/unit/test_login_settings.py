"""A login that cannot work is named in one line before anything is started."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hub.demo.issuer import draw_key
from hub.private_key_jwt import ClientKey
from hub.settings import Settings, SettingsError, read
from hub.wiring import people

ISSUER = "https://login.example.nl"


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    def made(**changes: str) -> Settings:
        key, seal = tmp_path / "login.pem", tmp_path / "session.key"
        key.write_bytes(draw_key())
        seal.write_bytes(b"k" * 32)
        given = {"HUB_LOGIN_ISSUER": ISSUER, "HUB_LOGIN_CLIENT": "hub", "HUB_LOGIN_KEY": str(key)}
        given |= {"HUB_DATA": str(tmp_path), "HUB_SESSION_KEY": str(seal)} | changes
        return read({name: value for name, value in given.items() if value})

    return made


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_a_login_that_is_set_whole_is_taken(settings: Callable[..., Settings]) -> None:
    people.check(settings())
    people.check(settings(HUB_HOST="0.0.0.0", HUB_PUBLIC_URL="https://hub.example.nl"))
    people.check(settings(HUB_LOGIN_ISSUER="http://127.0.0.1:8102"))


def test_without_an_issuer_nothing_is_asked(settings: Callable[..., Settings]) -> None:
    people.check(settings(HUB_LOGIN_ISSUER="", HUB_LOGIN_CLIENT="", HUB_LOGIN_KEY=""))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"HUB_LOGIN_CLIENT": ""}, "HUB_LOGIN_CLIENT"),
        ({"HUB_LOGIN_KEY": ""}, "HUB_LOGIN_KEY"),
        ({"HUB_LOGIN_KEY": "/nowhere"}, "HUB_LOGIN_KEY"),
        ({"HUB_LOGIN_KEY": __file__}, "HUB_LOGIN_KEY"),
        ({"HUB_SESSION_KEY": "/nowhere"}, "HUB_SESSION_KEY"),
        ({"HUB_SESSION_KEY": __file__}, "HUB_SESSION_KEY"),
        ({"HUB_HOST": "0.0.0.0", "HUB_PUBLIC_URL": "http://hub.example.nl"}, "HUB_PUBLIC_URL"),
        ({"HUB_LOGIN_ISSUER": "http://login.example.nl"}, "HUB_LOGIN_ISSUER"),
        ({"HUB_LOGIN_ISSUER": "login.example.nl"}, "HUB_LOGIN_ISSUER"),
    ],
)
def test_what_is_wrong_is_named_in_one_line(
    settings: Callable[..., Settings], changes: dict[str, str], named: str
) -> None:
    with pytest.raises(SettingsError, match=f"^{named}: ") as raised:
        people.check(settings(**changes))
    assert "\n" not in str(raised.value)


def test_the_key_that_seals_sessions_is_made_once_and_readable_by_us_alone(
    settings: Callable[..., Settings], tmp_path: Path
) -> None:
    given = settings(HUB_SESSION_KEY="", HUB_DATA=str(tmp_path / "data"))
    given.data.mkdir()
    people.visitors(given, lambda: 0, b"l")
    made = given.data / "session.key"
    key = made.read_bytes()
    people.visitors(given, lambda: 0, b"l")
    assert (made.read_bytes(), len(key), made.stat().st_mode & 0o777) == (key, 32, 0o600)


def test_a_client_key_is_of_rsa_or_p256_and_strong() -> None:
    assert ClientKey(pem(ec.generate_private_key(ec.SECP256R1()))).algorithm == "ES256"
    assert ClientKey(pem(rsa.generate_private_key(65537, 2048))).algorithm == "PS256"
    for weak in (rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP256K1())):
        with pytest.raises(ValueError, match="is needed"):
            ClientKey(pem(weak))


def test_a_client_key_gives_away_its_public_half_alone() -> None:
    key = ClientKey(draw_key())
    assert key.public.keys() == {"kty", "crv", "x", "y", "kid", "alg", "use"}


def test_a_key_has_the_same_name_wherever_it_is_read_and_another_key_another() -> None:
    pem, other = draw_key(), draw_key()
    assert ClientKey(pem).id == ClientKey(pem).id != ClientKey(other).id
