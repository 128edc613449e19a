"""The one write path for what came back. A process hands over everything of the last second in one transaction."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from conversations import storable
from conversations.answer_media import Elsewhere, Found
from conversations.answers import ANSWER_FIELDS, answer_fill, choices_indexed
from conversations.costing import Cost
from conversations.costing import token_count as token_count
from conversations.models import Conversation, Exchange, Message, Trace
from conversations.parts import PLACES, reference_to
from conversations.selectors.costs import cost_charged, costs_of
from conversations.services.accounting import endings_account
from conversations.services.attachment import attachment_keep

_EXCHANGE = Exchange._meta.pk
Finding: TypeAlias = tuple[str, Mapping[str, Any]]
"""A code and its values, as in `playground.honoured`."""
MAX_SHORT = 32_767
"""The largest status code that the column takes; upstream's first line may hold any number."""


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """What is known once the response begins. Headers are masked `(name, value)` pairs in wire order."""

    status: int
    reason: str
    http_version: str
    headers: tuple[tuple[str, str], ...]
    sent_headers: tuple[tuple[str, str], ...]
    timing: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Progress:
    """What one exchange received since the last write: masked reads with their time in ms since it began."""

    exchange_id: UUID
    sequence: int
    pieces: tuple[tuple[bytes, float], ...] = ()
    head: ResponseHead | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How one exchange ended. `response` is the assembled document; `timing` in ms; token counts as upstream said.

    `media` are the voice and the images of each choice, by its index; `findings` what the answer did not honour. `begun` is
    the message that a plain response may repeat because it goes on from it.
    """

    exchange_id: UUID
    state: Exchange.State
    response: Mapping[str, Any]
    error: Mapping[str, Any] | None
    timing: Mapping[str, float] = field(default_factory=dict)
    media: Mapping[int, Sequence[Found]] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    begun: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one write.

    `ended`: exchanges whose ending stands as it was given. `gone`: exchanges of `progress` that somebody else has ended
    or deleted meanwhile; nothing is kept of them any more. `costs`: what those of `ended` cost; one that failed before
    there was anything to pay for has none.
    """

    ended: frozenset[UUID]
    gone: frozenset[UUID]
    costs: Mapping[UUID, Cost] = field(default_factory=dict)


@transaction.atomic
def recordings_write(*, progress: Sequence[Progress], endings: Sequence[Ending]) -> Written:
    """Write the news of all exchanges of this process at once; the same again changes nothing.

    An exchange ends once: an ending for one that has ended already is not written.
    """
    named = {item.exchange_id for item in progress} | {ending.exchange_id for ending in endings}
    # In one order, and locked to the end: who deletes or ends one of them meanwhile waits, or has come first.
    rows = Exchange.objects.filter(pk__in=named).order_by("pk").select_for_update()
    states = dict(rows.values_list("pk", "state"))
    live = {pk for pk, state in states.items() if state in Exchange.LIVE}
    _traces_write(item for item in progress if item.pieces and item.exchange_id in live)
    for item in progress:
        if item.head is not None and item.exchange_id in live:
            _head_write(item.exchange_id, item.head)
    due = {ending.exchange_id: ending for ending in endings if ending.exchange_id in live}
    Exchange.objects.filter(pk__in=live - due.keys()).update(beat=timezone.now())
    _endings_write(due)
    usages = {pk: ending.response.get("usage") for pk, ending in due.items() if is_paid(ending)}
    charges = endings_account(ended=due, usages=usages)
    # One that a commit of unknown outcome had written already ended as it was given, too.
    stands = {ending.exchange_id for ending in endings if states.get(ending.exchange_id) == ending.state}
    return Written(
        ended=frozenset(due) | stands,
        gone=frozenset(item.exchange_id for item in progress if item.exchange_id not in live),
        costs=costs_of(exchanges=stands) | {pk: cost_charged(charge) for pk, charge in charges.items()},
    )


def is_paid(ending: Ending) -> bool:
    """Whether there is something to pay for: a usage, or at least the beginning of an answer."""
    return bool(ending.response.get("usage") or ending.response.get("choices"))


def _traces_write(progress: Iterable[Progress]) -> None:
    """Insert traces as rows, not as objects: there may be hundreds every second, and tokens wait meanwhile."""
    rows = [_trace_row(item) for item in progress]
    if not rows:
        return
    table = connection.ops.quote_name(Trace._meta.db_table)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} (exchange_id, sequence, data, pieces) VALUES (%s, %s, %s, %s)"  # noqa: S608 - a constant
            " ON CONFLICT DO NOTHING",
            rows,
        )


def _trace_row(item: Progress) -> tuple[Any, int, bytes, str]:
    raw = b"".join(data for data, _ in item.pieces)
    pieces = ",".join(f"[{len(data)},{at:.3f}]" for data, at in item.pieces)
    return (
        _EXCHANGE.get_db_prep_value(item.exchange_id, connection),
        item.sequence,
        zlib.compress(raw, level=1),
        f"[{pieces}]",
    )


def _head_write(exchange_id: UUID, head: ResponseHead) -> None:
    Exchange.objects.filter(pk=exchange_id).update(
        state=Exchange.State.STREAMING,
        status=min(head.status, MAX_SHORT),
        reason=storable.text(head.reason)[:200],
        http_version=head.http_version[:10],
        headers=storable.value(head.sent_headers),
        response_headers=storable.value(head.headers),
        timing=dict(head.timing),
    )


def _endings_write(endings: Mapping[UUID, Ending]) -> None:
    """End exchanges that are live, and fill their answers."""
    answers: dict[UUID, list[Message]] = {pk: [] for pk in endings}
    for answer in Message.everything.filter(exchange__in=answers).order_by("choice", "id"):
        if answer.exchange_id is not None:
            answers[answer.exchange_id].append(answer)
    for pk, ending in endings.items():
        usage = ending.response.get("usage")
        Exchange.objects.filter(pk=pk).update(
            state=ending.state,
            response=storable.document(ending.response),
            usage=storable.value(usage),
            error=storable.value(ending.error),
            timing=dict(ending.timing),
            tokens_in=token_count(usage, "prompt_tokens"),
            tokens_out=token_count(usage, "completion_tokens"),
            findings=storable.value([list(finding) for finding in ending.findings]),
            ended=timezone.now(),
        )
        _answers_write(answers[pk], ending)


def _answers_write(answers: Sequence[Message], ending: Ending) -> None:
    known = {answer.choice: answer for answer in answers}
    for index, choice in choices_indexed(ending.response):
        answer = known.get(index) or _extra_answer(answers, index)
        if answer is not None:
            answer_fill(answer, choice, begun=ending.begun)
            answer.content += [
                media_keep(answer.conversation, found) for found in ending.media.get(index, ())
            ]
            # Of one that is there, only what came: its place in the tree may change meanwhile.
            answer.save(update_fields=None if answer._state.adding else ANSWER_FIELDS)


def media_keep(conversation: Conversation, found: Found) -> dict[str, Any]:
    """Return the part of an answer that shows what came with it; its bytes become an attachment."""
    if isinstance(found, Elsewhere):
        return {"type": "output_image", "output_image": {"url": found.url}}
    kept = attachment_keep(conversation=conversation, data=found.data, media=found.media)
    place = PLACES[found.kind][1]
    return {"type": found.kind, found.kind: {place: reference_to(kept.digest), **found.member}}


def _extra_answer(answers: Sequence[Message], index: int) -> Message | None:
    """Return a new sibling for a choice nobody expected (an upstream may send more than `n`)."""
    if not answers:
        return None
    first = answers[0]
    return Message(
        conversation_id=first.conversation_id,
        parent_id=first.parent_id,
        role=Message.Role.ASSISTANT,
        exchange_id=first.exchange_id,
        choice=index,
    )
