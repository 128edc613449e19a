"""A response whose head has arrived: what it said, and its body read by read."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from upstream.client.attempt import Attempt, Headers, Timeouts, Timing
from upstream.client.decoding import Inflater, inflater_for
from upstream.client.faults import body_fault_of, reason_of
from upstream.wire.errors import ConnectionCut, FirstByteTimeout, IdleTimeout
from upstream.wire.retry import retry_after_of

__all__ = ["Headers", "Timeouts", "Timing", "UpstreamResponse"]


class UpstreamResponse:
    """One response. Read its body once, with `chunks()`, inside the client's `stream()` block.

    ``headers``       as received: order, case and repetitions kept
    ``sent_headers``  the request's, as they were put on the wire (the key is in them: mask before keeping)
    ``url_sent``      the request's URL as it was put on the wire
    """

    __slots__ = (
        "_attempt",
        "_ended",
        "_patience",
        "_protocol",
        "_source",
        "headers",
        "http_version",
        "reason",
        "sent_headers",
        "status",
        "timing",
        "url_sent",
    )

    def __init__(self, source: aiohttp.ClientResponse, attempt: Attempt) -> None:
        version = source.version
        self._source = source
        self._attempt = attempt
        self.status: int = source.status
        self.reason: str = source.reason or ""
        self.http_version: str = f"HTTP/{version.major}.{version.minor}" if version else ""
        self.headers: Headers = tuple((_text(name), _text(value)) for name, value in source.raw_headers)
        self.sent_headers: Headers = attempt.sent_headers or ()
        self.url_sent: str = str(attempt.url)
        self.timing: Timing = attempt.timing()
        self._patience = _Patience(attempt, source.content)
        # None: the whole body is here, and the connection is back in the pool.
        self._protocol = source.connection.protocol if source.connection else None
        self._ended: asyncio.Future[None] | None = None
        if self._protocol is not None and (ended := self._protocol.closed) is not None:
            self._ended = ended
            ended.add_done_callback(self._connection_ended)

    def header(self, name: str) -> str:
        """The first header of this name, "" if there is none."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")

    @property
    def bytes_received(self) -> int:
        """Bytes of the body so far as they came, before any decoding."""
        return self._source.content.total_bytes

    @property
    def retry_after(self) -> float | None:
        """Seconds the headers ask to wait before the next try, None if they do not."""
        return retry_after_of(self.headers)

    def chunks(self) -> AsyncIterator[bytes]:
        """The body, decoded; one item holds all that has arrived since the last one.

        Raises FirstByteTimeout, IdleTimeout, ConnectionCut or ProtocolViolation. There is no bound on the total:
        the reader has one.
        """
        inflater = inflater_for(self.header("Content-Encoding"))
        return self._reads() if inflater is None else self._inflated(inflater)

    def close(self) -> None:
        """Close the connection at once, unless the body was read to its end and it went back to the pool."""
        self._patience.close()
        if self._ended is not None:
            self._ended.remove_done_callback(self._connection_ended)
        if not self._source.closed:
            self._source.close()

    async def _reads(self) -> AsyncIterator[bytes]:
        # Straight from aiohttp: httpx's own iterator costs more than all the rest of a read.
        content, patience = self._source.content, self._patience
        patience.waiting()
        try:
            while data := await content.readany():
                patience.reading()
                yield data
                patience.waiting()
        except (aiohttp.ClientError, HttpProcessingError, OSError) as error:
            raise body_fault_of(error, self._attempt.origin) from reason_of(error)
        finally:
            patience.close()
        # A reset looks like a clean end where only the connection's end tells the body's.
        if self._protocol is not None and isinstance(self._protocol.exception(), aiohttp.ClientOSError):
            raise ConnectionCut(f"{self._attempt.origin} reset the connection in the middle of the answer.")

    def _connection_ended(self, ended: asyncio.Future[None]) -> None:
        """Wake the reader: after a chunk that is no HTTP, aiohttp closes the connection without telling it."""
        content = self._source.content
        error = ended.exception()
        if not content.is_eof() and content.exception() is None:
            reason = self._protocol.exception() if self._protocol is not None else None
            content.set_exception(reason or error or aiohttp.ServerDisconnectedError())

    async def _inflated(self, inflater: Inflater) -> AsyncIterator[bytes]:
        async for data in self._reads():
            for piece in inflater.feed(data):
                yield piece


class _Patience:
    """Break off the wait for bytes after the time allowed, at hardly any cost for each read.

    One timer looks, when it is due, how long the reader has been waiting, instead of being set anew each time. Time
    in which nobody waits (the reader is busy, its page is slow) does not count.
    """

    __slots__ = ("_attempt", "_content", "_limit", "_loop", "_since", "_started", "_timer")

    def __init__(self, attempt: Attempt, content: aiohttp.StreamReader) -> None:
        self._attempt = attempt
        self._content = content
        self._loop = attempt.clock
        self._started = False
        self._limit = attempt.timeouts.first_byte
        self._since: float | None = None  # None while nobody waits
        self._timer: asyncio.TimerHandle | None = None

    def waiting(self) -> None:
        self._since = self._loop.time()
        if self._timer is None:
            # The time that the head took counts too: both are the wait for the first byte of content.
            self._since = self._attempt.marks["request_sent"]
            self._timer = self._loop.call_at(self._since + self._limit, self._due)

    def reading(self) -> None:
        self._since = None
        if not self._started:
            self._started = True
            self.close()
            self._limit = self._attempt.timeouts.idle
            self._timer = self._loop.call_later(self._limit, self._due)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _due(self) -> None:
        now = self._loop.time()
        due = (now if self._since is None else self._since) + self._limit
        if due > now:
            self._timer = self._loop.call_at(due, self._due)
            return
        origin, seconds = self._attempt.origin, self._limit
        self._content.set_exception(
            IdleTimeout(f"Nothing came from {origin} for {seconds:g} seconds.")
            if self._started
            else FirstByteTimeout(f"{origin} began to answer, but sent no content for {seconds:g} seconds.")
        )


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
