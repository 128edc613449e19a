"""The columns of a conversation as a link to one of its messages shows them."""

from dataclasses import replace
from uuid import UUID

from conversations.models import Conversation, Message
from conversations.selectors.columns import ColumnBranch, columns_of
from conversations.selectors.tree import branch

BEFORE = 5
"""Messages shown before the one that the link leads to."""


def message_is_in(*, conversation: Conversation, pk: UUID) -> bool:
    """Whether a message is in this conversation and not deleted."""
    return Message.objects.filter(conversation=conversation, pk=pk).exists()


def columns_reaching(*, conversation: Conversation, pk: UUID, newest: int) -> list[ColumnBranch]:
    """Return the columns with at least the `newest` messages of each, and with `pk` among those of the first.

    Where no column leads to that message, the first one is shown as if it did. A `pk` that is not there changes nothing.
    """
    tree = Message.objects.filter(conversation=conversation).order_by("id")
    parents: dict[UUID, UUID | None] = dict(tree.values_list("id", "parent_id"))
    if pk not in parents:
        return columns_of(conversation=conversation, newest=newest)
    paths = {leaf: _path(parents, leaf) for leaf in conversation.columns.values_list("leaf_id", flat=True)}
    leaf = next((leaf for leaf, path in paths.items() if pk in path), None)
    path = paths[leaf] if leaf else _path(parents, _end_below(parents, pk))
    count = max(newest, len(path) - path.index(pk) + BEFORE)
    branches = columns_of(conversation=conversation, newest=count)
    if leaf is None:
        shown = branch(conversation_id=conversation.pk, leaf_id=path[-1], newest=count)
        branches[0] = replace(branches[0], messages=tuple(shown), cut=len(path) > count)
    return branches


def _path(parents: dict[UUID, UUID | None], leaf: UUID | None) -> list[UUID]:
    path: list[UUID] = []
    at = leaf
    while at is not None and at in parents:
        path.append(at)
        at = parents[at]
    return path[::-1]


def _end_below(parents: dict[UUID, UUID | None], pk: UUID) -> UUID:
    """Return the newest end below a message; `parents` are in order of creation."""
    newest_child = {parent: child for child, parent in parents.items() if parent is not None}
    at = pk
    while at in newest_child:
        at = newest_child[at]
    return at
