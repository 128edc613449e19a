"""A branch copied into a conversation of its own."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from conversations import selectors
from conversations.models import Column, Conversation, Exchange, Message, new_id
from conversations.parts import digests_of
from conversations.services.attachment import attachments_reuse
from conversations.services.tree_change import MessageGone, StillStreaming
from team.models import User
from team.selectors import providers_for


@transaction.atomic
def branch_copy(
    *, person: User, conversation_id: UUID, message_id: UUID, title: str, column_id: int | None = None
) -> Conversation:
    """Copy what `person` may see from the root to a message into a new, private conversation of theirs.

    The copies lead to the exchanges they came from, which stay where they are: whoever may see those may inspect them.
    Settings come along, but for a provider that this person may not use. Raises `MessageGone`, `StillStreaming` where an
    answer on the way is still coming, `Conversation.DoesNotExist`.
    """
    source = selectors.conversation_for(user=person, pk=conversation_id)
    branch = selectors.history_whole(conversation_id=source.pk, leaf_id=message_id)
    if not branch:
        raise MessageGone
    if any(message.exchange and message.exchange.state in Exchange.LIVE for message in branch):
        raise StillStreaming
    copy = Conversation.objects.create(owner=person, title=title[:200])
    leaf = _messages_copy(copy, branch)
    digests = {digest for message in branch for digest in digests_of(message.content)}
    attachments_reuse(source=source, target=copy, digests=digests)
    columns = list(source.columns.order_by("position"))
    column = next((each for each in columns if each.pk == column_id), columns[0])
    settings = dict(column.settings)
    usable = {str(provider.pk) for provider in providers_for(user=person)}
    if settings.get("provider") not in usable:
        settings |= {"provider": "", "model": ""}
    Column.objects.create(conversation=copy, position=0, leaf_id=leaf, settings=settings)
    return copy


def _messages_copy(copy: Conversation, branch: Sequence[Message]) -> UUID | None:
    """Copy messages, each below the one before; return the last one's id."""
    parent: UUID | None = None
    copies: list[Message] = []
    for message in branch:
        made = Message(
            id=new_id(),
            conversation=copy,
            parent_id=parent,
            role=message.role,
            content=message.content,
            reasoning=message.reasoning,
            tool_calls=message.tool_calls,
            tool_call_id=message.tool_call_id,
            name=message.name,
            as_parts=message.as_parts,
            extra=message.extra,
            author_id=message.author_id,
            origin_id=message.exchange_id or message.origin_id,
            choice=message.choice,
            finish_reason=message.finish_reason,
            created=message.created,
        )
        copies.append(made)
        parent = made.pk
    Message.objects.bulk_create(copies)
    return parent
