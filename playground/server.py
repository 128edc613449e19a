"""Daphne, started and stopped our way.

Daphne's own SIGTERM path raises in `kill_all_applications` and closes sockets without a close frame, and it takes a
request's whole body into memory before the application can refuse it. So this owns the signals, the listening sockets
and the bound on bodies, and leaves HTTP and websockets to daphne.
"""

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.server import Server, twisted_loop
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet import reactor as _reactor
from twisted.internet.protocol import Factory
from twisted.logger import ILogObserver, globalLogBeginner

from playground.edge.bodies import too_large
from playground.edge.types import App

logger = logging.getLogger(__name__)
reactor: Any = _reactor  # its class is chosen at run time; Twisted's types do not know asyncio's


MAX_MESSAGE = 64 * 1024  # bytes a page may send in one websocket message
HANDSHAKE = 30.0  # seconds to accept a websocket whose request is there: a thousand may come at once
SAME_SIGNAL = (
    1.0  # seconds in which a second signal is the first one over again: make and terminals send both
)
FAREWELL = 2.0  # seconds for close frames and open answers to leave before the sockets are cut


class BoundedRequest(WebRequest):  # type: ignore[misc]  # daphne has no types
    """Refuses a body past the bound while it arrives, instead of after it was kept."""

    max_body = 0  # bytes; set on a subclass
    _received = 0

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Pass on a request that is whole: Twisted would first read its form, for nobody and while tokens wait."""
        self._parsePOSTFormSubmission = False
        super().requestReceived(command, path, version)

    def gotLength(self, length: int | None) -> None:
        """Take note of the declared length (None: chunked)."""
        super().gotLength(length)
        if length is not None and length > self.max_body:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        """Take one part of the body."""
        self._received += len(data)
        if self._received <= self.max_body:
            super().handleContentChunk(data)
        else:
            self._refuse()

    def _refuse(self) -> None:
        """Answer 413 and hang up: the rest of the body would be read for nothing."""
        if self.channel is None or self.channel.transport is None:
            return
        body = too_large(self.max_body).encode()
        self.channel.transport.write(
            b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n"
            b"Content-Type: text/plain; charset=utf-8\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        self.channel.transport.loseConnection()


class BoundedFactory(HTTPFactory):  # type: ignore[misc]  # daphne has no types
    """Makes connections whose requests are bounded."""

    def __init__(self, server: Server, *, max_body: int) -> None:
        super().__init__(server)
        self._request = type("Request", (BoundedRequest,), {"max_body": max_body})

    def buildProtocol(self, addr: Any) -> Any:
        """Return the protocol of one new connection."""
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = self._request
        return protocol


class PageSocket(WebSocketProtocol):  # type: ignore[misc]  # daphne has no types
    """A websocket that may be closed with the codes that tell a browser to come back (1012, 1013)."""

    def serverAccept(self, subprotocol: str | None = None) -> None:
        """Open the socket, unless it was given up a moment ago.

        Autobahn cuts what takes longer than HANDSHAKE, and we hear of it in the reactor's next round. What is accepted
        until then would count as open once more; its end would fail, and the application never hear of it.
        """
        if self.state == self.STATE_CONNECTING:
            super().serverAccept(subprotocol)

    def serverClose(self, code: int | None = None) -> None:
        """Send the close frame ourselves: Autobahn's `sendClose` refuses every registered code but 1000."""
        self.sendCloseFrame(code=1000 if code is None else code, isReply=False)

    def serverSend(self, content: Any, binary: bool = False) -> None:
        """Send a message as one frame, whatever its size, at once if the connection takes it.

        Autobahn's own way stops what is larger than what may come in, formats a log line for each frame, and leaves the
        sending to the reactor's next round: more than half of what a message costs.
        """
        if self.state == self.STATE_OPEN:
            payload = content if binary else content.encode()
            self._write(_frame_head(0x2 if binary else 0x1, len(payload)) + payload)

    def _write(self, data: bytes) -> None:
        transport = self.transport
        if len(transport.dataBuffer) > transport.offset or transport._tempDataLen:
            transport.write(data)  # behind what is still on its way
            return
        sent = transport.writeSomeData(data)
        if isinstance(sent, int) and sent < len(data):
            transport.write(data[sent:])
        # Anything else is a lost connection, which the reactor will find out by itself.


def _frame_head(opcode: int, length: int) -> bytes:
    """Return the head of a whole, unmasked websocket frame (RFC 6455, 5.2)."""
    if length < 126:
        return bytes((0x80 | opcode, length))
    if length < 1 << 16:
        return bytes((0x80 | opcode, 126)) + length.to_bytes(2, "big")
    return bytes((0x80 | opcode, 127)) + length.to_bytes(8, "big")


class PlaygroundServer(Server):  # type: ignore[misc]  # daphne has no types
    """Serves an ASGI application on sockets that are already listening, until it is told to stop."""

    def __init__(self, application: App, *, sockets: list[socket.socket], max_body: int) -> None:
        super().__init__(
            application,
            endpoints=["given"],
            signal_handlers=False,
            server_name="",
            websocket_max_message_size=MAX_MESSAGE,
            websocket_max_frame_size=MAX_MESSAGE,
            websocket_handshake_timeout=HANDSHAKE,
            websocket_connect_timeout=HANDSHAKE,
            request_buffer_size=64 * 1024,
        )
        self._sockets = sockets
        self._max_body = max_body
        self.exit_status = 0

    def run(
        self,
        *,
        start_up: Callable[[], Awaitable[None]],
        shut_down: Callable[[], Awaitable[None]],
        ready: Callable[[], None],
    ) -> None:
        """Start up, serve, and return after a signal once everything has shut down."""
        asyncio.set_event_loop(twisted_loop)
        twisted_loop.run_until_complete(start_up())
        self.connections: dict[Any, dict[str, Any]] = {}
        self.http_factory = BoundedFactory(self, max_body=self._max_body)
        self.ws_factory = WebSocketFactory(self, server=self.server_name)
        self.ws_factory.protocol = PageSocket
        self.ws_factory.setProtocolOptions(
            allowNullOrigin=True,  # playground.edge.origins decides
            autoPingTimeout=self.ping_timeout,
            openHandshakeTimeout=self.websocket_handshake_timeout,
            maxMessagePayloadSize=self.websocket_max_message_size,
            maxFramePayloadSize=self.websocket_max_frame_size,
        )
        Factory.noisy = False
        globalLogBeginner.beginLoggingTo(
            [cast(ILogObserver, _log)], redirectStandardIO=False, discardBuffer=True
        )
        self._listen()
        reactor.callLater(1, self.application_checker)
        reactor.callLater(2, self.timeout_checker)

        def begin() -> None:
            self._signals(shut_down)
            ready()

        # Only once the loop runs: a signal that came before would be taken by a handler nobody calls yet.
        twisted_loop.call_soon(begin)
        reactor.run(installSignalHandlers=False)

    def _listen(self) -> None:
        self.ports = []
        for bound in self._sockets:
            # Twisted takes a duplicate of the descriptor.
            self.ports.append(reactor.adoptStreamPort(bound.fileno(), bound.family, self.http_factory))
            bound.close()

    def _signals(self, shut_down: Callable[[], Awaitable[None]]) -> None:
        stopping: list[asyncio.Task[None]] = []
        first = 0.0

        def on_signal() -> None:
            nonlocal first
            now = time.monotonic()
            if not stopping:
                first = now
                stopping.append(asyncio.ensure_future(self._stop(shut_down)))
            elif now - first > SAME_SIGNAL:
                # Asked twice: somebody is waiting. What runs now is marked as interrupted at the next start.
                os._exit(1)

        for number in (signal.SIGTERM, signal.SIGINT):
            twisted_loop.add_signal_handler(number, on_signal)

    async def _stop(self, shut_down: Callable[[], Awaitable[None]]) -> None:
        try:
            await shut_down()
        except Exception:
            logger.exception("Shutting down went wrong")
            self.exit_status = 1
        for port in self.ports:
            port.stopListening()
        await self._farewell()
        reactor.stop()

    async def _farewell(self) -> None:
        """Wait for answers and close frames on their way, then cancel what is left."""
        deadline = asyncio.get_running_loop().time() + FAREWELL
        while self._open() and asyncio.get_running_loop().time() < deadline:
            await asyncio.wait(self._open(), timeout=0.1)
        tasks = self._open()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=FAREWELL)

    def _open(self) -> list["asyncio.Future[Any]"]:
        applications = [details.get("application_instance") for details in self.connections.values()]
        return [task for task in applications if task is not None and not task.done()]


def _log(event: dict[str, Any]) -> None:
    """Pass Twisted's failures on to logging; the rest of what it says is of no use here."""
    failure = event.get("log_failure")
    if failure is not None:
        logger.error("Twisted: %s", failure.getTraceback())
