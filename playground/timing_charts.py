"""Geometry for the timing tab: numbers in, SVG paths and positions out. Times are ms since the exchange began."""

import bisect
import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

from playground.charts import line_path, nice_ceiling
from playground.inspector_models import Phase, Quantiles, RateChart, Track, TrackBar, TrackStall

POINTS: Final = 120
"""Points of a rate curve."""
WINDOW_MS: Final = 1_000.0
"""The rate at a moment counts the tokens of this long around it; shorter streams use a tenth of their length."""
STALL_FACTOR: Final = 10
STALL_MS: Final = 500.0
BURST_MS: Final = 50.0
"""What came within this time came at once, and says nothing about speed."""
BARS: Final = 90
"""Bars of a track."""
SHOWN_KINDS: Final = ("reasoning", "content", "tool_calls", "error", "other")
MOST_STALLS: Final = 40
"""Stalls marked on a track; a stream with more is one long stall."""


def phase(label: str, kind: str, *, start: float, end: float, total: float) -> Phase:
    """Return a bar from `start` to `end` on an axis from 0 to `total`; never so thin that it cannot be seen."""
    whole = max(total, 0.001)
    x = round(1000 * min(max(start, 0), whole) / whole)
    width = max(3, round(1000 * max(end - start, 0) / whole))
    return Phase(label, kind, max(end - start, 0), min(x, 997), min(width, 1000 - min(x, 997)))


def rate_chart(times: Sequence[float], *, total: float, each: float = 1.0) -> RateChart | None:
    """Return what came per second over time, or None for a few events and for one burst. `times` ascend; one is `each`."""
    if len(times) < 3 or total <= 0 or times[-1] - times[0] < BURST_MS:
        return None
    window = min(WINDOW_MS, max(total / 10, 1.0))
    rates: list[float] = []
    for point in range(POINTS + 1):
        at = total * point / POINTS
        first = bisect.bisect_left(times, at - window / 2)
        last = bisect.bisect_right(times, at + window / 2)
        # At both ends the window reaches over the edge: only the part inside counts.
        inside = min(at + window / 2, total) - max(at - window / 2, 0)
        rates.append((last - first) * each / inside * 1000)
    top = nice_ceiling(max(rates))
    dots = [(1000 * n / POINTS, 100 - 100 * rate / top) for n, rate in enumerate(rates)]
    line = line_path(dots)
    return RateChart(line=line, area=f"{line}L1000 100L0 100Z", top=top)


def quantiles(gaps: Sequence[float]) -> Quantiles | None:
    """Return how long the stream paused between events, or None for fewer than two gaps."""
    if len(gaps) < 2:
        return None
    ordered = sorted(gaps)
    p50, p95, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95, 0.99))
    return Quantiles(p50, p95, p99, ordered[-1], stall=is_stall(ordered[-1], typical=p50))


def is_stall(gap: float, *, typical: float) -> bool:
    """Whether a gap is worth a mark: half a second or more, and ten times the usual gap."""
    return gap >= STALL_MS and gap >= STALL_FACTOR * typical


def track(times: Sequence[float], kinds: Sequence[str], stalls: Sequence[int]) -> Track | None:
    """Return a stream at a glance, or None for nothing. `times` ascend; `stalls` are numbers of events, from 1."""
    if not times:
        return None
    total = max(times[-1], 1.0)
    buckets: list[Counter[str]] = [Counter() for _bucket in range(BARS)]
    for at, kind in zip(times, kinds, strict=True):
        buckets[min(BARS - 1, int(BARS * at / total))][kind if kind in SHOWN_KINDS else "other"] += 1
    most = max(bucket.total() for bucket in buckets)
    width = 1000 / BARS
    bars = tuple(
        # The root keeps a trickle visible beside a burst.
        TrackBar(_main(bucket), round(n * width + 1, 1), round(width - 2, 1), 100 - _height(bucket, most))
        for n, bucket in enumerate(buckets)
        if bucket
    )
    gaps = tuple(
        TrackStall(
            x=round(1000 * times[number - 2] / total, 1),
            width=round(1000 * (times[number - 1] - times[number - 2]) / total, 1),
            ms=times[number - 1] - times[number - 2],
            number=number,
        )
        for number in stalls[:MOST_STALLS]
    )
    occurring = {bar.kind for bar in bars}
    return Track(total, bars, gaps, tuple(kind for kind in SHOWN_KINDS if kind in occurring), _ticks(total))


def _main(bucket: Counter[str]) -> str:
    """Return the kind that most of a bucket is, among those that add text if there is one."""
    text = {kind: count for kind, count in bucket.items() if kind != "other"}
    return max(text or bucket, key=lambda kind: bucket[kind])


def _height(bucket: Counter[str], most: int) -> int:
    return max(6, round(92 * math.sqrt(bucket.total() / most)))


def _ticks(total: float) -> tuple[tuple[float, float], ...]:
    step = nice_ceiling(total / 5)
    return tuple((round(1000 * n * step / total, 1), n * step) for n in range(int(total / step) + 1))
