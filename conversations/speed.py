"""How fast an exchange was, from the marks of its timing (ms since it began)."""

from collections.abc import Mapping
from typing import Final

AT_ONCE: Final = 20.0
"""A stream shorter than this many ms came in one or two reads: its rate would say how fast a buffer was emptied."""


def tokens_per_second(*, timing: Mapping[str, float], tokens_out: int | None) -> float | None:
    """Return the rate from the first token to the last, or None; an answer that came at once has no rate."""
    first, last = timing.get("first_token"), timing.get("last_token")
    streamed = None if first is None or last is None else last - first
    if tokens_out is not None and tokens_out > 1 and streamed and streamed >= AT_ONCE:
        return (tokens_out - 1) / streamed * 1000
    return None
