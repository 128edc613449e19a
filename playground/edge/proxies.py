"""Who is really calling, when a reverse proxy stands in between."""

import ipaddress
from collections.abc import Sequence

from playground.edge.types import App, Receive, Scope, Send, header_of

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
FORWARDED = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port", b"forwarded")


class TrustedProxies:
    """Believes X-Forwarded-For and X-Forwarded-Proto of the named proxies, and of nobody else.

    The headers are removed in every case: code behind this reads `scope["client"]` and `scope["scheme"]` only.
    """

    def __init__(self, app: App, *, networks: Sequence[IpNetwork]) -> None:
        self._app = app
        self._networks = networks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the connection on, with the caller's address and scheme put right."""
        if scope["type"] in ("http", "websocket"):
            scope = dict(scope)
            peer = (scope.get("client") or ("",))[0]
            if self._is_trusted(peer):
                self._apply(scope)
            scope["headers"] = [
                (name, value) for name, value in scope["headers"] if name.lower() not in FORWARDED
            ]
        await self._app(scope, receive, send)

    def _apply(self, scope: Scope) -> None:
        proto = (header_of(scope, b"x-forwarded-proto") or "").rpartition(",")[2].strip().lower()
        if proto in ("http", "https"):
            secure = {"http": "https", "websocket": "wss"}
            plain = {"http": "http", "websocket": "ws"}
            scope["scheme"] = (secure if proto == "https" else plain)[scope["type"]]
        if address := self._client(header_of(scope, b"x-forwarded-for") or ""):
            scope["client"] = (address, 0)

    def _client(self, forwarded: str) -> str:
        """Return the nearest address that is not one of ours: what stands further left anybody can write."""
        nearest = ""
        for part in reversed(forwarded.split(",")):
            address = part.strip()
            try:
                ipaddress.ip_address(address)
            except ValueError:
                break
            nearest = address
            if not self._is_trusted(address):
                break
        return nearest

    def _is_trusted(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        mapped = getattr(parsed, "ipv4_mapped", None)
        return any((mapped or parsed) in network for network in self._networks)
