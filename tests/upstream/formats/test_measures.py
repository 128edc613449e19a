"""Moments and durations that anybody may have written."""

import pytest

from upstream.formats.measures import is_milliseconds, moment_read


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59+00:00", "1969-12-31T23:59:59Z", "2026-02-30", "", "yesterday",
        None, 5, ["2026-01-01"],
    ],
)  # fmt: skip
def test_a_moment_that_cannot_be_reckoned_with_is_none(text: object) -> None:
    assert moment_read(text) is None


def test_a_moment_without_a_zone_is_in_utc_or_none() -> None:
    moment = moment_read("2026-11-22T10:00:00")

    assert moment is not None
    assert moment.isoformat() == "2026-11-22T10:00:00+00:00"
    assert moment_read("2026-11-22T10:00:00", zone=None) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e308, -1e308, 10**400, True, "5", None])
def test_what_cannot_be_reckoned_with_is_no_duration(value: object) -> None:
    assert not is_milliseconds(value)


@pytest.mark.parametrize("value", [0, -1, 0.25, 10**15])
def test_any_other_number_is_a_duration(value: object) -> None:
    assert is_milliseconds(value)
