"""An exchange as messages of the socket, made from what the database holds: after its end, or while its frames are away."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from conversations import selectors
from conversations.answers import answers_of
from conversations.models import Exchange
from playground import frames
from playground.part_views import media_of
from playground.stats import cost_json, stats_of
from team.models import User

KEPT_FROM: Final = 1_000_000_000
"""Messages made here are numbered from beyond every frame, so that a page that comes back with such a number starts over."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Bodies of messages that rebuild an exchange, and whether it has ended."""

    bodies: tuple[str, ...]
    ended: bool


def kept_of(user: User, exchange_id: UUID, limit: int) -> Kept:
    """Return an exchange as it is kept, in bodies of about `limit` characters. Raises `Exchange.DoesNotExist`."""
    exchange = selectors.exchange_for(user=user, pk=exchange_id)
    live = exchange.state in Exchange.LIVE
    updates = _so_far(exchange, limit) if live else _ended(exchange, limit)
    return Kept(tuple(frames.bodies_join(updates, limit)), ended=not live)


def _so_far(exchange: Exchange, limit: int) -> Iterator[str]:
    yield frames.state_encode(exchange.state)
    trace = selectors.trace_of(exchange_id=exchange.pk)
    response = selectors.response_so_far(exchange=exchange, trace=trace)
    yield from frames.answers_encode(answers_of(response), usage=None, limit=limit)


def _ended(exchange: Exchange, limit: int) -> Iterator[str]:
    answers = selectors.choices_of(exchange=exchange)
    yield from frames.answers_encode(answers, usage=exchange.usage, limit=limit)
    stats = stats_of(timing=exchange.timing, tokens_in=exchange.tokens_in, tokens_out=exchange.tokens_out)
    more = bool(exchange.findings) or any(media_of(answer.content) for answer in answers)
    shown = {**stats, "cost": cost_json(selectors.cost_of(exchange))}
    yield frames.end_encode(state=exchange.state, error=exchange.error, stats=shown, more=more)
