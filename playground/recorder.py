"""Keeps what live exchanges receive: one transaction a second for the whole process, and at once when one ends.

Endings and checkpoints go through one writer, so that a hundred runs that end together share a few transactions instead of
queueing for as many connections. While the database is away nothing is dropped: what could not be written is written first
when it is back.
"""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Protocol
from uuid import UUID

from channels.db import DatabaseSyncToAsync
from django.db import DatabaseError, InterfaceError, OperationalError

from conversations.services import Ending, Progress

logger = logging.getLogger(__name__)

PERIOD = 1.0
"""Seconds between checkpoints: what a killed process can lose."""
BACK_OFF = (0.1, 0.3, 1.0, 3.0)
"""Seconds to wait after a write that failed because the database was away; the last value repeats."""


class Source(Protocol):
    """A live exchange, as the recorder sees it."""

    def progress_take(self) -> Progress:
        """Return what came since the last call and forget it."""


class Write(Protocol):
    """`conversations.services.recordings_write`."""

    def __call__(self, *, progress: Sequence[Progress], endings: Sequence[Ending]) -> set[UUID]: ...


class Recorder:
    """The one writer of a process."""

    def __init__(self, *, write: Write, executor: ThreadPoolExecutor) -> None:
        self._write = DatabaseSyncToAsync(write, thread_sensitive=False, executor=executor)
        self._sources: dict[UUID, Source] = {}
        self._unwritten: list[Progress] = []
        self._endings: list[tuple[Ending, asyncio.Future[bool]]] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def attach(self, exchange_id: UUID, source: Source) -> None:
        """Keep what `source` receives from now on."""
        self._sources[exchange_id] = source
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="recorder")

    async def end(self, ending: Ending) -> bool:
        """Return once the rest and the ending of an exchange are in the database: True if this was its first ending."""
        source = self._sources.pop(ending.exchange_id)
        self._unwritten.append(source.progress_take())
        written: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._endings.append((ending, written))
        self._wake.set()
        return await written

    async def _run(self) -> None:
        while self._sources or self._endings or self._unwritten:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), PERIOD)
            self._wake.clear()
            self._unwritten += [source.progress_take() for source in self._sources.values()]
            await self._flush()

    async def _flush(self) -> None:
        failures = 0
        while True:
            progress, endings = self._unwritten, self._endings
            self._unwritten, self._endings = [], []
            try:
                first = await self._write(progress=progress, endings=[ending for ending, _ in endings])
            except (OperationalError, InterfaceError) as error:
                self._unwritten, self._endings = progress + self._unwritten, endings + self._endings
                delay = BACK_OFF[min(failures, len(BACK_OFF) - 1)]
                logger.warning("The database is away, %d ended runs wait: %s", len(endings), error)
                failures += 1
                await asyncio.sleep(delay)
                continue
            except DatabaseError:
                logger.exception("A checkpoint was refused; its exchanges are written one by one")
                await self._flush_apart(progress, endings)
                return
            for ending, written in endings:
                if not written.done():
                    written.set_result(ending.exchange_id in first)
            return

    async def _flush_apart(
        self, progress: Sequence[Progress], endings: Sequence[tuple[Ending, asyncio.Future[bool]]]
    ) -> None:
        """Write each item alone, so that one that the database refuses cannot take the others with it."""
        for item in progress:
            try:
                await self._write(progress=[item], endings=[])
            except DatabaseError:
                logger.exception("A piece of exchange %s was refused by the database", item.exchange_id)
        for ending, written in endings:
            try:
                first = await self._write(progress=[], endings=[ending])
            except DatabaseError as error:
                written.set_exception(error)
            else:
                written.set_result(ending.exchange_id in first)
