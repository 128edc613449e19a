"""One exchange while it runs: what has been read and not yet kept, and when things happened."""

import asyncio
import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from conversations.continuing import begun_in
from conversations.models import Exchange
from conversations.services import Ending, OpenedExchange, Progress, ResponseHead
from upstream.client import UpstreamResponse
from upstream.wire.errors import UpstreamError, UpstreamFailed
from upstream.wire.events import TextAdded, ToolCallAdded, Update
from upstream.wire.reader import ResponseReader

logger = logging.getLogger(__name__)

State = Exchange.State
TIMING = ("dns", "connect", "tls", "request_sent", "first_byte")
"""Marks that the upstream client knows, in ms since the request began; ours are queued (ms waited before that),
first_token, first_<part>, last_token, ended, added_mean and added_longest (ms from a read to its frame)."""


class LiveExchange:
    """One exchange while it runs. Times are ms since its turn came; what it waited before is the mark "queued"."""

    def __init__(self, opened: OpenedExchange, *, person: object) -> None:
        self.opened = opened
        self.person = person
        self.reader: ResponseReader | None = None
        self.reading: asyncio.Task[None] | None = None
        self.fault: UpstreamError | None = None
        self.cancelled_as: Exchange.State | None = None
        self.marks: dict[str, float] = {}
        self._began = time.perf_counter()
        self._added_ms = self._added_longest = 0.0
        self._reads = 0
        self._sequence = 0
        self._pieces: list[tuple[bytes, float]] = []
        self._head: ResponseHead | None = None
        self._begun = ""

    def now(self) -> float:
        """Return the ms since the exchange began."""
        return (time.perf_counter() - self._began) * 1000

    def turn_begin(self) -> None:
        """Start the clock: the exchange waits for nobody any more."""
        waited = self.now()
        if waited >= 1:
            self.marks["queued"] = waited
        self._began = time.perf_counter()

    @property
    def done(self) -> bool:
        """Whether the response said that it is complete, as [DONE] does."""
        return self.reader is not None and self.reader.done

    def cancel(self, state: Exchange.State) -> None:
        """Stop reading; the exchange ends as `state`. Nothing happens once all has been read."""
        if self.cancelled_as is None and self.reading is not None and not self.reading.done():
            self.cancelled_as = state
            self.reading.cancel()

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
        self.reader = ResponseReader(
            status=response.status,
            content_type=response.header("content-type"),
            secrets=secrets,
            headers=response.headers,
        )

    def read(self, data: bytes) -> list[Update]:
        """Take in one read; return what it added. Raises StreamTooLong."""
        if self.reader is None:
            raise RuntimeError("a read before the response began")
        at = self.now()
        try:
            updates = self.reader.feed(data)
        finally:
            self._keep(self.reader.take_raw(), at)
        self._mark(updates, at)
        return updates

    def read_done(self, at: float) -> None:
        """Count the time from a read to its frame as our own added delay."""
        added = self.now() - at
        self._added_ms += added
        self._added_longest = max(self._added_longest, added)
        self._reads += 1

    def close(self) -> tuple[Ending, list[Update]]:
        """Flush what the reader held; return how the exchange ended and what the page has not seen yet."""
        self.marks["ended"] = at = self.now()
        response: Mapping[str, Any] = {"choices": []}
        updates: list[Update] = []
        error = self.fault
        if self.reader is not None:
            try:
                outcome = self.reader.close(self.fault)
            except Exception:
                logger.exception("The answer of exchange %s could not be closed", self.opened.id)
                error = defect()
            else:
                response, updates, error = outcome.response, outcome.updates, outcome.error
                self._begun = begun_in(self.opened.request.body) if self.reader.plain else ""
                updates = list(_goes_on(updates, self._begun))
                self._keep(outcome.raw, at)
                self._mark(updates, at)
        if self._reads:
            self.marks["added_mean"] = self._added_ms / self._reads
            self.marks["added_longest"] = self._added_longest
        return self._ending(response, error), updates

    def _ending(self, response: Mapping[str, Any], error: UpstreamError | None) -> Ending:
        if self.cancelled_as is not None:
            error = None
        return Ending(
            exchange_id=self.opened.id,
            state=self.cancelled_as or (State.COMPLETED if error is None else State.FAILED),
            response=response,
            error=None if error is None else self._masked(error),
            timing={name: round(ms, 3) for name, ms in self.marks.items()},
            begun=self._begun,
        )

    def _masked(self, error: UpstreamError) -> Mapping[str, object]:
        """Return an error as it is kept: every text in it masked, because upstream may have echoed the key."""
        secrets = self.opened.secrets
        return {
            name: secrets.text(value) if isinstance(value, str) else value
            for name, value in error.to_json().items()
        }

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

    def progress_take(self) -> Progress:
        """Return what came since the last call and forget it."""
        progress = Progress(self.opened.id, self._sequence, tuple(self._pieces), self._head)
        self._sequence += 1
        self._pieces, self._head = [], None
        return progress

    def gone(self) -> None:
        """Stop: somebody else has ended or deleted the exchange."""
        self.cancel(State.INTERRUPTED)


def _goes_on(updates: Iterable[Update], begun: str) -> Iterator[Update]:
    """Yield what a plain response adds, without the message that it goes on from where it repeats that."""
    seen: set[int] = set()
    for update in updates:
        if isinstance(update, TextAdded) and update.part == "content" and update.choice not in seen:
            seen.add(update.choice)
            update = replace(update, text=update.text.removeprefix(begun))  # noqa: PLW2901 - the same update, shorter
        yield update


def defect() -> UpstreamFailed:
    """Return the error of an exchange that met a defect of ours; the log has the cause."""
    return UpstreamFailed("The playground could not read this answer.", advice="Try again.")


def ending_plain(ending: Ending) -> Ending:
    """Return a failed ending with the texts of a response that could not be kept as it was."""
    choices = [
        {
            "index": choice.get("index"),
            "message": {name: _text(choice, name) for name in ("content", "refusal")},
        }
        for choice in ending.response.get("choices") or []
    ]
    error = UpstreamFailed("The playground could not keep this answer as it came.", advice="Try again.")
    return Ending(ending.exchange_id, State.FAILED, {"choices": choices}, error.to_json(), ending.timing)


def _text(choice: Mapping[str, Any], name: str) -> str | None:
    text = (choice.get("message") or {}).get(name)
    return text if isinstance(text, str) else None
