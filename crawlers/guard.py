"""Which addresses may be reached: public ones, and the few a setting names exactly. Everything else is refused.

The check happens where names become addresses, on every connection, so a redirect, a picture, a playlist's segment or a
name that changes its address between two look-ups (DNS rebinding) all meet it.
"""

import ipaddress
import re
import socket
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IHostnameResolver, IHostResolution, IResolutionReceiver
from zope.interface import implementer

from config.errors import MekikiError
from config.settings import Crawl

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_V4_COMPATIBLE = ipaddress.ip_network("::/96")
# What `is_global` lets through or what newer registries reserve; RFC 6890 and its registry, read November 2026.
_ALSO_CLOSED = tuple(
    ipaddress.ip_network(network)
    for network in ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4",
                    "2001::/23", "3fff::/20", "5f00::/16", "fec0::/10", "100::/64")
)  # fmt: skip


class BadPin(MekikiError):
    """A pinned host does not name an address."""


def objection(address: str) -> str | None:
    """Return why an address may not be reached, or None for a public one. Pure; knows no exceptions."""
    try:
        return _objection(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return f"{address} is not an address"


def _objection(address: Address) -> str | None:
    inner = _unwrapped(address)
    if inner is not None:
        why = _objection(inner)
        return f"{address} carries {why}" if why else None
    kind = next((says for test, says in _KINDS if getattr(address, test)), None)
    if kind is None and any(address in network for network in _ALSO_CLOSED if network.version == address.version):
        kind = "reserved"
    if kind is None and not address.is_global:
        kind = "not public"
    return f"{address}, which is {kind}" if kind else None


_KINDS = (
    ("is_unspecified", "this machine"),
    ("is_loopback", "this machine"),
    ("is_link_local", "link-local"),
    ("is_multicast", "multicast"),
    ("is_private", "private"),
    ("is_reserved", "reserved"),
)


def _unwrapped(address: Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 address really leads to, if it leads to one."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _V4_COMPATIBLE and int(address) > 0xFFFF:  # ::127.0.0.1, but not :: and ::1
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


class Guard:
    """The rule of one home: public addresses, plus exactly what its settings name."""

    def __init__(self, allow_addresses: Sequence[str] = (), pinned_hosts: Mapping[str, str] | None = None) -> None:
        self.allowed = frozenset(name.lower().replace("[", "").replace("]", "") for name in allow_addresses)
        self.pinned = {name.lower(): address for name, address in (pinned_hosts or {}).items()}
        for name, address in self.pinned.items():
            if literal(address) is None:
                raise BadPin(
                    f'crawl.pinned_hosts: "{address}" for {name} is no IP address; write one like "192.0.2.7".'
                )

        self._refusals: dict[tuple[str, int], str] = {}  # what the resolver refused, for the sentence people read

    def __deepcopy__(self, _memo: object) -> "Guard":
        """Stay the one guard of the process; Scrapy copies its settings for every crawler."""
        return self

    @classmethod
    def of(cls, crawl: Crawl) -> "Guard":
        """Return the guard that the settings describe."""
        return cls(crawl.allow_addresses, crawl.pinned_hosts)

    def objection(self, host: str, port: int, address: str) -> str | None:
        """Return why `host` may not be reached at `address` and `port`, or None when it may."""
        why = objection(address)
        if why is None or f"{address}:{port}".lower() in self.allowed:
            return None
        # A name is believed only when its address is pinned: otherwise whoever owns the name chooses the address.
        if self.pinned.get(host.lower()) == address and f"{host}:{port}".lower() in self.allowed:
            return None
        return f"{host} leads to {why}; only an exact host and port in crawl.allow_addresses opens it"

    def check_all(self, host: str, port: int, addresses: Sequence[str]) -> str | None:
        """Return why none of the addresses a name leads to may be used: one bad address is enough."""
        why = next(filter(None, (self.objection(host, port, address) for address in addresses)), None)
        if why:
            self._refusals[host.lower(), port] = why
        else:
            self._refusals.pop((host.lower(), port), None)
        return why

    def refused(self, url: str) -> str | None:
        """Return why the last connection for this url was refused, or None."""
        return self._refusals.get(_host_and_port(url))

    def check_url(self, url: str) -> str | None:
        """Return what is wrong with a url before any name is looked up, or None."""
        try:
            parts = urlsplit(url)
            host, port = _host_and_port(url)
        except ValueError:
            return f"{url} is not a web address"
        if parts.scheme not in ("http", "https"):
            return f"{parts.scheme or 'no scheme'}: is not a web address"
        if not host or "\\" in url or parts.username is not None or parts.password is not None:
            return f"{url} hides where it leads"
        address = literal(host)
        if address is not None:
            return self.objection(host, port, address)
        return None if _is_name(host) else f"{host} is no host name"


def _is_name(host: str) -> bool:
    """Return whether a host can be looked up at all; on what is no name Twisted raises, whoever wrote the link."""
    try:
        return re.fullmatch(rb"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})", host.encode("idna")) is not None
    except UnicodeError:  # a label that is empty or too long
        return False


def _host_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)


def literal(host: str) -> str | None:
    """Return the address a host spells out, in any spelling an operating system takes (127.1, 0x7f000001, ①②⑦.⓪.⓪.①).

    None when the host is a name.
    """
    plain = unicodedata.normalize("NFKC", host).strip("[]").replace("。", ".")
    try:
        return str(ipaddress.ip_address(plain.partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(plain)) if plain[:1].isdigit() else None
    except OSError:
        return None


@implementer(IHostResolution)
class _Resolution:
    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        """Nothing runs that could be cancelled."""


@implementer(IResolutionReceiver)
class _Checked:
    """Collects what a name resolves to; hands it on only when every single address may be reached."""

    def __init__(self, guard: Guard, receiver: Any, host: str, port: int) -> None:
        self.guard, self.receiver, self.host, self.port = guard, receiver, host, port
        self.addresses: list[Any] = []

    def resolutionBegan(self, resolution: Any) -> None:  # noqa: N802
        self.receiver.resolutionBegan(resolution)

    def addressResolved(self, address: Any) -> None:  # noqa: N802
        self.addresses.append(address)

    def resolutionComplete(self) -> None:  # noqa: N802
        if not self.guard.check_all(self.host, self.port, [address.host for address in self.addresses]):
            for address in self.addresses:
                self.receiver.addressResolved(address)
        self.receiver.resolutionComplete()


@implementer(IHostnameResolver)
class GuardedResolver:
    """The only way from a name to a connection: pinned names, else the system's; each answer checked, none cached."""

    def __init__(self, reactor: Any, guard: Guard) -> None:
        self.reactor, self.guard = reactor, guard
        self.system: Any = reactor.nameResolver  # an IHostnameResolver

    @classmethod
    def from_crawler(cls, crawler: Any, reactor: Any) -> "GuardedResolver":
        """Make the resolver as Scrapy asks for it; the guard comes with the settings."""
        return cls(reactor, crawler.settings["MEKIKI_GUARD"])

    def install_on_reactor(self) -> None:
        """Become the reactor's name resolver."""
        self.reactor.installNameResolver(self)

    def resolveHostName(  # noqa: N802
        self,
        resolutionReceiver: Any,  # noqa: N803
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: Any = None,  # noqa: N803
        transportSemantics: str = "TCP",  # noqa: N803
    ) -> Any:
        """Resolve like Twisted's own resolver, and hand nothing on when one address may not be reached."""
        checked = _Checked(self.guard, resolutionReceiver, hostName, portNumber)
        pinned = self.guard.pinned.get(hostName.lower())
        if pinned is None:
            return self.system.resolveHostName(checked, hostName, portNumber, addressTypes, transportSemantics)
        resolution = _Resolution(hostName)
        checked.resolutionBegan(resolution)
        family: Any = IPv6Address if ":" in pinned else IPv4Address
        checked.addressResolved(family("TCP", pinned, portNumber))
        checked.resolutionComplete()
        return resolution
