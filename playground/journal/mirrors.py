"""What other processes run, followed here: each stream read from its beginning, then all of them with one XREAD."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, cast
from uuid import UUID, uuid4

from redis.asyncio import Redis

from playground.journal.background import UNREACHABLE
from playground.journal.memory import Frames, MemoryFollower

READ_BLOCK_MS: Final = 1000
READ_COUNT: Final = 500
SILENT_SECONDS: Final = 4.0
"""Seconds without a frame after which a mirrored exchange counts as silent."""
WAKE_SECONDS: Final = 60
Entries: TypeAlias = list[tuple[bytes, dict[bytes, bytes]]]
"""What Redis answers for a stretch of a stream: `(id, fields)`; its client's own type allows for decoded text, too."""


def frames_key(exchange_id: UUID) -> str:
    """Return the name of an exchange's stream."""
    return f"playground:frames:{exchange_id}"


def entry_number(entry_id: bytes) -> int:
    """Return the number of the frame that an entry holds."""
    return int(entry_id.partition(b"-")[0])


@dataclass(slots=True)
class Mirror:
    """Another process's frames, as far as they have been read here."""

    frames: Frames = field(default_factory=lambda: Frames(stop=lambda: None))
    heard: float = field(default_factory=time.monotonic)

    def take_in(self, entries: Entries) -> None:
        """Append the entries that come next; one that is here already or that would leave a gap is left out."""
        self.heard = time.monotonic()
        for entry_id, fields in entries:
            if b"l" in fields:
                self.frames.lose()
            elif entry_number(entry_id) == len(self.frames.bodies) + 1:
                self.frames.ended = b"e" in fields
                self.frames.add(fields[b"b"].decode())


class Mirrors:
    """The mirrors of one process. One exists while somebody here reads it, until its end.

    `is_reachable`: Redis answered last time.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._mirrors: dict[UUID, Mirror] = {}
        self._wanted = asyncio.Event()
        self.is_reachable = True
        # An entry in this stream ends a blocking XREAD, so that a new mirror is followed at once.
        self._wake_key = f"playground:wake:{uuid4()}"
        self._wake_place: Any = "0-0"

    async def open(self, exchange_id: UUID, *, after: int, wake: Callable[[], None]) -> MemoryFollower | None:
        """Return a reader of an exchange that another process runs or has just ended; None where there is no stream."""
        if mirror := self._mirrors.get(exchange_id):
            return MemoryFollower(mirror.frames, after=after, wake=wake)
        entries = cast("Entries", await self._redis.xrange(frames_key(exchange_id)))
        if not entries:
            return None
        mirror = self._mirrors.get(exchange_id)  # somebody else may have been faster
        if mirror is None:
            mirror = Mirror()
            mirror.take_in(entries)
        if mirror.frames.lost:
            return None
        # Before anything is awaited: a mirror that nobody reads is dropped.
        follower = MemoryFollower(mirror.frames, after=after, wake=wake)
        if not mirror.frames.ended and exchange_id not in self._mirrors:
            self._mirrors[exchange_id] = mirror
            self._wanted.set()
            await self._interrupt()
        return follower

    async def _interrupt(self) -> None:
        """End the XREAD that waits now, so that it is sent again with the new mirror in it."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.xadd(self._wake_key, {"w": "1"}, maxlen=1)
        pipe.expire(self._wake_key, WAKE_SECONDS)
        with contextlib.suppress(*UNREACHABLE):  # then that one ends, too
            await pipe.execute()

    async def read(self) -> None:
        """Wait for what comes next in the mirrored streams; drop a mirror that has ended or is lost or that nobody reads."""
        await self._wanted.wait()
        for exchange_id, mirror in list(self._mirrors.items()):
            if mirror.frames.ended or mirror.frames.lost or not mirror.frames.followers:
                del self._mirrors[exchange_id]
        if not self._mirrors:
            self._wanted.clear()
            return
        by_key = {frames_key(pk).encode(): mirror for pk, mirror in self._mirrors.items()}
        places: dict[Any, Any] = {key: f"{len(mirror.frames.bodies)}-0" for key, mirror in by_key.items()}
        places[self._wake_key] = self._wake_place
        try:
            news = await self._redis.xread(places, count=READ_COUNT, block=READ_BLOCK_MS)
        except UNREACHABLE:
            self.is_reachable = False
            raise
        self.is_reachable = True
        for key, entries in cast("list[tuple[bytes, Entries]]", news):
            if key in by_key:
                by_key[key].take_in(entries)
            else:
                self._wake_place = entries[-1][0]

    def silent(self) -> set[UUID]:
        """Return the exchanges from which nothing has come for a while."""
        since = time.monotonic() - SILENT_SECONDS
        return {pk for pk, mirror in self._mirrors.items() if mirror.heard < since}

    def abandon(self, exchange_ids: Iterable[UUID]) -> None:
        """Forget these mirrors and tell their readers that the frames are lost."""
        for exchange_id in exchange_ids:
            if mirror := self._mirrors.pop(exchange_id, None):
                mirror.frames.lose()
