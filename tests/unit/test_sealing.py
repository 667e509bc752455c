"""What is secret in a subscription, sealed and opened; and keys that follow one another."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import sealing
from hub.core.confidential import SEALED, Unsealable, changed
from hub.core.subscription import Retiring, Subscription, dump
from hub.sealing import BadKeyFile, Keyring
from hub.settings import SettingsError, read
from hub.wiring import secrets
from tests.keys import KEYS, keyring

MINE = Subscription(
    id="sub-1",
    partner="almere",
    sink="https://las.example.nl/",
    secret="whsec_nieuw",
    retiring=(Retiring(9, "whsec_oud"),),
    protocolsettings={
        "method": "POST",
        "headers": {"Authorization": "Bearer kop", "X-A": "kop2"},
        "authorization": {
            "tokenendpoint": "https://login.example.nl",
            "clientid": "hub",
            "clientsecret": "oauth",
        },
        "tls": {"certificate": "PEM", "privatekey": "sleutel"},
    },
)
SECRETS = (b"whsec_", b"nieuw", b"oud", b"kop", b'"oauth"', b"sleutel")

texts = st.text(min_size=1).filter(lambda text: not text.startswith(SEALED))


def test_no_secret_is_left_in_what_is_stored_and_all_else_is() -> None:
    sealed = KEYS.seal(MINE)
    assert not any(one in dump(sealed) for one in SECRETS)
    assert KEYS.open(sealed) == MINE
    plain = changed(sealed, lambda *_: "")
    assert plain == changed(MINE, lambda *_: "")


@given(secret=texts, header=texts, old=texts)
def test_what_was_sealed_opens_as_it_was(secret: str, header: str, old: str) -> None:
    mine = msgspec.structs.replace(
        MINE,
        secret=secret,
        retiring=(Retiring(1, old), Retiring(2, secret)),
        protocolsettings={"headers": {"X": header}},
    )
    sealed = KEYS.seal(mine)
    assert KEYS.open(sealed) == mine and KEYS.seal(sealed) == sealed
    assert KEYS.seal(mine) != sealed, "the same text is never sealed the same way twice"


def test_a_sealed_text_opens_in_its_own_place_only() -> None:
    sealed = KEYS.seal(MINE)
    elsewhere = msgspec.structs.replace(sealed, id="sub-2")
    swapped = dict(sealed.protocolsettings["headers"])
    swapped["X-A"] = swapped["Authorization"]
    for moved in (
        elsewhere,
        msgspec.structs.replace(sealed, protocolsettings={"headers": swapped}),
        msgspec.structs.replace(sealed, secret=swapped["X-A"]),
        msgspec.structs.replace(sealed, secret=sealed.secret[:-8] + "AAAAAAA="),
        msgspec.structs.replace(sealed, secret=f"{SEALED}00000000:AAAA"),
        msgspec.structs.replace(sealed, secret=f"{SEALED}rubbish"),
    ):
        with pytest.raises(Unsealable) as raised:
            KEYS.open(moved)
        assert not any(one.decode() in str(raised.value) for one in SECRETS)


def test_a_key_that_signs_no_more_stays_sealed_as_it_was() -> None:
    sealed = KEYS.seal(MINE)
    rotated = KEYS.seal(sealed.rekeyed("whsec_derde", "", 0, 5))
    assert KEYS.open(rotated).secrets(0) == ["whsec_derde", "whsec_nieuw", "whsec_oud"]


def test_secrets_of_before_there_were_keys_are_read_as_they_are() -> None:
    assert KEYS.open(MINE) == MINE


def test_a_new_key_seals_at_once_and_the_old_one_opens_until_all_is_sealed_anew(tmp_path: Path) -> None:
    running, path = keyring(tmp_path), tmp_path / "secrets.key"
    first, sealed = running.current, running.seal(MINE)
    sealing.add(path)
    again = running.reseal(sealed)
    assert running.current != first and f"{SEALED}{running.current}:" in again.secret
    assert running.open(sealed) == running.open(again) == MINE == Keyring(path).open(again)
    assert running.reseal(again) == again
    sealing.add(path)
    sealing.trim(path)
    assert len(path.read_text().split()) == 2
    assert Keyring(path).open(again) == MINE
    with pytest.raises(Unsealable):
        Keyring(path).open(sealed)


def test_the_file_is_for_the_hub_alone_and_made_once(tmp_path: Path) -> None:
    settings = read({"HUB_DATA": str(tmp_path / "data")})
    first = secrets.keyring(settings)
    assert secrets.keyring(settings).open(first.seal(MINE)) == MINE
    assert stat.S_IMODE(settings.secrets_file.stat().st_mode) == 0o600
    assert [one.name for one in settings.data.iterdir()] == ["secrets.key"]


@pytest.mark.parametrize("content", [None, "", "short", "é", "AAAA\n", "%%%%"])
def test_a_file_of_keys_that_cannot_be_used_stops_the_start_with_its_name(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "keys"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SettingsError, match=r"^HUB_SECRETS_KEY: .*keys: [^\n]+$"):
        secrets.keyring(read({"HUB_SECRETS_KEY": str(path)}))


def test_a_file_that_goes_bad_stops_nothing_that_runs(tmp_path: Path) -> None:
    running = keyring(tmp_path)
    sealed = running.seal(MINE)
    (tmp_path / "secrets.key").write_text("rubbish")
    assert running.open(running.seal(MINE)) == running.open(sealed) == MINE
    with pytest.raises(BadKeyFile):
        Keyring(tmp_path / "secrets.key")


@pytest.mark.parametrize("name", ["HUB_SINK_CA", "HUB_SINK_CERTIFICATE"])
def test_a_certificate_that_cannot_be_used_stops_the_start_with_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "bad.pem").write_text("rubbish")
    for path in ("bad.pem", "none.pem"):
        with pytest.raises(SettingsError, match=rf"^{name}: [^\n]+$"):
            secrets.check_certificates(read({name: str(tmp_path / path)}))
