"""The other exchanges, of a conversation and of others, to compare one with."""

from uuid import UUID

from django.db.models import QuerySet

from conversations.models import Exchange, Message
from conversations.selectors.access import visible_to
from team.models import User

LIMIT = 200
"""Exchanges of the conversation that are offered, the newest."""
ELSEWHERE = 30
"""Exchanges of other conversations that are offered; any other one is found by its link."""


def exchanges_beside(*, exchange: Exchange) -> list[Exchange]:
    """Return the other exchanges of this one's conversation, newest first, without what was sent and what came back."""
    others = Exchange.objects.filter(run__conversation=exchange.run.conversation_id).exclude(pk=exchange.pk)
    return list(_light(others).order_by("-pk")[:LIMIT])


def exchanges_elsewhere(*, user: User, exchange: Exchange) -> list[Exchange]:
    """Return the newest exchanges of the person's own other conversations, as `exchanges_beside` does."""
    others = Exchange.objects.filter(run__conversation__owner=user, run__conversation__trashed=None)
    others = others.exclude(run__conversation=exchange.run.conversation_id)
    return list(_light(others).order_by("-pk")[:ELSEWHERE])


def exchange_named(*, user: User, pk: UUID) -> Exchange | None:
    """Return any exchange that the person may see, as `exchanges_beside` does; None where there is none."""
    return _light(Exchange.objects.filter(visible_to(user, "run__conversation"), pk=pk)).first()


def _light(exchanges: QuerySet[Exchange]) -> QuerySet[Exchange]:
    shown = ("created", "model", "state", "column_id", "column__position", "run__conversation__title")
    return exchanges.select_related("column", "run__conversation").only(*shown)


def exchange_before(*, exchange: Exchange) -> UUID | None:
    """Return the exchange that its column sent before this one, None where it is the first."""
    before = Exchange.objects.filter(
        run__conversation=exchange.run.conversation_id, column=exchange.column_id, pk__lt=exchange.pk
    )
    return before.order_by("-pk").values_list("pk", flat=True).first() if exchange.column_id else None


def answer_of(*, exchange: Exchange, choice: int) -> Message | None:
    """Return the answer that holds one choice of an exchange."""
    return Message.objects.filter(exchange=exchange, choice=choice).order_by("pk").first()
