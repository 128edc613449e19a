"""One change of a tree by hand: written with what takes it back; taken back only while it stands as it was left."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from conversations import selectors
from conversations.models import Column, Conversation, Exchange, Message, TreeChange
from conversations.selectors.shape import TreeShape
from conversations.services.columns import ColumnsChanged, columns_undo
from team.models import User

KEPT_FOR: Final = timedelta(days=1)
"""How long a change can be undone, and a deleted message can come back."""
IN_PLACE: Final = frozenset({"role", "content", "tool_call_id"})
"""Fields whose change gives a message a new revision."""


class MessageGone(Exception):
    """The message is not in this conversation, or not any more."""


class StillStreaming(Exception):
    """An answer that is on its way would be taken along."""


class ChangeLost(Exception):
    """The change cannot be undone any more: something of it was changed since, or it was undone already."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of a tree. `tip`: the end of the branch to show now; None where the shown one is still right.

    `columns`: there are other columns than before.
    """

    change: UUID
    tip: UUID | None = None
    columns: bool = False


@dataclass(slots=True)
class Work:
    """A change under way, in one transaction that holds the conversation: whoever else writes into it waits."""

    conversation: Conversation
    person: User
    shape: TreeShape
    rows: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    leaves: list[dict[str, Any]] = field(default_factory=list)

    def message(self, pk: UUID) -> Message:
        """Return a message of this conversation. Raises `MessageGone`."""
        found = (
            Message.objects.filter(conversation=self.conversation, pk=pk).select_related("exchange").first()
        )
        if found is None:
            raise MessageGone
        return found

    def put(self, message: Message, **fields: Any) -> None:
        """Set fields of a message, in the spelling of `TreeChange.rows`."""
        row = self.rows.setdefault(message.pk, {"id": str(message.pk), "before": {}, "after": {}})
        for name, value in fields.items():
            row["before"].setdefault(name, _value(message, name))
            row["after"][name] = value
        message_set(message, fields)

    def delete(self, ids: set[UUID]) -> None:
        """Take messages out of the tree, many at once."""
        Message.objects.filter(pk__in=ids).update(deleted=timezone.now())
        for pk in ids:
            row = self.rows.setdefault(pk, {"id": str(pk), "before": {}, "after": {}})
            row["before"]["deleted"], row["after"]["deleted"] = False, True

    def add(self, message: Message) -> None:
        """Put a new message into the tree."""
        message.save(force_insert=True)
        self.rows[message.pk] = {
            "id": str(message.pk),
            "before": {"deleted": True},
            "after": {"deleted": False},
        }

    def lead(self, column: Column, leaf_id: UUID | None) -> None:
        """Lead a column to another leaf."""
        self.leaves.append({"id": column.pk, "before": _text(column.leaf_id), "after": _text(leaf_id)})
        column.leaf_id = leaf_id
        column.save(update_fields=["leaf"])

    def column(self, pk: int | None) -> Column:
        """Return the column with this id; the first one where none is named or that one is gone."""
        columns = list(self.conversation.columns.order_by("position"))
        return next((column for column in columns if column.pk == pk), columns[0])

    def refuse_live(self, ids: set[UUID]) -> None:
        """Raise `StillStreaming` where one of these messages is an answer on its way."""
        if Message.objects.filter(pk__in=ids, exchange__state__in=Exchange.LIVE).exists():
            raise StillStreaming

    def finish(self, *, tip: UUID | None = None) -> Changed:
        """Keep what takes the change back; the conversation moves to the top of the lists."""
        kept = TreeChange.objects.create(
            conversation=self.conversation,
            person=self.person,
            rows=list(self.rows.values()),
            leaves=self.leaves,
        )
        self.conversation.updated = timezone.now()
        self.conversation.save(update_fields=["updated"])
        return Changed(kept.pk, tip)


def work_begin(*, person: User, conversation_id: UUID) -> Work:
    """Lock a conversation that `person` may write into. Raises `Conversation.DoesNotExist`. In a transaction."""
    editable = Conversation.objects.filter(selectors.editable_by(person))
    conversation = editable.select_for_update().get(pk=conversation_id)
    return Work(conversation, person, selectors.tree_shape(conversation_id=conversation_id))


def message_set(message: Message, fields: Mapping[str, Any]) -> None:
    """Write fields of a message, in the spelling of `TreeChange.rows`."""
    changed = list(fields)
    for name, value in fields.items():
        if name == "parent":
            message.parent_id = UUID(value) if value else None
        elif name == "deleted":
            message.deleted = timezone.now() if value else None
        else:
            setattr(message, name, value)
    if IN_PLACE & fields.keys():
        message.revision += 1
        changed.append("revision")
    message.save(update_fields=changed)


@transaction.atomic
def change_undo(*, person: User, conversation_id: UUID, change_id: UUID) -> Changed:
    """Take a change back, whoever made it. Raises `ChangeLost` where what it left is not there as it was left."""
    work = work_begin(person=person, conversation_id=conversation_id)
    change = TreeChange.objects.filter(conversation_id=conversation_id, pk=change_id, undone=None).first()
    if change is None:
        raise ChangeLost
    if change.columns:
        _columns_undo(work, change)
    ids = [UUID(row["id"]) for row in change.rows]
    messages = Message.everything.filter(conversation_id=conversation_id).in_bulk(ids)
    _rows_undo(work, change, messages)
    _leaves_undo(work, change, messages)
    change.undone = timezone.now()
    change.save(update_fields=["undone"])
    shape = selectors.tree_shape(conversation_id=conversation_id)
    back = [pk for pk in ids if pk in shape and pk not in work.shape]
    # What came back is shown: the last of its column if that leads there, else the newest end below it.
    led = {UUID(leaf["before"]) for leaf in change.leaves if leaf["before"]}
    tips = [pk for pk in led if pk in shape and set(shape.path(pk)) & set(back)]
    tip = tips[0] if tips else shape.end(back[0]) if back else None
    return Changed(change.pk, tip, columns=bool(change.columns))


def _columns_undo(work: Work, change: TreeChange) -> None:
    try:
        columns_undo(conversation=work.conversation, change=change)
    except ColumnsChanged as error:
        raise ChangeLost from error


def _rows_undo(work: Work, change: TreeChange, messages: Mapping[UUID, Message]) -> None:
    for row in change.rows:
        message = messages.get(UUID(row["id"]))
        if message is None or any(_value(message, name) != value for name, value in row["after"].items()):
            raise ChangeLost
        if message.pk in work.shape and row["before"].get("deleted"):
            _leave_by_undo(work, change, message)
    only_back = [UUID(row["id"]) for row in change.rows if row["before"] == {"deleted": False}]
    Message.everything.filter(pk__in=only_back).update(deleted=None)
    for row in change.rows:
        if row["before"] != {"deleted": False}:
            message_set(messages[UUID(row["id"])], row["before"])
    shape = selectors.tree_shape(conversation_id=work.conversation.pk)
    if not all(parent is None or parent in shape for parent in shape.parents.values()):
        raise ChangeLost
    for pk in messages:
        _uncircled(shape, pk)


def _leave_by_undo(work: Work, change: TreeChange, message: Message) -> None:
    """Let a message that the change had added go, if nothing was built on it since."""
    named = {UUID(row["id"]) for row in change.rows}
    if set(work.shape.children.get(message.pk, ())) - named:
        raise ChangeLost


def _uncircled(shape: TreeShape, pk: UUID) -> None:
    """Raise `ChangeLost` where a message is above itself."""
    at = shape.parents.get(pk)
    for _step in range(len(shape.parents)):
        if at is None:
            return
        at = shape.parents[at]
    raise ChangeLost


def _leaves_undo(work: Work, change: TreeChange, messages: Mapping[UUID, Message]) -> None:
    """Lead the columns back that still stand where the change led them, and those that stand on what is gone now."""
    there = selectors.tree_shape(conversation_id=work.conversation.pk)
    columns = {column.pk: column for column in work.conversation.columns.all()}
    for leaf in change.leaves:
        column = columns.get(leaf["id"])
        if column is not None and _text(column.leaf_id) == leaf["after"]:
            column.leaf_id = UUID(leaf["before"]) if leaf["before"] else None
    for column in columns.values():
        if column.leaf_id is not None and column.leaf_id not in there:
            gone = messages.get(column.leaf_id) or Message.everything.filter(pk=column.leaf_id).first()
            column.leaf_id = there.end(gone.parent_id if gone and gone.parent_id in there.parents else None)
        column.save(update_fields=["leaf"])


def changes_purge() -> int:
    """Remove for good what was deleted more than a day ago, and the changes that would bring it back; return how many."""
    before = timezone.now() - KEPT_FOR
    TreeChange.objects.filter(created__lt=before).delete()
    Column.everything.filter(removed__lt=before).delete()
    count, _models = Message.everything.filter(deleted__lt=before).delete()
    return count


def _value(message: Message, name: str) -> Any:
    if name == "parent":
        return _text(message.parent_id)
    if name == "deleted":
        return message.deleted is not None
    return getattr(message, name)


def _text(pk: UUID | None) -> str | None:
    return str(pk) if pk else None
