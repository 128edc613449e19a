"""Columns: up to eight ways to go on with one conversation, side by side."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from conversations import selectors, storable
from conversations.models import Column, Conversation, Message, TreeChange
from team.models import User

MAX_COLUMNS: Final = 8
"""As many as fit on a wide screen, and as one person may sensibly run at once."""
_ASIDE: Final = 1000  # positions that no column has, so that two never hold one place


class TooManyColumns(Exception):
    """A conversation has as many columns as it may have."""


class LastColumn(Exception):
    """A conversation keeps one column."""


class ColumnsChanged(Exception):
    """The columns are not those that a change left, so it cannot be taken back."""


@transaction.atomic
def column_add(*, conversation: Conversation, like: int | None = None) -> Column:
    """Return a new column right of the one it is a copy of (by id; None is the last one): settings and branch alike.

    Raises `TooManyColumns` and `Column.DoesNotExist`.
    """
    columns = _columns_locked(conversation)
    if len(columns) >= MAX_COLUMNS:
        raise TooManyColumns
    model = columns[-1] if like is None else _named(columns, like)
    made = Column(conversation=conversation, leaf_id=model.leaf_id, settings=dict(model.settings))
    columns.insert(columns.index(model) + 1, made)
    _columns_place(conversation, columns)
    return made


@transaction.atomic
def column_remove(*, person: User, conversation: Conversation, pk: int) -> UUID:
    """Remove a column; what was said in it stays in the tree. Return the change, which can be undone for a day.

    Raises `LastColumn` and `Column.DoesNotExist`.
    """
    columns = _columns_locked(conversation)
    column = _named(columns, pk)
    if len(columns) == 1:
        raise LastColumn
    return _columns_replace(person, conversation, columns, [each for each in columns if each is not column])


@transaction.atomic
def column_move(*, conversation: Conversation, pk: int, by: int) -> None:
    """Move a column by so many places to the right, or to the left if negative. Raises `Column.DoesNotExist`."""
    columns = _columns_locked(conversation)
    column = _named(columns, pk)
    place = columns.index(column) + by
    columns.remove(column)
    columns.insert(max(0, min(place, len(columns))), column)
    _columns_place(conversation, columns)


@transaction.atomic
def columns_sweep(
    *, person: User, conversation: Conversation, base: int, settings: Sequence[Mapping[str, Any]]
) -> UUID:
    """Put columns with these settings, all on the branch of column `base`, in the place of those that there are.

    Return the change, which can be undone for a day. Raises `TooManyColumns` and `Column.DoesNotExist`.
    """
    columns = _columns_locked(conversation)
    if not 1 <= len(settings) <= MAX_COLUMNS:
        raise TooManyColumns
    leaf = _named(columns, base).leaf_id
    made = [
        Column(conversation=conversation, leaf_id=leaf, settings=storable.value(wanted))
        for wanted in settings
    ]
    return _columns_replace(person, conversation, columns, made)


def columns_undo(*, conversation: Conversation, change: TreeChange) -> None:
    """Put back the columns that stood before a change, those that ran with what they ran. In a transaction.

    Raises `ColumnsChanged` where others came or went since.
    """
    columns = _columns_locked(conversation)
    if {column.pk for column in columns} != set(change.columns["after"]):
        raise ColumnsChanged
    kept = Column.everything.in_bulk(change.columns["before"])
    before = [kept[pk] for pk in change.columns["before"] if pk in kept]
    _columns_remove([column for column in columns if column not in before])
    _columns_place(conversation, before)


@transaction.atomic
def columns_lead(*, conversation: Conversation, message_id: UUID) -> None:
    """Let all columns go on from one message. Raises `Message.DoesNotExist` for one of another conversation."""
    columns = _columns_locked(conversation)
    message = Message.objects.get(conversation=conversation, pk=message_id)
    for column in columns:
        column.leaf_id = message.pk
    Column.objects.bulk_update(columns, ["leaf"])


@transaction.atomic
def columns_part(*, conversation: Conversation) -> None:
    """Let each column go on from the newest answer of its own again; one that never asked stays where it is."""
    columns = _columns_locked(conversation)
    apart = selectors.columns_apart(conversation=conversation)
    for column in columns:
        column.leaf_id = apart.get(column.pk, column.leaf_id)
    Column.objects.bulk_update(columns, ["leaf"])


def _columns_locked(conversation: Conversation) -> list[Column]:
    """Return the columns from left to right; nobody else changes them, or runs in them, until the transaction ends."""
    Conversation.objects.select_for_update().get(pk=conversation.pk)
    return list(Column.objects.filter(conversation=conversation).order_by("position"))


def _named(columns: Sequence[Column], pk: int) -> Column:
    for column in columns:
        if column.pk == pk:
            return column
    raise Column.DoesNotExist


def _columns_replace(
    person: User, conversation: Conversation, before: Sequence[Column], after: Sequence[Column]
) -> UUID:
    _columns_remove([column for column in before if column not in after])
    _columns_place(conversation, after)
    ids = {
        "before": [column.pk for column in before],
        "after": [column.pk for column in after],
    }
    return TreeChange.objects.create(conversation=conversation, person=person, columns=ids).pk


def _columns_remove(columns: Sequence[Column]) -> None:
    Column.objects.filter(pk__in=[column.pk for column in columns]).update(removed=timezone.now())


def _columns_place(conversation: Conversation, columns: Sequence[Column]) -> None:
    """Save the columns in this order, the new ones and those that come back among them."""
    Column.objects.filter(conversation=conversation).update(position=F("position") + _ASIDE)
    for position, column in enumerate(columns):
        column.position, column.removed = position, None
        column.save()
