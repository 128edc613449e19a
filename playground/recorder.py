"""Keeps what live exchanges receive: a transaction every 0.75 s for the whole process, and at once when one ends.

Endings and checkpoints go through one writer, so that a hundred runs that end together share a few transactions instead of
queueing for as many connections. While the database is away nothing is dropped: what could not be written is written first
when it is back.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

from django.db import InterfaceError, OperationalError

from conversations.services import Ending, Progress, Written

logger = logging.getLogger(__name__)

PERIOD: Final = 0.75
"""Seconds between checkpoints. With the time that one takes, a killed process loses less than a second."""
GATHER: Final = 0.1
"""Least seconds from one write to the next: of runs that end in quick succession, each need not be a transaction."""
BACK_OFF: Final = (0.1, 0.3, 1.0, 3.0)
"""Seconds to wait after a write that failed because the database was away; the last value repeats."""
LIMIT_EXCEEDED: Final = "54"
"""PostgreSQL's class of errors for data past one of its limits: operational by name, but no retry would help."""


class NotKept(Exception):
    """The database refused an ending, and not because it was away."""


class Source(Protocol):
    """A live exchange, as the recorder sees it."""

    def progress_take(self) -> Progress:
        """Return what came since the last call and forget it."""

    def gone(self) -> None:
        """Hear that somebody else has ended or deleted the exchange: nothing is kept of it any more."""


class Write(Protocol):
    """`conversations.services.recordings_write`, in a thread."""

    async def __call__(self, *, progress: Sequence[Progress], endings: Sequence[Ending]) -> Written: ...


@dataclass(slots=True)
class _Batch:
    """What waits to be written."""

    progress: list[Progress] = field(default_factory=list)
    endings: list[tuple[Ending, asyncio.Future[Written | None]]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.progress or self.endings)

    def apart(self) -> list["_Batch"]:
        """Return each item alone, in an order in which every ending comes after its own pieces."""
        return [_Batch(progress=[item]) for item in self.progress] + [
            _Batch(endings=[item]) for item in self.endings
        ]


class Recorder:
    """The one writer of a process."""

    def __init__(self, *, write: Write) -> None:
        self._write = write
        self._sources: dict[UUID, Source] = {}
        self._due = _Batch()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def attach(self, exchange_id: UUID, source: Source) -> None:
        """Keep what `source` receives from now on."""
        self._sources[exchange_id] = source
        self._work()

    async def end(self, ending: Ending) -> Written | None:
        """Return once an exchange's last pieces and its ending are in the database, with the write that took them.

        None where somebody else's ending is there instead. Raises NotKept; then another ending may be tried.
        """
        source = self._sources.pop(ending.exchange_id, None)
        if source is not None:
            self._due.progress.append(source.progress_take())
        written: asyncio.Future[Written | None] = asyncio.get_running_loop().create_future()
        self._due.endings.append((ending, written))
        self._wake.set()
        self._work()
        return await written

    def _work(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="recorder")

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        checkpoint, took = loop.time() + PERIOD, 0.0
        while self._sources or self._due:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(checkpoint):
                    await self._wake.wait()
            begun = loop.time()
            # Woken by an ending shortly before the checkpoint: that would be late behind another write. Not woken: it is
            # time, though the loop's clock may be a hair behind.
            if not self._wake.is_set() or begun + took + GATHER >= checkpoint:
                checkpoint = begun + PERIOD
                self._due.progress += [source.progress_take() for source in self._sources.values()]
            self._wake.clear()
            batch, self._due = self._due, _Batch()
            await self._flush(batch)
            took = loop.time() - begun
            await asyncio.sleep(GATHER)

    async def _flush(self, batch: _Batch) -> None:
        """Write a batch at once; if anything in it is refused, item by item, so that one cannot take others with it."""
        try:
            await self._put(batch)
        except Exception:
            logger.exception("A checkpoint was refused; it is written item by item")
            for item in batch.apart():
                await self._flush_one(item)

    async def _flush_one(self, item: _Batch) -> None:
        try:
            await self._put(item)
        except Exception as error:
            named = [progress.exchange_id for progress in item.progress]
            named += [ending.exchange_id for ending, _ in item.endings]
            logger.exception("The database refused what came for exchange %s", named[0])
            for _, written in item.endings:
                if not written.done():
                    written.set_exception(NotKept(str(error)))

    async def _put(self, batch: _Batch) -> None:
        """Write until the database takes it or refuses it; while it is away, wait."""
        failures = 0
        while True:
            try:
                written = await self._write(
                    progress=batch.progress, endings=[ending for ending, _ in batch.endings]
                )
            except (OperationalError, InterfaceError) as error:
                if not _is_away(error):
                    raise
                logger.warning(
                    "The database is away, %d runs wait for their end: %s", len(batch.endings), error
                )
                await asyncio.sleep(BACK_OFF[min(failures, len(BACK_OFF) - 1)])
                failures += 1
            else:
                self._settle(batch, written)
                return

    def _settle(self, batch: _Batch, written: Written) -> None:
        for ending, future in batch.endings:
            if not future.done():
                future.set_result(written if ending.exchange_id in written.ended else None)
        for exchange_id in written.gone:
            if source := self._sources.get(exchange_id):
                source.gone()


def _is_away(error: Exception) -> bool:
    """Tell a database that is gone, full or locked from one that will never take this."""
    state = getattr(error.__cause__, "sqlstate", None)
    return not (isinstance(state, str) and state.startswith(LIMIT_EXCEEDED))
