"""Wishes to stop an exchange that another process runs.

A key `playground:stop:<exchange>` holds the wish, so that it outlives a moment without connection; the channel
`playground:stop` carries it at once.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final
from uuid import UUID

from redis.asyncio import Redis

from playground.journal.subscription import Subscription

STOP_CHANNEL: Final = "playground:stop"
WISH_SECONDS: Final = 3600


def stop_key(exchange_id: UUID) -> str:
    """Return the name of the wish to stop an exchange."""
    return f"playground:stop:{exchange_id}"


class StopWishes:
    """Passes wishes on, and hears those of others: `stop` is called with the exchange, once or more."""

    def __init__(
        self,
        redis: Redis,
        *,
        running: Callable[[], Iterable[UUID]],
        stop: Callable[[UUID], Awaitable[object]],
    ) -> None:
        self._redis = redis
        self._running = running
        self._stop = stop
        self._subscription = Subscription(redis, STOP_CHANNEL, message=self._heard, begun=self._begun)
        self.hear = self._subscription.hear
        self.close = self._subscription.close

    async def pass_on(self, exchange_id: UUID) -> None:
        """Ask whichever process runs the exchange to stop it."""
        await self._redis.set(stop_key(exchange_id), "1", ex=WISH_SECONDS)
        await self._redis.publish(STOP_CHANNEL, str(exchange_id))

    async def _begun(self) -> None:
        for exchange_id in list(self._running()):
            if await self._redis.exists(stop_key(exchange_id)):
                await self._stop(exchange_id)

    async def _heard(self, message: bytes) -> None:
        await self._stop(UUID(message.decode()))
