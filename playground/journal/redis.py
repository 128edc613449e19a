"""The journal of several processes: frames in memory, written behind into Redis Streams.

The process that runs an exchange serves its own readers from memory and never waits for Redis. Another process mirrors the
stream: it reads what is there, then follows with one XREAD for all streams it mirrors. While Redis is away, frames collect
in memory and are written when it is back, all of them, because it may have come back empty. Nothing is lost or doubled:
frame N is entry `N-0`, and Redis refuses an entry that it has.

Keys: `playground:frames:<exchange>` (stream; fields `b` body, `e` on the last one), `playground:stop:<exchange>` (a wish to
stop that outlives a moment without connection), channel `playground:stop`.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, cast
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from playground.journal.memory import Frames, MemoryFollower, MemoryJournal

logger = logging.getLogger(__name__)

LIVE_SECONDS = 3600
"""Life of a live exchange's stream; renewed with each write."""
ENDED_SECONDS = 60
"""Life of an ended exchange's stream; the database has the answer by then."""
READ_BLOCK_MS = 1000
READ_COUNT = 500
RETRY_SECONDS = 0.5
STOP_CHANNEL = "playground:stop"
Entries: TypeAlias = list[tuple[bytes, dict[bytes, bytes]]]
"""What Redis answers for a stretch of a stream: `(id, fields)`; its client's own type allows for decoded text, too."""
_UNREACHABLE = (RedisError, OSError)


def frames_key(exchange_id: UUID) -> str:
    """Return the name of an exchange's stream."""
    return f"playground:frames:{exchange_id}"


def stop_key(exchange_id: UUID) -> str:
    """Return the name of the wish to stop an exchange."""
    return f"playground:stop:{exchange_id}"


class RedisJournal:
    """A `MemoryJournal` for what runs here, mirrored through Redis for everybody else."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._local = MemoryJournal()
        self._written: dict[UUID, int] = {}
        self._unwritten: dict[UUID, None] = {}
        self._write_wanted = asyncio.Event()
        self._mirrors: dict[UUID, Frames] = {}
        self._mirror_wanted = asyncio.Event()
        self._closing = False
        self._tasks = [
            asyncio.create_task(self._keep_going(task), name=task.__name__)
            for task in (self._write_behind, self._mirror, self._hear_stops)
        ]

    def begin(self, exchange_id: UUID, *, stop: Callable[[], None]) -> None:
        """Open the frames of an exchange that this process runs."""
        self._local.begin(exchange_id, stop=stop)
        self._written[exchange_id] = 0

    def append(self, exchange_id: UUID, body: str) -> None:
        """Add one frame; Redis gets it in the background."""
        self._local.append(exchange_id, body)
        self._unwritten[exchange_id] = None
        self._write_wanted.set()

    def end(self, exchange_id: UUID, body: str) -> None:
        """Add the last frame."""
        self._local.end(exchange_id, body)
        self._unwritten[exchange_id] = None
        self._write_wanted.set()

    async def follow(
        self, exchange_id: UUID, *, after: int, wake: Callable[[], None]
    ) -> MemoryFollower | None:
        """Return a reader, of memory where the exchange runs here, else of a mirror of its stream."""
        follower = await self._local.follow(exchange_id, after=after, wake=wake)
        if follower is not None:
            return follower
        mirror = self._mirrors.get(exchange_id)
        if mirror is None:
            try:
                mirror = await self._mirror_open(exchange_id)
            except _UNREACHABLE as error:
                logger.warning("Redis is away, exchange %s comes from the database: %s", exchange_id, error)
        return None if mirror is None else MemoryFollower(mirror, after=after, wake=wake)

    async def request_stop(self, exchange_id: UUID) -> bool:
        """Stop an exchange here, or ask the process that runs it."""
        if await self._local.request_stop(exchange_id):
            return True
        if exchange_id in self._written:
            return False
        try:
            if not await self._redis.exists(frames_key(exchange_id)):
                return False
            await self._redis.set(stop_key(exchange_id), "1", ex=LIVE_SECONDS)
            await self._redis.publish(STOP_CHANNEL, str(exchange_id))
        except _UNREACHABLE as error:
            logger.warning("Redis is away, a wish to stop %s was not passed on: %s", exchange_id, error)
            return False
        return True

    async def end_orphan(self, exchange_id: UUID, body: str) -> None:
        """Tell the mirrors of an exchange whose process is gone how it ended."""
        key = frames_key(exchange_id)
        try:
            if last := cast("Entries", await self._redis.xrevrange(key, count=1)):
                number, fields = _number(last[0][0]), last[0][1]
                if b"e" not in fields:
                    await self._redis.xadd(key, {"b": body, "e": "1"}, id=f"{number + 1}-0")
                await self._redis.expire(key, ENDED_SECONDS)
        except _UNREACHABLE as error:
            logger.warning("Redis is away, readers of %s learn its end later: %s", exchange_id, error)

    async def close(self) -> None:
        """Write what is left if Redis is there, then let go."""
        await self._local.close()
        with contextlib.suppress(*_UNREACHABLE, TimeoutError):
            async with asyncio.timeout(2):
                await self._write_pending()
        self._closing = True
        left = set(self._tasks)
        while left:
            # Again and again: the client loses a cancellation that comes while it connects.
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=0.1)
        await self._redis.aclose()

    async def _keep_going(self, work: Callable[[], Awaitable[None]]) -> None:
        """Repeat one of the background loops whenever Redis went away under it."""
        away = False
        while not self._closing:
            try:
                await work()
            except _UNREACHABLE as error:
                if not away:
                    logger.warning("Redis is away: %s", error)
                away = True
                await asyncio.sleep(RETRY_SECONDS)
            else:
                away = False

    async def _write_behind(self) -> None:
        await self._write_wanted.wait()
        self._write_wanted.clear()
        try:
            await self._write_pending()
        except _UNREACHABLE:
            self._write_wanted.set()
            raise

    async def _write_pending(self) -> None:
        """Send everything new in one pipeline. Frame N is entry N-0, so what was sent before is refused, not doubled."""
        while self._unwritten:
            due, self._unwritten = self._unwritten, {}
            pipe = self._redis.pipeline(transaction=False)
            reached: dict[UUID, tuple[int, bool]] = {}
            for exchange_id in due:
                frames = self._local.frames(exchange_id)
                if frames is None:
                    continue
                key, count = frames_key(exchange_id), len(frames.bodies)
                for number in range(self._written[exchange_id] + 1, count + 1):
                    last: dict[Any, Any] = {"e": "1"} if frames.ended and number == count else {}
                    pipe.xadd(key, {"b": frames.bodies[number - 1], **last}, id=f"{number}-0")
                pipe.expire(key, ENDED_SECONDS if frames.ended else LIVE_SECONDS)
                reached[exchange_id] = (count, frames.ended)
            try:
                await pipe.execute(raise_on_error=False)
            except _UNREACHABLE:
                self._unwritten = dict.fromkeys(self._written)
                self._written = dict.fromkeys(self._written, 0)
                raise
            for exchange_id, (count, ended) in reached.items():
                self._written[exchange_id] = count
                if ended:
                    del self._written[exchange_id]

    async def _mirror_open(self, exchange_id: UUID) -> Frames | None:
        entries = cast("Entries", await self._redis.xrange(frames_key(exchange_id)))
        if not entries:
            return None
        if exchange_id in self._mirrors:
            return self._mirrors[exchange_id]
        mirror = Frames(stop=lambda: None)
        _take_in(mirror, entries)
        if not mirror.ended:
            self._mirrors[exchange_id] = mirror
            self._mirror_wanted.set()
        return mirror

    async def _mirror(self) -> None:
        """Follow all mirrored streams with one XREAD; drop a mirror that has ended or that nobody reads."""
        await self._mirror_wanted.wait()
        for exchange_id, mirror in list(self._mirrors.items()):
            if mirror.ended or not mirror.followers:
                del self._mirrors[exchange_id]
        if not self._mirrors:
            self._mirror_wanted.clear()
            return
        places: dict[Any, Any] = {frames_key(pk): f"{len(mirror.bodies)}-0" for pk, mirror in self._mirrors.items()}
        by_key = {frames_key(pk).encode(): mirror for pk, mirror in self._mirrors.items()}
        news = await self._redis.xread(places, count=READ_COUNT, block=READ_BLOCK_MS)
        for key, entries in cast("list[tuple[bytes, Entries]]", news):
            _take_in(by_key[key], entries)

    async def _hear_stops(self) -> None:
        """Pass on wishes to stop, those from before the connection first."""
        async with self._redis.pubsub() as pubsub:
            await pubsub.subscribe(STOP_CHANNEL)
            for exchange_id in list(self._written):
                if await self._redis.exists(stop_key(exchange_id)):
                    await self._local.request_stop(exchange_id)
            async for message in pubsub.listen():
                if message["type"] == "message":
                    await self._local.request_stop(UUID(message["data"].decode()))


def _take_in(mirror: Frames, entries: Entries) -> None:
    for entry_id, fields in entries:
        if _number(entry_id) == len(mirror.bodies) + 1:
            mirror.ended = b"e" in fields
            mirror.add(fields[b"b"].decode())


def _number(entry_id: bytes) -> int:
    return int(entry_id.partition(b"-")[0])
