"""A real HTTP upstream on loopback, scripted by the test, that remembers every byte it was sent.

    with FakeUpstream() as up:
        gate = Gate()
        up.script("model-x", Stream(text=["Hel", gate, "lo"]))    # every request for model-x
        up.queue(error_reply(429, "Slow down", headers=[("Retry-After", "2")]))  # the next request, once
        ...                                # point the product at up.base_url; its guard must allow up.address
        request = up.wait_for_request()    # request.json, .headers (order and case kept), .body, .target
        gate.wait_reached()                # "Hel" is written
        gate.open()
        up.wait_for_close()                # the client has left; request.connection.closed_at says when

It runs in a thread of its own, so sync and async tests, served processes and browsers can all use it. In an
async test use `await up.requested()` and `await up.left()`, which leave the test's loop running. A model
without a script gets a short `Answer`; `GET …/models` lists `up.models`; with `up.key` set, any other key gets
a 401. All replies are in `tests.replies`.
"""

import asyncio
import contextlib
import json
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from tests.replies import (
    Answer,
    EchoKey,
    Http,
    Plain,
    Reply,
    Stream,
    ToolCall,
    Wire,
    bomb_reply,
    error_reply,
    html_reply,
    json_reply,
    redirect_reply,
)
from tests.steps import CLOSE, CUT, HANG, Fault, Gate, Step

__all__ = [
    "CLOSE",
    "CUT",
    "HANG",
    "Answer",
    "Connection",
    "EchoKey",
    "FakeUpstream",
    "Gate",
    "Http",
    "Plain",
    "Received",
    "Reply",
    "Step",
    "Stream",
    "ToolCall",
    "Wire",
    "bomb_reply",
    "error_reply",
    "html_reply",
    "json_reply",
    "redirect_reply",
]

PATIENCE = 10.0  # seconds a test waits for something that should happen at once


@dataclass(eq=False)
class Connection:
    """One accepted TCP connection. Times are `time.monotonic()`; `closed_at` is when the client left."""

    number: int
    peer: tuple[str, int]
    opened_at: float
    server_name: str | None = None  # SNI of a TLS connection
    closed_at: float | None = None


@dataclass(eq=False)
class Received:
    """One request as it came over the wire."""

    method: str
    target: str  # as in the request line, nothing decoded
    head: bytes  # request line and header lines, raw
    headers: list[tuple[str, str]]  # in order, case kept
    body: bytes
    connection: Connection
    at: float
    written: list[tuple[float, int]] = field(default_factory=list)  # (time, size) of each piece of the reply
    finished_at: float | None = None  # the reply was written to its end

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object; {} if it is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


class FakeUpstream:
    """See the module's docstring. `tls` makes it speak HTTPS; `host` may be "::1" or any loopback address."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
        models: Sequence[str] = ("model-a", "model-b"),
        key: str | None = None,
    ) -> None:
        self.models = list(models)
        self.key = key
        self.requests: list[Received] = []
        self.connections: list[Connection] = []
        self.errors: list[BaseException] = []  # faults of the fake itself, raised by close()
        self._host = host
        self._tls = tls
        self._scripts: dict[str, deque[Reply]] = {}
        self._queue: deque[Reply] = deque()
        self._changed = threading.Condition()
        self._loop: asyncio.AbstractEventLoop = asyncio.SelectorEventLoop()  # whatever policy the tests set
        self._tasks: set[asyncio.Task[None]] = set()
        self._protocols: set[_Protocol] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake-upstream", daemon=True)
        self._server: asyncio.Server | None = None
        self.port = 0

    @property
    def address(self) -> str:
        """host:port, as an address guard's allow list wants it."""
        return f"[{self._host}]:{self.port}" if ":" in self._host else f"{self._host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.address}"

    @property
    def base_url(self) -> str:
        return f"{self.origin}/v1"

    def script(self, model: str, *replies: Reply) -> None:
        """Answer requests for this model with these replies in turn; the last one stays."""
        with self._changed:
            self._scripts[model] = deque(replies)

    def queue(self, *replies: Reply) -> None:
        """Answer the next requests, whatever they ask, with these replies, once each."""
        with self._changed:
            self._queue.extend(replies)

    def forget(self) -> None:
        """Forget requests, scripts and closed connections, for the next test of those that share this upstream."""
        with self._changed:
            self._scripts.clear()
            self._queue.clear()
            self.requests.clear()
            self.connections[:] = [each for each in self.connections if each.closed_at is None]

    def wait_for_request(self, count: int = 1, timeout: float = PATIENCE) -> Received:
        """Block until `count` requests have come in all; return that one (the last of them)."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.requests) >= count, timeout):
                raise TimeoutError(f"{len(self.requests)} requests came, not {count}")
            return self.requests[count - 1]

    def wait_for_close(self, count: int = 1, timeout: float = PATIENCE) -> float:
        """Block until clients have left `count` connections; return when the latest of these closed."""

        def closed() -> list[float]:
            return sorted(c.closed_at for c in self.connections if c.closed_at is not None)

        with self._changed:
            if not self._changed.wait_for(lambda: len(closed()) >= count, timeout):
                raise TimeoutError(
                    f"{len(closed())} of {len(self.connections)} connections closed, not {count}"
                )
            return closed()[count - 1]

    async def requested(self, count: int = 1, timeout: float = PATIENCE) -> Received:  # noqa: ASYNC109 - same as its blocking sister
        return await asyncio.to_thread(self.wait_for_request, count, timeout)

    async def left(self, count: int = 1, timeout: float = PATIENCE) -> float:  # noqa: ASYNC109 - same as its blocking sister
        return await asyncio.to_thread(self.wait_for_close, count, timeout)

    def start(self) -> Self:
        self._thread.start()
        try:
            self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(PATIENCE)
        except BaseException:
            self.close()
            raise
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def close(self) -> None:
        """Stop at once, whatever is still being said; raise what went wrong in the fake itself."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()
        if self.errors:
            raise self.errors[0]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _listen(self) -> asyncio.Server:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        return await self._loop.create_server(
            lambda: _Protocol(self), self._host, 0, family=family, ssl=self._tls, backlog=2048
        )

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
        # Conversations are ended; connections that the system had accepted already are still being made.
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(others)
        for protocol in list(self._protocols):
            # Python 3.11's TLS transport forgets its protocol when it is closed twice; then it is going already.
            with contextlib.suppress(AttributeError):
                protocol.transport.abort()
            await protocol.lost.wait()

    def _accepted(self, protocol: "_Protocol", transport: asyncio.Transport) -> Connection:
        tls = transport.get_extra_info("ssl_object")
        peer = transport.get_extra_info("peername")
        connection = Connection(len(self.connections), peer[:2], time.monotonic())
        connection.server_name = getattr(tls, "fake_server_name", None)
        self._protocols.add(protocol)
        with self._changed:
            self.connections.append(connection)
        task = self._loop.create_task(self._converse(protocol, transport, connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return connection

    def _lost(self, connection: Connection) -> None:
        with self._changed:
            if connection.closed_at is None:
                connection.closed_at = time.monotonic()
                self._changed.notify_all()

    async def _converse(
        self, protocol: "_Protocol", transport: asyncio.Transport, connection: Connection
    ) -> None:
        try:
            while (received := await _read_request(protocol, connection)) is not None:
                with self._changed:
                    reply = self._reply(received)
                    self.requests.append(received)
                    self._changed.notify_all()
                for step in reply.steps(received):
                    if not await self._play(step, protocol, transport, received):
                        return
                received.finished_at = time.monotonic()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left, which closed_at records
        except Exception as error:  # noqa: BLE001 - raised again by close()
            self.errors.append(error)
        finally:
            transport.close()

    async def _play(
        self, step: Step, protocol: "_Protocol", transport: asyncio.Transport, received: Received
    ) -> bool:
        """Do one step; False when nothing more can be said on this connection."""
        match step:
            case bytes():
                protocol.writer.write(step)
                await protocol.writer.drain()
                received.written.append((time.monotonic(), len(step)))
            case Fault.CUT:
                linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                transport.abort()
            case Fault.CLOSE:
                transport.close()
            case Fault.HANG:
                await protocol.gone.wait()
            case _:
                await _unless_gone(protocol, step)
        return not isinstance(step, Fault) and not protocol.gone.is_set()

    def _reply(self, received: Received) -> Reply:
        if self._queue:
            return self._queue.popleft()
        if self.key is not None and received.header("authorization") != f"Bearer {self.key}":
            return error_reply(401, "Incorrect API key provided.", code="invalid_api_key")
        model = received.json.get("model")
        script = self._scripts.get(model) if isinstance(model, str) else None
        if script:
            return script.popleft() if len(script) > 1 else script[0]
        if received.method == "GET" and received.path.endswith("/models"):
            return json_reply({"object": "list", "data": [{"id": m, "object": "model"} for m in self.models]})
        if received.method == "POST":
            return Answer()
        return error_reply(
            404, f"Unknown request URL: {received.method} {received.target}", code="unknown_url"
        )


class _Protocol(asyncio.StreamReaderProtocol):
    """A stream reader that also knows at once when the client has left."""

    def __init__(self, upstream: FakeUpstream) -> None:
        self.reader = asyncio.StreamReader(limit=1 << 20, loop=upstream._loop)
        super().__init__(self.reader, loop=upstream._loop)
        self.gone = asyncio.Event()
        self.lost = asyncio.Event()
        self._upstream = upstream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        super().connection_made(transport)
        self.transport = transport
        self.writer = asyncio.StreamWriter(transport, self, self.reader, self._upstream._loop)
        self._connection = self._upstream._accepted(self, transport)

    def eof_received(self) -> bool | None:
        self._leave()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        self._upstream._protocols.discard(self)
        self.lost.set()
        super().connection_lost(exc)

    def _leave(self) -> None:
        self.gone.set()
        self._upstream._lost(self._connection)


async def _unless_gone(protocol: _Protocol, step: Gate | float) -> None:
    """Wait for the step or until the client leaves, whichever is first."""
    match step:
        case Gate():
            waiting = asyncio.ensure_future(step.passed())
        case _:
            # A script's own pause: what a slow or silent upstream is.
            waiting = asyncio.ensure_future(asyncio.sleep(step))
    gone = asyncio.ensure_future(protocol.gone.wait())
    try:
        await asyncio.wait([waiting, gone], return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        gone.cancel()


async def _read_request(protocol: _Protocol, connection: Connection) -> Received | None:
    """The next request of this connection, None at its end."""
    try:
        head = await protocol.reader.readexactly(1)
        if head == b"\x16":  # a TLS handshake: what real servers say to that
            protocol.writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return None
        head += await protocol.reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    request_line, *lines = head[:-4].decode("latin-1").split("\r\n")
    method, target, _ = request_line.split(" ", 2)
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    received = Received(method, target, head, headers, b"", connection, time.monotonic())
    if (received.header("transfer-encoding") or "").lower() == "chunked":
        received.body = await _read_chunks(protocol.reader)
    else:
        received.body = await protocol.reader.readexactly(int(received.header("content-length") or 0))
    return received


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return bytes(body)
