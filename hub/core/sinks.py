"""Which addresses a webhook may go to. The pure half: names are looked up by `hub.courier.guard`.

A webhook address is given by a partner, so without this rule a partner could make the hub call machines
inside its own network (server-side request forgery). What has two readings is refused, whichever is harmless: it is
read again by other libraries than this one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = frozenset({443, 8443})
"""To which webhooks go, unless the operator names more of them."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that has been given out (RFC 4291 §2.4); the rest has special uses or none."""

_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)
"""The third quarter of an address that ends at the IPv4 address in the fourth (RFC 5214)."""
_SPECIAL = (
    IPv4Network("168.63.129.16/32"),  # a cloud's own metadata service, public by its number
    IPv4Network("192.0.0.0/24"),  # of the IETF (RFC 6890), and another cloud's metadata
    IPv4Network("192.88.99.0/24"),  # relays of 6to4, withdrawn (RFC 7526)
    IPv6Network("2001::/23"),  # the same in IPv6
    IPv6Network("3fff::/20"),  # documentation (RFC 9637), newer than what Python knows
)
_HOME = re.compile(r"(.*\.)?(localhost|localdomain|local|internal|intranet|lan|home|corp|home\.arpa)")
"""Names that mean something in one network only; so does a name without a dot."""
_NAME = re.compile(
    r"(?=.{1,254}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?"
)
_NUMBER = re.compile(r"(.*\.)?(\d+|0x[0-9a-f]*)\.?")
"""What ends like this is a number of IPv4 to some, in octal, hexadecimal or with parts left out."""
_TWO_READINGS = re.compile(r"[\x00-\x20\x7f\\]")


def networks(given: Iterable[str]) -> tuple[Network, ...]:
    """Networks of CIDR notations; raises ValueError on anything else."""
    return tuple(ip_network(one) for one in given)


def refusal(url: str, allowed: Sequence[Network] = (), ports: Collection[int] = PORTS) -> str | None:
    """Why `url` may not be called, in words for the partner that gave it; None when nothing is wrong with it as
    written.

    A host name can only be judged when it is looked up, which happens again at each connection.
    """
    if _TWO_READINGS.search(url):
        return "the address is not a URL"
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        return "the address is not a URL"
    if port == 0 or not host:
        return "the address has no host or no usable port"
    return _shape(parts) or _target(parts, host, allowed, ports)


def forbidden(
    address: Address,
    allowed: Sequence[Network],
    secure: bool,
    port: int = 443,
    ports: Collection[int] = PORTS,
) -> str | None:
    """Why no webhook may go to `address`, over https (`secure`) or http; None when it may."""
    if any(_inside(address, network) for network in allowed):
        return None
    if not secure:
        return "https is required"
    if not all(_public(one) for one in _meanings(address)):
        return "the address is private, local or reserved"
    return None if port in ports else _wrong_port(ports)


def _wrong_port(ports: Collection[int]) -> str:
    return f"the port must be {' or '.join(str(port) for port in sorted(ports))}"


def _shape(parts: SplitResult) -> str | None:
    if parts.scheme not in ("http", "https"):
        return "the address must be an https URL"
    if "@" in parts.netloc:
        return "the address may not hold a user name or password: use protocolsettings"
    return "the address may not have a fragment" if parts.fragment else None


def _target(parts: SplitResult, host: str, allowed: Sequence[Network], ports: Collection[int]) -> str | None:
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    if "[" in parts.netloc or _NUMBER.fullmatch(host):
        try:
            address = ip_address(host)
        except ValueError:
            return "the host is not an address as it is commonly written"
        if "%" in host:
            return "the address may not have a zone"
        return forbidden(address, allowed, secure, port, ports)
    if not _NAME.fullmatch(host):
        return "the host must be a name of ASCII letters, digits and hyphens (xn-- for others)"
    if allowed:  # where the name leads is known when it is looked up
        return None
    if not secure:
        return "https is required"
    if "." not in host.rstrip(".") or _HOME.fullmatch(host.rstrip(".")):
        return "the name is one of a private network"
    return None if port in ports else _wrong_port(ports)


def _inside(address: Address, network: Network) -> bool:
    return address in network or all(one in network for one in _meanings(address))


def _public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    special = any(address in network for network in _SPECIAL)
    return address.is_global and not address.is_multicast and not special


def _meanings(address: Address) -> tuple[Address, ...]:
    """The addresses where a packet really ends: an IPv4 address that is wrapped in IPv6 counts, not its
    wrapping."""
    return _embedded(address) or (address,)


def _embedded(address: Address) -> tuple[Address, ...]:
    if isinstance(address, IPv4Address):
        return ()
    last = IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return (last,)
    if int(address) >> 32 & 0xFFFFFFFF in _ISATAP:
        return (address, last) if address in _GLOBAL_UNICAST else (last,)
    wrapped = (address.ipv4_mapped, address.sixtofour, *(address.teredo or ()))
    return tuple(one for one in wrapped if one is not None)
