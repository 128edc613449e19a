"""What a kept trace tells: its events with their times, and where the time went. Pure functions over kept values."""

import bisect
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from django.utils.translation import gettext as _

from conversations.selectors import KeptTrace
from playground import charts
from playground.view_models import EventRow, Phase, TimingView
from upstream.wire.events import RawEvent
from upstream.wire.sse import events_of

TEXT_KINDS = frozenset({"content", "reasoning", "tool_calls"})


@dataclass(frozen=True, slots=True)
class TimedEvent:
    """One event of the stream, with the time of the read that completed it."""

    number: int
    event: RawEvent
    at_ms: float
    gap_ms: float


def timed_events(trace: KeptTrace) -> list[TimedEvent]:
    """Return the events of a trace in order; times are ms since the exchange began."""
    ends = list(accumulate(length for length, _at in trace.pieces))
    timed: list[TimedEvent] = []
    before = 0.0
    for number, event in enumerate(events_of(trace.raw), start=1):
        piece = bisect.bisect_left(ends, event.end)
        at = trace.pieces[min(piece, len(trace.pieces) - 1)][1]
        timed.append(TimedEvent(number, event, at, at - before))
        before = at
    return timed


def kinds_of(events: Sequence[TimedEvent]) -> tuple[tuple[str, int], ...]:
    """Return each kind of event that occurs, with its count, the most frequent first."""
    return tuple(Counter(timed.event.kind for timed in events).most_common())


def typical_gap(events: Sequence[TimedEvent]) -> float:
    """Return the median gap between events, 0 for fewer than two; the wait for the first one is no gap."""
    gaps = sorted(timed.gap_ms for timed in events[1:])
    return gaps[len(gaps) // 2] if gaps else 0.0


def stall_count(events: Sequence[TimedEvent]) -> int:
    """Return how many gaps are stalls."""
    typical = typical_gap(events)
    return sum(charts.is_stall(timed.gap_ms, typical=typical) for timed in events[1:])


def event_row(timed: TimedEvent, raw: bytes, *, typical: float) -> EventRow:
    """Return an event as the table shows it."""
    data = raw[timed.event.start : timed.event.end]
    return EventRow(
        number=timed.number,
        at_ms=timed.at_ms,
        gap_ms=timed.gap_ms,
        kind=timed.event.kind,
        size=len(data),
        text=timed.event.text,
        data=data.decode("utf-8", "replace"),
        stall=timed.number > 1 and charts.is_stall(timed.gap_ms, typical=typical),
    )


def timing_view(*, state: str, timing: Mapping[str, float], events: Sequence[TimedEvent]) -> TimingView:
    """Return where the time of an exchange went."""
    total = max([timing.get("ended", 0.0), *(timed.at_ms for timed in events[-1:])])
    first_byte = timing.get("first_byte", total)
    texts = [timed.at_ms for timed in events if timed.event.kind in TEXT_KINDS]
    gaps = [later - sooner for sooner, later in pairwise(texts)]
    return TimingView(
        state=state,
        before=_phases_before(timing, first_byte),
        before_ms=first_byte,
        stream=_phases_of_stream(timing, events, total),
        total_ms=total,
        rate=charts.rate_chart([at - first_byte for at in texts], total=total - first_byte),
        gaps=charts.quantiles(gaps),
    )


def _phases_before(timing: Mapping[str, float], first_byte: float) -> tuple[Phase, ...]:
    marks = (
        ("dns", _("Name lookup"), "wait"),
        ("connect", _("Connect"), "wait"),
        ("tls", _("TLS handshake"), "wait"),
        ("request_sent", _("Request sent"), "wait"),
        ("first_byte", _("Waiting for the first byte"), "wait"),
    )
    phases: list[Phase] = []
    start = 0.0
    for name, label, kind in marks:
        end = timing.get(name)
        if end is not None:
            phases.append(charts.phase(label, kind, start=start, end=end, total=first_byte))
            start = end
    return tuple(phases)


def _phases_of_stream(
    timing: Mapping[str, float], events: Sequence[TimedEvent], total: float
) -> tuple[Phase, ...]:
    phases = [
        charts.phase(label, kind, start=span[0], end=span[1], total=total)
        for kind, label in (
            ("reasoning", _("Reasoning")),
            ("content", _("Content")),
            ("tool_calls", _("Tool calls")),
        )
        if (span := _span(events, kind))
    ]
    typical = typical_gap(events)
    stalls = [
        charts.phase(_("Stall"), "stall", start=timed.at_ms - timed.gap_ms, end=timed.at_ms, total=total)
        for timed in events[1:]
        if charts.is_stall(timed.gap_ms, typical=typical)
    ]
    longest = max(stalls, key=lambda stall: stall.ms, default=None)
    if longest:
        phases.append(longest)
    added = timing.get("added_mean")
    if added is not None:
        label = _("Added by the playground, per read")
        phases.append(charts.phase(label, "added", start=0, end=added, total=total))
    return tuple(phases)


def _span(events: Sequence[TimedEvent], kind: str) -> tuple[float, float] | None:
    times = [timed.at_ms for timed in events if timed.event.kind == kind]
    return (times[0], times[-1]) if times else None
