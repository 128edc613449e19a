"""The one client of a process: send a prepared request, read what comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from aiohttp.abc import AbstractResolver
from yarl import URL

from upstream.address_guard import AddressGuard
from upstream.client.attempt import Attempt, current
from upstream.client.faults import NETWORK_ERRORS, fault_of, reason_of, timeout_of
from upstream.client.response import Timeouts, UpstreamResponse
from upstream.client.transport import ThreadPoolResolver, http_client, outgoing_of, tls_context
from upstream.wire.capture import NO_SECRETS, Secrets
from upstream.wire.error_bodies import error_from_response, page_error
from upstream.wire.errors import AddressForbidden, IdleTimeout, StreamTooLong, UpstreamError
from upstream.wire.jsontext import loads
from upstream.wire.request import PreparedRequest

DEFAULT_TIMEOUTS = Timeouts()
SHORT_TIMEOUTS = Timeouts(connect=10, first_byte=30, idle=10)
MAX_DOCUMENT = 8 << 20
"""Bytes of a document that `get_json` takes: some model lists have hundreds of kilobytes."""
MAX_SECONDS = 60.0


class UpstreamClient:
    """Sends requests, keeps connections alive, asks the guard about every one of them.

    One per process and event loop; made anywhere, it opens nothing before its first request. ``extra_ca`` is a file
    of certificate authorities to trust besides the known ones. ``proxy`` is the URL of an outbound HTTP proxy;
    the environment's is not used. Behind a proxy the guard sees host names and literal addresses only: what a
    name stands for is resolved and connected to by the proxy.
    """

    def __init__(
        self,
        *,
        guard: AddressGuard,
        extra_ca: str | None = None,
        proxy: str | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._guard = guard
        self._tls = tls_context(extra_ca)
        self._proxy = proxy
        self._resolver = resolver
        self._own_resolver: AbstractResolver | None = None
        self._http: httpx.AsyncClient | None = None

    @asynccontextmanager
    async def stream(
        self, request: PreparedRequest, timeouts: Timeouts = DEFAULT_TIMEOUTS
    ) -> AsyncIterator[UpstreamResponse]:
        """Send the request; give the response as soon as its head is there, whatever its status.

        Raises subclasses of UpstreamError only; `error.sent` is False where nothing had been sent. Redirects are
        responses like others: nothing is followed, so the key stays with its origin. Leaving the block, by an
        exception or a cancellation too, closes the connection at once unless the body was read to its end.
        """
        loop = asyncio.get_running_loop()
        attempt = Attempt(request, self._checked(request.url), timeouts, loop.time(), loop)
        try:
            source = await self._send(attempt)
            assert attempt.response is not None
            response = UpstreamResponse(attempt.response, attempt)
            try:
                yield response
            finally:
                response.close()
                await source.aclose()
        finally:
            attempt.forget()

    async def get_json(
        self,
        request: PreparedRequest,
        *,
        timeouts: Timeouts = SHORT_TIMEOUTS,
        secrets: Secrets = NO_SECRETS,
    ) -> Any:
        """Send a small request, such as one for the model list; return the JSON value of its answer.

        Raises UpstreamError: the typed one where the status is an error, ProtocolViolation where the answer is no
        JSON, StreamTooLong past MAX_DOCUMENT bytes, IdleTimeout after MAX_SECONDS. What is raised is masked.
        """
        async with self.stream(request, timeouts) as response:
            body = await _body(response)
        text = secrets.text(body.decode("utf-8", "replace"))
        try:
            value = loads(text)
        except ValueError:
            value = None
        if not 200 <= response.status < 300:
            raise error_from_response(
                status=response.status, text=text, document=value, headers=secrets.headers(response.headers)
            )
        if value is None:
            raise page_error(text, status=response.status)
        return value

    def _checked(self, url: str) -> URL:
        """The URL byte for byte where it can go out as it is; else with the necessary characters escaped."""
        try:
            self._guard.check_url(url)
            return URL(url, encoded=url.isascii())
        except AddressForbidden as refusal:
            refusal.sent = False
            raise
        except ValueError as error:
            fault = AddressForbidden(str(error), advice="Correct the provider's base URL.")
            fault.sent = False
            raise fault from None

    async def _send(self, attempt: Attempt) -> httpx.Response:
        token = current.set(attempt)
        try:
            async with asyncio.timeout(attempt.timeouts.connect) as attempt.deadline:
                outgoing = outgoing_of(attempt)
                return await self._client().send(outgoing, stream=True)
        except UpstreamError as fault:
            fault.sent = attempt.sent
            raise
        except TimeoutError:
            raise _told(timeout_of(attempt), attempt) from None
        except NETWORK_ERRORS as error:
            raise _told(fault_of(error, attempt), attempt) from reason_of(error)
        finally:
            current.reset(token)

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            resolver = self._resolver
            if resolver is None:
                resolver = self._own_resolver = ThreadPoolResolver()
            self._http = http_client(guard=self._guard, tls=self._tls, resolver=resolver, proxy=self._proxy)
        return self._http

    async def aclose(self) -> None:
        """Close every connection. The client may be used again and then opens new ones."""
        if self._http is not None:
            client, self._http = self._http, None
            await client.aclose()
        if self._own_resolver is not None:
            resolver, self._own_resolver = self._own_resolver, None
            await resolver.close()


async def _body(response: UpstreamResponse) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(MAX_SECONDS):
            async for data in response.chunks():
                body += data
                if len(body) > MAX_DOCUMENT:
                    raise StreamTooLong(f"The answer is longer than {MAX_DOCUMENT >> 20} MB.")
    except TimeoutError as error:
        raise IdleTimeout(f"The answer was not complete after {MAX_SECONDS:g} seconds.") from error
    return bytes(body)


def _told(fault: UpstreamError, attempt: Attempt) -> UpstreamError:
    """The error, told whether anything of its request had been sent."""
    fault.sent = attempt.sent
    return fault
