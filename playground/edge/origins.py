"""Which pages may open a socket: only our own.

A browser sends its cookies with a socket whatever page opens it, so the Origin header is the one thing that tells our
page from a foreign one (cross-site websocket hijacking).
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.http.request import split_domain_port, validate_host

from playground.edge.types import App, Receive, Scope, Send, header_of

DEFAULT_PORTS = {"http": 80, "https": 443}


class SameOriginSockets:
    """Closes sockets whose Origin is absent, opaque or another host and port than the one they were sent to.

    `trusted` are whole origins (scheme, host, port) that are welcome besides, for a proxy that changes Host.
    """

    def __init__(self, app: App, *, allowed_hosts: Sequence[str], trusted: Sequence[str]) -> None:
        self._app = app
        self._allowed_hosts = allowed_hosts
        self._trusted = {place for origin in trusted if (place := _place(origin))}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the socket on, or refuse it before it is accepted."""
        if scope["type"] == "websocket" and not self._is_ours(scope):
            await receive()  # websocket.connect
            await send({"type": "websocket.close", "code": 4403})
            return
        await self._app(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        origin = header_of(scope, b"origin") or ""
        place = _place(origin)
        if place is None:
            return False
        if place in self._trusted:
            return True
        host = header_of(scope, b"host") or ""
        domain, _ = split_domain_port(host)
        if not domain or not validate_host(domain, list(self._allowed_hosts)):
            return False
        scheme = urlsplit(origin).scheme
        return _place(f"{scheme}://{host}") == place


def _place(origin: str) -> tuple[str, int] | None:
    """Return host and port of an http(s) origin; None for anything else, "null" included."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        return None
    return parts.hostname.lower(), port or DEFAULT_PORTS[parts.scheme]
