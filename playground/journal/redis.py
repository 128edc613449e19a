"""The journal of several processes: frames in memory, written behind into Redis Streams.

The process that runs an exchange serves its own readers from memory and never waits for Redis. Another process mirrors the
stream (`playground.journal.mirrors`). While Redis is away, frames collect in memory and are written when it is back, all of
them, because it may have come back empty. Nothing is lost or doubled: frame N is entry `N-0`, and Redis refuses an entry
that it has.

Key: `playground:frames:<exchange>`, a stream with the fields `b` (body) and, on the last entry, `e`; or, behind what a dead
process wrote, `l`: the rest is lost, and the database has what is kept.
"""

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable, Iterable
from typing import Any, Final, cast
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from playground.journal.background import UNREACHABLE, Background
from playground.journal.memory import MemoryFollower, MemoryJournal
from playground.journal.mirrors import Entries, Mirrors, entry_number, frames_key
from playground.journal.stops import StopWishes

logger = logging.getLogger(__name__)

GATHER: Final = 0.005
"""Least seconds from one pipeline to the next: in one of its own a frame costs more than all else that is done for it."""
LIVE_SECONDS: Final = 3600
"""Life of a live exchange's stream."""
RENEW_SECONDS: Final = 300
"""Seconds after which a write renews it: with each write that would cost as much as a frame."""
ENDED_SECONDS: Final = 60
"""Life of an ended exchange's stream; the database has the answer by then."""
PIPELINE_FRAMES: Final = 2_000
"""Frames in one pipeline, so that what collected while Redis was away goes out in bearable portions."""
HAS_IT: Final = "equal or smaller"
"""What Redis says of an entry that it has already."""


class RedisJournal:
    """A `MemoryJournal` for what runs here, mirrored through Redis for everybody else."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._local = MemoryJournal()
        self._mirrors = Mirrors(redis)
        self._written: dict[UUID, int] = {}
        self._renewed: dict[UUID, float] = {}
        self._unwritten: dict[UUID, None] = {}
        self._write_wanted = asyncio.Event()
        self._stops = StopWishes(redis, running=lambda: self._written, stop=self._local.request_stop)
        self._background = Background(self._write_behind, self._mirrors.read, self._stops.hear)

    @property
    def is_reachable(self) -> bool:
        """Whether Redis answered last time."""
        return self._mirrors.is_reachable

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
        """Add the last frame; memory keeps all of them until Redis has them."""
        self._local.end(exchange_id, body)
        self._local.hold(exchange_id)
        self._unwritten[exchange_id] = None
        self._write_wanted.set()

    async def follow(
        self, exchange_id: UUID, *, after: int, wake: Callable[[], None]
    ) -> MemoryFollower | None:
        """Return a reader, of memory where the exchange runs here, else of a mirror of its stream."""
        follower = await self._local.follow(exchange_id, after=after, wake=wake)
        if follower is not None:
            return follower
        try:
            return await self._mirrors.open(exchange_id, after=after, wake=wake)
        except UNREACHABLE as error:
            logger.warning("Redis is away, exchange %s comes from the database: %s", exchange_id, error)
            return None

    async def request_stop(self, exchange_id: UUID) -> bool:
        """Stop an exchange here, or ask the process that runs it."""
        if await self._local.request_stop(exchange_id):
            return True
        if self._local.frames(exchange_id) is not None:
            return False
        try:
            if not await self._redis.exists(frames_key(exchange_id)):
                return False
            await self._stops.pass_on(exchange_id)
        except UNREACHABLE as error:
            logger.warning("Redis is away, a wish to stop %s was not passed on: %s", exchange_id, error)
            return False
        return True

    async def end_orphan(self, exchange_id: UUID) -> None:
        """Send the readers of an exchange whose process is gone to the database: what is kept there is its whole text.

        Redis may hold up to a second more, which nobody will see again after this stream has expired.
        """
        key = frames_key(exchange_id)
        try:
            if last := cast("Entries", await self._redis.xrevrange(key, count=1)):
                number, fields = entry_number(last[0][0]), last[0][1]
                if b"e" not in fields:
                    await self._redis.xadd(key, {"b": "", "l": "1"}, id=f"{number + 1}-0")
                await self._redis.expire(key, ENDED_SECONDS)
        except ResponseError:
            # The process that was taken for dead has just written on: its own end will come.
            logger.warning("Exchange %s goes on although its process was silent", exchange_id)
        except UNREACHABLE as error:
            logger.warning("Redis is away, readers of %s are sent to the database: %s", exchange_id, error)
            self._mirrors.abandon([exchange_id])

    def silent(self) -> set[UUID]:
        """Return the mirrored exchanges from which nothing comes just now."""
        return self._mirrors.silent()

    def abandon(self, exchange_ids: Iterable[UUID]) -> None:
        """Give these mirrors up; their readers go to the database."""
        self._mirrors.abandon(exchange_ids)

    async def close(self) -> None:
        """Write what is left if Redis is there, then let go."""
        with contextlib.suppress(*UNREACHABLE, TimeoutError):
            async with asyncio.timeout(2):
                while self._unwritten:
                    await self._write_pending()
        await self._local.close()
        await self._background.close()
        await self._stops.close()
        await self._redis.aclose()

    async def _write_behind(self) -> None:
        await self._write_wanted.wait()
        self._write_wanted.clear()
        try:
            await self._write_pending()
        except BaseException:
            self._write_wanted.set()
            raise
        await asyncio.sleep(GATHER)

    async def _write_pending(self) -> None:
        """Send everything new, a pipeline at a time; what comes meanwhile is for the next call."""
        while self._unwritten:
            pipe = self._redis.pipeline(transaction=False)
            reached: dict[UUID, tuple[int, bool]] = {}
            room = PIPELINE_FRAMES
            while self._unwritten and room > 0:
                exchange_id = next(iter(self._unwritten))
                del self._unwritten[exchange_id]
                count, ended = self._pipe_frames(pipe, exchange_id, room)
                room -= count - self._written[exchange_id] + 1
                reached[exchange_id] = (count, ended)
            try:
                _check(await pipe.execute(raise_on_error=False))
            except BaseException:
                # It may come back without anything it had: everything is written again, and refused where it is there.
                self._unwritten = dict.fromkeys(self._written)
                self._written = dict.fromkeys(self._written, 0)
                self._renewed.clear()
                raise
            for exchange_id, (count, ended) in reached.items():
                self._written[exchange_id] = count
                if ended:
                    del self._written[exchange_id]
                    self._local.keep(exchange_id)
            if room > 0:
                return

    def _pipe_frames(self, pipe: Any, exchange_id: UUID, room: int) -> tuple[int, bool]:
        """Put an exchange's new frames into the pipeline; return how far it reaches and whether that is the end."""
        frames = self._local.frames(exchange_id)
        if frames is None:
            raise RuntimeError("frames were forgotten before Redis had them")
        key, total = frames_key(exchange_id), len(frames.bodies)
        written = self._written[exchange_id]
        count = min(total, written + room)
        for number in range(written + 1, count + 1):
            last: dict[str, str] = {"e": "1"} if frames.ended and number == total else {}
            pipe.xadd(key, {"b": frames.bodies[number - 1], **last}, id=f"{number}-0")
        ended = frames.ended and count == total
        self._pipe_life(pipe, exchange_id, ended=ended)
        if count < total:
            self._unwritten[exchange_id] = None
        return count, ended

    def _pipe_life(self, pipe: Any, exchange_id: UUID, *, ended: bool) -> None:
        """Put into the pipeline how long an exchange's stream stays, where that changes much."""
        now = asyncio.get_running_loop().time()
        if ended:
            self._renewed.pop(exchange_id, None)
            pipe.expire(frames_key(exchange_id), ENDED_SECONDS)
        elif now - self._renewed.get(exchange_id, -math.inf) > RENEW_SECONDS:
            self._renewed[exchange_id] = now
            pipe.expire(frames_key(exchange_id), LIVE_SECONDS)


def _check(answers: list[Any]) -> None:
    """Raise what Redis said against a pipeline, except that it has a frame already."""
    for answer in answers:
        if isinstance(answer, RedisError) and HAS_IT not in str(answer):
            raise answer
