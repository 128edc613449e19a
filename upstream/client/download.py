"""Fetching a document from an address that a person named: bounded, through the guard, without anybody's key."""

import asyncio
from typing import Final
from urllib.parse import urljoin

from upstream.client.client import MAX_SECONDS, SHORT_TIMEOUTS, UpstreamClient
from upstream.client.response import UpstreamResponse
from upstream.wire.errors import (
    IdleTimeout,
    InvalidRequest,
    NotFound,
    ProtocolViolation,
    StreamTooLong,
    UpstreamUnavailable,
)
from upstream.wire.request import PreparedRequest

REDIRECTS: Final = 4
"""How often an address may lead to another one; the guard is asked about each."""
ADVICE: Final = "Check the address, or upload the file."
_HEADERS: Final = (("Accept", "image/*, */*;q=0.1"), ("User-Agent", "ChatPlayground"))


async def download(client: UpstreamClient, url: str, *, limit: int) -> bytes:
    """Return what is at an http(s) address, at most `limit` bytes.

    Follows redirects, each through the guard: no secret travels along. Raises UpstreamError: AddressForbidden,
    StreamTooLong past the limit, NotFound or another kind for a status that is an error, IdleTimeout after MAX_SECONDS.
    """
    try:
        async with asyncio.timeout(MAX_SECONDS):
            for _hop in range(REDIRECTS + 1):
                request = PreparedRequest("GET", url, _HEADERS, b"")
                async with client.stream(request, SHORT_TIMEOUTS) as response:
                    to = _redirected(response, url)
                    if to is None:
                        return await _document(response, limit)
                url = to
    except TimeoutError as error:
        raise IdleTimeout(
            f"The document was not complete after {MAX_SECONDS:g} seconds.", advice=ADVICE
        ) from error
    raise ProtocolViolation("The address leads from one to another without end.", advice=ADVICE)


def _redirected(response: UpstreamResponse, url: str) -> str | None:
    """Return where a response leads to, or None where it is the document itself."""
    to = response.header("location")
    if response.status not in (301, 302, 303, 307, 308) or not to:
        return None
    return urljoin(url, to)


async def _document(response: UpstreamResponse, limit: int) -> bytes:
    if response.status in (404, 410):
        raise NotFound("There is nothing at this address.", advice=ADVICE, status=response.status)
    if response.status >= 500:
        raise UpstreamUnavailable(
            f"The server there answered with status {response.status}.", advice=ADVICE, status=response.status
        )
    if response.status != 200:
        raise InvalidRequest(
            f"The server there answered with status {response.status}.", advice=ADVICE, status=response.status
        )
    body = bytearray()
    async for data in response.chunks():
        body += data
        if len(body) > limit:
            raise StreamTooLong(f"The document is larger than {limit >> 20} MB.", advice=ADVICE)
    return bytes(body)
