"""Nudges between processes, over one Redis channel. While it is away they wait; once it is back every page looks again."""

import asyncio
import json
from collections import deque
from dataclasses import asdict
from typing import Final
from uuid import uuid4

from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from playground.journal.background import UNREACHABLE, Background
from playground.journal.subscription import Subscription
from playground.nudges import Nudge, Nudges

CHANNEL: Final = "playground:nudges"
MOST_UNSENT: Final = 10_000
"""Nudges kept while Redis is away; older ones are dropped, every page looks again anyway."""
FAREWELL: Final = 1.0
"""Seconds at the end for what waits."""


class RedisNudges:
    """Carries the nudges of one process to the others, and theirs to its pages."""

    def __init__(self, redis: Redis, nudges: Nudges) -> None:
        self._redis = redis
        self._nudges = nudges
        self._me = uuid4().hex
        self._unsent: deque[str] = deque(maxlen=MOST_UNSENT)
        self._wanted = asyncio.Event()
        self._subscription = Subscription(redis, CHANNEL, message=self._heard, begun=self._begun)
        self._background = Background(self._publish, self._subscription.hear)

    def carry(self, person: str, nudge: Nudge) -> None:
        """Publish a nudge as soon as Redis takes it."""
        self._unsent.append(_encode(self._me, person, nudge))
        self._wanted.set()

    async def _publish(self) -> None:
        await self._wanted.wait()
        while self._unsent:
            await self._redis.publish(CHANNEL, self._unsent[0])
            self._unsent.popleft()
        self._wanted.clear()

    async def _heard(self, data: bytes) -> None:
        message = json.loads(data)
        if message["from"] != self._me:
            self._nudges.deliver(message["person"], Nudge(**message["nudge"]))

    async def _begun(self) -> None:
        for kind in ("recheck", "missed"):
            self._nudges.deliver_all(Nudge(kind))

    async def close(self) -> None:
        """Send what waits if Redis is there, then let go."""
        try:
            async with asyncio.timeout(FAREWELL):
                while self._unsent:
                    await self._redis.publish(CHANNEL, self._unsent.popleft())
        except (TimeoutError, *UNREACHABLE):
            pass  # the others look again when Redis is back
        await self._background.close()
        await self._subscription.close()
        await self._redis.aclose()


def nudge_publish(url: str, person: object, nudge: Nudge) -> None:
    """Nudge from a process that serves no pages itself. Raises what Redis raises."""
    with BlockingRedis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as redis:
        redis.publish(CHANNEL, _encode("", str(person), nudge))


def _encode(sender: str, person: str, nudge: Nudge) -> str:
    return json.dumps({"from": sender, "person": person, "nudge": asdict(nudge)})
