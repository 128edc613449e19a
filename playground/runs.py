"""One run, from the committed exchange to its single ending.

A run is a task that no request and no socket owns. Only Stop, or the end of the server, cancels it. It reads the upstream,
gives each read to the journal as one frame and to the recorder as one piece, and ends exactly once: completed, stopped,
failed or interrupted, always with the text so far.
"""

import asyncio
import contextvars
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from uuid import UUID

from conversations.models import Exchange
from conversations.services import Ending, OpenedExchange, Progress, ResponseHead
from playground import frames
from playground.journal import Journal
from playground.recorder import Recorder
from playground.stats import stats_of_response
from upstream.client import Timeouts, UpstreamResponse
from upstream.wire.errors import UpstreamError, UpstreamFailed
from upstream.wire.events import TextAdded, ToolCallAdded, Update
from upstream.wire.reader import Outcome, ResponseReader
from upstream.wire.request import PreparedRequest

logger = logging.getLogger(__name__)

OpenStream = Callable[[PreparedRequest, Timeouts], AbstractAsyncContextManager[UpstreamResponse]]
State = Exchange.State
TIMING = ("dns", "connect", "tls", "request_sent", "first_byte")
"""Marks that the upstream client knows; ours are first_token, first_<part>, last_token, ended and added_mean."""


class LiveExchange:
    """One exchange while it runs: what has been read and not yet kept, and when things happened."""

    def __init__(self, opened: OpenedExchange) -> None:
        self.opened = opened
        self.began = time.perf_counter()
        self.reader: ResponseReader | None = None
        self.reading: asyncio.Task[None] | None = None
        self.fault: UpstreamError | None = None
        self.cancelled_as: Exchange.State | None = None
        self.marks: dict[str, float] = {}
        self._added_ms = 0.0
        self._reads = 0
        self._sequence = 0
        self._pieces: list[tuple[bytes, float]] = []
        self._head: ResponseHead | None = None

    def now(self) -> float:
        """Return the ms since the exchange began."""
        return (time.perf_counter() - self.began) * 1000

    def head_set(self, response: UpstreamResponse) -> None:
        """Take note of the beginning of the response; secrets are masked here."""
        secrets = self.opened.secrets
        self.marks |= {name: ms for name in TIMING if (ms := getattr(response.timing, name)) is not None}
        self._head = ResponseHead(
            status=response.status,
            reason=secrets.text(response.reason),
            http_version=response.http_version,
            headers=secrets.headers(response.headers),
            sent_headers=secrets.headers(response.sent_headers),
            timing=dict(self.marks),
        )

    def read(self, data: bytes) -> list[Update]:
        """Take in one read; return what it added."""
        if self.reader is None:
            raise RuntimeError("a read before the response began")
        at = self.now()
        updates = self.reader.feed(data)
        self._keep(self.reader.take_raw(), at)
        self._mark(updates, at)
        return updates

    def read_done(self, at: float) -> None:
        """Count the time from a read to its frame as our own added delay."""
        self._added_ms += self.now() - at
        self._reads += 1

    def close(self) -> Outcome:
        """Flush what the reader held; the outcome is the whole answer."""
        self.marks["ended"] = at = self.now()
        if self.reader is None:
            return Outcome(updates=[], response={"choices": []}, error=self.fault, raw=b"")
        outcome = self.reader.close(self.fault)
        self._keep(outcome.raw, at)
        self._mark(outcome.updates, at)
        if self._reads:
            self.marks["added_mean"] = self._added_ms / self._reads
        return outcome

    def _keep(self, raw: bytes, at: float) -> None:
        if raw:
            self._pieces.append((raw, at))

    def _mark(self, updates: Sequence[Update], at: float) -> None:
        for update in updates:
            if isinstance(update, TextAdded | ToolCallAdded):
                part = update.part if isinstance(update, TextAdded) else "tool_calls"
                self.marks.setdefault("first_token", at)
                self.marks.setdefault(f"first_{part}", at)
                self.marks["last_token"] = at
                return

    def progress_take(self) -> Progress:
        """Return what came since the last call and forget it."""
        progress = Progress(self.opened.id, self._sequence, tuple(self._pieces), self._head)
        self._sequence += 1
        self._pieces, self._head = [], None
        return progress


class Runs:
    """The runs of this process."""

    def __init__(self, *, open_stream: OpenStream, journal: Journal, recorder: Recorder) -> None:
        self._open_stream = open_stream
        self._journal = journal
        self._recorder = recorder
        self._live: dict[UUID, LiveExchange] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def live_count(self) -> int:
        """How many exchanges run here now."""
        return len(self._live)

    def is_live(self, exchange_id: UUID) -> bool:
        """Say whether this process runs an exchange now."""
        return exchange_id in self._live

    def start(self, opened: Sequence[OpenedExchange], timeouts: Timeouts) -> None:
        """Send each committed exchange of a run, in tasks of their own."""
        for exchange in opened:
            live = LiveExchange(exchange)
            self._live[exchange.id] = live
            self._journal.begin(exchange.id, stop=lambda live=live: self._cancel(live, State.STOPPED))  # type: ignore[misc]  # the default binds the loop's value
            self._recorder.attach(exchange.id, live)
            # Empty contexts: otherwise the run would inherit the request's thread and its database connection.
            live.reading = asyncio.create_task(self._read(live, timeouts), context=contextvars.Context())
            task = asyncio.create_task(
                self._run(live, live.reading), name=f"run {exchange.id}", context=contextvars.Context()
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _cancel(self, live: LiveExchange, state: Exchange.State) -> None:
        if live.cancelled_as is None and live.reading is not None:
            live.cancelled_as = state
            live.reading.cancel()

    async def drain(self, *, grace: float) -> None:
        """Let running exchanges finish for `grace` seconds; keep the rest as interrupted."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for live in list(self._live.values()):
            self._cancel(live, State.INTERRUPTED)
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _run(self, live: LiveExchange, reading: asyncio.Task[None]) -> None:
        try:
            await asyncio.wait({reading})
            await self._end(live)
        finally:
            self._live.pop(live.opened.id, None)

    async def _read(self, live: LiveExchange, timeouts: Timeouts) -> None:
        exchange_id = live.opened.id
        try:
            async with self._open_stream(live.opened.request, timeouts) as response:
                live.head_set(response)
                content_type = {name.lower(): value for name, value in response.headers}
                live.reader = ResponseReader(
                    status=response.status,
                    content_type=content_type.get("content-type", ""),
                    secrets=live.opened.secrets,
                )
                head = frames.head_encode(status=response.status, first_byte_ms=live.marks.get("first_byte"))
                self._journal.append(exchange_id, f"{frames.state_encode(State.STREAMING)},{head}")
                async for data in response.chunks():
                    at = live.now()
                    body = frames.updates_encode(live.read(data))
                    if body:
                        self._journal.append(exchange_id, body)
                    live.read_done(at)
        except UpstreamError as error:
            live.fault = error
        except Exception:
            # A defect of ours must not leave a run without an ending; the person sees it as failed, the log has the cause.
            logger.exception("Run %s met an unexpected error", exchange_id)
            live.fault = UpstreamFailed("The playground could not read this answer.", advice="Try again.")

    async def _end(self, live: LiveExchange) -> None:
        outcome = live.close()
        error = outcome.error if live.cancelled_as is None else None
        state = live.cancelled_as or (State.COMPLETED if error is None else State.FAILED)
        ending = Ending(
            exchange_id=live.opened.id,
            state=state,
            response=outcome.response,
            error=None if error is None else error_masked(error, live),
            timing={name: round(ms, 3) for name, ms in live.marks.items()},
        )
        body = frames.updates_encode(outcome.updates)
        if body:
            self._journal.append(live.opened.id, body)
        try:
            await self._recorder.end(ending)
        finally:
            stats = stats_of_response(timing=ending.timing, usage=outcome.response.get("usage"))
            self._journal.end(
                live.opened.id, frames.end_encode(state=state, error=ending.error, stats=dict(stats))
            )


def error_masked(error: UpstreamError, live: LiveExchange) -> Mapping[str, object]:
    """Return an error as it is kept: every text in it masked, because upstream may have echoed the key."""
    secrets = live.opened.secrets
    return {
        name: secrets.text(value) if isinstance(value, str) else value
        for name, value in error.to_json().items()
    }
