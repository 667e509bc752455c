"""TLS of the door for partners of the local Kafka: a CA of this data folder, and the server certificate it signed."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.errors import OperatorError
from hub.private import write

DAYS = 3650
PASSWORD = "HUB_KEYSTORE_PASSWORD"
"""Environment variable by which keytool gets the password: a command line can be read by everyone."""
_QUICK = ("-J-XX:+UseSerialGC", "-J-XX:TieredStopAtLevel=1", "-J-XX:-UsePerfData")
_KEYS = ("-keyalg", "EC", "-groupname", "secp256r1", "-validity", str(DAYS))


class CertificateError(OperatorError):
    """The certificate of the local Kafka cannot be made."""


class Certificate:
    """`ca.pem`, which partners trust, and the keystore of the brokers; made once, by `make`.

    All brokers of this machine share it: it names `localhost` and `127.0.0.1`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def keystore(self) -> Path:
        return self.folder / "server.p12"

    @property
    def password(self) -> str:
        return (self.folder / "password").read_text()

    @property
    def broker(self) -> str:
        """The password of the brokers of a locked cluster."""
        return (self.folder / "broker").read_text()

    def make(self) -> None:
        """Makes what is missing (1-2 s); brokers that start at once wait for the first of them.

        Raises CertificateError.
        """
        with alone(self.folder.with_suffix(".lock")):
            if not self.folder.exists():
                draft = self.folder.with_suffix(".new")
                shutil.rmtree(draft, ignore_errors=True)
                draft.mkdir(mode=0o700)
                _draw(Certificate(draft))
                # Renamed as a whole: a start that was killed half-way must not leave half a certificate.
                draft.rename(self.folder)
            if not (self.folder / "broker").exists():
                write(self.folder / "broker", secrets.token_urlsafe(32))


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Holds a lock file, against other processes and other threads."""
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _draw(empty: Certificate) -> None:
    password = secrets.token_urlsafe(24)
    write(empty.folder / "password", password)
    # The CA may live on when the server's certificate is made anew: partners trust it, and nothing else.
    ca = ("-genkeypair", "-alias", "ca", "-dname", "CN=Onderwijshub local Kafka CA", *_KEYS)
    _keytool(empty, password, *ca, "-ext", "bc:c", "-ext", "ku:c=keyCertSign,cRLSign")
    server = ("-genkeypair", "-alias", "kafka", "-dname", "CN=localhost", "-signer", "ca", *_KEYS)
    _keytool(empty, password, *server, "-ext", "san=ip:127.0.0.1,dns:localhost", "-ext", "eku=serverAuth")
    empty.keystore.chmod(0o600)
    _keytool(empty, password, "-exportcert", "-rfc", "-alias", "ca", "-file", str(empty.ca))


def _keytool(of: Certificate, password: str, *words: str) -> None:
    store = ("-keystore", str(of.keystore), "-storetype", "PKCS12", "-storepass:env", PASSWORD)
    try:
        done = subprocess.run(
            ["keytool", *_QUICK, *words, *store],
            env={**os.environ, PASSWORD: password},
            capture_output=True,
            text=True,
        )
    except OSError:
        raise CertificateError("keytool is missing: it comes with Java 17, put it on the PATH") from None
    if done.returncode:
        raise CertificateError(f"no certificate for Kafka: {(done.stdout + done.stderr).strip()[-300:]}")
