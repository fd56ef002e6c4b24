"""Which addresses a webhook may have: server-side request forgery ends here.

Whoever can set the address of a webhook, or answer for a name in DNS, must not be able to let this
service call what only this service can reach: the metadata of a cloud machine, services on
loopback or in the private network. So a name is resolved once, every address that it has is
looked at, and the connection is made to that address and not to the name again, which could mean
another one by then (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from urllib.parse import SplitResult, urlsplit

from crispml_core.domain.errors import InvalidInput

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]

# Platforms answer here with credentials; some of these are not link-local, one is even global.
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
# All that was ever given out; Python calls much of the rest global too, such as ::127.0.0.1.
_GIVEN_OUT = IPv6Network("2000::/3")
_PORTS = {"http": 80, "https": 443}


class AddressRefused(InvalidInput):
    """Raised when the webhook means an address that may not be called."""

    code = "webhook_address_refused"


@dataclass(frozen=True, slots=True)
class Target:
    """The address of a webhook, with the one host address that is called.

    Parameters
    ----------
    host : str
        The name as the URL has it, for TLS and for the header ``Host``.
    address : str
        An address of it that was looked at.
    """

    url: SplitResult
    host: str
    port: int
    address: str


def check_url(url: str, allowed_hosts: Sequence[str] = ()) -> SplitResult:
    """Return the parts of a URL, or raise what can be known to be wrong without asking DNS.

    Raises
    ------
    AddressRefused
        If it is no http or https URL with a host, holds a user or a password, or names an address
        that may not be called. The text never repeats it: there may be a token in it.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in _PORTS or not host or port == 0:
        raise AddressRefused("the webhook must be a URL such as https://host/path")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("the webhook must hold no user and no password; the signature proves")
    literal = _literal(host)
    if literal is not None:
        _check(literal, host, allowed_hosts)
    return parts


def resolved(url: str, allowed_hosts: Sequence[str] = (), resolve: Resolve | None = None) -> Target:
    """Return the target that a URL means now.

    Parameters
    ----------
    allowed_hosts : sequence of str
        Names, as the URL has them, and networks such as ``10.2.0.0/16`` that may be called although
        they are private or loopback.
    resolve : callable, optional
        Gives the addresses of a host and a port; asks the system unless told.

    Raises
    ------
    AddressRefused
        If one of its addresses may not be called, also when others may.
    OSError
        If the name has no address now.
    """
    parts = check_url(url, allowed_hosts)
    host = parts.hostname or ""
    port = parts.port or _PORTS[parts.scheme]
    addresses = (resolve or _addresses)(host, port)
    for text in addresses:
        _check(ipaddress.ip_address(text.partition("%")[0]), host, allowed_hosts)
    return Target(parts, host, port, addresses[0])


def _check(address: Address, host: str, allowed_hosts: Sequence[str]) -> None:
    """Raise unless an address may be called; what hides in an IPv6 address is looked at too."""
    meant = _unwrapped(address)
    never = meant.is_link_local or meant.is_multicast or meant.is_unspecified or meant in _METADATA
    if never or not (_is_public(meant) or _is_allowed(meant, host, allowed_hosts)):
        raise AddressRefused(
            "the webhook means an address that is not public; if it is meant, name its host in "
            "CRISPML_MONITOR__WEBHOOK_ALLOWED_HOSTS"
        )


def _is_public(address: Address) -> bool:
    return address.is_global and (isinstance(address, IPv4Address) or address in _GIVEN_OUT)


def _is_allowed(address: Address, host: str, allowed_hosts: Sequence[str]) -> bool:
    for allowed in allowed_hosts:
        if allowed.casefold() == host.casefold():
            return True
        try:
            if address in ipaddress.ip_network(allowed, strict=False):
                return True
        except ValueError:
            continue  # a name
    return False


def _unwrapped(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address leads to, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _addresses(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]
