"""A snapshot copied into a conversation of its reader's own: to go on with, or to be answered again beside the original."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from conversations import selectors, storable
from conversations.models import AttachmentUse, Column, Conversation, Message, Share, new_id
from conversations.selectors.shares import share_document
from conversations.services.run import OpenedRun, Turn, run_open
from team.models import Provider, User
from team.selectors import endpoint_for, providers_for


class NothingToAnswer(Exception):
    """Nobody has said anything in the branch that could be answered again."""


@dataclass(frozen=True, slots=True)
class Rerun:
    """What a reader sends: which column of the snapshot, to which provider and model. `run_id` is the browser's."""

    run_id: UUID
    column: int
    provider: Provider
    model: str


@transaction.atomic
def share_copy(*, share: Share, person: User) -> Conversation:
    """Copy all that a snapshot shows into a new, private conversation; its columns keep what they were sent with."""
    document = share_document(share)
    return _copy(share, person, document, document["columns"], pk=new_id())


@transaction.atomic
def share_rerun(*, share: Share, person: User, rerun: Rerun, process: str) -> tuple[Conversation, OpenedRun]:
    """Copy one column of a snapshot and ask for one more answer in a second column beside it; commits, sends nothing.

    The same `run_id` again returns the same conversation with nothing to send. Raises `NothingToAnswer`, `InvalidDraft`,
    `TeamError`.
    """
    document = share_document(share)
    pk = uuid5(rerun.run_id, str(person.pk))
    existing = Conversation.objects.filter(pk=pk, owner=person).first()
    if existing is not None:
        run = selectors.run_find(run_id=rerun.run_id)
        if run is not None:
            return existing, OpenedRun(run, ())
        raise NothingToAnswer
    shared = document["columns"][rerun.column]
    copy = _copy(share, person, document, [shared, shared], pk=pk)
    original, beside = copy.columns.order_by("position")
    asked = _last_question(copy, original)
    opened = run_open(
        person=person,
        conversation_id=copy.pk,
        run_id=rerun.run_id,
        process=process,
        turns=[
            Turn(
                text="",
                provider=rerun.provider,
                endpoint=endpoint_for(user=person, provider=rerun.provider),
                model=rerun.model,
                system=shared["system"],
                parameters=shared["parameters"],
                column=beside.pk,
                again=asked,
            )
        ],
    )
    return copy, opened


def _last_question(copy: Conversation, column: Column) -> UUID:
    branch = selectors.branch(conversation_id=copy.pk, leaf_id=column.leaf_id)
    for message in reversed(branch):
        if message.role == Message.Role.USER:
            return message.pk
    raise NothingToAnswer


def _copy(
    share: Share,
    person: User,
    document: Mapping[str, Any],
    columns: Sequence[Mapping[str, Any]],
    *,
    pk: UUID,
) -> Conversation:
    copy = Conversation.objects.create(pk=pk, owner=person, title=document["title"])
    ids = _messages_copy(copy, document["messages"], columns)
    providers = list(providers_for(user=person))
    Column.objects.bulk_create(
        Column(
            conversation=copy,
            position=position,
            leaf_id=ids[column["branch"][-1]] if column["branch"] else None,
            settings=storable.value(_settings(column, providers)),
        )
        for position, column in enumerate(columns)
    )
    _attachments_tie(share, copy, person, document["messages"])
    return copy


def _settings(column: Mapping[str, Any], providers: Sequence[Provider]) -> dict[str, Any]:
    """Return a column's settings with a provider of the reader's: one that names the model, else their first."""
    knows = [provider for provider in providers if column["model"] in provider.models] or providers
    return {
        "provider": str(knows[0].pk) if knows else "",
        "model": column["model"],
        "system": column["system"],
        "parameters": dict(column["parameters"]),
    }


def _messages_copy(
    copy: Conversation, messages: Sequence[Mapping[str, Any]], columns: Sequence[Mapping[str, Any]]
) -> dict[int, UUID]:
    """Copy each message once, below the one before it in its branch; return their ids by number."""
    ids: dict[int, UUID] = {}
    made: list[Message] = []
    for column in columns:
        parent: UUID | None = None
        for number in column["branch"]:
            if number not in ids:
                made.append(_message(copy, messages[number], parent))
                ids[number] = made[-1].pk
            parent = ids[number]
    Message.objects.bulk_create(made)
    return ids


def _message(copy: Conversation, shared: Mapping[str, Any], parent: UUID | None) -> Message:
    return Message(
        id=new_id(),
        conversation=copy,
        parent_id=parent,
        role=shared["role"],
        content=[part for part in map(_part, shared["parts"]) if part],
        reasoning=shared["reasoning"],
        tool_calls=shared["tool_calls"],
        tool_call_id=shared["tool_call_id"],
        name=shared["name"],
        as_parts=shared["as_parts"],
        extra=shared["extra"],
        finish_reason=shared.get("finish_reason", ""),
        created=datetime.fromisoformat(shared["created"]),
    )


def _part(part: Mapping[str, Any]) -> Mapping[str, Any]:
    match part["type"]:
        case "text" | "refusal" as kind:
            return {"type": kind, kind: part["text"]}
        case "left_out":
            return {}
        case _:
            kept: Mapping[str, Any] = part["part"]
            return kept


def _attachments_tie(
    share: Share, copy: Conversation, person: User, messages: Sequence[Mapping[str, Any]]
) -> None:
    """Let who may see the copy see what the snapshot shows."""
    names = {
        part["digest"]: part["name"]
        for message in messages
        for part in message["parts"]
        if part["type"] == "file"
    }
    AttachmentUse.objects.bulk_create(
        AttachmentUse(attachment_id=digest, conversation=copy, person=person, name=names.get(digest, ""))
        for digest in share.attachment_uses.values_list("attachment_id", flat=True)
    )
