"""The list of conversations, and what opens first."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import (
    BooleanField,
    Case,
    Exists,
    F,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)

from conversations.models import Column, Comment, Conversation, Exchange, Seen, Tag
from conversations.selectors.access import visible_to
from team.models import User


class Shelf(StrEnum):
    """Which conversations a list holds: one's own at hand, one's own put away, or what others show to the team."""

    OWN = "own"
    ARCHIVED = "archived"
    TEAM = "team"


@dataclass(frozen=True, slots=True)
class ListFilter:
    """What a list is narrowed to. `title`: words in the title; `tag`: the id of one's own tag, on any shelf."""

    shelf: Shelf = Shelf.OWN
    title: str = ""
    tag: int | None = None


@dataclass(frozen=True, slots=True)
class ListPlace:
    """The last row of a page: the next page begins behind it, whatever has come or gone meanwhile."""

    pinned: bool
    updated: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """A stretch of the list, each row with `live`, `unread` and `own_tags`; `next` is None at the end."""

    rows: tuple[Conversation, ...]
    next: ListPlace | None


def conversation_newest(*, user: User) -> Conversation | None:
    """Return the person's own conversation that changed last, if there is one."""
    mine = Conversation.objects.filter(owner=user, archived=False, trashed=None)
    return mine.order_by("-updated").first()


def conversation_list(
    *, user: User, wanted: ListFilter | None = None, after: ListPlace | None = None, limit: int = 50
) -> ConversationPage:
    """Return the next conversations of a list: pinned ones first, then the newest. Two queries, whatever their number."""
    found = _listed(user, wanted or ListFilter())
    if after is not None:
        same = Q(pinned=after.pinned)
        earlier = Q(updated__lt=after.updated) | Q(updated=after.updated, id__lt=after.id)
        found = found.filter(Q(pinned__lt=after.pinned) | (same & earlier))
    own_tags = Prefetch("tags", Tag.objects.filter(person=user), to_attr="own_tags")
    rows = _marked(found, user).select_related("owner").order_by("-pinned", "-updated", "-id")
    rows = rows.prefetch_related(own_tags)
    page = tuple(rows[: limit + 1])
    if len(page) <= limit:
        return ConversationPage(page, None)
    last = page[limit - 1]
    return ConversationPage(page[:limit], ListPlace(last.pinned, last.updated, last.pk))


def _listed(user: User, wanted: ListFilter) -> QuerySet[Conversation]:
    if wanted.tag is not None:
        found = Conversation.objects.filter(visible_to(user), tags__pk=wanted.tag, tags__person=user)
    elif wanted.shelf == Shelf.TEAM:
        found = Conversation.objects.filter(visible_to(user)).exclude(owner=user)
    else:
        found = Conversation.objects.filter(owner=user, trashed=None, archived=wanted.shelf == Shelf.ARCHIVED)
    return found.filter(title__icontains=wanted.title) if wanted.title else found


def _marked(found: QuerySet[Conversation], user: User) -> QuerySet[Conversation]:
    """Add whether an answer is on its way, and whether something came since the person looked last."""
    exchanges = Exchange.objects.filter(run__conversation=OuterRef("pk"))
    seen = Seen.objects.filter(person=user, conversation=OuterRef("pk")).values("at")[:1]
    answered = Exists(exchanges.filter(ended__gt=OuterRef("seen_at")))
    said = Comment.objects.filter(message__conversation=OuterRef("pk"), created__gt=OuterRef("seen_at"))
    changed = Q(updated__gt=F("seen_at")) | Q(answered) | Q(Exists(said.exclude(author=user)))
    return found.annotate(
        live=Exists(exchanges.filter(state__in=Exchange.LIVE)),
        seen_at=Subquery(seen),
        unread=Case(
            When(Q(seen_at__isnull=False) & changed, then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        ),
    )


def conversations_count(*, user: User) -> int:
    """Return how many conversations a person has in the list."""
    return Conversation.objects.filter(owner=user, archived=False, trashed=None).count()


def conversations_owned(*, user: User) -> int:
    """Return how many conversations a person owns, archived ones and those in the trash among them."""
    return Conversation.objects.filter(owner=user).count()


def tags_of(*, user: User) -> list[Tag]:
    """Return the person's own tags by name."""
    return list(Tag.objects.filter(person=user))


def tags_on(*, user: User, conversation: Conversation) -> list[Tag]:
    """Return the person's own tags on one conversation."""
    return list(Tag.objects.filter(person=user, conversations=conversation))


def column_of(*, conversation: Conversation) -> Column:
    """Return the first column of a conversation."""
    return conversation.columns.select_related("leaf").get(position=0)
