"""The figures under an answer."""

from collections.abc import Mapping
from typing import Any, Final, TypedDict

from conversations.services.recording import token_count

AT_ONCE: Final = 20.0
"""A stream shorter than this many ms came in one or two reads: its rate would say how fast a buffer was emptied."""


class Stats(TypedDict):
    """Tokens as upstream counted them; times in ms since the exchange began; None = not known."""

    tokens_in: int | None
    tokens_out: int | None
    ttft_ms: float | None
    tokens_per_second: float | None
    total_ms: float | None


def stats_of(*, timing: Mapping[str, float], tokens_in: int | None, tokens_out: int | None) -> Stats:
    """Return the figures of an exchange.

    TTFT runs from the sent request to the first token of any kind. Tokens per second are counted from the first token to the
    last; an answer that came at once has no rate.
    """
    first, last = timing.get("first_token"), timing.get("last_token")
    streamed = None if first is None or last is None else last - first
    rate = None
    if tokens_out is not None and tokens_out > 1 and streamed and streamed >= AT_ONCE:
        rate = (tokens_out - 1) / streamed * 1000
    return Stats(
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        ttft_ms=first,
        tokens_per_second=rate,
        total_ms=timing.get("ended"),
    )


def stats_of_response(*, timing: Mapping[str, float], usage: Any) -> Stats:
    """Return the figures for an assembled response's `usage` object, whatever it holds."""
    return stats_of(
        timing=timing,
        tokens_in=token_count(usage, "prompt_tokens"),
        tokens_out=token_count(usage, "completion_tokens"),
    )
