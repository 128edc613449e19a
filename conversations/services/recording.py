"""The one write path for what came back. A process hands over everything of the last second in one transaction."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from conversations import storable
from conversations.models import Exchange, Message, Trace
from upstream.wire.think import ThinkSplitter


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
    """How one exchange ended. `response` is the assembled document; `timing` in ms; token counts as upstream said."""

    exchange_id: UUID
    state: Exchange.State
    response: Mapping[str, Any]
    error: Mapping[str, Any] | None
    timing: Mapping[str, float] = field(default_factory=dict)


@transaction.atomic
def recordings_write(*, progress: Sequence[Progress], endings: Sequence[Ending]) -> set[UUID]:
    """Write the news of all exchanges of this process at once; return the ids whose ending was the first.

    An exchange ends once: an ending for one that has ended already changes nothing and is not in the answer.
    """
    Trace.objects.bulk_create([_trace(item) for item in progress if item.pieces], ignore_conflicts=True)
    for item in progress:
        if item.head is not None:
            _head_write(item.exchange_id, item.head)
    live = [item.exchange_id for item in progress]
    Exchange.objects.filter(pk__in=live, state__in=Exchange.LIVE).update(beat=timezone.now())
    return {ending.exchange_id for ending in endings if _ending_write(ending)}


def _trace(item: Progress) -> Trace:
    raw = b"".join(data for data, _ in item.pieces)
    return Trace(
        exchange_id=item.exchange_id,
        sequence=item.sequence,
        data=zlib.compress(raw, level=1),
        pieces=[[len(data), round(at, 3)] for data, at in item.pieces],
    )


def _head_write(exchange_id: UUID, head: ResponseHead) -> None:
    Exchange.objects.filter(pk=exchange_id, state__in=Exchange.LIVE).update(
        state=Exchange.State.STREAMING,
        status=head.status,
        reason=storable.text(head.reason)[:200],
        http_version=head.http_version,
        headers=storable.value(head.sent_headers),
        response_headers=storable.value(head.headers),
        timing=dict(head.timing),
    )


def _ending_write(ending: Ending) -> bool:
    usage = ending.response.get("usage")
    first = Exchange.objects.filter(pk=ending.exchange_id, state__in=Exchange.LIVE).update(
        state=ending.state,
        response=storable.document(ending.response),
        usage=storable.value(usage),
        error=storable.value(ending.error),
        timing=dict(ending.timing),
        tokens_in=token_count(usage, "prompt_tokens"),
        tokens_out=token_count(usage, "completion_tokens"),
        ended=timezone.now(),
    )
    if first:
        _answers_write(ending)
    return bool(first)


def token_count(usage: Any, name: str) -> int | None:
    """Return one count of a usage object, or None where it is missing or not a sensible number."""
    count = usage.get(name) if isinstance(usage, dict) else None
    sensible = isinstance(count, int) and not isinstance(count, bool) and 0 <= count < 2**31
    return count if sensible else None


def _answers_write(ending: Ending) -> None:
    answers = list(Message.objects.filter(exchange_id=ending.exchange_id).order_by("choice", "id"))
    known = {answer.choice: answer for answer in answers}
    for position, choice in enumerate(ending.response.get("choices") or []):
        index = choice.get("index", position)
        answer = known.get(index) or _extra_answer(answers, index)
        if answer is None:
            continue
        _answer_fill(answer, choice)
        answer.save()


def _extra_answer(answers: Sequence[Message], index: Any) -> Message | None:
    """Return a new sibling for a choice nobody expected (an upstream may send more than `n`)."""
    if not answers or not isinstance(index, int) or not 0 <= index < 2**31:
        return None
    first = answers[0]
    return Message(
        conversation_id=first.conversation_id,
        parent_id=first.parent_id,
        role=Message.Role.ASSISTANT,
        exchange_id=first.exchange_id,
        choice=index,
    )


def _answer_fill(answer: Message, choice: Mapping[str, Any]) -> None:
    message = choice.get("message") or {}
    thought, text = think_split(message.get("content") or "")
    refusal = message.get("refusal") or ""
    answer.content = [{"type": "text", "text": storable.text(text)}] if text else []
    if refusal:
        answer.content.append({"type": "refusal", "refusal": storable.text(refusal)})
    answer.reasoning = storable.text((message.get("reasoning_content") or "") + thought)
    answer.tool_calls = storable.value(message.get("tool_calls") or [])
    answer.finish_reason = storable.text(str(choice.get("finish_reason") or ""))[:100]


def think_split(content: str) -> tuple[str, str]:
    """Return the reasoning inside `<think>` at the start of `content`, and the rest, as the live page shows them."""
    splitter = ThinkSplitter()
    first, last = splitter.feed(content), splitter.close()
    return first[0] + last[0], first[1] + last[1]
