"""What a partner may write in `protocolsettings.authorization` (OAuth 2.0) and `.tls` (a client certificate). Pure.

Both spellings are read, and lower case is kept. A secret is shown as `{"set": true}`, and kept when that is sent back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from hub.core.confidential import SEALED, SECRET_SETTINGS
from hub.core.event import Fault
from hub.core.sinks import PORTS, Network, refusal

SET = {"set": True}
OF_THE_HUB = "hub"
LEAST_RSA = 2048
MOST_PEM = 16 * 1024
AT = "/protocolsettings"
_ASCII = re.compile(r"[\x20-\x7e]{1,1024}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")
_PARTS = {
    "authorization": {"tokenendpoint", "clientid", "clientsecret", "privatekey", "keyid", "scope"},
    "tls": {"certificate", "privatekey"},
}

SCHEMA: dict[str, Any] = {
    "authorization": {
        "description": "OAuth 2.0 client credentials: the hub fetches a token there and sends it with each delivery. "
        "Needs clientsecret (client_secret_basic) or privatekey (private_key_jwt)",
        "type": "object",
        "additionalProperties": False,
        "required": ["tokenendpoint", "clientid"],
        "properties": {
            "tokenendpoint": {"type": "string", "format": "uri"},
            "clientid": {"type": "string"},
            "clientsecret": {"type": "string", "writeOnly": True},
            "privatekey": {"type": "string", "description": "PEM", "writeOnly": True},
            "keyid": {"type": "string", "description": "kid of the assertion"},
            "scope": {"type": "string"},
        },
    },
    "tls": {
        "description": "The client certificate of the hub at your receiver (mTLS)",
        "type": "object",
        "additionalProperties": False,
        "required": ["certificate"],
        "properties": {
            "certificate": {"type": "string", "description": 'PEM with its chain, or "hub": the hub\'s own'},
            "privatekey": {"type": "string", "description": "PEM", "writeOnly": True},
        },
    },
}
"""For the OpenAPI document; `check` says more."""


class Reach(NamedTuple):
    """What the operator allows: networks though private, further ports, the hub's own client certificate."""

    networks: Sequence[Network] = ()
    ports: Collection[int] = PORTS
    certificate: bool = False

    def refusal(self, url: object) -> str | None:
        """Why the hub may not call `url`; None when it may, as it is written."""
        if not isinstance(url, str) or len(url) > 2000:
            return "must be a URL of at most 2000 characters"
        return refusal(url, self.networks, self.ports)


def read(settings: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Both parts as they are kept: checked ones only. `before` are the settings that there are."""
    found = {}
    for part, secret in SECRET_SETTINGS.items():
        if (given := settings.get(part)) is not None:
            had = before.get(part, {})
            names = {name.lower(): value for name, value in given.items() if value is not None}
            found[part] = {n: had[n] if n in secret and value == SET else value for n, value in names.items()}
    return found


def show(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Both parts without what is secret."""
    return {
        part: {name: SET if name in secret else value for name, value in settings[part].items()}
        for part, secret in SECRET_SETTINGS.items()
        if part in settings
    }


def check(settings: Mapping[str, Any], before: Mapping[str, Any], reach: Reach) -> Iterator[Fault]:
    """Everything wrong with the two parts, each at its place."""
    for part, judge in _JUDGES.items():
        given = settings.get(part)
        if given is None:
            continue
        at, known = f"{AT}/{part}", _PARTS[part]
        if not isinstance(given, dict):
            yield Fault(at, part, "must be an object")
            continue
        names = [name.lower() for name, value in given.items() if value is not None]
        if set(names) - known or len(set(names)) < len(names):
            yield Fault(at, part, f"may hold {', '.join(sorted(known))}, each once")
            continue
        fields = {name.lower(): value for name, value in given.items() if value is not None}
        for below, detail in judge(fields, before.get(part, {}), reach):
            yield Fault(at + below, part, detail)


def _authorization(
    given: Mapping[str, Any], before: Mapping[str, Any], reach: Reach
) -> Iterator[tuple[str, str]]:
    if reason := reach.refusal(given.get("tokenendpoint")):
        yield "/tokenendpoint", reason
    if not _text(given.get("clientid")):
        yield "/clientid", "must be the id that the hub has there, in ASCII"
    if ("clientsecret" in given) == ("privatekey" in given):
        yield "", "needs either clientsecret or privatekey"
    if "clientsecret" in given:
        yield from _client_secret(given, before)
    if given.get("privatekey") == SET and "privatekey" in before:
        pass
    elif "privatekey" in given and isinstance(key := _key(given["privatekey"]), str):
        yield "/privatekey", key
    if "keyid" in given and ("privatekey" not in given or not _text(given["keyid"])):
        yield "/keyid", "must be text in ASCII, and goes with privatekey only"
    scope = given.get("scope", "x")
    if not isinstance(scope, str) or len(scope) > 1000 or not _SCOPE.fullmatch(scope):
        yield "/scope", "must be scopes (RFC 6749 §3.3) with one space between them"


def _client_secret(given: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if given["clientsecret"] != SET:
        if not _text(given["clientsecret"]):
            yield "/clientsecret", "must be ASCII, 1024 characters at most"
    elif "clientsecret" not in before:
        yield "/clientsecret", "there is none to keep: send it"
    elif before.get("tokenendpoint") != given.get("tokenendpoint"):
        # Else whoever may change the address could have the secret sent to an address of its own.
        yield "/clientsecret", "is not kept for another token endpoint: send it again"


def _tls(given: Mapping[str, Any], before: Mapping[str, Any], reach: Reach) -> Iterator[tuple[str, str]]:
    certificate, key = given.get("certificate"), given.get("privatekey")
    if certificate == OF_THE_HUB:
        if not reach.certificate:
            yield "/certificate", "this hub has no certificate of its own"
        if key is not None:
            yield "/privatekey", "goes with a certificate of yours only"
        return
    leaf = _leaf(certificate)
    if isinstance(leaf, str):
        yield "/certificate", leaf
    if key == SET and "privatekey" in before:
        if certificate != before.get("certificate"):
            yield "/privatekey", "is not kept for another certificate: send it again"
        return
    private = _key(key)
    if isinstance(private, str):
        yield "/privatekey", private
    elif not isinstance(leaf, str) and _public(leaf.public_key()) != _public(private.public_key()):
        yield "/privatekey", "is not the key of this certificate"


def _leaf(given: object) -> x509.Certificate | str:
    wrong = 'must be "hub" or PEM certificates, yours first'
    if not isinstance(given, str) or len(given) > MOST_PEM:
        return wrong
    try:
        return x509.load_pem_x509_certificates(given.encode())[0]
    except (ValueError, UnsupportedAlgorithm):
        return wrong


def _key(given: object) -> Any:
    """The private key, or what is wrong with it."""
    wrong = (
        "must be a private key in PEM, no password: RSA from 2048 bits, EC (P-256, P-384, P-521) or Ed25519"
    )
    if not isinstance(given, str) or len(given) > MOST_PEM:
        return wrong
    try:
        key = load_pem_private_key(given.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return wrong
    if isinstance(key, rsa.RSAPrivateKey):
        return key if key.key_size >= LEAST_RSA else wrong
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key if isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1 | ec.SECP521R1) else wrong
    return key if isinstance(key, ed25519.Ed25519PrivateKey) else wrong


def _public(key: Any) -> bytes:
    return bytes(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _text(given: object) -> bool:
    return isinstance(given, str) and bool(_ASCII.fullmatch(given)) and not given.startswith(SEALED)


_JUDGES: Mapping[str, Callable[..., Iterator[tuple[str, str]]]] = {
    "authorization": _authorization,
    "tls": _tls,
}
