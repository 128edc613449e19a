"""What a journal does, wherever it keeps its frames."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Taken:
    """Frames taken at once: their joined body and the number of the last one.

    `reset` says that they begin at frame 1 although the follower asked for later ones that do not exist.
    """

    body: str
    number: int
    reset: bool
    ended: bool


class Follower(Protocol):
    """One reader's place in one exchange's frames. It holds a number, never a queue, so a slow reader costs nothing."""

    @property
    def lost(self) -> bool:
        """Whether no more frames will come although the exchange has not ended here: the database knows the rest."""

    def take(self, limit: int) -> Taken | None:
        """Return the next frames, at least one and at most about `limit` characters; None when there are none yet."""

    def close(self) -> None:
        """Forget this reader."""


class Journal(Protocol):
    """Append, follow from N, ask to stop."""

    @property
    def is_reachable(self) -> bool:
        """Whether frames of other processes can come in now."""

    def begin(self, exchange_id: UUID, *, stop: Callable[[], None]) -> None:
        """Open the frames of an exchange that this process runs; `stop` is called when anybody asks to stop it."""

    def append(self, exchange_id: UUID, body: str) -> None:
        """Add one frame, encoded by `playground.frames`."""

    def end(self, exchange_id: UUID, body: str) -> None:
        """Add the last frame. The frames stay followable for a while; the database has the answer by now."""

    async def follow(self, exchange_id: UUID, *, after: int, wake: Callable[[], None]) -> Follower | None:
        """Return a reader placed behind frame `after`, or None for an exchange no process is running.

        `wake` is called, on the event loop, whenever there may be something to take.
        """

    async def request_stop(self, exchange_id: UUID) -> bool:
        """Ask the process that runs the exchange to stop it; False where no process does."""

    async def end_orphan(self, exchange_id: UUID) -> None:
        """Send the readers of an exchange whose process is gone to the database, which has its text and its end."""

    def silent(self) -> set[UUID]:
        """Return the exchanges of other processes that are followed here and from which nothing comes just now."""

    def abandon(self, exchange_ids: Iterable[UUID]) -> None:
        """Tell the readers of these exchanges that their frames are lost."""

    async def close(self) -> None:
        """Let go of connections and timers."""
