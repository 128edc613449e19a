"""httpx on aiohttp, with everything closed that either does on its own initiative.

httpx and aiohttp each keep cookies, rewrite URLs, lower-case and merge headers, follow the environment. Here the
request on the wire is exactly the prepared one: a middleware puts URL and headers back in place after both have had
their way, a trace notes what was really sent and when, and the connector asks the address guard about every
socket, new or pooled.
"""

import asyncio
import functools
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

import aiohttp
import certifi
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from httpx_aiohttp import AiohttpTransport

from upstream.address_guard import AddressGuard
from upstream.client.attempt import Attempt, current
from upstream.wire.errors import AddressForbidden, ProtocolViolation

MAX_CONNECTIONS = 4096
KEEP_ALIVE = 15.0  # seconds; a connection that idles longer may be closed by the other side just as we use it
READ_BUFFER = 1 << 16  # bytes; reading from the socket pauses at twice this
MAX_HEADER = 1 << 16  # bytes of one header of the response; some gateways send long ones
MAX_HEADERS = 256
UPLOAD_PIECE = 1 << 18  # bytes; a larger body goes out in pieces, each of which counts as progress

OURS = frozenset(
    {
        "host", "content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection", "te",
        "trailer", "upgrade", "expect",
    }
)  # fmt: skip
"""Headers that frame the message: taken from the request itself, whatever was prepared."""

# httpx logs every URL at INFO, and a provider's URL may hold a key in its query string.
logging.getLogger("httpx").setLevel(logging.WARNING)


class _NoCookies(httpx.Cookies):
    """One person's cookies must never reach another person's request: keep none, send none."""

    def extract_cookies(self, response: httpx.Response) -> None:
        pass

    def set_cookie_header(self, request: httpx.Request) -> None:
        pass


class _Client(httpx.AsyncClient):
    """httpx without its jar: what a jar is told is lost, and the costly parsing for it is saved."""

    @property
    def cookies(self) -> httpx.Cookies:
        return _NO_COOKIES

    @cookies.setter
    def cookies(self, _: object) -> None:
        raise TypeError("The upstream client keeps no cookies.")


_NO_COOKIES = _NoCookies()


class _Refused(OSError):
    """The guard's refusal in the only form in which aiohttp takes an error from its socket factory."""


class _TlsContext(ssl.SSLContext):
    """Marks the moment when TCP is up and the handshake begins, which aiohttp does not tell."""

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        attempt = current.get(None)
        if attempt is not None:
            attempt.mark("connect")
        return super().wrap_bio(*args, **kwargs)


@functools.cache
def tls_context(extra_ca: str | None = None) -> ssl.SSLContext:
    """The system's certificate authorities (SSL_CERT_FILE counts), Mozilla's, and those in `extra_ca`.

    Loading them takes a tenth of a second: done once.
    """
    context = _TlsContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    context.load_verify_locations(certifi.where())
    if extra_ca:
        context.load_verify_locations(extra_ca)
    context.set_alpn_protocols(["http/1.1"])
    return context


class ThreadPoolResolver(AbstractResolver):
    """The system's resolver in threads of its own: names that hang must not occupy asyncio's few shared ones."""

    def __init__(self, threads: int = 16) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="resolver")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        lookup = functools.partial(
            socket.getaddrinfo, host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )
        found = await asyncio.get_running_loop().run_in_executor(self._pool, lookup)
        return [
            ResolveResult(
                hostname=host,
                host=str(sockaddr[0]),
                port=port,
                family=family,
                proto=proto,
                flags=socket.AI_NUMERICHOST,
            )
            for family, _, proto, _, sockaddr in found
        ]

    async def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


class _GuardedConnector(aiohttp.TCPConnector):
    """Ask the guard before each socket connects, and again about each connection that is handed out."""

    def __init__(self, guard: AddressGuard, *, behind_proxy: bool, **options: Any) -> None:
        # The proxy's own address is the operator's choice, and its peers are the proxy's business.
        super().__init__(socket_factory=None if behind_proxy else self._open, **options)
        self._guard = guard
        self._behind_proxy = behind_proxy

    def _open(self, info: Any) -> socket.socket:
        family, kind, protocol, _, sockaddr = info
        attempt = current.get()
        attempt.tried += 1
        try:
            self._guard.check_sockaddr(sockaddr, host=attempt.host)
        except AddressForbidden as refusal:
            attempt.refusals.append(refusal)
            raise _Refused(str(refusal)) from refusal
        opened = socket.socket(family, kind, protocol)
        # A model may think for minutes in silence: keeps the connection alive in the routers between.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return opened

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's signature
    ) -> aiohttp.connector.Connection:
        attempt = current.get()
        while True:
            attempt.reused = False
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            # Bytes that nobody asked for lie on this pooled connection; they would be read as our response.
            if attempt.reused and protocol is not None and protocol.should_close:
                connection.close()
                continue
            if not self._behind_proxy:
                try:
                    self._check_again(connection, attempt)
                except AddressForbidden:
                    connection.close()
                    raise
            return connection

    def _check_again(self, connection: aiohttp.connector.Connection, attempt: Attempt) -> None:
        """What is allowed may have changed since a pooled connection was made."""
        transport = connection.transport
        if attempt.reused and transport is not None:
            self._guard.check_sockaddr(transport.get_extra_info("peername"), host=attempt.host)


async def _exactly(request: aiohttp.ClientRequest, handler: Any) -> aiohttp.ClientResponse:
    """aiohttp middleware: send the prepared URL and headers, not what is left of them; keep the raw response."""
    attempt = current.get()
    request.url = attempt.url
    request.headers.clear()
    request.headers.add("Host", attempt.url.host_port_subcomponent or "")
    given = {name.lower() for name, _ in attempt.request.headers}
    for name, value in attempt.request.headers:
        if name.lower() not in OURS:
            request.headers.add(name, value)
    if "accept-encoding" not in given:
        request.headers.add("Accept-Encoding", "identity")
    if "user-agent" not in given:
        request.headers.add("User-Agent", "chat-playground")
    if attempt.request.body or attempt.request.method == "POST":
        request.headers.add("Content-Length", str(len(attempt.request.body)))
    response: aiohttp.ClientResponse = await handler(request)
    attempt.mark("first_byte")
    attempt.response = response
    if response.status == HTTPStatus.SWITCHING_PROTOCOLS:
        response.close()
        raise ProtocolViolation(f"{attempt.origin} switched to another protocol, which was not asked for.")
    return response


def _trace() -> aiohttp.TraceConfig:
    """Note each step on the attempt; the parameters are aiohttp's."""

    async def resolved(_: Any, __: SimpleNamespace, ___: Any) -> None:
        current.get().mark("dns")

    async def connected(_: Any, __: SimpleNamespace, ___: Any) -> None:
        attempt = current.get()
        attempt.mark("tls" if attempt.url.scheme == "https" else "connect")

    async def reused(_: Any, __: SimpleNamespace, ___: Any) -> None:
        current.get().reused = True

    async def sending(_: Any, __: SimpleNamespace, sent: aiohttp.TraceRequestHeadersSentParams) -> None:
        attempt = current.get()
        attempt.sent_headers = tuple(sent.headers.items())
        attempt.mark("request_sent")
        attempt.allow(attempt.timeouts.first_byte)

    trace = aiohttp.TraceConfig()
    trace.on_dns_resolvehost_end.append(resolved)
    trace.on_dns_cache_hit.append(resolved)
    trace.on_connection_create_end.append(connected)
    trace.on_connection_reuseconn.append(reused)
    trace.on_request_headers_sent.append(sending)
    return trace


def outgoing_of(attempt: Attempt) -> httpx.Request:
    """The request as httpx takes it; a large body goes out in pieces that each renew the time allowed."""
    request = attempt.request
    if len(request.body) <= UPLOAD_PIECE:
        return httpx.Request(request.method, request.url, content=request.body)
    # Without its length here, aiohttp would frame the pieces as chunks.
    length = {"Content-Length": str(len(request.body))}
    return httpx.Request(request.method, request.url, headers=length, content=_pieces(attempt))


async def _pieces(attempt: Attempt) -> AsyncIterator[bytes]:
    body = attempt.request.body
    for start in range(0, len(body), UPLOAD_PIECE):
        yield body[start : start + UPLOAD_PIECE]  # comes back here when the socket has taken nearly all of it
        attempt.mark("request_sent")
        attempt.allow(attempt.timeouts.first_byte)


async def _forget_redirect(response: httpx.Response) -> None:
    """httpx hook: it would parse Location, and fail on a bad one, though nothing is ever followed."""
    response.headers.pop("Location", None)


def http_client(
    *, guard: AddressGuard, tls: ssl.SSLContext, resolver: AbstractResolver, proxy: str | None
) -> httpx.AsyncClient:
    """The process's one httpx client. Must be called on the event loop that will use it."""
    connector = _GuardedConnector(
        guard,
        behind_proxy=proxy is not None,
        ssl=tls,
        resolver=resolver,
        limit=MAX_CONNECTIONS,
        keepalive_timeout=KEEP_ALIVE,
    )
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        skip_auto_headers=("User-Agent", "Content-Type"),
        middlewares=(_exactly,),
        trace_configs=[_trace()],
        read_bufsize=READ_BUFFER,
        max_line_size=MAX_HEADER,
        max_field_size=MAX_HEADER,
        max_headers=MAX_HEADERS,
    )
    transport = AiohttpTransport(
        client=session, verify=tls, trust_env=False, proxy=httpx.Proxy(proxy) if proxy else None
    )
    return _Client(
        transport=transport,
        trust_env=False,
        follow_redirects=False,
        timeout=None,  # the attempt has its own deadlines, which bound name resolution too
        event_hooks={"response": [_forget_redirect]},
    )
