"""Runs in the test's own process: the real client, journal, recorder and database, without a server around them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from channels.db import database_sync_to_async
from django.db import connections

from conversations.models import Exchange, Message
from conversations.services import Ending, OpenedExchange, Progress, Written, recordings_write
from playground.database_threads import DatabaseThreads
from playground.journal import MemoryJournal
from playground.recorder import Recorder
from playground.run_queue import RunQueue, Seat
from playground.runs import OpenStream, Runs
from tests.desk import Desk
from upstream.address_guard import AddressGuard
from upstream.client import Timeouts, UpstreamClient, UpstreamResponse
from upstream.wire.errors import UpstreamError
from upstream.wire.request import PreparedRequest

T = TypeVar("T")
PATIENCE = 20.0


class Ledger:
    """The database's write function, which can be made to fail: `faults` are raised by the next writes, in order."""

    def __init__(self) -> None:
        self.threads = DatabaseThreads(1, "recorder")
        self.faults: list[Exception] = []
        self.refuse: Callable[[Sequence[Progress], Sequence[Ending]], Exception | None] = lambda *_: None
        self.calls = 0

    async def __call__(self, *, progress: Sequence[Progress], endings: Sequence[Ending]) -> Written:
        return await self.threads.run(self._write, progress, endings)

    async def close(self) -> None:
        await self.threads.run(connections.close_all)
        self.threads.close()

    def _write(self, progress: Sequence[Progress], endings: Sequence[Ending]) -> Written:
        self.calls += 1
        if self.faults:
            raise self.faults.pop(0)
        if (refusal := self.refuse(progress, endings)) is not None:
            raise refusal
        return recordings_write(progress=progress, endings=endings)


@dataclass
class Stage:
    """Everything a run needs, and eyes on what comes of it."""

    runs: Runs
    journal: MemoryJournal
    recorder: Recorder
    ledger: Ledger
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self, desk: Desk, text: str = "Hello", **parameters: str) -> OpenedExchange:
        sent: dict[str, Any] = {"stream": "true", **parameters}
        opened = await database_sync_to_async(lambda: desk.open(text, **sent))()
        return opened.exchanges[0]

    async def start(self, desk: Desk, text: str = "Hello", **options: Any) -> UUID:
        """Commit a run and send it; return its exchange."""
        opened = await self.open(desk, text, **options.pop("parameters", {}))
        self.send(opened, **options)
        return opened.id

    def send(
        self, *opened: OpenedExchange, timeouts: Timeouts | None = None, seat: Seat | None = None
    ) -> None:
        self.runs.start(opened, timeouts=timeouts or Timeouts(), seat=seat or Seat("alice", "fake"))

    def updates(self, exchange: UUID) -> list[list[Any]]:
        """Everything a follower from frame 0 has been given by now."""
        frames = self.journal.frames(exchange)
        assert frames is not None
        found: list[list[Any]] = json.loads(f"[{','.join(frames.bodies)}]")
        return found

    def text(self, exchange: UUID) -> str:
        return "".join(update[2] for update in self.updates(exchange) if update[0] == "c")

    async def until(self, exchange: UUID, condition: Callable[[], Any]) -> None:
        """Wait, from frame to frame of an exchange, until the condition holds."""
        follower = await self.journal.follow(exchange, after=0, wake=self.changed.set)
        assert follower is not None
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self.changed.clear()
                await self.changed.wait()
        follower.close()

    async def end(self, exchange: UUID) -> dict[str, Any]:
        """Wait for an exchange's last update; return what it tells."""
        await self.until(exchange, lambda: self.updates(exchange)[-1][0] == "end")
        updates = self.updates(exchange)
        assert [update[0] for update in updates].count("end") == 1
        last: dict[str, Any] = updates[-1][1]
        return last


@asynccontextmanager
async def stage_set(
    *allowed: str,
    queue: RunQueue | None = None,
    wrap: Callable[[OpenStream], OpenStream] = lambda open_stream: open_stream,
) -> AsyncIterator[Stage]:
    """Set everything up; `allowed` are the addresses that may be called although private."""
    client, ledger, journal = UpstreamClient(guard=AddressGuard(allowed)), Ledger(), MemoryJournal()
    recorder = Recorder(write=ledger)
    runs = Runs(
        open_stream=wrap(client.stream), journal=journal, recorder=recorder, queue=queue or RunQueue()
    )
    try:
        yield Stage(runs, journal, recorder, ledger)
    finally:
        await runs.drain(grace=0)
        await client.aclose()
        await journal.close()
        await ledger.close()


def failing_first(*errors: UpstreamError) -> Callable[[OpenStream], OpenStream]:
    """Return a wrapper whose first streams fail with these errors, in order, before anything is sent upstream."""
    left = list(errors)

    def wrap(open_stream: OpenStream) -> OpenStream:
        def opener(
            request: PreparedRequest, timeouts: Timeouts
        ) -> AbstractAsyncContextManager[UpstreamResponse]:
            if left:
                raise left.pop(0)
            return open_stream(request, timeouts)

        return opener

    return wrap


def broken_after(reads: int, error: Exception) -> Callable[[OpenStream], OpenStream]:
    """Return a wrapper whose streams raise `error`, a defect of ours, after so many reads."""

    def wrap(open_stream: OpenStream) -> OpenStream:
        @asynccontextmanager
        async def opened(request: PreparedRequest, timeouts: Timeouts) -> AsyncIterator[UpstreamResponse]:
            async with open_stream(request, timeouts) as response:
                yield Broken(response)  # type: ignore[misc]  # it has all that a run uses

        def opener(
            request: PreparedRequest, timeouts: Timeouts
        ) -> AbstractAsyncContextManager[UpstreamResponse]:
            return opened(request, timeouts)

        return opener

    class Broken:
        def __init__(self, response: UpstreamResponse) -> None:
            self._response = response

        def __getattr__(self, name: str) -> Any:
            return getattr(self._response, name)

        async def chunks(self) -> AsyncIterator[bytes]:
            left = reads
            async for data in self._response.chunks():
                if left == 0:
                    raise error
                left -= 1
                yield data

    return wrap


@dataclass(frozen=True)
class KeptExchange:
    """What the database holds of an exchange."""

    row: Exchange
    texts: tuple[str, ...]


@database_sync_to_async
def kept(exchange: UUID) -> KeptExchange:
    row = Exchange.objects.get(pk=exchange)
    answers = Message.objects.filter(exchange=exchange).order_by("choice")
    return KeptExchange(row, tuple(answer.text for answer in answers))
