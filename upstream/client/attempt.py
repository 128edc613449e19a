"""What is known about one request on its way: what the transport's callbacks write and the client reads."""

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from upstream.wire.errors import AddressForbidden
from upstream.wire.request import PreparedRequest

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds without progress that are borne; there is no limit on the whole.

    ``connect``     name resolution, TCP and TLS together
    ``first_byte``  from the request's last byte to the first byte of the response's body
    ``idle``        from one byte to the next; comments are bytes
    """

    connect: float = 10
    first_byte: float = 120
    idle: float = 120


@dataclass(frozen=True, slots=True)
class Timing:
    """When each step was done, in ms since the start; None for a step that was not taken.

    ``dns`` the name was resolved · ``connect`` TCP was up · ``tls`` the handshake was done · ``request_sent`` ·
    ``first_byte`` the response's head was there. A ``reused`` connection has none of the first three.
    """

    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    request_sent: float | None = None
    first_byte: float | None = None
    reused: bool = False


_NOTHING = PreparedRequest("", "", (), b"")


@dataclass(slots=True, eq=False)
class Attempt:
    """One request being sent. Marks are times of the event loop's clock."""

    request: PreparedRequest
    url: URL
    timeouts: Timeouts
    started: float
    clock: asyncio.AbstractEventLoop
    deadline: asyncio.Timeout | None = None
    marks: dict[str, float] = field(default_factory=dict)
    reused: bool = False
    tried: int = 0  # addresses, those that the guard refused among them
    refusals: list[AddressForbidden] = field(default_factory=list)
    sent_headers: Headers | None = None  # None: nothing of the request has been sent
    response: aiohttp.ClientResponse | None = None

    @property
    def host(self) -> str:
        return self.url.raw_host or ""

    @property
    def origin(self) -> str:
        """host:port for a message; never the path or the query, which may hold a key."""
        return f"{self.url.host_subcomponent}:{self.url.port}"

    @property
    def sent(self) -> bool:
        return self.sent_headers is not None

    def mark(self, step: str) -> None:
        """Note that a step is done; the last time counts (a second address may have been tried)."""
        self.marks[step] = self.clock.time()

    def allow(self, seconds: float) -> None:
        """From now on the attempt may take this long until its next step."""
        if self.deadline is not None and not self.deadline.expired():
            self.deadline.reschedule(self.clock.time() + seconds)

    def forget(self) -> None:
        """Let go of the request: the context that a pooled connection was made in keeps its attempt alive."""
        self.request = _NOTHING
        self.response = None

    def timing(self) -> Timing:
        ms = {step: (at - self.started) * 1000 for step, at in self.marks.items()}
        return Timing(
            dns=ms.get("dns"),
            connect=ms.get("connect"),
            tls=ms.get("tls"),
            request_sent=ms.get("request_sent"),
            first_byte=ms.get("first_byte"),
            reused=self.reused,
        )


current: ContextVar[Attempt] = ContextVar("upstream_attempt")
"""The attempt of this task. httpx has no way to hand a value through to aiohttp's callbacks."""
