"""What a script of the fake upstream is made of besides bytes: pauses, gates that the test opens, and faults."""

import asyncio
import threading
from collections import deque
from enum import Enum


class Fault(Enum):
    CUT = "reset the connection"
    CLOSE = "close the connection without ending the response"
    HANG = "say nothing until the client leaves"


CUT, CLOSE, HANG = Fault.CUT, Fault.CLOSE, Fault.HANG


class Gate:
    """Hold a script until the test says so: `release()` lets one step pass, `open()` all of them.

    `wait_reached(n)` blocks the test's thread until the script has come to the gate n times, so that all that
    stands before it has been written.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._permits = 0
        self._open = False
        self._reached = 0
        self._waiting: deque[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = deque()

    def release(self, steps: int = 1) -> None:
        with self._changed:
            self._permits += steps
            self._wake()

    def open(self) -> None:
        with self._changed:
            self._open = True
            self._wake()

    def wait_reached(self, times: int = 1, timeout: float = 10) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: self._reached >= times, timeout):
                raise TimeoutError(f"the script came to its gate {self._reached} times, not {times}")

    async def reached(self, times: int = 1) -> None:
        """`wait_reached` for an async test."""
        await asyncio.to_thread(self.wait_reached, times)

    async def passed(self) -> None:
        """Used by the server: return when a permit is there, taking it."""
        loop = asyncio.get_running_loop()
        with self._changed:
            self._reached += 1
            self._changed.notify_all()
            waiter = loop.create_future()
            self._waiting.append((loop, waiter))
            self._wake()
        await waiter

    def _wake(self) -> None:
        while self._waiting and (self._open or self._permits):
            loop, waiter = self._waiting.popleft()
            if not self._open:
                self._permits -= 1
            if not loop.is_closed():
                loop.call_soon_threadsafe(_resolve, waiter)


def _resolve(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


Step = bytes | float | Gate | Fault
TextStep = str | float | Gate | Fault
