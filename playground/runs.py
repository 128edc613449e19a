"""One run, from the committed exchange to its single ending.

A run is a task that no request and no socket owns. Only Stop, or the end of the server, cancels it. It reads the upstream,
gives each read to the journal as one frame and to the recorder as one piece, and ends exactly once: completed, stopped,
failed or interrupted, always with the text so far.
"""

import asyncio
import contextvars
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, cast
from uuid import UUID

from conversations.costing import Cost
from conversations.services import Ending, OpenedExchange
from playground import frames
from playground.afterwards import afterwards
from playground.journal import Journal
from playground.live_exchange import LiveExchange, State, defect, ending_plain
from playground.pace import Pace
from playground.recorder import NotKept, Recorder
from playground.run_queue import RunQueue, Seat
from playground.stats import cost_json, stats_of_response
from upstream.client import Timeouts, UpstreamResponse
from upstream.wire.errors import ConnectFailed, ConnectionCut, NameNotResolved, UpstreamError
from upstream.wire.request import PreparedRequest

logger = logging.getLogger(__name__)

OpenStream = Callable[[PreparedRequest, Timeouts], AbstractAsyncContextManager[UpstreamResponse]]

LINGER: Final = 1.0
"""Seconds for the connection to end after [DONE], so that it can be used again; some servers never end it."""
TRIED_AGAIN: Final = (ConnectFailed, ConnectionCut, NameNotResolved)
"""What may be gone a moment later. Everything else is what it is, or takes too long to try twice unasked."""
AGAIN_AFTER: Final = 0.3
"""Seconds before the second try."""
KEEP_WITHIN: Final = 10.0
"""Seconds at shutdown for the database to take what is left, should it be away just then."""


class Runs:
    """The runs of this process."""

    def __init__(
        self, *, open_stream: OpenStream, journal: Journal, recorder: Recorder, queue: RunQueue
    ) -> None:
        self._open_stream = open_stream
        self._journal = journal
        self._recorder = recorder
        self._queue = queue
        self._pace = Pace()
        self._live: dict[UUID, LiveExchange] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False

    @property
    def live_count(self) -> int:
        """How many exchanges run or wait here now."""
        return len(self._live)

    def is_run_by(self, exchange_id: UUID, person: object) -> bool:
        """Say whether an exchange runs here now, and was begun by this person."""
        live = self._live.get(exchange_id)
        return live is not None and live.person == person

    def start(
        self,
        opened: Sequence[OpenedExchange],
        *,
        timeouts: Timeouts,
        seat: Seat,
        ended: Callable[[Ending | None], None] = lambda _ending: None,
    ) -> None:
        """Send each committed exchange of a run, in tasks of their own; call `ended` after each one's ending.

        It is given the ending that was kept, None where that is somebody else's.
        """
        for exchange in opened:
            live = LiveExchange(exchange, person=seat.person)
            self._live[exchange.id] = live
            self._journal.begin(exchange.id, stop=_stopper(live))
            self._journal.append(exchange.id, frames.state_encode(State.QUEUED))
            self._recorder.attach(exchange.id, live)
            # Empty contexts: otherwise the run would inherit the request's thread and its database connection.
            live.reading = asyncio.create_task(
                self._read(live, timeouts, seat), context=contextvars.Context()
            )
            task = asyncio.create_task(
                self._run(live, live.reading, ended),
                name=f"run {exchange.id}",
                context=contextvars.Context(),
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            if self._draining:
                live.cancel(State.INTERRUPTED)

    async def drain(self, *, grace: float) -> None:
        """Let running exchanges finish for `grace` seconds; keep the rest, and whatever still comes, as interrupted."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        self._draining = True
        for live in list(self._live.values()):
            live.cancel(State.INTERRUPTED)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=KEEP_WITHIN)
        if self._tasks:
            logger.error(
                "The database did not take the end of %d runs; they are marked later", len(self._tasks)
            )

    async def _run(
        self, live: LiveExchange, reading: asyncio.Task[None], ended: Callable[[Ending | None], None]
    ) -> None:
        kept = None
        try:
            await asyncio.wait({reading})
            kept = await self._end(live)
        except Exception:
            logger.exception("Exchange %s could not be ended", live.opened.id)
        finally:
            self._live.pop(live.opened.id, None)
            ended(kept)

    async def _read(self, live: LiveExchange, timeouts: Timeouts, seat: Seat) -> None:
        def moved(place: int) -> None:
            self._journal.append(live.opened.id, frames.place_encode(place))

        try:
            async with self._queue.turn(seat, moved):
                live.turn_begin()
                await self._stream_or_again(live, timeouts)
        except UpstreamError as error:
            live.fault = error
        except Exception:
            # A defect of ours must not leave a run without an ending; the person sees it as failed, the log has the cause.
            logger.exception("Run %s met an unexpected error", live.opened.id)
            live.fault = defect()

    async def _stream_or_again(self, live: LiveExchange, timeouts: Timeouts) -> None:
        """Stream; try once more where nothing of the request had left. After a byte was sent nothing is repeated."""
        try:
            await self._stream(live, timeouts)
        except TRIED_AGAIN as error:
            if error.sent:
                raise
            await asyncio.sleep(AGAIN_AFTER)
            await self._stream(live, timeouts)

    async def _stream(self, live: LiveExchange, timeouts: Timeouts) -> None:
        exchange_id, journal = live.opened.id, self._journal
        async with self._open_stream(live.opened.request, timeouts) as response:
            live.head_set(response)
            head = frames.head_encode(status=response.status, first_byte_ms=live.marks.get("first_byte"))
            journal.append(exchange_id, f"{frames.state_encode(State.STREAMING)},{head}")
            try:
                async with asyncio.timeout(None) as rest:
                    async for data in response.chunks():
                        at = live.now()
                        body = frames.updates_encode(live.read(data))
                        if body:
                            journal.append(exchange_id, body)
                        live.read_done(at)
                        if live.done:
                            if rest.when() is None:
                                rest.reschedule(asyncio.get_running_loop().time() + LINGER)
                        elif pause := self._pace.pause():
                            await asyncio.sleep(pause)
            except TimeoutError:
                if not live.done:
                    raise

    async def _end(self, live: LiveExchange) -> Ending | None:
        ending, updates = live.close()
        if body := frames.updates_encode(updates):
            self._journal.append(live.opened.id, body)
        ending = await afterwards(ending, live.opened.request.body)
        state, error = State.FAILED, cast("Mapping[str, Any] | None", defect().to_json())
        more, cost = False, None
        try:
            kept, cost = await self._keep(ending)
            # Where it is None somebody else had ended the exchange: this process was taken for dead, or it was deleted.
            state, error = (kept.state, kept.error) if kept else (State.INTERRUPTED, None)
            more = kept is not None and bool(kept.media or kept.findings)
            return kept
        finally:
            usage = ending.response.get("usage")
            stats = stats_of_response(timing=ending.timing, usage=usage)
            shown = {**stats, "cost": cost_json(cost)}
            end = frames.end_encode(state=state, error=error, stats=shown, more=more)
            self._journal.end(live.opened.id, end)

    async def _keep(self, ending: Ending) -> tuple[Ending | None, Cost | None]:
        """Return the ending that is in the database now and what it cost, or None where it is another process's."""
        try:
            written = await self._recorder.end(ending)
        except NotKept:
            ending = ending_plain(ending)
            written = await self._recorder.end(ending)
        return (ending, written.costs.get(ending.exchange_id)) if written else (None, None)


def _stopper(live: LiveExchange) -> Callable[[], None]:
    return lambda: live.cancel(State.STOPPED)
