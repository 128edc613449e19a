"""Charts: values become positions, words and a table."""

import re
from decimal import Decimal

import pytest
from django.template.loader import render_to_string
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from playground.charts import (
    Series,
    Slot,
    Value,
    Words,
    bar_chart,
    line_chart,
    nice_ceiling,
    nice_ticks,
    spark,
)

COUNTS = Words(exact=str, short=lambda value: f"{value:.0f}")
RATES = Words(exact=str, short=str, whole=False)


def slots(count: int) -> list[Slot]:
    return [Slot(f"{n}:00 to {n + 1}:00", f"{n}:00") for n in range(count)]


def one(*values: Value | None, tone: int = 1) -> Series:
    return Series("completed", values, tone)


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (1, 1), (1.2, 2), (47, 60), (61, 80), (99, 100), (0.3, 0.4)]
)
def test_an_axis_ends_at_a_round_figure(value: float, top: float) -> None:
    assert nice_ceiling(value) == pytest.approx(top)


@pytest.mark.parametrize(
    ("top", "whole", "ticks"),
    [
        (0, True, (0, 1)),
        (1, True, (0, 1)),
        (3, True, (0, 1, 2, 3)),
        (47, True, (0, 20, 40, 60)),
        (100, True, (0, 25, 50, 75, 100)),
        (1, False, (0, 0.25, 0.5, 0.75, 1)),
        (0.004, False, (0, 0.001, 0.002, 0.003, 0.004)),
        (9_000_000_000, True, (0, 2.5e9, 5e9, 7.5e9, 1e10)),
    ],
)
def test_marks_are_round_and_even(top: float, whole: bool, ticks: tuple[float, ...]) -> None:
    assert nice_ticks(top, whole=whole) == pytest.approx(ticks)


@given(st.floats(0, 1e300), st.booleans())
def test_marks_hold_every_value_and_are_few(top: float, whole: bool) -> None:
    ticks = nice_ticks(top, whole=whole)

    assert ticks[-1] >= top * 0.999999
    assert 2 <= len(ticks) <= 6


VALUES = st.one_of(st.none(), st.integers(0, 10**400), st.floats(0, allow_infinity=False))


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=90))
def test_bars_and_lines_stay_within_the_plot(values: list[tuple[Value | None, Value | None]]) -> None:
    series = [one(*(first for first, _ in values)), one(*(second for _, second in values), tone=6)]
    words = Words(exact=lambda _value: "", short=lambda _value: "")
    bars = bar_chart(name="a", title="A", slots=slots(len(values)), series=series, words=words)
    lines = line_chart(name="a", title="A", slots=slots(len(values)), series=series, words=words)

    assert all(0 <= bar.x <= bar.x + bar.width <= 100.01 for bar in bars.bars)
    assert all(0 <= bar.y <= bar.y + bar.height <= 100.01 for bar in bars.bars)
    points = [number for line in lines.lines for number in re.findall(r"([\d.]+) ([\d.]+)", line.path)]
    assert all(0 <= float(x) <= 1000 and 0 <= float(y) <= 100 for x, y in points)
    assert len(bars.rows) == len(lines.rows) == len(values)


def test_stacked_bars_stand_on_each_other() -> None:
    chart = bar_chart(
        name="a", title="A", slots=slots(2), series=[one(3, 0), one(1, 4, tone=6)], words=COUNTS
    )

    assert [(bar.tone, bar.y, bar.height) for bar in chart.bars] == [(1, 25, 75), (6, 0, 25), (6, 0, 100)]
    assert [tick.label for tick in chart.y_ticks] == ["0", "1", "2", "3", "4"]
    assert chart.rows[0] == ("0:00 to 1:00", ("3", "1"))


def test_a_line_has_gaps_and_a_lonely_value_is_a_dot() -> None:
    chart = line_chart(name="a", title="A", slots=slots(5), series=[one(2, 4, None, 1, None)], words=COUNTS)

    (line,) = chart.lines
    assert line.path == "M100.0 50.0L300.0 0.0"
    assert list(line.dots) == [(70, 75)]
    assert chart.rows[2] == ("2:00 to 3:00", ("–",))


@pytest.mark.parametrize("values", [(0, 0), (None, None), (None, 0)])
def test_a_chart_without_anything_says_so(values: tuple[Value | None, ...]) -> None:
    for draw in (bar_chart, line_chart):
        chart = draw(name="a", title="A", slots=slots(2), series=[one(*values)], words=COUNTS)
        assert chart.empty
        assert "Nothing in this time." in render_to_string("charts/_chart.html", {"chart": chart})


def test_one_value_is_a_chart() -> None:
    bars = bar_chart(name="a", title="A", slots=slots(1), series=[one(7)], words=COUNTS)
    lines = line_chart(name="a", title="A", slots=slots(1), series=[one(Decimal("0.7"))], words=RATES)

    assert [bar.height for bar in bars.bars] == [87.5]
    assert [line.dots for line in lines.lines] == [((50, 12.5),)]


def test_ninety_days_have_labels_that_fit_and_the_last_one_is_among_them() -> None:
    chart = bar_chart(name="a", title="A", slots=slots(90), series=[one(*range(90))], words=COUNTS)

    assert len(chart.x_ticks) <= 6
    assert chart.x_ticks[-1].label == "89:00"


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf")])
def test_what_cannot_be_drawn_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="no place"):
        bar_chart(name="a", title="A", slots=slots(1), series=[one(value)], words=COUNTS)


def test_each_series_fits_the_slots() -> None:
    with pytest.raises(ValueError, match="one value for each slot"):
        line_chart(name="a", title="A", slots=slots(2), series=[one(1)], words=COUNTS)


def test_a_spark_is_a_line_or_a_dot_or_nothing() -> None:
    drawn = spark(title="A", values=[0, 2, 1])

    assert drawn is not None
    assert drawn.path == "M20.0 100.0L500.0 0.0L980.0 50.0"
    assert spark(title="A", values=[None, None]) is None
    assert spark(title="A", values=[0, 0]) is not None


def test_the_page_tells_series_apart_without_colours_and_has_a_table() -> None:
    series = [one(1, 2), Series("<failed>", (1, 0), 6)]
    page = render_to_string(
        "charts/_chart.html",
        {"chart": bar_chart(name="runs", title="Runs", slots=slots(2), series=series, words=COUNTS)},
    )

    assert 'role="img" aria-label="Runs"' in page
    assert '<pattern id="runs-6"' in page
    assert 'fill="url(#runs-6)"' in page
    assert "Show as table" in page
    assert "&lt;failed&gt;" in page
    assert "<failed>" not in page
    assert "style" not in page


def test_positions_are_written_alike_in_every_language() -> None:
    chart = bar_chart(name="a", title="A", slots=slots(3), series=[one(1, 2, 3)], words=COUNTS)
    with translation.override("de"):
        page = render_to_string("charts/_chart.html", {"chart": chart})
    assert 'x="33.733%"' in page
