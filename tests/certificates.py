"""A certificate authority for one test, and PEM texts of what it signs."""

from __future__ import annotations

import datetime as dt
from ipaddress import ip_address
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Pair(NamedTuple):
    certificate: str
    key: str


def private_key() -> str:
    return _pem(ec.generate_private_key(ec.SECP256R1()))


class Authority:
    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Test CA")
        self.certificate = self._sign(self._name, self._key, x509.BasicConstraints(True, None))

    def issue(self, name: str) -> Pair:
        """For a server on loopback, and for a client called `name`."""
        key = ec.generate_private_key(ec.SECP256R1())
        places = [x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.1"))]
        return Pair(self._sign(_name(name), key, x509.SubjectAlternativeName(places)), _pem(key))

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType
    ) -> str:
        now = dt.datetime.now(dt.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(extension, critical=False)
        )
        return made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
