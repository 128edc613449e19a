"""The journal of a single process: frames in memory."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from playground.journal.base import Taken

KEPT_AFTER_END: Final = 30.0
"""Seconds for which an ended exchange can still be followed from memory: a reader at the very end needs no database."""


@dataclass(slots=True)
class Frames:
    """One exchange's frames: frame N is `bodies[N - 1]`. `lost`: some are missing and will not come."""

    stop: Callable[[], None]
    bodies: list[str] = field(default_factory=list)
    followers: dict["MemoryFollower", None] = field(default_factory=dict)
    ended: bool = False
    lost: bool = False

    def add(self, body: str) -> None:
        """Append one frame and wake its readers."""
        self.bodies.append(body)
        for follower in self.followers:
            follower.wake()

    def lose(self) -> None:
        """Give the frames up and wake their readers."""
        self.lost = True
        for follower in self.followers:
            follower.wake()


class MemoryFollower:
    """A place in an exchange's frames."""

    __slots__ = ("_frames", "_next", "_reset", "wake")

    def __init__(self, frames: Frames, *, after: int, wake: Callable[[], None]) -> None:
        self._frames = frames
        self._reset = not 0 <= after <= len(frames.bodies)
        self._next = 0 if self._reset else after
        self.wake = wake
        frames.followers[self] = None

    @property
    def lost(self) -> bool:
        """Whether the frames were given up before their end."""
        return self._frames.lost

    def take(self, limit: int) -> Taken | None:
        """Return the frames behind this reader's place, joined."""
        bodies = self._frames.bodies
        start, end = self._next, len(bodies)
        if start == end:
            return None
        if end == start + 1:
            body = bodies[start]
        else:
            size, stop = 0, start
            while stop < end and (stop == start or size + len(bodies[stop]) <= limit):
                size += len(bodies[stop]) + 1
                stop += 1
            body, end = ",".join(bodies[start:stop]), stop
        reset, self._reset, self._next = self._reset, False, end
        return Taken(body, end, reset, self._frames.ended and end == len(bodies))

    def close(self) -> None:
        """Forget this reader."""
        self._frames.followers.pop(self, None)


class MemoryJournal:
    """Frames of the exchanges that run in this process. Everything happens on the event loop; nothing is locked."""

    def __init__(self) -> None:
        self._frames: dict[UUID, Frames] = {}
        self._timers: dict[UUID, asyncio.TimerHandle] = {}

    @property
    def is_reachable(self) -> bool:
        """Memory is always there."""
        return True

    def begin(self, exchange_id: UUID, *, stop: Callable[[], None]) -> None:
        """Open the frames of an exchange."""
        self._frames[exchange_id] = Frames(stop)

    def append(self, exchange_id: UUID, body: str) -> None:
        """Add one frame and wake its readers."""
        self._frames[exchange_id].add(body)

    def end(self, exchange_id: UUID, body: str) -> None:
        """Add the last frame; forget all of them a little later."""
        frames = self._frames[exchange_id]
        frames.ended = True
        frames.add(body)
        self.keep(exchange_id)

    def keep(self, exchange_id: UUID) -> None:
        """Keep an ended exchange's frames for a while from now on."""
        if timer := self._timers.pop(exchange_id, None):
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._timers[exchange_id] = loop.call_later(KEPT_AFTER_END, self._forget, exchange_id)

    def hold(self, exchange_id: UUID) -> None:
        """Keep an exchange's frames until `keep` is called: somebody still needs them."""
        if timer := self._timers.pop(exchange_id, None):
            timer.cancel()

    def _forget(self, exchange_id: UUID) -> None:
        self._frames.pop(exchange_id, None)
        self._timers.pop(exchange_id, None)

    def frames(self, exchange_id: UUID) -> Frames | None:
        """Return an exchange's frames while they are in memory."""
        return self._frames.get(exchange_id)

    async def follow(
        self, exchange_id: UUID, *, after: int, wake: Callable[[], None]
    ) -> MemoryFollower | None:
        """Return a reader behind frame `after`, or None for an exchange that does not run here."""
        frames = self._frames.get(exchange_id)
        return None if frames is None else MemoryFollower(frames, after=after, wake=wake)

    async def request_stop(self, exchange_id: UUID) -> bool:
        """Stop a running exchange; False where it does not run here or has ended."""
        frames = self._frames.get(exchange_id)
        if frames is None or frames.ended:
            return False
        frames.stop()
        return True

    async def end_orphan(self, exchange_id: UUID) -> None:
        """Nothing to do: without Redis nobody can follow what another process ran."""

    def silent(self) -> set[UUID]:
        """Nothing of other processes is followed here."""
        return set()

    def abandon(self, exchange_ids: Iterable[UUID]) -> None:
        """Nothing of other processes is followed here."""

    async def close(self) -> None:
        """Cancel the timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
