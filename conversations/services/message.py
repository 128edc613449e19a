"""Adding messages without asking a model: so that a conversation can be built by hand."""

from uuid import UUID

from django.db import transaction

from conversations import selectors
from conversations.models import Column, Conversation, Message
from conversations.parts import digests_of
from conversations.selectors.request_bytes import AttachmentMissing
from conversations.services.conversation import conversation_touch
from conversations.services.run import Below, MessageMissing
from conversations.written import Written
from team.models import User


@transaction.atomic
def message_add(
    *,
    person: User,
    conversation_id: UUID,
    written: Written,
    column_id: int | None = None,
    beside: UUID | None = None,
    below: Below | None = None,
) -> Message:
    """Put a message at the end of what a column (None: the first) shows, or beside a message; nothing is sent.

    `below` is where the branch ended for whoever wrote. The column shows the new message afterwards. Raises
    `Conversation.DoesNotExist`, `MessageMissing` for one of another conversation, `Column.DoesNotExist`,
    `AttachmentMissing`.
    """
    conversation = selectors.conversation_editable_for(user=person, pk=conversation_id)
    columns = Column.objects.select_for_update().filter(conversation=conversation)
    column = columns.get(pk=column_id) if column_id is not None else columns.order_by("position")[:1].get()
    parent_id = column.leaf_id
    if beside is not None:
        parent_id = _there(conversation, beside).parent_id
    elif below is not None:
        parent_id = _there(conversation, below.message).pk if below.message else None
    attachments_check(conversation=conversation, written=written)
    message = written.message(conversation=conversation, parent_id=parent_id, author=person)
    message.save(force_insert=True)
    column.leaf_id = message.pk
    column.save(update_fields=["leaf"])
    conversation_touch(conversation=conversation, first_text=written.text)
    return message


def _there(conversation: Conversation, pk: UUID) -> Message:
    found = Message.objects.filter(conversation=conversation, pk=pk).first()
    if found is None:
        raise MessageMissing
    return found


def attachments_check(*, conversation: Conversation, written: Written) -> None:
    """Raise `AttachmentMissing` where a message names an attachment that its conversation does not have."""
    named = set(digests_of(written.content))
    if named and named - selectors.attachments_in(conversation=conversation, digests=named).keys():
        raise AttachmentMissing
