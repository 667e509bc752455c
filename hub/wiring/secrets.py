"""The keys that seal the secrets of subscriptions, and the certificates of the courier, as the settings name them."""

from __future__ import annotations

import asyncio
import ssl

from hub import kafka, sealing
from hub.core import topics
from hub.core.confidential import Unsealable
from hub.core.known import Known
from hub.core.records import Out
from hub.core.subscription import dump
from hub.errors import OperatorError
from hub.sealing import BadKeyFile, Keyring
from hub.settings import Settings, SettingsError
from hub.wiring.shared import publishing


def keyring(settings: Settings) -> Keyring:
    """Raises SettingsError for a file of keys that cannot be used."""
    try:
        if settings.secrets_key is None:
            sealing.make(settings.secrets_file)
        return Keyring(settings.secrets_file)
    except (BadKeyFile, OSError) as error:
        raise SettingsError(f"HUB_SECRETS_KEY: {error}") from None


def check_certificates(settings: Settings) -> None:
    """Raises SettingsError for a certificate of the courier that cannot be used."""
    context = ssl.create_default_context()
    for name, path, load in (
        ("HUB_SINK_CA", settings.sink_ca, context.load_verify_locations),
        ("HUB_SINK_CERTIFICATE", settings.sink_certificate, context.load_cert_chain),
    ):
        try:
            if path is not None:
                load(path)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(f"{name}: {path} cannot be used: {error.strerror or error}") from None


def rotate(settings: Settings, keep: bool) -> int:
    """Seals every secret again: with a new key, or (`keep`) with the first key of the file as it is. Exit code."""
    keys = keyring(settings)
    if not keep:
        sealing.add(settings.secrets_file)
        keys = keyring(settings)
    count, failed = asyncio.run(_reseal(settings, keys))
    print(f"sealed {count} subscriptions with key {keys.current}; it stands first in {settings.secrets_file}")
    if failed:
        raise OperatorError(f"no key in the file opens the secrets of {', '.join(failed)}")
    sealing.trim(settings.secrets_file)
    return 0


async def _reseal(settings: Settings, keys: Keyring) -> tuple[int, list[str]]:
    """How many were sealed anew, and which could not be opened. A hub that runs need not stop: each is read and written
    at once."""
    known = Known()
    view = kafka.CompactedView(settings.bootstrap, topics.SUBSCRIPTIONS, known.apply_subscription)
    await view.start(timeout=10)
    count, failed = 0, []
    try:
        async with publishing(settings) as publish:
            for id in [one.id for one in known.subscriptions()]:
                one = next((one for one in known.subscriptions() if one.id == id), None)
                try:
                    sealed = one and keys.reseal(one)
                except Unsealable:
                    failed.append(id)
                    continue
                if sealed and sealed != one:
                    await publish([Out(topics.SUBSCRIPTIONS, id.encode(), dump(sealed))])
                    count += 1
    finally:
        await view.stop()
    return count, failed
