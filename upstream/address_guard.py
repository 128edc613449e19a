"""Which addresses may be connected to: no provider's base URL may reach into our own network.

``check_url`` answers when a base URL is saved, from its text alone. ``check_sockaddr`` answers when a socket is
about to be connected, from the numeric address the system chose: it is the one that counts, whatever DNS said
before.
"""

import ipaddress
import logging
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any
from urllib.parse import SplitResult, urlsplit

from upstream.wire.errors import AddressForbidden

logger = logging.getLogger(__name__)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL = 2048  # characters; longer ones are no base URL anybody typed


class InvalidUrl(ValueError):
    """The text is no URL we could call; ``message`` says why."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


# The registries of special-purpose addresses (RFC 6890 and IANA's lists of 2025), written out because
# `ipaddress.is_global` is True for NAT64, 6to4, site-local, multicast and mapped forms of private addresses.
# The first network that holds an address names its kind.
_SPECIAL: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "cloud metadata",
        (
            "169.254.169.254/32", "169.254.170.2/32", "169.254.170.23/32", "169.254.0.23/32",
            "100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32",
            "fd00:ec2::254/128", "fd00:ec2::23/128", "fd20:ce::254/128",
        ),
    ),
    ("unspecified", ("0.0.0.0/8", "::/128")),
    ("loopback", ("127.0.0.0/8", "::1/128")),
    ("link-local", ("169.254.0.0/16", "fe80::/10")),
    ("private", ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10")),
    ("carrier-grade NAT", ("100.64.0.0/10",)),
    ("multicast", ("224.0.0.0/4", "ff00::/8")),
    ("IPv4-mapped", ("::ffff:0:0/96", "::ffff:0:0:0/96", "::/96")),
    ("NAT64", ("64:ff9b::/96", "64:ff9b:1::/48")),
    ("6to4", ("2002::/16", "192.88.99.0/24")),
    ("Teredo", ("2001::/32",)),
    (
        "reserved",
        (
            "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.175.48.0/24",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
            "2001::/23", "2001:db8::/32", "3fff::/20",
            # Global unicast is 2000::/3; nothing outside it is routed on the internet.
            "::/3", "4000::/2", "8000::/1",
        ),
    ),
)  # fmt: skip
_NETWORKS: tuple[tuple[str, Network], ...] = tuple(
    (kind, ipaddress.ip_network(text)) for kind, texts in _SPECIAL for text in texts
)
_NAT64 = IPv6Network("64:ff9b::/96")

# Trusting a name does not mean trusting whoever answers for it with these: they need their number allowed.
_NOT_BY_NAME = frozenset({"cloud metadata", "unspecified", "link-local", "multicast", "reserved"})
_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "instance-data"})
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_LAST_LABEL_IS_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")


@dataclass(frozen=True, slots=True)
class Allowance:
    """One thing an administrator allowed: a network or a name, on one port or (None) on all."""

    network: Network | None
    name: str
    port: int | None

    def covers(self, address: Address, port: int, kind: str) -> bool:
        """Whether this allows the address by its number. A metadata address must be allowed by itself."""
        if self.network is None or self.port not in (None, port) or address not in self.network:
            return False
        return kind != "cloud metadata" or self.network.num_addresses == 1

    def names(self, host: str, port: int) -> bool:
        return bool(self.name) and self.name == host and self.port in (None, port)


def allowance_parse(entry: str) -> Allowance:
    """Return what an entry allows: "gpu.lan:8000", "10.0.0.5", "[fd00::5]:8000", "10.1.0.0/16" …

    Raises InvalidUrl with a sentence for the administrator.
    """
    text = entry.strip().lower()
    try:
        return Allowance(ipaddress.ip_network(text), "", None)
    except ValueError as error:
        if "/" in text:
            raise InvalidUrl(f"{entry!r} is no network: {error}.") from error
    parts = _split(f"http://{text}")
    if parts.path or parts.query:
        raise InvalidUrl(f"{entry!r} is neither host:port, an IP address nor a network.")
    try:
        host, port = _host(parts), parts.port
    except AddressForbidden as error:
        raise InvalidUrl(error.message) from error
    address = _literal(host)
    if address is None:
        return Allowance(None, host, port)
    return Allowance(ipaddress.ip_network(address), "", port)


class AddressGuard:
    """Refuse every address that is not on the public internet, except what is allowed.

    ``allowed`` holds entries as in `allowance_parse`, or is called for them at each check (on the event loop:
    it must not block), so that what is allowed may change while the process runs. An entry that cannot be read
    allows nothing.
    """

    def __init__(self, allowed: Sequence[str] | Callable[[], Sequence[str]] = ()) -> None:
        self._allowed: Callable[[], Sequence[str]]
        if callable(allowed):
            self._allowed = allowed
        else:
            entries = tuple(allowed)
            self._allowed = lambda: entries

    def check_url(self, url: str) -> None:
        """Return if the URL is one that may be saved; ask no DNS.

        Raises InvalidUrl for what is no URL, AddressForbidden for an address that may not be connected to.
        """
        parts = _split(url)
        host = _host(parts)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if host in _METADATA_NAMES:
            raise AddressForbidden(f"{host} is a cloud metadata service. It is not allowed here.")
        address = _literal(host)
        if address is not None:
            self._check(address, port, host)
        elif host == "localhost" or host.endswith(".localhost"):
            self._check_localhost(port, host)

    def check_sockaddr(self, sockaddr: Any, *, host: str) -> None:
        """Return if a socket for `host` may be connected to this address, as `connect()` takes it.

        Raises AddressForbidden. Every new connection, and every one taken from the pool, passes here.
        """
        try:
            # A scope ("fe80::1%eth0") names an interface, not another address.
            address = ipaddress.ip_address(str(sockaddr[0]).partition("%")[0])
            port = int(sockaddr[1])
        except (ValueError, TypeError, IndexError) as error:
            raise AddressForbidden(f"{host} is not at an internet address.") from error
        self._check(address, port, host.rstrip(".").lower())

    def _check_localhost(self, port: int, host: str) -> None:
        refusals = []
        for text in ("127.0.0.1", "::1"):
            try:
                return self._check(ipaddress.ip_address(text), port, host)
            except AddressForbidden as refusal:
                refusals.append(refusal)
        raise refusals[0]

    def _check(self, address: Address, port: int, host: str) -> None:
        allowances = _allowances(tuple(self._allowed()))
        kind = _refused(address, port, host, allowances)
        if kind:
            where = f"{host} is" if host == str(address) else f"{host} is at {address}, which is"
            raise AddressForbidden(f"{where} not a public address ({kind}). Connecting there is not allowed.")


@lru_cache(maxsize=16)
def _allowances(entries: tuple[str, ...]) -> tuple[Allowance, ...]:
    found = []
    for entry in entries:
        try:
            found.append(allowance_parse(entry))
        except InvalidUrl as error:
            logger.error("Ignored in the list of allowed addresses: %r: %s", entry, error)
    return tuple(found)


@lru_cache(maxsize=1024)
def _refused(address: Address, port: int, host: str, allowances: tuple[Allowance, ...]) -> str:
    """The kind of address that stands in the way, "" if none does.

    An address that wraps others must be acceptable in all its parts: its own form, and each one inside.
    """
    kind = _kind(address)
    inner = list(_embedded(address))
    inner_kinds = [_refused(part, port, host, allowances) for part in inner]
    if any(inner_kinds):
        return next(filter(None, inner_kinds))
    if not kind or any(allowance.covers(address, port, kind) for allowance in allowances):
        return ""
    if inner and all(_kind(part) for part in inner):
        return ""  # what is inside is special, and was allowed as such: so is this spelling of it
    if kind not in _NOT_BY_NAME and any(allowance.names(host, port) for allowance in allowances):
        return ""
    return kind


def _kind(address: Address) -> str:
    """Why this address is not on the public internet, "" if it is."""
    return next((kind for kind, network in _NETWORKS if address in network), "")


def _embedded(address: Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that packets to this one may end at."""
    if isinstance(address, IPv4Address):
        return
    if _kind(address) == "IPv4-mapped" or address in _NAT64:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
    elif address.sixtofour is not None:
        yield address.sixtofour
    elif address.teredo is not None:
        yield from address.teredo


def _split(url: str) -> SplitResult:
    """The URL's parts, refused wherever two readers could understand it differently."""
    if len(url) > MAX_URL:
        raise InvalidUrl(f"The URL is longer than {MAX_URL} characters.")
    if any(character <= " " or character == "\x7f" or character.isspace() for character in url):
        raise InvalidUrl("The URL holds a space or a control character.")
    if "\\" in url:
        raise InvalidUrl("The URL holds a backslash.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidUrl(f"This is not a URL: {error}.") from error
    if parts.scheme not in ("http", "https") or not url[len(parts.scheme) :].startswith("://"):
        raise InvalidUrl("The URL must begin with http:// or https://.")
    if "@" in parts.netloc:
        raise InvalidUrl("The URL holds a user name or password. Put the credentials into the API key.")
    if not parts.hostname:
        raise InvalidUrl("The URL names no host.")
    if port == 0 or parts.netloc.endswith(":"):
        raise InvalidUrl("The URL's port must be a number from 1 to 65535.")
    if "#" in url:
        raise InvalidUrl("The URL holds a fragment (#…), which is never sent.")
    return parts


def _host(parts: SplitResult) -> str:
    """The host in its one canonical spelling: lower case, ASCII, no final dot. Odd spellings are refused."""
    raw = parts.hostname or ""
    if parts.netloc.startswith("["):
        return _ipv6(raw)
    if "%" in raw:
        raise InvalidUrl("The host name holds a percent sign.")
    try:
        # IDNA maps full-width letters, digits and dots to plain ones, as a resolver would.
        host = raw.encode("idna").decode("ascii").lower() if not raw.isascii() else raw
    except UnicodeError as error:
        raise InvalidUrl(f"{raw} is not a host name: {error}.") from error
    stem = host.removesuffix(".")
    if _LAST_LABEL_IS_NUMBER.match(stem.rpartition(".")[2]):
        return _ipv4(raw, host)
    if len(stem) > 253 or not all(_LABEL.match(label) for label in stem.split(".")):
        raise InvalidUrl(f"{raw} is not a host name.")
    return stem


def _ipv4(raw: str, host: str) -> str:
    """The canonical dotted address; everything else that the system would read as one is refused."""
    try:
        if str(IPv4Address(raw)) == raw:
            return raw
    except ValueError:
        pass  # judged below
    try:
        meant = socket.inet_ntoa(socket.inet_aton(host.removesuffix(".")))
    except OSError as error:
        raise InvalidUrl(f"{raw} is neither a host name nor an IP address.") from error
    raise AddressForbidden(
        f"{raw} is an odd spelling of the address {meant}. Odd spellings are not allowed.",
        advice=f"Write {meant}, if that is what is meant.",
    )


def _ipv6(raw: str) -> str:
    if "%" in raw:
        raise AddressForbidden(f"[{raw}] names a network interface (zone). That is not allowed in a URL.")
    try:
        return str(IPv6Address(raw))
    except ValueError as error:
        raise InvalidUrl(f"[{raw}] is not an IPv6 address.") from error


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
