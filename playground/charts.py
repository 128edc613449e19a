"""Geometry for charts that the server draws as SVG: values in; positions in percent, words and a table out.

Horizontal and vertical positions are percent of the plot (a plot has no viewBox, so its text keeps its size at every width);
paths live in a box of 1000 × 100 that is stretched over the plot. A value is None where nothing is known: a bar is then not
there and a line has a gap. Values are not negative. The templates are `templates/charts/`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from typing import Final

Value = int | float | Decimal

TONES: Final = 6
"""Looks of a series, 1 to 6: each has a colour, a texture and a dash of its own. 6 means that something is wrong."""
MOST_X_TICKS: Final = 6
"""Labels under a plot that a phone has room for."""
Y_STEPS: Final = 4
SMALLEST: Final = 1e-300
LARGEST: Final = 1e300
"""What lies beyond is drawn as this, so that no division and no sum leaves what a float can hold."""


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of thing over all slots of a chart; `tone` is its look."""

    label: str
    values: tuple[Value | None, ...]
    tone: int


@dataclass(frozen=True, slots=True)
class Slot:
    """One stretch of the axis: what hover and the table call it, and its short name under the plot."""

    label: str
    tick: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A label on an axis, `at` percent from the left or the top."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a stacked bar."""

    tone: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """A series as a path; `dots` are (x, y) of values without a neighbour, which a path cannot show."""

    tone: int
    path: str
    dots: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The part of the plot that belongs to a slot, and what it says under the pointer."""

    x: float
    width: float
    words: str


@dataclass(frozen=True, slots=True)
class Key:
    """A series in the legend."""

    label: str
    tone: int


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart for `charts/_chart.html`. `name` is unique on the page, `title` is its accessible name.

    `rows` are (slot, what each series has there) for the table, in the order of `keys`. `empty`: no value is known, or all
    are zero; then there are no bars, lines and ticks.
    """

    name: str
    title: str
    keys: tuple[Key, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    bars: tuple[Bar, ...] = ()
    lines: tuple[Line, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    x_ticks: tuple[Tick, ...] = ()
    y_ticks: tuple[Tick, ...] = ()
    empty: bool = False

    @property
    def tones(self) -> tuple[int, ...]:
        """The looks that need a texture here."""
        return tuple(key.tone for key in self.keys)


@dataclass(frozen=True, slots=True)
class Spark:
    """A tiny line without axes; `title` is its accessible name. `dots` as in `Line`."""

    title: str
    path: str
    dots: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Words:
    """How a chart spells its values: `exact` in the table and under the pointer, `short` on the axis; `whole` = counts."""

    exact: Callable[[Value], str]
    short: Callable[[Value], str]
    whole: bool = True


def bar_chart(
    *, name: str, title: str, slots: Sequence[Slot], series: Sequence[Series], words: Words
) -> Chart:
    """Return stacked bars, one for each slot; the first series stands at the bottom."""
    columns = [[_known(one.values[n]) for one in series] for n in range(len(slots))]
    top = max((sum(column) for column in columns), default=0.0)
    keys, rows = _told(slots, series, words)
    if top <= 0:
        return Chart(name, title, keys, rows, empty=True)
    ticks = nice_ticks(top, whole=words.whole)
    each = 100 / len(slots)
    gap = min(each * 0.2, 0.8)
    bars = tuple(
        Bar(
            tone=one.tone,
            x=_percent(n * each + gap / 2),
            y=_percent(100 - 100 * (below + value) / ticks[-1]),
            width=_percent(each - gap),
            height=_percent(100 * value / ticks[-1]),
        )
        for n, column in enumerate(columns)
        for one, value, below in zip(series, column, accumulate(column, initial=0.0), strict=False)
        if value > 0
    )
    return Chart(
        name, title, keys, rows, bars=bars, stretches=_stretches(rows, keys),
        x_ticks=_x_ticks(slots), y_ticks=_y_ticks(ticks, words),
    )  # fmt: skip


def line_chart(
    *, name: str, title: str, slots: Sequence[Slot], series: Sequence[Series], words: Words
) -> Chart:
    """Return one line for each series, over the middles of the slots; a line has a gap where a value is not known."""
    known = [_known(value) for one in series for value in one.values if value is not None]
    keys, rows = _told(slots, series, words)
    if not known or max(known) <= 0:
        return Chart(name, title, keys, rows, empty=True)
    ticks = nice_ticks(max(known), whole=words.whole)
    lines = tuple(_line(one.tone, one.values, ticks[-1], margin=50 / len(slots)) for one in series)
    return Chart(
        name, title, keys, rows, lines=lines, stretches=_stretches(rows, keys),
        x_ticks=_x_ticks(slots), y_ticks=_y_ticks(ticks, words),
    )  # fmt: skip


def spark(*, title: str, values: Sequence[Value | None]) -> Spark | None:
    """Return a tiny line over all values, or None where none is known. All zeros lie on the ground."""
    known = [_known(value) for value in values if value is not None]
    if not known:
        return None
    line = _line(1, values, max(known) or 1.0, margin=2)
    return Spark(title, line.path, line.dots)


def line_path(points: Sequence[tuple[float, float]]) -> str:
    """Return the `d` of a line through the points; their unit is the box's."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def nice_ceiling(value: float) -> float:
    """Return the next of 1, 2, 4, 6, 8, 10 times a power of ten that is not below `value`: a round end for an axis."""
    if value <= 0:
        return 1.0
    value = max(value, SMALLEST)
    step = _magnitude(value)
    return next(step * factor for factor in (1, 2, 4, 6, 8, 10) if step * factor >= value * 0.999999)


def nice_ticks(top: float, *, whole: bool) -> tuple[float, ...]:
    """Return round, even marks from 0 to the first one that is not below `top`; at least two. `whole`: no fractions."""
    if top <= 0:
        return (0.0, 1.0)
    least = max(top / Y_STEPS, SMALLEST)
    size = _magnitude(least)
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= least * 0.999999)
    if whole:
        step = max(1.0, step if step >= 10 else float(math.ceil(step)))
    count = max(1, math.ceil(top / step * 0.999999))
    return tuple(step * n for n in range(count + 1))


def _magnitude(value: float) -> float:
    """Return the power of ten that is not above `value`."""
    value = max(value, SMALLEST)
    power = 10.0 ** math.floor(math.log10(value))
    return power / 10 if power > value else power


def _known(value: Value | None) -> float:
    try:
        number = 0.0 if value is None else float(value)
    except OverflowError:  # an integer may be larger than any float
        number = LARGEST
    if not math.isfinite(number) or number < 0:
        raise ValueError(f"a chart has no place for {value}")
    return min(number, LARGEST)


def _percent(value: float) -> float:
    return round(min(max(value, 0.0), 100.0), 3)


def _line(tone: int, values: Sequence[Value | None], top: float, *, margin: float) -> Line:
    """Return a series between `margin` percent at both ends."""
    between = (100 - 2 * margin) / max(1, len(values) - 1)
    runs: list[list[tuple[float, float]]] = [[]]
    for n, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            x = margin + n * between if len(values) > 1 else 50.0
            runs[-1].append((x, _percent(100 - 100 * _known(value) / top)))
    path = "".join(line_path([(10 * x, y) for x, y in run]) for run in runs if len(run) > 1)
    return Line(tone, path, tuple((_percent(run[0][0]), run[0][1]) for run in runs if len(run) == 1))


def _told(
    slots: Sequence[Slot], series: Sequence[Series], words: Words
) -> tuple[tuple[Key, ...], tuple[tuple[str, tuple[str, ...]], ...]]:
    """Return the legend and the table."""
    if any(len(one.values) != len(slots) or not 1 <= one.tone <= TONES for one in series):
        raise ValueError("each series has one value for each slot, and a tone that exists")
    rows = tuple(
        (slot.label, tuple("–" if (value := one.values[n]) is None else words.exact(value) for one in series))
        for n, slot in enumerate(slots)
    )
    return tuple(Key(one.label, one.tone) for one in series), rows


def _stretches(rows: Sequence[tuple[str, tuple[str, ...]]], keys: Sequence[Key]) -> tuple[Stretch, ...]:
    each = 100 / len(rows)
    return tuple(
        Stretch(
            x=_percent(n * each),
            width=_percent(each),
            words="\n".join(
                [label, *(f"{key.label}: {value}" for key, value in zip(keys, values, strict=True))]
            ),
        )
        for n, (label, values) in enumerate(rows)
    )


def _x_ticks(slots: Sequence[Slot]) -> tuple[Tick, ...]:
    """Return the labels of every n-th slot, counted back from the last one: now is what one looks for."""
    every = math.ceil(len(slots) / MOST_X_TICKS)
    each = 100 / len(slots)
    chosen = range(len(slots) - 1, -1, -every)
    return tuple(Tick(_percent((n + 0.5) * each), slots[n].tick) for n in reversed(chosen))


def _y_ticks(ticks: Sequence[float], words: Words) -> tuple[Tick, ...]:
    return tuple(Tick(_percent(100 - 100 * tick / ticks[-1]), words.short(tick)) for tick in ticks)
