"""Opening a run: the one step that makes the message, the exchanges and their answers exist."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from conversations import selectors, storable
from conversations.models import Column, Conversation, Exchange, Message, Run
from conversations.selectors.request_bytes import bytes_filled
from conversations.services.budget import keys_charged
from conversations.services.conversation import conversation_touch
from conversations.tool_calls import RESULT_ROLES, calls_of, result_message
from conversations.written import Written
from team.models import Provider, User
from team.prepared import Given, Prepared
from upstream import catalog
from upstream.wire import capture
from upstream.wire.request import Draft, Endpoint, PreparedRequest, request_build

MAX_CHOICES = 128
"""Answers shown before the first chunk; the API's documented maximum of `n`. More are made when they arrive."""


class RunConflict(Exception):
    """The run id belongs to somebody else's run or to another conversation."""


class RunTaken(Exception):
    """The run id is taken; what was begun with it has been rolled back."""

    def __init__(self, run_id: UUID, conversation_id: UUID) -> None:
        super().__init__(run_id)
        self.run_id, self.conversation_id = run_id, conversation_id


class MessageMissing(Exception):
    """The message that the run should go on from, or stand beside, is not in this conversation."""


class ColumnMissing(Exception):
    """The column that should be run is not in this conversation."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What the call at `position` among an answer's calls gave."""

    position: int
    content: str


@dataclass(frozen=True, slots=True)
class Below:
    """The end of the branch that somebody saw while they wrote: what they send goes below it. None: they saw none."""

    message: UUID | None


@dataclass(frozen=True, slots=True)
class Turn:
    """What a person sends to one column (by id; None is the first): the words and everything that goes with them.

    The words continue the shown branch; with `beside` (a user's message) they stand beside it as an alternative, and with
    `again` (a user's message) nothing is said anew: that message gets one more answer. With `after` (an answer that calls
    tools) `results` are said in place of words. `written` is the message where it says more than `text`; its role may be
    any, and an assistant's is what the model goes on from. `below` is where the branch ended for whoever wrote: two people
    who write at once write alternatives, and each sends what they saw.
    """

    text: str
    provider: Provider
    endpoint: Endpoint
    model: str
    system: str
    parameters: Mapping[str, str]
    column: int | None = None
    again: UUID | None = None
    beside: UUID | None = None
    after: UUID | None = None
    results: tuple[ToolResult, ...] = ()
    written: Written | None = None
    below: Below | None = None


@dataclass(frozen=True, slots=True)
class OpenedExchange:
    """An exchange that is committed and waits to be sent. `request` holds the key and is never kept."""

    id: UUID
    request: PreparedRequest
    secrets: capture.Secrets
    messages: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Sending:
    """A request, the process that sends it, and the id of the key it goes with, None where it needs none."""

    request: PreparedRequest
    process: str
    key: int | None


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """A committed run. `exchanges` stand in the order of the turns; `messages` are each question and its answers.

    `exchanges` and `messages` are empty when the run existed already and must not be sent again.
    """

    run: Run
    exchanges: tuple[OpenedExchange, ...]
    messages: tuple[Message, ...] = ()


def run_open(
    *, person: User, conversation_id: UUID, run_id: UUID, process: str, turns: Sequence[Turn]
) -> OpenedRun:
    """Commit a run: for each turn an exchange, its empty answers, its column's new leaf and settings.

    Turns that say the same after the same message say it once: their answers stand beside each other. The same `run_id`
    again returns the run that exists, with nothing to send. Raises `RunConflict` where that run is not this person's run
    of this conversation, `InvalidDraft` where no request can be built, `MessageMissing`, `ColumnMissing`,
    `Conversation.DoesNotExist`, `BudgetSpent`, and what `bytes_filled` raises where attachments cannot be sent.
    """
    try:
        return _run_make(person, conversation_id, run_id, process, turns)
    except RunTaken as taken:
        return run_existing(taken, person=person)


_EDITABLE: Final = Prepared(
    lambda: Conversation.objects.filter(
        selectors.editable_by(Given("user")), pk=Given("pk")
    ).select_for_update()
)
_COLUMNS: Final = Prepared(
    lambda: Column.objects.filter(conversation=Given("conversation")).order_by("position")
)
_HERE: Final = Prepared(
    lambda: Message.objects.filter(conversation=Given("conversation"), pk=Given("pk")).only("pk")
)


@transaction.atomic
def _run_make(
    person: User, conversation_id: UUID, run_id: UUID, process: str, turns: Sequence[Turn]
) -> OpenedRun:
    """Commit everything of a new run; what is of one kind is written at once. Raises `RunTaken`."""
    conversation = _EDITABLE.row(user=person.pk, pk=conversation_id)
    if conversation is None:
        raise Conversation.DoesNotExist
    run = run_create(run_id, conversation, person)
    keys = keys_charged(person=person, providers=[turn.provider for turn in turns])
    columns = _COLUMNS.rows(conversation=conversation.pk)
    said: dict[object, list[Message]] = {}
    opened: list[tuple[Exchange, OpenedExchange]] = []
    new: list[Message] = []
    messages: list[Message] = []
    for turn in turns:
        column = _column(columns, turn.column)
        written = turn.written.key if turn.written else ""
        key = (column.leaf_id, turn.below, turn.text, turn.again, turn.beside, turn.after, written)
        words = said.get(key) or _said(conversation, column, turn, person)
        history = selectors.history(conversation_id=conversation.pk, leaf_id=words[0].parent_id)
        request = _request(conversation, turn, [*history, *words])
        if key not in said:
            said[key] = words
            messages += words
            new += words if turn.again is None else ()
        exchange, answers = _exchange_prepare(
            run, column, words[-1], turn, Sending(request, process, keys.get(turn.provider.pk))
        )
        opened.append(exchange)
        messages += answers
        new += answers
        column.leaf_id = answers[0].pk
        column.settings = storable.value(settings_of(turn))
        column.save(update_fields=["leaf", "settings"])
    Message.objects.bulk_create(new)
    Exchange.objects.bulk_create(exchange for exchange, _ in opened)
    first = messages[0]
    conversation_touch(conversation=conversation, first_text="" if first.role in RESULT_ROLES else first.text)
    return OpenedRun(run, tuple(sent for _, sent in opened), tuple(messages))


def _column(columns: Sequence[Column], pk: int | None) -> Column:
    """Return the column with this id, the first one where none is named."""
    for column in columns:
        if pk is None or column.pk == pk:
            return column
    raise ColumnMissing


def _said(conversation: Conversation, column: Column, turn: Turn, person: User) -> list[Message]:
    """Return what the run answers, each the parent of the next: one message, or the results of an answer's calls."""
    if turn.after is None:
        return [_words(conversation, column, turn, person)]
    answers = Message.objects.filter(conversation=conversation, role=Message.Role.ASSISTANT)
    answer = answers.filter(pk=turn.after).first()
    calls = {call.position: call for call in calls_of(answer)} if answer else {}
    if answer is None or not turn.results or any(each.position not in calls for each in turn.results):
        raise MessageMissing
    messages: list[Message] = []
    for result in turn.results:
        message = result_message(calls[result.position], result.content, answer=answer, author_id=person.pk)
        message.parent_id = messages[-1].pk if messages else answer.pk
        messages.append(message)
    return messages


def _words(conversation: Conversation, column: Column, turn: Turn, person: User) -> Message:
    """Return the user's message that the run answers: a new one, not saved yet, or the one to answer again."""
    parent_id = column.leaf_id if turn.below is None else _seen(conversation, turn.below)
    if named := turn.again or turn.beside:
        there = Message.objects.filter(conversation=conversation, pk=named).first()
        if there is None or (turn.again and there.exchange_id is not None):
            raise MessageMissing
        if turn.again:
            return there
        parent_id = there.parent_id
    written = turn.written or Written.of_text(turn.text)
    return written.message(conversation=conversation, parent_id=parent_id, author=person)


def _seen(conversation: Conversation, below: Below) -> UUID | None:
    """Return where words go that somebody wrote who saw the branch end there, wherever the column leads by now."""
    if below.message is not None and not _HERE.rows(conversation=conversation.pk, pk=below.message):
        raise MessageMissing
    return below.message


def run_create(run_id: UUID, conversation: Conversation, person: User) -> Run:
    """Return the new run. Raises `RunTaken` where its id is taken: the transaction around it is lost then."""
    try:
        return Run.objects.create(pk=run_id, conversation=conversation, person=person)
    except IntegrityError as error:
        raise RunTaken(run_id, conversation.pk) from error


def run_existing(taken: RunTaken, *, person: User) -> OpenedRun:
    """Return the run whose id was taken, with nothing to send. Raises `RunConflict` where it is not this person's there."""
    existing = selectors.run_find(run_id=taken.run_id)
    if (
        existing is None
        or existing.conversation_id != taken.conversation_id
        or existing.person_id != person.pk
    ):
        raise RunConflict from taken
    return OpenedRun(existing, ())


def settings_of(turn: Turn) -> dict[str, object]:
    """Return what a column keeps of a turn."""
    return {
        "provider": str(turn.provider.pk),
        "model": turn.model,
        "system": turn.system,
        "parameters": dict(turn.parameters),
    }


def _request(conversation: Conversation, turn: Turn, history: list[Message]) -> PreparedRequest:
    api = catalog.api(turn.provider.api)
    draft = Draft(
        endpoint=turn.endpoint,
        path=api.path,
        model=turn.model,
        messages=bytes_filled(
            conversation=conversation,
            messages=selectors.messages_for_api(system=storable.text(turn.system), history=history),
            base64_only=api.images is not None and api.images.base64_only_for(turn.model),
        ),
        parameters=turn.parameters,
    )
    return request_build(draft)


def _exchange_prepare(
    run: Run, column: Column, parent: Message, turn: Turn, sending: Sending
) -> tuple[tuple[Exchange, OpenedExchange], list[Message]]:
    """Return an exchange and its empty answers, not saved yet."""
    secrets = capture.Secrets.of(turn.endpoint)
    sent = capture.sent(sending.request, secrets)
    exchange = Exchange(
        run=run,
        column=column,
        parent=parent,
        provider=turn.provider,
        key_id=sending.key,
        provider_name=turn.provider.name,
        api=turn.provider.api,
        model=turn.model,
        method=sent.method,
        url=sent.url,
        headers=[list(header) for header in sent.headers],
        body=storable.text(sent.body),
        process=sending.process,
        beat=timezone.now(),
    )
    answers = [
        Message(
            conversation_id=run.conversation_id,
            parent=parent,
            role=Message.Role.ASSISTANT,
            exchange=exchange,
            choice=choice,
        )
        for choice in range(choices_expected(turn.parameters))
    ]
    opened = OpenedExchange(exchange.pk, sending.request, secrets, tuple(answer.pk for answer in answers))
    return (exchange, opened), answers


def choices_expected(parameters: Mapping[str, str]) -> int:
    """Return how many answers `n` asks for: 1 where it is not sent or is not a sensible number."""
    try:
        n = json.loads(parameters.get("n", "1"))
    except ValueError:
        return 1
    return n if isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= MAX_CHOICES else 1
