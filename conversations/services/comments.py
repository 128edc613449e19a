"""What people say beside a message."""

from uuid import UUID

from django.db.models import Q

from conversations import storable
from conversations.models import Comment, Message
from conversations.selectors import visible_to
from team.models import User

MAX_COMMENT = 10_000


def comment_add(*, user: User, message_id: UUID, text: str) -> Comment:
    """Keep a remark on a message that the person may see. Raises `Message.DoesNotExist`; ValueError for no words."""
    message = Message.objects.get(visible_to(user, "conversation"), pk=message_id)
    words = storable.text(text.strip())[:MAX_COMMENT]
    if not words:
        raise ValueError
    return Comment.objects.create(message=message, author=user, text=words)


def comment_delete(*, user: User, pk: UUID) -> Message:
    """Delete a remark of one's own, or any in one's own conversation; return its message. Raises `Comment.DoesNotExist`."""
    mine = Q(author=user) | Q(message__conversation__owner=user)
    visible = visible_to(user, "message__conversation")
    comment = Comment.objects.select_related("message").get(visible, mine, pk=pk)
    comment.delete()
    return comment.message
