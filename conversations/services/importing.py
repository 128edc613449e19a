"""From plain records to rows: a conversation that somebody brings along becomes one of theirs."""

import base64
import binascii
import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from conversations import storable
from conversations.media import MediaRefused
from conversations.models import Column, Comment, Conversation, Exchange, Message, Run, Trace, new_id
from conversations.parts import PLACES, bytes_of, reference_to
from conversations.services.attachment import attachment_create
from conversations.services.organising import conversation_tags_set, tag_names
from conversations.services.recording import token_count
from team import selectors as team
from team.models import User
from upstream import catalog
from upstream.formats.measures import moment_read
from upstream.formats.records import ConversationRecord, ExchangeRecord, MessageRecord

BATCH = 500


def conversations_import(*, person: User, records: Iterable[ConversationRecord]) -> list[Conversation]:
    """Make a conversation of `person` from each record; each is there whole or not at all.

    The records hold no secrets any more (`upstream.formats.secrets`). A provider of the settings is kept where this
    person may use it. Attachments that are no images, sounds or documents stay references without bytes. Whose words a
    remark are stands beside it; nobody is made to have said here what a file says.
    """
    providers = {str(provider.pk) for provider in team.providers_for(user=person)}
    return [_import(person, record, providers) for record in records]


@transaction.atomic
def _import(person: User, record: ConversationRecord, providers: set[str]) -> Conversation:
    now = timezone.now()
    created = moment_read(record.created) or now
    conversation = Conversation.objects.create(
        owner=person,
        title=storable.text(record.title)[:200],
        created=created,
        updated=moment_read(record.updated) or created,
        pinned=record.pinned,
        archived=record.archived,
    )
    for attachment in record.attachments:
        _keep(conversation, person, attachment.data, attachment.name)
    messages = {message.id: new_id() for message in record.messages}
    columns = _columns(conversation, record, messages, providers)
    exchanges = _exchanges(conversation, person, record, columns, messages)
    Message.objects.bulk_create(
        (_message(conversation, person, message, messages, exchanges, now) for message in record.messages),
        batch_size=BATCH,
    )
    _comments(person, record, messages, now)
    if names := tag_names(",".join(record.tags)):
        conversation_tags_set(user=person, pk=conversation.pk, names=names)
    return conversation


def _comments(person: User, record: ConversationRecord, messages: Mapping[str, UUID], now: datetime) -> None:
    Comment.objects.bulk_create(
        (
            Comment(
                message_id=messages[message.id],
                author=person,
                said_by="" if said.author == person.username else storable.text(said.author),
                text=storable.text(said.text),
                created=moment_read(said.created) or now,
            )
            for message in record.messages
            for said in message.comments
        ),
        batch_size=BATCH,
    )


def _columns(
    conversation: Conversation,
    record: ConversationRecord,
    messages: Mapping[str, UUID],
    providers: set[str],
) -> list[Column]:
    made = [
        Column(
            conversation=conversation,
            position=position,
            leaf_id=messages[column.leaf] if column.leaf else None,
            settings=_settings(column.settings, providers),
        )
        for position, column in enumerate(record.columns)
    ]
    if not made:
        leaf = messages[record.messages[-1].id] if record.messages else None
        made = [
            Column(conversation=conversation, position=0, leaf_id=leaf, settings=_settings({}, providers))
        ]
    return Column.objects.bulk_create(made)


def _settings(given: Mapping[str, Any], providers: set[str]) -> dict[str, Any]:
    blank: dict[str, Any] = {"provider": "", "model": "", "system": "", "parameters": {}}
    settings: dict[str, Any] = storable.value(blank | dict(given))
    return settings if settings["provider"] in providers else settings | {"provider": ""}


def _exchanges(
    conversation: Conversation,
    person: User,
    record: ConversationRecord,
    columns: list[Column],
    messages: Mapping[str, UUID],
) -> dict[str, UUID]:
    """Keep the exchanges with their traces; return their ids by the record's."""
    # An exchange without a run was a run of its own.
    names = dict.fromkeys(exchange.run or f"run of {exchange.id}" for exchange in record.exchanges)
    runs = {name: Run(pk=uuid4(), conversation=conversation, person=person) for name in names}
    Run.objects.bulk_create(runs.values(), batch_size=BATCH)
    rows: dict[str, Exchange] = {}
    for given in record.exchanges:
        row = _exchange(given)
        row.run = runs[given.run or f"run of {given.id}"]
        row.column = columns[given.column] if given.column is not None else None
        row.parent_id = messages[given.parent] if given.parent else None
        rows[given.id] = row
    Exchange.objects.bulk_create(rows.values(), batch_size=BATCH)
    Trace.objects.bulk_create(
        (
            Trace(
                exchange=rows[given.id],
                sequence=0,
                data=zlib.compress(given.raw, level=1),
                pieces=[list(piece) for piece in given.pieces],
            )
            for given in record.exchanges
            if given.raw
        ),
        batch_size=50,
    )
    return {name: row.pk for name, row in rows.items()}


def _exchange(given: ExchangeRecord) -> Exchange:
    created = moment_read(given.created) or timezone.now()
    known = given.api in catalog.apis()
    return Exchange(
        provider_name=storable.text(given.provider)[:200],
        api=given.api if known else "generic",
        model=storable.text(given.model)[:300],
        state=given.state,
        method=storable.text(given.method)[:10],
        url=storable.text(given.url),
        http_version=storable.text(given.http_version)[:10],
        headers=storable.value(given.headers),
        body=storable.text(given.body),
        status=given.status,
        reason=storable.text(given.reason)[:200],
        response_headers=storable.value(given.response_headers),
        response=storable.text(given.response),
        usage=storable.value(given.usage),
        error=storable.value(given.error),
        timing=storable.value(given.timing),
        tokens_in=token_count(given.usage, "prompt_tokens") if given.tokens_in is None else given.tokens_in,
        tokens_out=token_count(given.usage, "completion_tokens")
        if given.tokens_out is None
        else given.tokens_out,
        created=created,
        ended=moment_read(given.ended) or created,
        pruned=moment_read(given.pruned),
        findings=storable.value([list(finding) for finding in given.findings]),
    )


def _message(
    conversation: Conversation,
    person: User,
    given: MessageRecord,
    messages: Mapping[str, UUID],
    exchanges: Mapping[str, UUID],
    now: datetime,
) -> Message:
    content = [_kept_part(conversation, person, part) for part in given.content]
    return Message(
        id=messages[given.id],
        conversation=conversation,
        parent_id=messages[given.parent] if given.parent else None,
        role=given.role,
        content=storable.value(content),
        reasoning=storable.text(given.reasoning),
        tool_calls=storable.value(given.tool_calls),
        tool_call_id=storable.text(given.tool_call_id)[:200],
        name=storable.text(given.name)[:200],
        as_parts=given.as_parts,
        extra=storable.value(dict(given.extra)),
        author=person if given.role == Message.Role.USER else None,
        exchange_id=exchanges[given.exchange] if given.exchange else None,
        choice=given.choice,
        finish_reason=storable.text(given.finish_reason)[:100],
        created=moment_read(given.created) or now,
        revision=given.revision,
    )


def _kept_part(conversation: Conversation, person: User, part: Any) -> Any:
    """Return a part as it is kept: bytes that stand in it as base64 become an attachment."""
    if not isinstance(part, dict):
        return {"type": "text", "text": str(part)}
    given = bytes_of(part)
    data = given.partition(";base64,")[2] if given.startswith("data:") else ""
    if part.get("type") == "input_audio":
        data = given
    if not data:
        return part
    try:
        digest = _keep(conversation, person, base64.b64decode(data, validate=True), "")
    except (binascii.Error, ValueError):
        return part
    if not digest:
        return part
    outer, inner = PLACES[part["type"]]
    return part | {outer: part[outer] | {inner: reference_to(digest)}}


def _keep(conversation: Conversation, person: User, data: bytes, name: str) -> str:
    """Keep an attachment; return its digest, "" where its content is none that is kept."""
    try:
        return attachment_create(conversation=conversation, data=data, name=name, person=person).digest
    except MediaRefused:
        return ""
