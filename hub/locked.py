"""Where Kafka is and who comes in there: bootstrap servers, with TLS and a password where the cluster is locked."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

SCRAM = "SCRAM-SHA-512"


class Locked(str):
    """Bootstrap servers that ask who comes in, with the answer. As text it is the servers alone, so no message or log
    can hold the password.
    """

    user: str
    password: str
    tls: ssl.SSLContext
    mechanism: str

    def __new__(
        cls, servers: str, user: str, password: str, ca: Path | None, mechanism: str = SCRAM
    ) -> Locked:
        """`ca` is a file with the certificates to trust; None: those the system trusts. A broker must bear the name
        by which it is called. Raises OSError when the file cannot be used."""
        made = super().__new__(cls, servers)
        made.user, made.password, made.mechanism = user, password, mechanism
        made.tls = ssl.create_default_context(cafile=ca)
        return made


def login(bootstrap: str) -> dict[str, Any]:
    """How a client of aiokafka or kafka-python comes in at these servers."""
    if not isinstance(bootstrap, Locked):
        return {}
    return {
        "security_protocol": "SASL_SSL",
        "ssl_context": bootstrap.tls,
        "sasl_mechanism": bootstrap.mechanism,
        "sasl_plain_username": bootstrap.user,
        "sasl_plain_password": bootstrap.password,
    }
