"""What one server process holds: the upstream client, the journal, the recorder and the runs.

Made at first use on the event loop that serves requests, so the ASGI application works under any server.
"""

import asyncio
import contextvars
import datetime
import logging
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar
from uuid import UUID, uuid4

from channels.db import DatabaseSyncToAsync
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from conversations import selectors, services
from playground import frames
from playground.journal import Journal, MemoryJournal
from playground.recorder import Recorder
from playground.runs import Runs
from team.selectors import allowed_hosts
from upstream.address_guard import AddressGuard
from upstream.client import UpstreamClient

logger = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

SILENT_AFTER = 10.0
"""Seconds without a beat after which a process counts as gone; it beats every second."""
LOOK_EVERY = 5.0
"""Seconds between looks for exchanges whose process is gone."""


class Runtime:
    """The parts of one process, wired together."""

    def __init__(self) -> None:
        self.process = f"{socket.gethostname()}/{os.getpid()}/{uuid4().hex[:8]}"[:60]
        self.client = UpstreamClient(guard=AddressGuard(allowed_hosts))
        self.journal = journal_make()
        # The writer has a thread of its own, so that a crowd of new runs cannot hold up what the running ones received.
        self._writing = ThreadPoolExecutor(1, "recorder")
        self._database = ThreadPoolExecutor(2, "runs")
        recorder = Recorder(write=services.recordings_write, executor=self._writing)
        self.runs = Runs(open_stream=self.client.stream, journal=self.journal, recorder=recorder)
        self._watch: asyncio.Task[None] | None = None
        self._silent: dict[UUID, datetime.datetime] = {}

    async def in_database(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a database function in this process's bounded pool of threads, whatever request is being served."""
        call = DatabaseSyncToAsync(function, thread_sensitive=False, executor=self._database)
        return await call(*args, **kwargs)

    async def start_up(self) -> None:
        """End what a dead process left behind, then keep looking for more."""
        if not settings.REDIS_URL:
            # Without Redis there is one process: whatever is live belongs to one that is gone.
            await self._orphans_end(timezone.now(), twice=False)
        self._watch = asyncio.create_task(self._orphans_watch(), context=contextvars.Context())

    async def _orphans_watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                silent_since = timezone.now() - datetime.timedelta(seconds=SILENT_AFTER)
                await self._orphans_end(silent_since, twice=True)
            except DatabaseError as error:
                self._silent.clear()
                logger.warning("Could not look for interrupted runs: %s", error)

    async def _orphans_end(self, silent_since: datetime.datetime, *, twice: bool) -> None:
        """Recover silent exchanges; with `twice` only those that were silent at the last look, too.

        The second look keeps a run alive whose process could not beat because the database itself was away.
        """
        found = await self.in_database(selectors.orphans, silent_since=silent_since)
        before, self._silent = self._silent, {exchange.pk: exchange.beat for exchange in found}
        for exchange in found:
            if self.runs.is_live(exchange.pk) or (twice and before.get(exchange.pk) != exchange.beat):
                continue
            if await self.in_database(services.exchange_recover, exchange=exchange):
                await self.journal.end_orphan(exchange.pk, frames.interrupted_encode())
                logger.info("Exchange %s was interrupted; its text so far is kept", exchange.pk)

    async def close(self) -> None:
        """Let go of everything; the runs are over (`Runs.drain`)."""
        if self._watch is not None:
            self._watch.cancel()
        await self.client.aclose()
        await self.journal.close()
        self._writing.shutdown(wait=False)
        self._database.shutdown(wait=False)


def journal_make() -> Journal:
    """Return the journal for this installation: of one process, or of several through Redis."""
    if not settings.REDIS_URL:
        return MemoryJournal()
    # Imported when asked for: the Redis client is a tenth of the server's start.
    from redis.asyncio import Redis

    from playground.journal.redis import RedisJournal

    return RedisJournal(Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5, socket_timeout=10))


_current: Runtime | None = None


def runtime() -> Runtime:
    """Return this process's runtime; the first call, on the event loop, makes it."""
    global _current  # noqa: PLW0603 - one per process by design
    if _current is None:
        _current = Runtime()
    return _current
