"""Where each event of a kept stream begins, when it came and what it added: made once, continued while the stream grows.

A page of events then costs what the page holds, however long the stream is. The bytes themselves stay in the database.
"""

import bisect
import threading
from array import array
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from conversations.selectors import TraceRow, trace_rows
from playground import timing_charts
from upstream.wire.events import RawEvent
from upstream.wire.sse import events_of, is_stream

KEPT_EVENTS: Final = 400_000
"""Events of all indexes that a process remembers; about 150 bytes each."""

TEXT_KINDS: Final = frozenset({"content", "reasoning", "tool_calls"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One event. `start` and `end` are offsets into the raw response; times are ms since the exchange began."""

    number: int
    start: int
    end: int
    at_ms: float
    gap_ms: float
    kind: str
    text: str
    stall: bool = False

    @property
    def size(self) -> int:
        """The bytes of the event, its blank line included."""
        return self.end - self.start


@dataclass(slots=True)
class EventIndex:
    """The events of one response as far as it is kept. Numbers count from 1."""

    ends: "array[int]" = field(default_factory=lambda: array("q"))
    times: "array[float]" = field(default_factory=lambda: array("d"))
    kinds: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    rows: list[tuple[int, int]] = field(default_factory=list)
    """Each stretch of the trace as (where it ends, its sequence number)."""
    typical_ms: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)
    _rest: bytes = b""
    _rest_at: int = 0
    _stream: bool | None = None
    _reads: "array[int]" = field(default_factory=lambda: array("q"))
    _read_times: "array[float]" = field(default_factory=lambda: array("d"))

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def size(self) -> int:
        """Bytes of the response."""
        return self.rows[-1][0] if self.rows else 0

    @property
    def weight(self) -> int:
        """What it costs to remember, in events."""
        return len(self) + len(self._rest) // 150

    def extend(self, rows: Iterable[TraceRow]) -> None:
        """Take in further stretches. The last event is read again: what comes may belong to it."""
        added: list[bytes] = []
        for row in rows:
            added.append(row.raw)
            at = self.size
            for length, ms in row.pieces:
                at += length
                self._reads.append(at)
                self._read_times.append(ms)
            self.rows.append((self.size + len(row.raw), row.sequence))
        if not any(added):
            return
        raw = b"".join([self._rest, *added])
        if self._stream is None:
            self._stream = is_stream(raw)
        offset = self._rest_at
        while self.ends and self.ends[-1] > offset:
            for column in (self.ends, self.times, self.kinds, self.texts):
                column.pop()
        last = 0
        for event in events_of(raw, stream=self._stream or None):
            self._add(event, offset)
            last = event.start
        # Only a stream can go on behind an event that is whole; anything else is understood from its beginning.
        self._rest, self._rest_at = (raw[last:], offset + last) if self._stream else (raw, offset)
        gaps = sorted(self.gap_ms(number) for number in range(2, len(self) + 1))
        self.typical_ms = gaps[len(gaps) // 2] if gaps else 0.0

    def _add(self, event: RawEvent, offset: int) -> None:
        end = offset + event.end
        read = min(bisect.bisect_left(self._reads, end), len(self._reads) - 1)
        self.ends.append(end)
        self.times.append(self._read_times[read])
        self.kinds.append(event.kind)
        self.texts.append(event.text)

    def gap_ms(self, number: int) -> float:
        """Return how long after the one before an event came; for the first one, after the beginning."""
        return self.times[number - 1] - (self.times[number - 2] if number > 1 else 0.0)

    def is_stall(self, number: int) -> bool:
        """Whether the gap before an event is worth a mark; the wait for the first one is no gap."""
        return number > 1 and timing_charts.is_stall(self.gap_ms(number), typical=self.typical_ms)

    def stalls(self) -> list[int]:
        """Return the numbers of the events that came after a stall."""
        return [number for number in range(2, len(self) + 1) if self.is_stall(number)]

    def entry(self, number: int) -> Entry:
        """Return one event."""
        at = number - 1
        return Entry(
            number=number,
            start=self.ends[at - 1] if at else 0,
            end=self.ends[at],
            at_ms=self.times[at],
            gap_ms=self.gap_ms(number),
            kind=self.kinds[at],
            text=self.texts[at],
            stall=self.is_stall(number),
        )

    def counts(self) -> tuple[tuple[str, int], ...]:
        """Return each kind of event that occurs, with its count, the most frequent first."""
        return tuple(Counter(self.kinds).most_common())

    def numbers(self, *, kind: str = "", text: str = "") -> range | list[int]:
        """Return the numbers of the events of a kind whose added text contains `text`, whatever its case."""
        if not kind and not text:
            return range(1, len(self) + 1)
        wanted = text.casefold()
        return [
            number
            for number, (its, added) in enumerate(zip(self.kinds, self.texts, strict=True), start=1)
            if kind in ("", its) and (not wanted or wanted in added.casefold())
        ]

    def spans(self, kind: str) -> tuple[float, float] | None:
        """Return when the first and the last event of a kind came, None where there is none."""
        times = [at for at, its in zip(self.times, self.kinds, strict=True) if its == kind]
        return (times[0], times[-1]) if times else None

    def text_times(self) -> list[float]:
        """Return when each event came that added text."""
        return [at for at, kind in zip(self.times, self.kinds, strict=True) if kind in TEXT_KINDS]


def raw_of(exchange_id: UUID, index: EventIndex, start: int, end: int) -> bytes:
    """Return a stretch of a raw response; only the rows of the trace that hold it are read."""
    first = bisect.bisect_right(index.rows, start, key=lambda row: row[0])
    last = bisect.bisect_left(index.rows, end, key=lambda row: row[0])
    if start >= end or first >= len(index.rows):
        return b""
    before = index.rows[first - 1] if first else (0, -1)
    until = index.rows[min(last, len(index.rows) - 1)][1]
    raw = b"".join(row.raw for row in trace_rows(exchange_id=exchange_id, after=before[1], until=until))
    return raw[start - before[0] : end - before[0]]


class EventIndexes:
    """The indexes that this process remembers, those used last."""

    def __init__(
        self, *, rows: Callable[..., Iterator[TraceRow]] = trace_rows, kept: int = KEPT_EVENTS
    ) -> None:
        self._rows = rows
        self._kept = kept
        self._indexes: OrderedDict[UUID, EventIndex] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, exchange_id: UUID) -> EventIndex:
        """Return an exchange's index, brought up to date."""
        with self._lock:
            index = self._indexes.setdefault(exchange_id, EventIndex())
            self._indexes.move_to_end(exchange_id)
        with index.lock:
            after = index.rows[-1][1] if index.rows else -1
            index.extend(self._rows(exchange_id=exchange_id, after=after))
        with self._lock:
            while len(self._indexes) > 1 and sum(each.weight for each in self._indexes.values()) > self._kept:
                self._indexes.popitem(last=False)
        return index


_indexes: Final = EventIndexes()


def event_index(exchange_id: UUID) -> EventIndex:
    """Return the events of an exchange. Ask for those of an exchange only once its reader may see it."""
    return _indexes.of(exchange_id)
