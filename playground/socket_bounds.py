"""How much one page may ask for, and how far it may fall behind."""

import asyncio
import time
from typing import Final

WINDOW: Final = 1_000_000
"""Bytes a page may be behind with its acknowledgements before we stop sending; the server itself has no back-pressure."""
RATE: Final = 50.0
BURST: Final = 400.0
"""Messages a page may send per second, and at once."""
SLOW_AFTER: Final = 60.0
"""Seconds a page may stay that far behind before its socket is closed; it comes back and asks for what is missing."""
MESSAGE_LIMIT: Final = 128_000
"""Characters of frames joined into one message."""
MAX_FOLLOWED: Final = 256
"""Exchanges one page may follow at once."""
READS: Final = 4
"""Reads of the database that one socket may have under way, so that one page cannot hold up the others."""


class Allowance:
    """A bucket of messages that fills with time."""

    def __init__(self) -> None:
        self._left = BURST
        self._at = time.monotonic()

    def take(self) -> bool:
        """Take one message out; False where there is none."""
        now = time.monotonic()
        self._left = min(BURST, self._left + (now - self._at) * RATE) - 1
        self._at = now
        return self._left >= 0


class Window:
    """Bytes on their way to a page: sent, and acknowledged by it."""

    def __init__(self) -> None:
        self._sent = self._acked = 0
        self._moved = asyncio.Event()

    @property
    def full(self) -> bool:
        """Whether the page has to catch up first."""
        return self._sent - self._acked >= WINDOW

    def sent(self, text: str) -> None:
        """Count a message that is being sent."""
        self._sent += len(text) if text.isascii() else len(text.encode())

    def acked(self, total: int) -> None:
        """Take note of what the page has received in all; what cannot be true is ignored."""
        if self._acked < total <= self._sent:
            self._acked = total
            self._moved.set()

    async def room(self) -> None:
        """Return once the page has caught up."""
        while self.full:
            self._moved.clear()
            await self._moved.wait()


class Bell:
    """Wakes one task, however often it is rung before: an `asyncio.Event` for one waiter, at half its price."""

    __slots__ = ("_loop", "_rung", "_waiting")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._rung = False
        self._waiting: asyncio.Future[None] | None = None

    def ring(self) -> None:
        """Wake the task now, or when it next waits."""
        self._rung = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def rung(self) -> None:
        """Return once the bell has been rung since the last time."""
        if not self._rung:
            self._waiting = self._loop.create_future()
            await self._waiting
        self._rung = False
