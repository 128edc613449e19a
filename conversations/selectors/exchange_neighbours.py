"""The other exchanges of a conversation, to compare one with."""

from uuid import UUID

from conversations.models import Exchange, Message

LIMIT = 200
"""Exchanges offered, the newest."""


def exchanges_beside(*, exchange: Exchange) -> list[Exchange]:
    """Return the other exchanges of this one's conversation, newest first, without what was sent and what came back."""
    others = Exchange.objects.filter(run__conversation=exchange.run.conversation_id).exclude(pk=exchange.pk)
    light = others.only("created", "model", "state", "column_id", "column__position").select_related("column")
    return list(light.order_by("-pk")[:LIMIT])


def exchange_before(*, exchange: Exchange) -> UUID | None:
    """Return the exchange that its column sent before this one, None where it is the first."""
    before = Exchange.objects.filter(
        run__conversation=exchange.run.conversation_id, column=exchange.column_id, pk__lt=exchange.pk
    )
    return before.order_by("-pk").values_list("pk", flat=True).first() if exchange.column_id else None


def answer_of(*, exchange: Exchange, choice: int) -> Message | None:
    """Return the answer that holds one choice of an exchange."""
    return Message.objects.filter(exchange=exchange, choice=choice).order_by("pk").first()
