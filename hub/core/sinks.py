"""Which addresses a webhook may go to. The pure half: names are looked up by `hub.courier.guard`.

A webhook address is given by a partner, so without this rule a partner could make the hub call machines
inside its own network (server-side request forgery).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that has been given out (RFC 4291 §2.4); the rest has special uses or none."""

_NAT64 = IPv6Network("64:ff9b::/96")
_METADATA = frozenset({IPv4Address("168.63.129.16")})
"""Public by its number, yet a cloud's own metadata service (Azure). The others lie in ranges that are not
global."""


def networks(given: Iterable[str]) -> tuple[Network, ...]:
    """Networks of CIDR notations; raises ValueError on anything else."""
    return tuple(ip_network(one) for one in given)


def refusal(url: str, allowed: Sequence[Network] = ()) -> str | None:
    """Why `url` may not be a sink, in words for the partner that asked; None when nothing is wrong with it as
    written.

    A host name can only be judged when it is looked up, which happens again at each connection.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        return "the sink is not a URL"
    if port == 0 or not host:
        return "the sink has no host or no usable port"
    return _shape(parts) or _target(parts, host, allowed)


def forbidden(address: Address, allowed: Sequence[Network], secure: bool) -> str | None:
    """Why no webhook may go to `address`, over https (`secure`) or http; None when it may."""
    if any(_inside(address, network) for network in allowed):
        return None
    if not secure:
        return "https is required"
    if all(_public(one) for one in _meanings(address)):
        return None
    return "the address is private, local or reserved"


def literal(host: str) -> Address | None:
    """The address when `host` is one, with or without a zone; None for a name."""
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _shape(parts: SplitResult) -> str | None:
    if parts.scheme not in ("http", "https"):
        return "the sink must be an https URL"
    if parts.username is not None or parts.password is not None:
        return "the sink may not hold a user name or password: use protocolsettings.headers"
    return "the sink may not have a fragment" if parts.fragment else None


def _target(parts: SplitResult, host: str, allowed: Sequence[Network]) -> str | None:
    secure = parts.scheme == "https"
    address = literal(host)
    if address is not None:
        return forbidden(address, allowed, secure)
    return None if secure or allowed else "https is required"


def _inside(address: Address, network: Network) -> bool:
    return address in network or all(one in network for one in _meanings(address))


def _public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast and address not in _METADATA


def _meanings(address: Address) -> tuple[Address, ...]:
    """The addresses where a packet really ends: an IPv4 address that is wrapped in IPv6 counts, not its
    wrapping."""
    return _embedded(address) or (address,)


def _embedded(address: Address) -> tuple[Address, ...]:
    if isinstance(address, IPv4Address):
        return ()
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    wrapped = (address.ipv4_mapped, address.sixtofour, *(address.teredo or ()))
    return tuple(one for one in wrapped if one is not None)
