"""Reads. Each starts from the person; what somebody may not see does not exist for them (`DoesNotExist`)."""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from conversations.models import Column, Conversation, Exchange, Message, Run, Trace
from team.models import User
from upstream.wire.errors import UpstreamError
from upstream.wire.reader import ResponseReader


def conversations_for(*, user: User) -> QuerySet[Conversation]:
    """Return the conversations that `user` may see: their own and the team's."""
    return Conversation.objects.filter(Q(owner=user) | Q(visibility=Conversation.Visibility.TEAM))


def conversation_for(*, user: User, pk: UUID) -> Conversation:
    """Return one conversation that `user` may see. Raises `Conversation.DoesNotExist`."""
    return conversations_for(user=user).get(pk=pk)


def conversation_newest(*, user: User) -> Conversation | None:
    """Return the person's own conversation that changed last, if there is one."""
    return Conversation.objects.filter(owner=user, archived=False).order_by("-updated").first()


def conversation_list(*, user: User, title: str = "", limit: int = 200) -> Sequence[Conversation]:
    """Return the newest conversations of `user` whose title contains `title`, each with a flag `live`. One query."""
    found = Conversation.objects.filter(owner=user, archived=False)
    if title:
        found = found.filter(title__icontains=title)
    live = Exchange.objects.filter(run__conversation=OuterRef("pk"), state__in=Exchange.LIVE)
    return list(found.annotate(live=Exists(live)).order_by("-pinned", "-updated")[:limit])


def column_of(*, conversation: Conversation) -> Column:
    """Return the first column of a conversation."""
    return conversation.columns.select_related("leaf").get(position=0)


def branch_ids(*, conversation_id: UUID, leaf_id: UUID | None) -> list[UUID]:
    """Return the ids from the root to `leaf_id`. One query of two columns, however long the branch is."""
    if leaf_id is None:
        return []
    parents = dict(Message.objects.filter(conversation_id=conversation_id).values_list("id", "parent_id"))
    ids: list[UUID] = []
    at: UUID | None = leaf_id
    while at is not None and at in parents:
        ids.append(at)
        at = parents[at]
    return ids[::-1]


def branch(*, conversation_id: UUID, leaf_id: UUID | None, newest: int | None = None) -> list[Message]:
    """Return the messages from the root to `leaf_id`, with their exchange; only the `newest` ones if given."""
    ids = branch_ids(conversation_id=conversation_id, leaf_id=leaf_id)
    if newest is not None:
        ids = ids[-newest:]
    found = Message.objects.select_related("exchange", "author").defer("exchange__body", "exchange__response")
    by_id = found.in_bulk(ids)
    return [by_id[pk] for pk in ids if pk in by_id]


def alternatives(*, conversation_id: UUID, messages: Iterable[Message]) -> dict[UUID, list[UUID]]:
    """Return, for each of these messages that has siblings, the ids of all of them in order, its own among them."""
    shown = list(messages)
    parents = {message.parent_id for message in shown}
    rows = Message.objects.filter(conversation_id=conversation_id).filter(
        Q(parent_id__in=parents - {None}) | (Q(parent_id=None) if None in parents else Q(pk__in=()))
    )
    children: dict[UUID | None, list[UUID]] = {}
    for pk, parent_id in rows.order_by("id").values_list("id", "parent_id"):
        children.setdefault(parent_id, []).append(pk)
    return {
        message.pk: siblings for message in shown if len(siblings := children.get(message.parent_id, [])) > 1
    }


def history(*, conversation_id: UUID, leaf_id: UUID | None) -> list[Message]:
    """Return the messages from the root to `leaf_id` with what a request needs of them. One query, however long it is."""
    if leaf_id is None:
        return []
    needed = ("parent", "role", "name", "content", "tool_calls", "tool_call_id")
    found = {
        message.pk: message
        for message in Message.objects.filter(conversation_id=conversation_id).only(*needed)
    }
    messages: list[Message] = []
    at: UUID | None = leaf_id
    while at is not None and at in found:
        messages.append(found[at])
        at = found[at].parent_id
    return messages[::-1]


def message_for_api(message: Message) -> dict[str, Any] | None:
    """Return a kept message as the API wants it, or None for an answer that never got any content."""
    shaped: dict[str, Any] = {"role": message.role}
    if message.name:
        shaped["name"] = message.name
    if message.tool_call_id:
        shaped["tool_call_id"] = message.tool_call_id
    plain = all(part.get("type") in ("text", "refusal") for part in message.content)
    shaped["content"] = message.text + message.refusal if plain else message.content
    if message.tool_calls:
        shaped["tool_calls"] = message.tool_calls
        shaped["content"] = shaped["content"] or None
    if message.role == Message.Role.ASSISTANT and not shaped["content"] and not message.tool_calls:
        return None
    return shaped


def messages_for_api(*, system: str, history: Iterable[Message]) -> tuple[Mapping[str, Any], ...]:
    """Return what a request carries as `messages`: the system prompt if there is one, then the branch in order."""
    shaped: list[Mapping[str, Any]] = [{"role": "system", "content": system}] if system else []
    shaped += [message for message in map(message_for_api, history) if message is not None]
    return tuple(shaped)


def exchange_for(*, user: User, pk: UUID) -> Exchange:
    """Return one exchange of a conversation that `user` may see. Raises `Exchange.DoesNotExist`."""
    mine = Q(run__conversation__owner=user) | Q(run__conversation__visibility=Conversation.Visibility.TEAM)
    return Exchange.objects.select_related("run__conversation").get(mine, pk=pk)


def exchange_state_for(*, user: User, pk: UUID) -> Exchange:
    """Like `exchange_for`, without the request and the response."""
    mine = Q(run__conversation__owner=user) | Q(run__conversation__visibility=Conversation.Visibility.TEAM)
    return (
        Exchange.objects.select_related("run__conversation")
        .only(
            "state",
            "process",
            "error",
            "usage",
            "timing",
            "status",
            "tokens_in",
            "tokens_out",
            "run__conversation",
        )
        .get(mine, pk=pk)
    )


def choices_of(*, exchange: Exchange) -> list[Message]:
    """Return the messages that an exchange made, by choice."""
    return list(Message.objects.filter(exchange=exchange).order_by("choice", "id"))


def run_find(*, run_id: UUID) -> Run | None:
    """Return the run that the browser already asked for under this id."""
    return Run.objects.filter(pk=run_id).first()


@dataclass(frozen=True, slots=True)
class KeptTrace:
    """A whole raw response, masked, with the reads it came in: `(length in bytes, ms since the exchange began)`."""

    raw: bytes
    pieces: tuple[tuple[int, float], ...]


def trace_of(*, exchange_id: UUID) -> KeptTrace:
    """Return everything that was kept of an exchange's raw response so far."""
    raw: list[bytes] = []
    pieces: list[tuple[int, float]] = []
    for trace in Trace.objects.filter(exchange_id=exchange_id).order_by("sequence"):
        raw.append(zlib.decompress(bytes(trace.data)))
        pieces += [(int(length), float(at)) for length, at in trace.pieces]
    return KeptTrace(b"".join(raw), tuple(pieces))


def response_so_far(*, exchange: Exchange, trace: KeptTrace) -> Mapping[str, Any]:
    """Return the response as far as its trace reaches, assembled as the run itself would have done."""
    if not trace.raw:
        return {"choices": []}
    headers = {name.lower(): value for name, value in exchange.response_headers}
    reader = ResponseReader(status=exchange.status or 200, content_type=headers.get("content-type", ""))
    try:
        reader.feed(trace.raw)
    except UpstreamError as fault:
        return reader.close(fault).response
    return reader.close().response


def exchanges_state(*, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the state of each of these exchanges that exists. For the server itself, not for a person."""
    return dict(Exchange.objects.filter(pk__in=list(ids)).values_list("pk", "state"))


def exchanges_visible(*, user: User, ids: Iterable[UUID]) -> set[UUID]:
    """Return which of these exchanges `user` may see now. One query."""
    mine = Q(run__conversation__owner=user) | Q(run__conversation__visibility=Conversation.Visibility.TEAM)
    return set(Exchange.objects.filter(mine, pk__in=list(ids)).values_list("pk", flat=True))


def exchanges_live(*, but_of: str = "") -> list[Exchange]:
    """Return the exchanges that have not ended, except those of one process. For the server itself, not for a person."""
    live = Exchange.objects.filter(state__in=Exchange.LIVE).exclude(process=but_of)
    return list(live.defer("body", "response"))


def response_document(exchange: Exchange) -> Any:
    """Return the assembled response as data, or None while there is none."""
    return json.loads(exchange.response) if exchange.response else None


def messages_of_run(*, run: Run) -> list[Message]:
    """Return what a run added to the tree: the user's message, then the answers in order."""
    answers = list(
        Message.objects.select_related("exchange", "parent")
        .filter(exchange__run=run)
        .order_by("exchange_id", "choice", "id")
    )
    asked = {answer.parent_id: answer.parent for answer in answers if answer.parent is not None}
    return [*asked.values(), *answers]


def branch_from(*, conversation_id: UUID, leaf_id: UUID | None, start: UUID) -> list[Message]:
    """Return the messages of the branch to `leaf_id` from the message `start` on."""
    ids = branch_ids(conversation_id=conversation_id, leaf_id=leaf_id)
    count = len(ids) - ids.index(start) if start in ids else 0
    return branch(conversation_id=conversation_id, leaf_id=leaf_id, newest=count)


def branch_before(*, conversation_id: UUID, leaf_id: UUID | None, before: UUID, newest: int) -> list[Message]:
    """Return at most `newest` messages of the branch to `leaf_id` that come right before the message `before`."""
    ids = branch_ids(conversation_id=conversation_id, leaf_id=leaf_id)
    if before not in ids:
        return []
    parent = ids[ids.index(before) - 1] if ids[0] != before else None
    return branch(conversation_id=conversation_id, leaf_id=parent, newest=newest)


def conversations_count(*, user: User) -> int:
    """Return how many conversations a person has in the list."""
    return Conversation.objects.filter(owner=user, archived=False).count()
