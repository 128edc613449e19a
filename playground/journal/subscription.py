"""One Redis channel, listened to for as long as somebody calls `hear` again."""

from collections.abc import Awaitable, Callable
from typing import Final

from redis.asyncio import Redis
from redis.asyncio.client import PubSub

LISTEN_SECONDS: Final = 5.0
"""Seconds without a message after which the connection is tried."""


class Subscription:
    """Calls `message` with what is published, and `begun` whenever it has just subscribed: what came before was missed."""

    def __init__(
        self,
        redis: Redis,
        channel: str,
        *,
        message: Callable[[bytes], Awaitable[None]],
        begun: Callable[[], Awaitable[None]],
    ) -> None:
        self._redis = redis
        self._name = channel
        self._message = message
        self._begun = begun
        self._channel: PubSub | None = None

    async def hear(self) -> None:
        """Subscribe, or wait a while for a message. Raises what Redis raises; the next call subscribes again."""
        try:
            if self._channel is None:
                self._channel = self._redis.pubsub()
                await self._channel.subscribe(self._name)
                return
            message = await self._channel.get_message(timeout=LISTEN_SECONDS)
            if message is None:
                await self._channel.ping()
            elif message["type"] == "subscribe":
                # From here on nothing is missed. The client may also have come back, and subscribed again, by itself.
                await self._begun()
            elif message["type"] == "message":
                await self._message(message["data"])
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Let the connection go."""
        if self._channel is not None:
            channel, self._channel = self._channel, None
            await channel.aclose()  # type: ignore[no-untyped-call]  # redis leaves it untyped
