"""What people said beside messages."""

from collections.abc import Iterable
from uuid import UUID

from conversations.models import Comment, Message
from conversations.selectors.access import visible_to
from team.models import User


def comments_on(*, messages: Iterable[Message]) -> dict[UUID, list[Comment]]:
    """Return the remarks on these messages of a conversation that the person may see, oldest first. One query."""
    found: dict[UUID, list[Comment]] = {}
    ids = [message.pk for message in messages]
    for comment in Comment.objects.filter(message__in=ids).select_related("author"):
        found.setdefault(comment.message_id, []).append(comment)
    return found


def message_for(*, user: User, pk: UUID) -> Message:
    """Return one message of a conversation that the person may see. Raises `Message.DoesNotExist`."""
    return Message.objects.select_related("conversation").get(visible_to(user, "conversation"), pk=pk)
