"""Saved results of tools, and the loop that answers calls with them."""

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from conversations import selectors, storable
from conversations.models import Column, Conversation, Exchange, Message, ToolLoop, ToolMock
from conversations.services.run import ToolResult
from conversations.tool_calls import NAME_MAX, calls_of
from conversations.tool_matching import mock_for
from team.models import User

MOCKS_MAX: Final = 500
"""Saved results of one person: far more than anybody reads, few enough to be compared with every call."""
MOST_STEPS: Final = 50
"""The most steps a person may allow a loop; each is a paid request."""

State = ToolLoop.State


class TooManyMocks(Exception):
    """The person has as many saved results as one may have."""


@dataclass(frozen=True, slots=True)
class MockValues:
    """What a person writes down about a saved result."""

    name: str
    match: str
    arguments: str
    result: str


@dataclass(frozen=True, slots=True)
class NextStep:
    """What the loop says next, in whose name: `results` for the calls of `answer`; none where it does not go on."""

    person: User
    conversation: Conversation
    column: Column
    answer: Message | None = None
    results: tuple[ToolResult, ...] = ()


@transaction.atomic
def tool_mock_save(*, owner: User, values: MockValues, mock: ToolMock | None = None) -> ToolMock:
    """Keep a saved result: a new one, or `mock` with other values. Raises TooManyMocks."""
    if mock is None:
        if ToolMock.objects.filter(owner=owner).count() >= MOCKS_MAX:
            raise TooManyMocks
        mock = ToolMock(owner=owner)
    mock.name = storable.text(values.name)[:NAME_MAX]
    mock.match = values.match
    mock.arguments = storable.text(values.arguments)
    mock.result = storable.text(values.result)
    mock.updated = timezone.now()
    mock.save()
    return mock


def tool_mock_delete(*, mock: ToolMock) -> None:
    """Forget a saved result."""
    mock.delete()


@transaction.atomic
def tool_loop_set(*, column: Column, on: bool, most: int) -> ToolLoop:
    """Switch the loop of a column on or off, with at most this many steps after a press of Send."""
    loop, _made = ToolLoop.objects.select_for_update().get_or_create(column=column)
    loop.on = on
    loop.most = max(1, min(most, MOST_STEPS))
    if not on and loop.state == State.ANSWERING:
        loop.state = State.STOPPED
    loop.updated = timezone.now()
    loop.save()
    return loop


@transaction.atomic
def tool_loop_next(*, exchange_id: UUID) -> NextStep | None:
    """Look at an exchange that has ended; return what the loop says next, None where there is none.

    Counts the step and holds the loop until the caller's transaction ends: a Stop comes before all of it or after.
    """
    exchange = Exchange.objects.select_related("run__conversation", "run__person", "column").get(
        pk=exchange_id
    )
    if exchange.column is None or exchange.column.removed or exchange.run.person is None:
        return None
    loop = ToolLoop.objects.select_for_update().filter(column=exchange.column, on=True).first()
    if loop is None:
        return None
    if exchange.run_id != loop.run:
        loop.steps = 0
    leaf = exchange.column.leaf_id
    answer = Message.objects.filter(pk=leaf, exchange=exchange).first() if leaf else None
    step = NextStep(exchange.run.person, exchange.run.conversation, exchange.column)
    if loop.stopped == exchange.pk or exchange.state == Exchange.State.STOPPED:
        _loop_stand(loop, State.STOPPED)
    elif exchange.state != Exchange.State.COMPLETED:
        _loop_stand(loop, State.FAILED)
    elif answer is None or not calls_of(answer):
        _loop_stand(loop, State.DONE if loop.steps else State.IDLE)
    elif loop.steps >= loop.most:
        _loop_stand(loop, State.LIMIT)
    else:
        step = _step(loop, step, answer)
    loop.exchange = exchange.pk
    loop.save()
    return step


def _step(loop: ToolLoop, step: NextStep, answer: Message) -> NextStep:
    mocks = selectors.tool_mocks_for(user=step.person)
    found = [(call, mock_for(call, mocks)) for call in calls_of(answer)]
    if missing := [call.name for call, mock in found if mock is None]:
        _loop_stand(loop, State.WAITING, ", ".join(dict.fromkeys(missing)))
        return step
    loop.steps += 1
    _loop_stand(loop, State.ANSWERING)
    results = tuple(ToolResult(call.position, mock.result) for call, mock in found if mock is not None)
    return replace(step, answer=answer, results=results)


def _loop_stand(loop: ToolLoop, state: ToolLoop.State, detail: str = "") -> None:
    loop.state, loop.detail, loop.updated = state, storable.text(detail)[:300], timezone.now()


def tool_loop_begun(*, column: Column, run_id: UUID, exchange_id: UUID) -> None:
    """Note which run the loop has begun with its last step."""
    ToolLoop.objects.filter(column=column).update(run=run_id, exchange=exchange_id, updated=timezone.now())


def tool_loop_fail(*, exchange_id: UUID, reason: str) -> None:
    """Note why the loop could not go on after an exchange."""
    ToolLoop.objects.filter(column__exchanges=exchange_id, column__removed=None).update(
        state=State.FAILED,
        detail=storable.text(reason)[:300],
        exchange=exchange_id,
        updated=timezone.now(),
    )


@transaction.atomic
def tool_loop_stop(*, exchange_id: UUID) -> UUID | None:
    """Take note that a person stopped at an exchange; return the exchange that the loop began after it, if there is one.

    The exchange may have ended a moment ago, so that its loop is about to go on, or has gone on already.
    """
    loops = ToolLoop.objects.select_for_update(of=("self",))
    loop = loops.filter(column__exchanges=exchange_id, on=True).first()
    if loop is None:
        return None
    began_another = loop.state == State.ANSWERING and loop.exchange not in (None, exchange_id)
    loop.stopped = exchange_id
    _loop_stand(loop, State.STOPPED)
    loop.save()
    return loop.exchange if began_another else None
