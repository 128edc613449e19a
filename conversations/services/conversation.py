"""Making, naming and deleting conversations."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from conversations import storable
from conversations.models import Column, Conversation, Message
from conversations.services.accounting import exchanges_stop
from conversations.services.attachment import attachment_digests, attachments_release
from conversations.services.share import shares_end
from team.models import User

TITLE_LENGTH = 60


@transaction.atomic
def conversation_create(*, owner: User, settings: Mapping[str, Any]) -> Conversation:
    """Return a new, empty, private conversation with one column that holds `settings`."""
    conversation = Conversation.objects.create(owner=owner)
    Column.objects.create(conversation=conversation, position=0, settings=dict(settings))
    return conversation


def conversation_rename(*, conversation: Conversation, title: str) -> None:
    """Give a conversation the title a person typed. An empty title brings the automatic one back with the next message."""
    conversation.title = storable.text(title.strip())[:200]
    conversation.save(update_fields=["title"])


@transaction.atomic
def conversation_delete(*, conversation: Conversation) -> None:
    """Delete a conversation with its messages, exchanges and traces. A run in it stops within a second."""
    # Locked, so that no run opens meanwhile; ended first, so that no process writes a trace for what is being deleted.
    locked = Conversation.objects.select_for_update().filter(pk=conversation.pk)
    if not locked.exists():
        return
    exchanges_stop(of=[conversation.pk])
    digests = attachment_digests(conversation_ids=[conversation.pk])
    shares_end(conversation_ids=[conversation.pk])
    conversation.delete()
    attachments_release(digests=digests)


def column_settings_update(*, column: Column, settings: Mapping[str, Any]) -> None:
    """Keep what the person has set (provider, model, system prompt, parameters) as the column's settings."""
    column.settings = storable.value(settings)
    column.save(update_fields=["settings"])


def branch_show(*, column: Column, message_id: UUID) -> None:
    """Lead a column to the newest end below one message, so that the branch through it is shown.

    Raises `Message.DoesNotExist` for a message of another conversation.
    """
    tree = Message.objects.filter(conversation_id=column.conversation_id).order_by("id")
    children: dict[UUID | None, UUID] = {}
    ids: set[UUID] = set()
    for pk, parent_id in tree.values_list("id", "parent_id"):
        children[parent_id] = pk  # the last one wins: ids sort by creation
        ids.add(pk)
    if message_id not in ids:
        raise Message.DoesNotExist
    at = message_id
    while at in children:
        at = children[at]
    column.leaf_id = at
    column.save(update_fields=["leaf"])


def title_from(text: str) -> str:
    """Return the first line of a message, cut at a word near 60 characters, as a title."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    line = " ".join(line.split())
    if len(line) <= TITLE_LENGTH:
        return line
    cut = line[:TITLE_LENGTH]
    at_word = cut.rsplit(" ", 1)[0]
    return (at_word if len(at_word) > TITLE_LENGTH // 2 else cut).rstrip(" ,;:.") + "…"


def conversation_touch(*, conversation: Conversation, first_text: str) -> None:
    """Mark a conversation as changed now; give it a title from `first_text` where it has none."""
    conversation.updated = timezone.now()
    changed = ["updated"]
    if not conversation.title and (title := storable.text(title_from(first_text))):
        conversation.title = title
        changed.append("title")
    conversation.save(update_fields=changed)
