"""What one server process holds: the upstream client, the journal, the recorder and the runs.

Made at first use on the event loop that serves requests, so the ASGI application works under any server.
"""

import asyncio
import contextvars
import datetime
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from conversations import selectors, services
from conversations.models import Exchange
from conversations.services import Ending, Progress, Written
from playground.database_threads import DatabaseThreads
from playground.journal import Journal, MemoryJournal
from playground.nudges import Nudge, Nudges
from playground.process_name import is_dead, name_make
from playground.recorder import Recorder
from playground.run_queue import RunQueue
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
        self.process = name_make()
        self.client = UpstreamClient(guard=AddressGuard(allowed_hosts))
        self.nudges = Nudges()
        self.journal = self._shared() if settings.REDIS_URL else MemoryJournal()
        # The writer has a thread of its own, so that a crowd of new runs cannot hold up what the running ones received.
        self._writing = DatabaseThreads(1, "recorder")
        self._database = DatabaseThreads(2, "runs")
        self.runs = Runs(
            open_stream=self.client.stream,
            journal=self.journal,
            recorder=Recorder(write=self._record),
            queue=RunQueue(per_person=settings.RUNS_PER_PERSON, per_provider=settings.RUNS_PER_PROVIDER),
        )
        self._watch: asyncio.Task[None] | None = None
        self._unbreakable: set[asyncio.Task[Any]] = set()
        self._silent: dict[UUID, datetime.datetime] = {}

    def _shared(self) -> Journal:
        """Join the other processes through Redis."""
        # Its client takes a quarter of a second to load: only where it is used.
        from redis.asyncio import Redis

        from playground.journal.redis import RedisJournal
        from playground.nudges_redis import RedisNudges

        def client() -> Redis:
            made: Redis = Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5, socket_timeout=10)
            return made

        self.nudges.carrier = RedisNudges(client(), self.nudges)
        return RedisJournal(client())

    async def in_database(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a database function in this process's bounded pool of threads, whatever request is being served."""
        return await self._database.run(function, *args, **kwargs)

    async def _record(self, *, progress: Sequence[Progress], endings: Sequence[Ending]) -> Written:
        return await self._writing.run(services.recordings_write, progress=progress, endings=endings)

    async def unbroken(self, work: Coroutine[Any, Any, R]) -> R:
        """Await work that goes on to its end when the waiting request is gone; nothing of the request is in its context."""
        return await asyncio.shield(self.begin(work))

    def begin(self, work: Coroutine[Any, Any, R]) -> asyncio.Task[R]:
        """Do work that nobody has to wait for, in a context of its own."""
        task = asyncio.create_task(work, context=contextvars.Context())
        self._unbreakable.add(task)
        task.add_done_callback(self._unbreakable.discard)
        return task

    async def start_up(self) -> None:
        """End what dead processes left behind, then keep looking for more."""
        for exchange in await self.in_database(selectors.exchanges_live):
            # Without Redis there is one process: whatever is live belongs to one that is gone.
            if not settings.REDIS_URL or is_dead(exchange.process, own=self.process):
                await self._orphan_end(exchange)
        self._watch = asyncio.create_task(self._look_around(), context=contextvars.Context())

    async def _look_around(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self._orphans_end()
                await self._readers_release()
            except DatabaseError as error:
                self._silent.clear()
                logger.warning("Could not look for interrupted runs: %s", error)
            except Exception:
                logger.exception("Looking for interrupted runs went wrong")

    async def _orphans_end(self) -> None:
        """End the exchanges of processes that are dead, or that have been silent at two looks.

        The second look keeps a run alive whose process could not beat because the database itself was away.
        """
        silent_since = timezone.now() - datetime.timedelta(seconds=SILENT_AFTER)
        before, self._silent = self._silent, {}
        for exchange in await self.in_database(selectors.exchanges_live, but_of=self.process):
            if is_dead(exchange.process, own=self.process):
                await self._orphan_end(exchange)
            elif exchange.beat < silent_since:
                self._silent[exchange.pk] = exchange.beat
                if before.get(exchange.pk) == exchange.beat:
                    await self._orphan_end(exchange)

    async def _orphan_end(self, exchange: Exchange) -> None:
        if await self.in_database(services.exchange_recover, exchange=exchange):
            await self.journal.end_orphan(exchange.pk)
            logger.warning("Exchange %s was interrupted; its text so far is kept", exchange.pk)

    async def _readers_release(self) -> None:
        """Send readers to the database where another process's frames stopped coming.

        Either it has ended and its end was lost, or Redis is away: then the kept text grows once a second.
        """
        silent = self.journal.silent()
        if not silent:
            return
        states = await self.in_database(selectors.exchanges_state, ids=silent)
        ended = {pk for pk in silent if states.get(pk) not in Exchange.LIVE}
        self.journal.abandon(ended if self.journal.is_reachable else silent)

    async def drain(self, *, grace: float) -> None:
        """Finish what requests have begun, let runs go on for `grace` seconds, keep the rest as interrupted."""
        if self._unbreakable:
            await asyncio.wait(self._unbreakable, timeout=grace)
        await self.runs.drain(grace=grace)

    async def close(self) -> None:
        """Let go of everything; the runs are over (`drain`)."""
        if self._watch is not None:
            self._watch.cancel()
        await self.client.aclose()
        await self.nudges.close()
        await self.journal.close()
        self._writing.close()
        self._database.close()


_current: Runtime | None = None


def runtime() -> Runtime:
    """Return this process's runtime; the first call, on the event loop, makes it."""
    global _current  # noqa: PLW0603 - one per process by design
    if _current is None:
        _current = Runtime()
    return _current


def nudge_send(person: object, nudge: Nudge) -> None:
    """Nudge a person's pages from any thread of a server process, or from a management command."""
    if _current is not None and _current.nudges.is_served:
        _current.nudges.send(person, nudge)
    elif settings.REDIS_URL:
        from playground.nudges_redis import nudge_publish

        nudge_publish(settings.REDIS_URL, person, nudge)
