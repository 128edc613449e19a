"""From a usage as a provider reports it to what it costs: whole numbers and decimals, no float on the way."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Final, Protocol

from conversations.models.charges import NANO

PER: Final = 1_000_000
"""Prices are for so many tokens."""
MOST_TOKENS: Final = 2**31
MOST_NANO: Final = 2**63
_EXACT: Final = Context(prec=60)
"""Wider than any product here: nothing is rounded but the result."""


class Rates(Protocol):
    """A price per million tokens; `cached` None: as any other input."""

    input: Decimal
    cached: Decimal | None
    output: Decimal


@dataclass(frozen=True, slots=True)
class Counted:
    """The tokens of one exchange. `cached` are among `tokens_in`; reasoning is among `tokens_out`."""

    tokens_in: int
    tokens_cached: int
    tokens_out: int


def token_count(usage: Any, name: str) -> int | None:
    """Return one count of a usage object, or None where it is missing or not a sensible number."""
    count = usage.get(name) if isinstance(usage, Mapping) else None
    sensible = isinstance(count, int) and not isinstance(count, bool) and 0 <= count < MOST_TOKENS
    return count if sensible else None


def counted_of(usage: Any) -> Counted | None:
    """Return what a usage object counts, or None where it does not say enough to reckon with.

    Cached input is named in three ways: `prompt_tokens_details.cached_tokens` (OpenAI), `prompt_cache_hit_tokens`
    (DeepSeek), `cached_tokens` (Moonshot). A provider that names none has cached nothing; one whose figure cannot be
    true, such as more cached tokens than tokens, is not understood.
    """
    tokens_in, tokens_out = token_count(usage, "prompt_tokens"), token_count(usage, "completion_tokens")
    if tokens_in is None or tokens_out is None:
        return None
    for place, name in (
        (usage.get("prompt_tokens_details"), "cached_tokens"),
        (usage, "prompt_cache_hit_tokens"),
        (usage, "cached_tokens"),
    ):
        if isinstance(place, Mapping) and place.get(name) is not None:
            cached = token_count(place, name)
            return None if cached is None or cached > tokens_in else Counted(tokens_in, cached, tokens_out)
    return Counted(tokens_in, 0, tokens_out)


def nano_of(counted: Counted | None, rates: Rates) -> int | None:
    """Return the cost in billionths, rounded half to even once at the end; None where it is not known.

    What is free costs nothing however much it was, so there the counts need not be known.
    """
    if not (rates.input or rates.output or rates.cached):
        return 0
    if counted is None:
        return None
    cached_rate = rates.input if rates.cached is None else rates.cached
    fresh = counted.tokens_in - counted.tokens_cached
    parts = ((fresh, rates.input), (counted.tokens_cached, cached_rate), (counted.tokens_out, rates.output))
    total = Decimal(0)
    for tokens, rate in parts:
        total = _EXACT.add(total, _EXACT.multiply(Decimal(tokens), Decimal(rate)))
    nano = int(_EXACT.multiply(total, Decimal(NANO // PER)).to_integral_value(ROUND_HALF_EVEN))
    return nano if 0 <= nano < MOST_NANO else None


@dataclass(frozen=True, slots=True)
class Cost:
    """What an answer cost. `amount` None: unknown, because it had no price or, where not `counted`, no usable usage."""

    amount: Decimal | None = None
    currency: str = ""
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Spent:
    """What several answers cost together. `amounts` are (currency, sum), by currency: different ones are never added.

    `unknown` of the `answers` have no known cost, so that the amounts are the least that was spent.
    """

    amounts: tuple[tuple[str, Decimal], ...] = ()
    answers: int = 0
    unknown: int = 0

    def __add__(self, other: "Spent") -> "Spent":
        together = dict(self.amounts)
        for currency, amount in other.amounts:
            together[currency] = together.get(currency, Decimal(0)) + amount
        return Spent(
            tuple(sorted(together.items())), self.answers + other.answers, self.unknown + other.unknown
        )

    def of(self, currency: str) -> Decimal | None:
        """Return what was spent in one currency, None where nothing is known to have been."""
        return dict(self.amounts).get(currency)
