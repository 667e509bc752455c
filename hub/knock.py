"""Whether a locked Kafka lets this process in; if not, which setting is to blame."""

from __future__ import annotations

import asyncio
import ssl
import time

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import KafkaError, SaslAuthenticationFailed

from hub.errors import NotLetIn
from hub.locked import Locked, login

KNOCK_MS = 5_000
REFUSED_SECONDS = 2.0
"""A broker that has just started may not have read yet who may come in."""


async def knock(bootstrap: str) -> bool:
    """Comes in once, at the first of the servers that answers; False when none does, True also where nobody is asked
    for a password. Raises NotLetIn when the answer is no, for waiting would not help."""
    if not isinstance(bootstrap, Locked):
        return True
    began = time.monotonic()
    while True:
        try:
            return await _come_in(bootstrap)
        except SaslAuthenticationFailed:
            if time.monotonic() - began > REFUSED_SECONDS:
                raise NotLetIn(_refused(bootstrap)) from None
            await asyncio.sleep(0.2)


async def _come_in(bootstrap: Locked) -> bool:
    for host, port, _ in collect_hosts(bootstrap):
        try:
            connection = await create_conn(host, port, request_timeout_ms=KNOCK_MS, **login(bootstrap))
        except ssl.SSLCertVerificationError as error:
            raise NotLetIn(_untrusted(bootstrap, error)) from None
        except ssl.SSLError as error:
            told = f"HUB_KAFKA_SECURITY: Kafka at {bootstrap} speaks no TLS with us: {error.reason}"
            raise NotLetIn(told) from None
        except SaslAuthenticationFailed:
            raise
        except (KafkaError, OSError, TimeoutError):
            continue
        connection.close()
        return True
    return False


def _refused(bootstrap: Locked) -> str:
    what = f"Kafka at {bootstrap} does not let {bootstrap.user} in"
    return f"HUB_KAFKA_PASSWORD_FILE: {what}: another password, or no such user (`hub kafka lock`)"


def _untrusted(bootstrap: Locked, error: ssl.SSLCertVerificationError) -> str:
    return f"HUB_KAFKA_CA: the certificate of Kafka at {bootstrap} is not trusted: {error.verify_message}"
