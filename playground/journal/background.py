"""Work that goes on for as long as a journal does, whatever happens to Redis."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, cast

from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

UNREACHABLE: Final = (RedisError, OSError)
RETRY_SECONDS: Final = 0.5
Work = Callable[[], Awaitable[None]]


class Background:
    """Repeats each work until it is closed; what a work raises is logged once, and the work begins again."""

    def __init__(self, *works: Work) -> None:
        self._closing = False
        self._tasks = [asyncio.create_task(self._repeat(work), name=f"journal {work!r}") for work in works]

    async def _repeat(self, work: Work) -> None:
        away, task = False, cast("asyncio.Task[None]", asyncio.current_task())
        # The client loses a cancellation that comes while it connects; a loop that ends cancels once and waits for ever.
        while not self._closing and not task.cancelling():
            try:
                await work()
            except UNREACHABLE as error:
                if not away:
                    logger.warning("Redis is away: %s", error)
                away = True
                await asyncio.sleep(RETRY_SECONDS)
            except Exception:
                logger.exception("The journal met an unexpected error")
                await asyncio.sleep(RETRY_SECONDS)
            else:
                if away:
                    logger.warning("Redis is back")
                away = False

    async def close(self) -> None:
        """Cancel the works and wait for them."""
        self._closing = True
        left = set(self._tasks)
        while left:
            # Again and again: one that the client loses would be noticed only after what it waits for now.
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=0.1)
