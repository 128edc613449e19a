"""The figures under an answer."""

from collections.abc import Mapping
from typing import Any, TypedDict

from conversations.costing import Cost, token_count
from conversations.speed import tokens_per_second


class Stats(TypedDict):
    """Tokens as upstream counted them; times in ms since the exchange began; None = not known."""

    tokens_in: int | None
    tokens_out: int | None
    ttft_ms: float | None
    tokens_per_second: float | None
    total_ms: float | None
    reasoning_ms: float | None


def stats_of(*, timing: Mapping[str, float], tokens_in: int | None, tokens_out: int | None) -> Stats:
    """Return the figures of an exchange.

    TTFT runs from the sent request to the first token of any kind; reasoning from its first token to the first content,
    or to the last token; unknown where both came in one read, as in a response without a stream.
    """
    return Stats(
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        ttft_ms=timing.get("first_token"),
        tokens_per_second=tokens_per_second(timing=timing, tokens_out=tokens_out),
        total_ms=timing.get("ended"),
        reasoning_ms=_reasoning_ms(timing),
    )


def _reasoning_ms(timing: Mapping[str, float]) -> float | None:
    begun = timing.get("first_reasoning")
    done = timing.get("first_content", timing.get("last_token"))
    return None if begun is None or done is None or done <= begun else done - begun


def stats_of_response(*, timing: Mapping[str, float], usage: Any) -> Stats:
    """Return the figures for an assembled response's `usage` object, whatever it holds."""
    return stats_of(
        timing=timing,
        tokens_in=token_count(usage, "prompt_tokens"),
        tokens_out=token_count(usage, "completion_tokens"),
    )


def cost_json(cost: Cost | None) -> dict[str, str | None] | None:
    """Return a cost as the page gets it: `amount` as decimal text, null while unknown; None: nothing to pay for."""
    if cost is None:
        return None
    return {"amount": None if cost.amount is None else f"{cost.amount:f}", "currency": cost.currency}
