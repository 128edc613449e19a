"""Moments and durations of files that anybody may have written: those that clocks, databases and charts can hold."""

from datetime import UTC, datetime, tzinfo
from typing import Final, TypeGuard

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""Far enough from the end of the calendar that every time zone can show it."""
MOST_MS: Final = 1e15
"""Some thirty thousand years: sums and quotients of such durations still are numbers."""


def moment_read(text: object, *, zone: tzinfo | None = UTC) -> datetime | None:
    """Return a moment in ISO 8601; None where it is none, or before EARLIEST or after LATEST.

    `zone` is that of one that names none; with None such a one is none.
    """
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if found is not None and found.tzinfo is None:
        found = found.replace(tzinfo=zone) if zone else None
    return found if found is not None and EARLIEST <= found <= LATEST else None


def is_milliseconds(value: object) -> TypeGuard[int | float]:
    """Whether a value is a number of ms that can be reckoned with: neither NaN nor beyond MOST_MS, of either sign."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -MOST_MS <= value <= MOST_MS
