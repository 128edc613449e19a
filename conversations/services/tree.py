"""Changes of a tree by hand: edit, insert, delete, move, continue elsewhere. What was sent is never changed in place."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.db import transaction

from conversations import storable
from conversations.models import Column, Message
from conversations.selectors.shape import messages_sent
from conversations.services.tree_change import Changed, Work, work_begin
from team.models import User


class NotADraft(Exception):
    """What was sent, or has alternatives, keeps its place."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a message says: its role as the API spells it, its text, and for the result of a tool which call it answers."""

    role: str
    text: str
    tool_call_id: str = ""

    def fields(self, content: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        """Return the fields of a message; the parts of `content` that are not text stay where they are."""
        return {
            "role": self.role,
            "content": content_say(content, storable.text(self.text)),
            "tool_call_id": storable.text(self.tool_call_id)[:200] if self.role == Message.Role.TOOL else "",
        }


def content_say(content: Sequence[Mapping[str, Any]], text: str) -> list[Mapping[str, Any]]:
    """Return content parts that say `text`: it takes the place of the first text, or comes first."""
    said: Mapping[str, Any] = {"type": "text", "text": text}
    places = [number for number, part in enumerate(content) if part.get("type") == "text"]
    rest = [part for part in content if part.get("type") not in ("text", "refusal")]
    before = [part for part in content[: places[0]] if part in rest] if places else []
    return [*before, said, *rest[len(before) :]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new message goes: right `before` or `after` a message; at the start of the tree where both are None."""

    before: UUID | None = None
    after: UUID | None = None


@transaction.atomic
def message_edit(
    *, person: User, conversation_id: UUID, message_id: UUID, words: Words, column_id: int | None = None
) -> Changed:
    """Give a message other words or another role.

    One that was sent stays, and the edited one stands beside it as an alternative that the column shows; a draft changes
    in place. Raises `MessageGone`, `StillStreaming`, `Conversation.DoesNotExist`.
    """
    work = work_begin(person=person, conversation_id=conversation_id)
    message = work.message(message_id)
    work.refuse_live({message.pk})
    fields = words.fields(message.content)
    if message.pk not in messages_sent(conversation_id=conversation_id, shape=work.shape):
        work.put(message, **fields)
        return work.finish()
    answers = words.role == Message.Role.ASSISTANT
    edited = Message(
        conversation=work.conversation,
        parent_id=message.parent_id,
        tool_calls=message.tool_calls if answers else [],
        name=message.name,
        as_parts=message.as_parts,
        extra=message.extra,
        author=person,
        **fields,
    )
    work.add(edited)
    work.lead(work.column(column_id), edited.pk)
    return work.finish(tip=edited.pk)


@transaction.atomic
def message_insert(
    *, person: User, conversation_id: UUID, place: Place, words: Words, column_id: int | None = None
) -> Changed:
    """Put a message that nobody sent into the tree.

    Before a message it takes that one's place, alone; after one it takes everything below it; at the end of a branch the
    column goes on from it. Raises `MessageGone`, `StillStreaming`, `Conversation.DoesNotExist`.
    """
    work = work_begin(person=person, conversation_id=conversation_id)
    below: list[Message] = []
    parent_id: UUID | None = None
    if place.before is not None:
        below = [work.message(place.before)]
        parent_id = below[0].parent_id
    elif place.after is not None:
        parent_id = work.message(place.after).pk
        below = _messages(work, work.shape.children.get(parent_id, ()))
    work.refuse_live({message.pk for message in below})
    inserted = Message(conversation=work.conversation, parent_id=parent_id, author=person, **words.fields())
    work.add(inserted)
    for message in below:
        work.put(message, parent=str(inserted.pk))
    column = work.column(column_id)
    at_the_end = column.leaf_id == place.after and place.before is None
    if at_the_end or not below:
        work.lead(column, inserted.pk)
    return work.finish(tip=inserted.pk if at_the_end or not below else None)


@transaction.atomic
def message_delete(*, person: User, conversation_id: UUID, message_id: UUID) -> Changed:
    """Take one message out of the tree; what hangs below it hangs below its parent from now on.

    Raises `MessageGone`, `StillStreaming`, `Conversation.DoesNotExist`.
    """
    work = work_begin(person=person, conversation_id=conversation_id)
    message = work.message(message_id)
    below = _messages(work, work.shape.children.get(message.pk, ()))
    work.refuse_live({message.pk, *(each.pk for each in below)})
    parent = str(message.parent_id) if message.parent_id else None
    for each in below:
        work.put(each, parent=parent)
    work.delete({message.pk})
    # A column that ended here goes on showing what is above; where nothing is, the newest of what hung below.
    onward = message.parent_id or (work.shape.end(below[-1].pk) if below else _other_root(work, {message.pk}))
    _columns_lead(work, {message.pk}, onward)
    return work.finish()


@transaction.atomic
def branch_delete(*, person: User, conversation_id: UUID, message_id: UUID) -> Changed:
    """Take a message and everything below it out of the tree; a column that led there shows the newest branch beside it.

    Raises `MessageGone`, `StillStreaming`, `Conversation.DoesNotExist`.
    """
    work = work_begin(person=person, conversation_id=conversation_id)
    message = work.message(message_id)
    gone = work.shape.below(message.pk)
    work.refuse_live(gone)
    work.delete(gone)
    beside = [pk for pk in work.shape.siblings(message.pk) if pk != message.pk]
    onward = work.shape.end(beside[-1]) if beside else message.parent_id
    _columns_lead(work, gone, onward)
    return work.finish()


@transaction.atomic
def message_move(
    *, person: User, conversation_id: UUID, message_id: UUID, way: Literal["up", "down"]
) -> Changed:
    """Let a draft change places with the message above or below it, where there is one way through both.

    Raises `NotADraft` where one of them was sent or has alternatives, `MessageGone`, `Conversation.DoesNotExist`.
    """
    work = work_begin(person=person, conversation_id=conversation_id)
    lower = work.message(message_id)
    if way == "down":
        children = work.shape.children.get(lower.pk, ())
        if len(children) != 1:
            raise NotADraft
        lower = work.message(children[0])
    if lower.parent_id is None:
        raise NotADraft
    upper = work.message(lower.parent_id)
    sent = messages_sent(conversation_id=conversation_id, shape=work.shape)
    one_way = all(len(work.shape.siblings(pk)) == 1 for pk in (lower.pk, upper.pk))
    if {lower.pk, upper.pk} & sent or not one_way:
        raise NotADraft
    for each in _messages(work, work.shape.children.get(lower.pk, ())):
        work.put(each, parent=str(upper.pk))
    work.put(lower, parent=str(upper.parent_id) if upper.parent_id else None)
    work.put(upper, parent=str(lower.pk))
    for column in work.conversation.columns.filter(leaf=lower):
        work.lead(column, upper.pk)
    end = work.shape.end(lower.pk)
    return work.finish(tip=upper.pk if end == lower.pk else end)


@transaction.atomic
def branch_continue(
    *, person: User, conversation_id: UUID, message_id: UUID, column_id: int | None = None
) -> UUID | None:
    """Let a column go on from a message: what it says next is an alternative to what follows there now.

    Returns the leaf that it had. Raises `MessageGone`, `Conversation.DoesNotExist`.
    """
    work = work_begin(person=person, conversation_id=conversation_id)
    column = work.column(column_id)
    before = column.leaf_id
    column.leaf_id = work.message(message_id).pk
    column.save(update_fields=["leaf"])
    return before


def _messages(work: Work, ids: Iterable[UUID]) -> list[Message]:
    return list(Message.objects.filter(conversation=work.conversation, pk__in=list(ids)).order_by("id"))


def _other_root(work: Work, gone: set[UUID]) -> UUID | None:
    roots = [pk for pk in work.shape.children.get(None, ()) if pk not in gone]
    return work.shape.end(roots[-1]) if roots else None


def _columns_lead(work: Work, gone: set[UUID], onward: UUID | None) -> None:
    """Lead every column that ends on what is gone to another leaf."""
    columns: Iterable[Column] = work.conversation.columns.filter(leaf_id__in=gone)
    for column in columns:
        work.lead(column, onward)
