"""Saved results of tools, and where the loop stands that answers with them."""

from collections.abc import Sequence
from uuid import UUID

from conversations.models import Column, Exchange, Message, ToolLoop, ToolMock
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
