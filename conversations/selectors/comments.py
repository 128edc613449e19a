"""What people said beside messages."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from conversations.models import Comment, Conversation, Message
from conversations.selectors.access import visible_to
from conversations.selectors.tree import messages_shown
from team.models import User


def comments_on(*, messages: Iterable[Message]) -> dict[UUID, list[Comment]]:
    """Return the remarks on these messages of a conversation that the person may see, oldest first. One query."""
    return _threads(Comment.objects.filter(message__in=[message.pk for message in messages]))


def comments_in(*, conversation: Conversation) -> dict[UUID, list[Comment]]:
    """Return the remarks in a conversation that the person may see, by message, oldest first. One query."""
    return _threads(Comment.objects.filter(message__conversation=conversation, message__deleted=None))


def _threads(comments: QuerySet[Comment]) -> dict[UUID, list[Comment]]:
    threads: dict[UUID, list[Comment]] = {}
    for comment in comments.select_related("author"):
        threads.setdefault(comment.message_id, []).append(comment)
    return threads


def message_for(*, user: User, pk: UUID) -> Message:
    """Return one message of a conversation that the person may see, with its exchange. Raises `Message.DoesNotExist`."""
    found = messages_shown().select_related("conversation")
    return found.get(visible_to(user, "conversation"), pk=pk)
