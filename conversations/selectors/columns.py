"""The columns of a conversation, and what each of them shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from conversations.models import Column, Conversation, Exchange, Message, Run
from conversations.selectors.tree import messages_shown, said_until


@dataclass(frozen=True, slots=True)
class ColumnBranch:
    """A column with the messages of its branch in order; `cut` says that older ones were left out."""

    column: Column
    messages: tuple[Message, ...]
    cut: bool = False


def column_list(*, conversation: Conversation) -> list[Column]:
    """Return the columns of a conversation from left to right, each with its leaf. One query."""
    return list(conversation.columns.select_related("leaf__exchange").order_by("position"))


def column_find(*, conversation: Conversation, pk: int | None) -> Column:
    """Return one column of a conversation, the first one where none is named. Raises `Column.DoesNotExist`."""
    columns = conversation.columns.select_related("leaf")
    return columns.get(position=0) if pk is None else columns.get(pk=pk)


def columns_of(*, conversation: Conversation, newest: int | None = None) -> list[ColumnBranch]:
    """Return the columns from left to right, each with its branch; only the `newest` messages of each if given.

    The messages come with their exchange and author. Three queries, however many columns there are.
    """
    return _columns(conversation, messages_shown(), newest)


def columns_whole(*, conversation: Conversation, responses: bool) -> list[ColumnBranch]:
    """Return the columns with their whole branches, each message with all of its exchange, or all but the response.

    A message and its exchange are one row: of one read later the end could be there, beside a text from before it.
    """
    found = Message.objects.select_related("exchange", "author")
    return _columns(conversation, found if responses else found.defer("exchange__response"), None)


def _columns(conversation: Conversation, found: QuerySet[Message], newest: int | None) -> list[ColumnBranch]:
    columns = column_list(conversation=conversation)
    rows = Message.objects.filter(conversation=conversation).values_list("id", "parent_id")
    parents: dict[UUID, UUID | None] = dict(rows)
    paths = [_path(parents, column.leaf_id) for column in columns]
    wanted = [path if newest is None else path[-newest:] for path in paths]
    by_id = found.in_bulk({pk for path in wanted for pk in path})
    return [
        ColumnBranch(column, tuple(by_id[pk] for pk in shown if pk in by_id), cut=len(shown) < len(path))
        for column, path, shown in zip(columns, paths, wanted, strict=True)
    ]


def _path(parents: Mapping[UUID, UUID | None], leaf_id: UUID | None) -> list[UUID]:
    ids: list[UUID] = []
    at = leaf_id
    while at is not None and at in parents:
        ids.append(at)
        at = parents[at]
    return ids[::-1]


def columns_apart(*, conversation: Conversation) -> dict[int, UUID]:
    """Return where each column would go on by itself: the newest answer that it asked for. Two queries."""
    exchanges = Exchange.objects.filter(run__conversation=conversation, column__isnull=False)
    newest: dict[int, UUID] = {}
    for pk, column_id in exchanges.order_by("created", "id").values_list("id", "column_id"):
        if column_id is not None:
            newest[column_id] = pk
    answers = Message.objects.filter(exchange__in=newest.values()).order_by("-choice", "-id")
    first = {exchange_id: pk for pk, exchange_id in answers.values_list("id", "exchange_id")}
    return {column_id: first[pk] for column_id, pk in newest.items() if pk in first}


def run_columns(*, run: Run) -> list[tuple[int, list[Message]]]:
    """Return what a run added, for each column that is still there: its id, what was said in it, its answers by choice."""
    answers = (
        Message.objects.select_related("exchange__charge", "author", "parent")
        .filter(exchange__run=run, exchange__column__isnull=False)
        .order_by("exchange__column__position", "exchange_id", "choice", "id")
    )
    columns: dict[int, list[Message]] = {}
    for answer in answers:
        if answer.exchange is not None and answer.exchange.column_id is not None:
            said = said_until(answer.parent, run=run) if answer.parent else []
            columns.setdefault(answer.exchange.column_id, said).append(answer)
    return list(columns.items())


def choices_beside(*, messages: Sequence[Message]) -> dict[UUID, list[Message]]:
    """Return all choices of each exchange that made one of these messages and others beside it, by exchange. One query."""
    exchanges = {message.exchange_id for message in messages if message.exchange_id is not None}
    if not exchanges:
        return {}
    found = messages_shown().filter(exchange__in=exchanges).order_by("choice", "id")
    choices: dict[UUID, list[Message]] = {}
    for message in found:
        if message.exchange_id is not None:
            choices.setdefault(message.exchange_id, []).append(message)
    return {pk: made for pk, made in choices.items() if len(made) > 1}
