"""How far the database is behind, by a clock that only the event loop moves: strict, however busy the machine is."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from conversations.models import Exchange
from conversations.services import Ending, Progress, Written
from playground.recorder import Recorder

PIECE_EVERY = 0.01
BEHIND_MOST = 1.0
"""Seconds that may be lost when a process is killed."""


class SkippingLoop(asyncio.SelectorEventLoop):
    """Time passes only where everybody waits for it, and then at once."""

    def __init__(self) -> None:
        super().__init__()
        self._moment = 0.0

    def time(self) -> float:
        return self._moment

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]  # of asyncio's own loop
            self._moment = max(self._moment, self._scheduled[0].when())  # type: ignore[attr-defined]  # as above
        super()._run_once()  # type: ignore[misc]  # as above


class Receiving:
    """A live exchange; each piece holds the moment at which it came."""

    def __init__(self, exchange_id: UUID) -> None:
        self.id = exchange_id
        self._pieces: list[tuple[bytes, float]] = []
        self._sequence = 0

    def receive(self, at: float) -> None:
        self._pieces.append((b"piece", at))

    def progress_take(self) -> Progress:
        taken, self._pieces = tuple(self._pieces), []
        self._sequence += 1
        return Progress(self.id, self._sequence, taken)

    def gone(self) -> None:
        raise AssertionError("nobody else ends it")


async def _behind(*, write_takes: float, ends_every: float | None) -> float:
    """Return by how much a piece was kept later than it came, at most, in ten seconds."""
    loop = asyncio.get_running_loop()
    late: list[float] = []

    async def write(*, progress: Sequence[Progress], endings: Sequence[Ending]) -> Written:
        await asyncio.sleep(write_takes)
        late.extend(loop.time() - came for item in progress for _piece, came in item.pieces)
        return Written(frozenset(each.exchange_id for each in endings), frozenset())

    recorder = Recorder(write=write)
    long = Receiving(uuid4())
    recorder.attach(long.id, long)

    async def receive() -> None:
        while loop.time() < 10:
            long.receive(loop.time())
            await asyncio.sleep(PIECE_EVERY)

    async def end_others(every: float) -> None:
        while loop.time() < 10:
            await recorder.end(Ending(uuid4(), Exchange.State.COMPLETED, {"choices": []}, None))
            await asyncio.sleep(every)

    async with asyncio.TaskGroup() as group:
        group.create_task(receive())
        if ends_every is not None:
            group.create_task(end_others(ends_every))
    await recorder.end(Ending(long.id, Exchange.State.COMPLETED, {"choices": []}, None))
    assert len(late) >= 10 / PIECE_EVERY - 1, "every piece was kept"
    return max(late)


@pytest.mark.parametrize(
    ("write_takes", "ends_every"), [(0.0, None), (0.24, None), (0.24, 0.01), (0.24, 0.3), (0.0, 0.05)]
)
def test_what_came_is_kept_within_a_second(write_takes: float, ends_every: float | None) -> None:
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        behind = runner.run(_behind(write_takes=write_takes, ends_every=ends_every))
    assert behind <= BEHIND_MOST
