"""What a person does with several conversations at once: pin, archive, tag, throw away, take back."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from conversations import storable
from conversations.models import Conversation, Seen, Tag
from conversations.selectors import trash_of, visible_to
from conversations.services.accounting import exchanges_stop
from conversations.services.conversation import conversation_delete
from team.models import User

TRASH_KEPT = timedelta(days=30)
"""How long a conversation lies in the trash before `prune` deletes it."""
MAX_TAGS = 20
"""Tags that one person may put on one conversation."""


def conversations_pin(*, user: User, ids: Iterable[UUID], pinned: bool) -> None:
    """Keep one's own conversations above the others, or no longer. Raises `Conversation.DoesNotExist`."""
    with transaction.atomic():
        _own(user, ids)
        Conversation.objects.filter(pk__in=list(ids)).update(pinned=pinned)


def conversations_archive(*, user: User, ids: Iterable[UUID], archived: bool) -> None:
    """Put one's own conversations away, or back into the list. Raises `Conversation.DoesNotExist`."""
    with transaction.atomic():
        _own(user, ids)
        Conversation.objects.filter(pk__in=list(ids)).update(archived=archived)


@transaction.atomic
def conversations_trash(*, user: User, ids: Iterable[UUID]) -> None:
    """Put one's own conversations into the trash: nobody sees them there. A run in them stops within a second.

    Raises `Conversation.DoesNotExist`.
    """
    # Locked, so that no run opens meanwhile; ended, so that no process goes on with what nobody sees.
    mine = _own(user, ids)
    exchanges_stop(of=mine)
    Conversation.objects.filter(pk__in=mine).update(trashed=timezone.now())


@transaction.atomic
def conversations_restore(*, user: User, ids: Iterable[UUID]) -> None:
    """Take conversations back out of the trash. Raises `Conversation.DoesNotExist`."""
    wanted = set(ids)
    if trash_of(user=user).filter(pk__in=wanted).update(trashed=None) != len(wanted):
        raise Conversation.DoesNotExist


@transaction.atomic
def trash_delete(*, user: User, ids: Iterable[UUID]) -> None:
    """Delete for good what lies in the person's trash. Raises `Conversation.DoesNotExist`."""
    wanted = set(ids)
    found = list(trash_of(user=user).filter(pk__in=wanted).order_by("pk").select_for_update())
    if len(found) != len(wanted):
        raise Conversation.DoesNotExist
    for conversation in found:
        conversation_delete(conversation=conversation)


def trash_empty(*, user: User) -> None:
    """Delete for good everything in the person's trash; what is restored meanwhile stays."""
    for pk in list(trash_of(user=user).values_list("pk", flat=True)):
        with suppress(Conversation.DoesNotExist):
            trash_delete(user=user, ids=[pk])


@transaction.atomic
def conversations_tag(*, user: User, ids: Iterable[UUID], names: Sequence[str]) -> None:
    """Put these tags of the person's own on conversations that they may see. Raises `Conversation.DoesNotExist`."""
    found = _visible(user, ids)
    for tag in _tags(user, names):
        tag.conversations.add(*found)


@transaction.atomic
def conversation_tags_set(*, user: User, pk: UUID, names: Sequence[str]) -> None:
    """Let a conversation have exactly these tags of the person. Raises `Conversation.DoesNotExist`."""
    (found,) = _visible(user, [pk])
    tags = _tags(user, names)
    for gone in Tag.objects.filter(person=user, conversations=found).exclude(pk__in=[tag.pk for tag in tags]):
        gone.conversations.remove(found)
    for tag in tags:
        tag.conversations.add(found)
    Tag.objects.filter(person=user, conversations=None).delete()


def conversation_seen(*, user: User, conversation: Conversation) -> None:
    """Note that the person has everything of this conversation before them now."""
    Seen.objects.bulk_create(
        [Seen(person=user, conversation=conversation, at=timezone.now())],
        update_conflicts=True,
        unique_fields=["person", "conversation"],
        update_fields=["at"],
    )


def tag_names(text: str) -> list[str]:
    """Return the names in a list that a person typed: between commas, each once, in the order typed."""
    names = (" ".join(storable.text(name).split())[:40] for name in text.replace("，", ",").split(","))
    return list(dict.fromkeys(name for name in names if name))[:MAX_TAGS]


def _own(user: User, ids: Iterable[UUID]) -> list[UUID]:
    """Lock these conversations of the person's own, in one order; all of them or none."""
    wanted = set(ids)
    mine = Conversation.objects.filter(owner=user, trashed=None, pk__in=wanted).order_by("pk")
    found = list(mine.select_for_update().values_list("pk", flat=True))
    if len(found) != len(wanted):
        raise Conversation.DoesNotExist
    return found


def _visible(user: User, ids: Iterable[UUID]) -> list[Conversation]:
    wanted = set(ids)
    found = list(Conversation.objects.filter(visible_to(user), pk__in=wanted))
    if len(found) != len(wanted):
        raise Conversation.DoesNotExist
    return found


def _tags(user: User, names: Sequence[str]) -> list[Tag]:
    Tag.objects.bulk_create([Tag(person=user, name=name) for name in names], ignore_conflicts=True)
    return list(Tag.objects.filter(person=user, name__in=names))
