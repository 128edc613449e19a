"""The list of conversations, and what opens first."""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef

from conversations.models import Column, Conversation, Exchange
from team.models import User


def conversation_newest(*, user: User) -> Conversation | None:
    """Return the person's own conversation that changed last, if there is one."""
    return Conversation.objects.filter(owner=user, archived=False).order_by("-updated").first()


def conversation_list(*, user: User, title: str = "", limit: int = 200) -> Sequence[Conversation]:
    """Return the newest conversations of `user` whose title contains `title`, each with a flag `live`. One query."""
    found = Conversation.objects.filter(owner=user, archived=False)
    if title:
        found = found.filter(title__icontains=title)
    live = Exchange.objects.filter(run__conversation=OuterRef("pk"), state__in=Exchange.LIVE)
    return list(found.annotate(live=Exists(live)).order_by("-pinned", "-updated")[:limit])


def conversations_count(*, user: User) -> int:
    """Return how many conversations a person has in the list."""
    return Conversation.objects.filter(owner=user, archived=False).count()


def column_of(*, conversation: Conversation) -> Column:
    """Return the first column of a conversation."""
    return conversation.columns.select_related("leaf").get(position=0)
