"""The shape of a tree: which message hangs below which, without what they say. One query, however large the tree is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from conversations.models import Exchange, Message
from team.models import User


@dataclass(frozen=True, slots=True)
class TreeShape:
    """The parents of all messages of a conversation, and their children in order; None is above the first ones."""

    parents: Mapping[UUID, UUID | None]
    children: Mapping[UUID | None, Sequence[UUID]]

    def __contains__(self, message_id: UUID) -> bool:
        return message_id in self.parents

    def path(self, message_id: UUID | None) -> list[UUID]:
        """Return the ids from the root to a message."""
        ids: list[UUID] = []
        at = message_id
        while at is not None and at in self.parents:
            ids.append(at)
            at = self.parents[at]
        return ids[::-1]

    def below(self, message_id: UUID) -> set[UUID]:
        """Return a message and everything below it."""
        found = {message_id}
        waiting = [message_id]
        while waiting:
            children = self.children.get(waiting.pop(), ())
            found.update(children)
            waiting += children
        return found

    def end(self, message_id: UUID | None) -> UUID | None:
        """Return the end of the newest branch below a message, or below all roots; the message itself where it is one."""
        at = message_id
        while children := self.children.get(at):
            at = children[-1]
        return at

    def siblings(self, message_id: UUID) -> Sequence[UUID]:
        """Return a message and its alternatives, in order."""
        return self.children[self.parents[message_id]]


def shape_of(rows: Iterable[tuple[UUID, UUID | None]]) -> TreeShape:
    """Return the shape that rows of (id, parent) have; they come in the order of creation."""
    parents: dict[UUID, UUID | None] = {}
    children: dict[UUID | None, list[UUID]] = {}
    for pk, parent_id in rows:
        parents[pk] = parent_id
        children.setdefault(parent_id, []).append(pk)
    return TreeShape(parents, children)


def tree_shape(*, conversation_id: UUID) -> TreeShape:
    """Return the shape of a conversation's tree."""
    rows = Message.objects.filter(conversation_id=conversation_id).order_by("id")
    return shape_of(rows.values_list("id", "parent_id"))


@dataclass(frozen=True, slots=True)
class Written:
    """Where somebody wrote: the end of that branch, and who wrote there last, None where nobody knows."""

    tip: UUID
    author: User | None


def written_since(*, conversation_id: UUID, moment: datetime) -> list[Written]:
    """Return where each person wrote last after `moment`, the newest last; an answer is theirs who asked for it."""
    rows = Message.objects.filter(conversation_id=conversation_id, created__gt=moment).order_by("id")
    newest: dict[int | None, UUID] = {}
    for pk, author, asked in rows.values_list("id", "author_id", "exchange__run__person_id"):
        who = author or asked
        newest.pop(who, None)
        newest[who] = pk
    if not newest:
        return []
    shape = tree_shape(conversation_id=conversation_id)
    people = User.objects.in_bulk([who for who in newest if who is not None])
    # Where one went on below another, the branch is told once, with the name of the later one.
    last = {shape.end(pk): who for who, pk in newest.items()}
    return [
        Written(tip, people.get(who) if who is not None else None)
        for tip, who in sorted(last.items(), key=lambda each: newest[each[1]])
        if tip is not None
    ]


def messages_sent(*, conversation_id: UUID, shape: TreeShape) -> set[UUID]:
    """Return the messages that were part of a request or of an answer: what was sent is never changed in place.

    That is each answer, what it was asked below, and everything above; copies of such messages, too.
    """
    made = Message.objects.filter(conversation_id=conversation_id)
    ids = set(made.filter(~Q(exchange=None) | ~Q(origin=None)).values_list("id", flat=True))
    asked = Exchange.objects.filter(run__conversation_id=conversation_id).exclude(parent=None)
    ids.update(asked.values_list("parent_id", flat=True).distinct())
    sent: set[UUID] = set()
    for pk in ids:
        at: UUID | None = pk
        while at is not None and at in shape.parents and at not in sent:
            sent.add(at)
            at = shape.parents[at]
    return sent


@dataclass(frozen=True, slots=True)
class Opening:
    """How a message begins: its role and the first words of its text."""

    role: str
    text: str


def message_openings(*, conversation_id: UUID, length: int = 90) -> dict[UUID, Opening]:
    """Return how each message of a conversation begins, in at most `length` characters. One query, read row by row."""
    rows = Message.objects.filter(conversation_id=conversation_id).values_list("id", "role", "content")
    return {
        pk: Opening(role, " ".join(_text(content)[: length * 2].split())[:length])
        for pk, role, content in rows.iterator(chunk_size=200)
    }


def _text(content: Any) -> str:
    texts = (part.get("text") for part in content if isinstance(part, dict))
    return next((text for text in texts if isinstance(text, str) and text.strip()), "")


def authors_count(*, conversation_id: UUID) -> int:
    """Return how many people wrote in a conversation."""
    written = Message.objects.filter(conversation_id=conversation_id).exclude(author=None)
    return written.order_by().values("author_id").distinct().count()


def history_whole(*, conversation_id: UUID, leaf_id: UUID) -> list[Message]:
    """Return the messages from the root to `leaf_id` with all their fields and the state of their exchange."""
    ids = tree_shape(conversation_id=conversation_id).path(leaf_id)
    found = (
        Message.objects.select_related("exchange__charge")
        .defer("exchange__body", "exchange__response")
        .in_bulk(ids)
    )
    return [found[pk] for pk in ids]
