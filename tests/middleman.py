"""A TCP proxy on loopback that does to connections what bad networks do: cut, stall, trickle, turn away.

    with Middleman("127.0.0.1:4001", "127.0.0.1:4002") as way:   # new connections go to these in turn
        ...                                    # talk to way.address
        way.cut()                              # reset every connection, in the middle of whatever is said
        way.stall(); way.resume()              # say nothing more to anybody, without a word; go on
        way.trickle(2_000)                     # so many bytes a second and connection towards the client
        way.close_door(); way.open_door()      # turn new connections away; let them in again

It runs in a thread of its own, so sync tests, async tests, served processes and browsers can all be led through it.
"""

import asyncio
import contextlib
import itertools
import socket
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Final, Self, TypeVar

T = TypeVar("T")
PATIENCE: Final = 10.0
READ: Final = 65_536
TICKS: Final = 20  # portions a second of what trickles


class Middleman:
    """See the module's docstring. `served` counts the connections that each target has been given."""

    def __init__(self, *targets: str) -> None:
        self.targets = list(targets)
        self.served = dict.fromkeys(targets, 0)
        self.port = 0
        self._turns = itertools.count()
        self._rate = 0  # bytes a second; 0: as they come
        self._door_open = True
        self._loop = asyncio.SelectorEventLoop()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="middleman", daemon=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Reset every connection there is."""
        self._do(self._cut())

    def stall(self) -> None:
        """Hold everything that is said from now on, in both directions."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def resume(self) -> None:
        """Let what is held go on."""
        self._loop.call_soon_threadsafe(self._flowing.set)

    def trickle(self, rate: int) -> None:
        """Let only so many bytes a second through to each client; 0 lifts that."""
        self._rate = rate

    def close_door(self) -> None:
        """Reset new connections at once."""
        self._door_open = False

    def open_door(self) -> None:
        """Take new connections again."""
        self._door_open = True

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._pass_on, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _close(self) -> None:
        self._server.close()
        await self._cut()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.wait(others)

    async def _cut(self) -> None:
        for writer in list(self._writers):
            _reset(writer)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either end leaves."""
        self._writers.add(writer)
        there: asyncio.StreamWriter | None = None
        try:
            if not self._door_open:
                return
            far, there = await self._connect()
            self._writers.add(there)
            ways = [
                asyncio.ensure_future(self._carry(reader, there, slowed=False)),
                asyncio.ensure_future(self._carry(far, writer, slowed=True)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
            for way in ways:
                way.cancel()
        except OSError:
            pass  # nobody there: the client is reset below, as by a machine that is off
        finally:
            for each in (writer, there):
                if each is not None:
                    self._writers.discard(each)
                    _reset(each)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the next target that takes it, as a load balancer would."""
        for left in reversed(range(len(self.targets))):
            target = self.targets[next(self._turns) % len(self.targets)]
            host, _, port = target.rpartition(":")
            try:
                connection = await asyncio.open_connection(host, int(port))
            except OSError:
                if not left:
                    raise
                continue
            self.served[target] += 1
            return connection
        raise ConnectionRefusedError

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slowed: bool
    ) -> None:
        """Carry one direction; its end is passed on once everything before it has been."""
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(self._rate // TICKS or READ if slowed else READ):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
                if slowed and self._rate:
                    await asyncio.sleep(len(data) / self._rate)  # this pace is what a slow line is
            if writer.can_write_eof():
                writer.write_eof()
            return
        raise ConnectionResetError


def _reset(writer: asyncio.StreamWriter) -> None:
    linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
    with contextlib.suppress(OSError):  # it is closed already
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
