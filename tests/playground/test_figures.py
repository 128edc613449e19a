"""Figures on the page, and the geometry of the timing tab."""

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from playground import timing_charts
from playground.templatetags import figures, ui


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (figures.whole(1418), "1,418"),
        (figures.one_decimal(48.12), "48.1"),
        (figures.seconds(612.4), "0.61 s"),
        (figures.seconds(13_810), "13.81 s"),
        (figures.seconds(600_000), "10.0 min"),
        (figures.milliseconds(4.1), "4.1 ms"),
        (figures.milliseconds(1204.3), "1,204 ms"),
        (figures.compact(0), "0"),
        (figures.compact(0.25), "0.25"),
        (figures.compact(1.5), "1.5"),
        (figures.compact(999), "999"),
        (figures.compact(1418), "1.4k"),
        (figures.compact(25_000_000), "25M"),
        (figures.percent(0.0214), "2.1 %"),
        (figures.percent(0.6000000000000001), "60 %"),
        (figures.percent(1), "100 %"),
        (figures.size(14), "14 B"),
        (figures.size(168_234), "168.2 kB"),
        (figures.size(3_200_000), "3.2 MB"),
        (figures.size(2_000_000_000), "2.0 GB"),
    ],
)
def test_figures_carry_their_unit(shown: str, expected: str) -> None:
    assert shown == expected


@pytest.mark.parametrize(
    "show", [figures.whole, figures.one_decimal, figures.seconds, figures.milliseconds, figures.size]
)
def test_what_is_not_known_shows_as_nothing(show: object) -> None:
    assert callable(show)
    assert show(None) == ""


def test_figures_follow_the_language() -> None:
    with translation.override("de"):
        assert figures.seconds(13_810) == "13,81 s"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("mira.koch", "MK"), ("mira", "MI"), ("Anna-Lena von Ost", "AO"), ("_", "_"), ("", "")],
)
def test_two_letters_stand_for_a_person(name: str, expected: str) -> None:
    assert ui.initials(name) == expected


def test_line_breaks_are_seen_in_one_line() -> None:
    assert ui.one_line("a\n\tb\r") == "a↵⇥b␍"


@pytest.mark.parametrize(
    ("chosen", "theme"), [("dark", "dark"), ("light", "light"), ("", ""), ('"><script>', "")]
)
def test_only_a_known_theme_reaches_the_page(chosen: str, theme: str) -> None:
    assert ui.theme({"theme": chosen}) == theme


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_bar_lies_within_its_lane_and_can_be_seen(start: float, length: float, total: float) -> None:
    bar = timing_charts.phase("Waiting", "wait", start=start, end=start + length, total=total)

    assert bar.x >= 0
    assert bar.width >= 3
    assert bar.x + bar.width <= 1000


def test_a_steady_stream_is_a_level_line() -> None:
    chart = timing_charts.rate_chart([n * 20.0 for n in range(501)], total=10_000)

    assert chart is not None
    heights = {round(float(dot.split()[1])) for dot in chart.line[1:].split("L")}
    assert chart.top == 60
    assert heights <= set(range(12, 20))


@pytest.mark.parametrize("times", [[], [1.0], [1.0, 2.0]])
def test_two_events_have_no_rate(times: list[float]) -> None:
    assert timing_charts.rate_chart(times, total=10) is None


def test_a_stall_is_long_and_unlike_the_rest() -> None:
    steady = timing_charts.quantiles([20.0] * 99 + [1200.0])
    slow = timing_charts.quantiles([700.0] * 50)

    assert steady is not None
    assert (steady.p50, steady.p99, steady.longest, steady.stall) == (20.0, 1200.0, 1200.0, True)
    assert slow is not None
    assert not slow.stall
    assert timing_charts.quantiles([20.0]) is None
