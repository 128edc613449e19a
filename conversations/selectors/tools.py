"""Saved results of tools, and where the loop stands that answers with them."""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from conversations.models import Column, Conversation, Exchange, Message, ToolLoop, ToolMock
from conversations.selectors.tree import messages_shown
from team.models import User


def tool_mocks_for(*, user: User, name: str | None = None) -> Sequence[ToolMock]:
    """Return the saved results of a person, of one function if it is named."""
    mocks = ToolMock.objects.filter(owner=user)
    return list(mocks if name is None else mocks.filter(name=name))


def tool_mock_for(*, user: User, pk: UUID) -> ToolMock:
    """Return one saved result of a person. Raises `ToolMock.DoesNotExist`."""
    return ToolMock.objects.get(owner=user, pk=pk)


def tool_loop_of(*, column: Column) -> ToolLoop:
    """Return where the loop of a column stands; one that is off where it was never switched on."""
    return ToolLoop.objects.filter(column=column).first() or ToolLoop(column=column)


def answer_that_calls(*, exchange: Exchange, choice: int) -> Message | None:
    """Return the answer of an exchange with this number if it calls tools."""
    answer = Message.objects.filter(exchange=exchange, choice=choice).order_by("id").first()
    return answer if answer is not None and answer.tool_calls else None


def answer_goes_on(*, answer: Message) -> bool:
    """Whether anything follows an answer in its tree."""
    return Message.objects.filter(parent=answer).exists()


def column_of_exchange(*, exchange: Exchange) -> Column:
    """Return the column that an exchange ran in. Raises `Column.DoesNotExist` where it is gone."""
    if exchange.column is None or exchange.column.removed:
        raise Column.DoesNotExist
    return exchange.column


def column_named(*, conversation: Conversation, pk: str) -> Column:
    """Return the column of a conversation with this id, the first one for "". Raises `Column.DoesNotExist`."""
    columns = Column.objects.filter(conversation=conversation).order_by("position")
    if not pk:
        return columns[0]
    return columns.get(pk=int(pk) if pk.isdecimal() and len(pk) < 19 else -1)


def branch_after(*, conversation_id: UUID, message_id: UUID) -> list[Message]:
    """Return the messages below one along the newest branch, with their exchange."""
    rows = (
        Message.objects.filter(conversation_id=conversation_id).order_by("id").values_list("parent_id", "id")
    )
    newest = dict(rows)  # the last one wins: ids sort by creation
    ids: list[UUID] = []
    at: UUID | None = newest.get(message_id)
    while at is not None:
        ids.append(at)
        at = newest.get(at)
    by_id = messages_shown().in_bulk(ids)
    return [by_id[pk] for pk in ids if pk in by_id]


def exchange_schemas(*, exchange: Exchange) -> dict[str, Any]:
    """Return `tools` (name → JSON Schema of its arguments) and `answer` (the schema of the answer or None), as sent.

    `format` is the type of `response_format`, "" where none was sent; `name` is the schema's.
    """
    try:
        body = json.loads(exchange.body)
    except (ValueError, RecursionError):
        body = None
    body = body if isinstance(body, dict) else {}
    wanted = _object(body.get("response_format"))
    answer = _object(wanted.get("json_schema"))
    return {
        "tools": dict(_functions(body)),
        "answer": answer.get("schema"),
        "name": str(answer.get("name") or ""),
        "format": str(wanted.get("type") or ""),
    }


def _functions(body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    tools = body.get("tools")
    offered = [_object(tool).get("function") for tool in tools] if isinstance(tools, list) else []
    legacy = body.get("functions")
    offered += legacy if isinstance(legacy, list) else []
    for function in map(_object, offered):
        if isinstance(function.get("name"), str):
            yield function["name"], function.get("parameters")


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
