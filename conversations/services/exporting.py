"""From kept rows to plain records: what every export is written from. Everything kept is masked already."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from conversations import selectors
from conversations.attachment_files import file_open
from conversations.models import Comment, Conversation, Exchange, Message, Tag
from conversations.selectors.access import visible_to
from conversations.selectors.attachments import attachment_uses, attachments_used
from team.models import User
from upstream.formats.records import (
    AttachmentRecord,
    ColumnRecord,
    CommentRecord,
    ConversationRecord,
    ExchangeRecord,
    MessageRecord,
)


def conversation_record(*, conversation: Conversation, person: User) -> ConversationRecord:
    """Return a conversation that `person` may see with everything that is kept of it.

    Behind messages that were copied here stand exchanges of other conversations; they come along where the person may see
    those. Tags are the person's own, and only an owner's list has it pinned or archived.
    """
    with selectors.one_moment():
        return _conversation_record(conversation, person)


def _conversation_record(conversation: Conversation, person: User) -> ConversationRecord:
    messages = list(Message.objects.filter(conversation=conversation).order_by("id"))
    own = list(Exchange.objects.filter(run__conversation=conversation))
    origins = {each.origin_id for each in messages if each.origin_id and not each.exchange_id}
    elsewhere = Exchange.objects.filter(visible_to(person, "run__conversation"), pk__in=origins)
    columns = list(conversation.columns.order_by("position"))
    record = _record(
        conversation,
        messages,
        sorted({each.pk: each for each in (*own, *elsewhere)}.values(), key=lambda each: each.pk),
        {column.pk: (column.leaf_id, column.settings) for column in columns},
    )
    tags = Tag.objects.filter(person=person, conversations=conversation)
    is_own = conversation.owner_id == person.pk
    return replace(
        record,
        pinned=is_own and conversation.pinned,
        archived=is_own and conversation.archived,
        tags=tuple(sorted(tags.values_list("name", flat=True))),
    )


def exchange_record(*, exchange: Exchange) -> ConversationRecord:
    """Return one exchange as a conversation of its own: the branch that it answers, its answers, one column.

    Read it in the same `selectors.one_moment` as the exchange.
    """
    conversation = exchange.run.conversation
    branch = selectors.branch(conversation_id=conversation.pk, leaf_id=exchange.parent_id)
    answers = selectors.choices_of(exchange=exchange)
    leaf = answers[0].pk if answers else exchange.parent_id
    settings = {"provider": "", "model": exchange.model, "system": "", "parameters": {}}
    if exchange.column is not None:
        settings = exchange.column.settings
    return _record(conversation, [*branch, *answers], [exchange], {exchange.column_id or 0: (leaf, settings)})


def _record(
    conversation: Conversation,
    messages: list[Message],
    exchanges: list[Exchange],
    columns: Mapping[int, tuple[UUID | None, Mapping[str, object]]],
) -> ConversationRecord:
    ordered = _parents_first(messages)
    names = {message.pk: f"m{at}" for at, message in enumerate(ordered, start=1)}
    exchange_names = {exchange.pk: f"e{at}" for at, exchange in enumerate(exchanges, start=1)}
    runs = {pk: f"r{at}" for at, pk in enumerate(dict.fromkeys(each.run_id for each in exchanges), start=1)}
    comments = selectors.comments_on(messages=ordered)
    positions = {pk: position for position, pk in enumerate(columns)}
    return ConversationRecord(
        title=conversation.title,
        messages=tuple(
            replace(
                _message(message, names, exchange_names),
                comments=tuple(map(_comment, comments.get(message.pk, ()))),
            )
            for message in ordered
        ),
        columns=tuple(
            ColumnRecord(names.get(leaf) if leaf else None, settings) for leaf, settings in columns.values()
        ),
        exchanges=tuple(
            _exchange(
                exchange,
                name=exchange_names[exchange.pk],
                run=runs[exchange.run_id],
                column=positions.get(exchange.column_id or 0),
                parent=names.get(exchange.parent_id) if exchange.parent_id else None,
            )
            for exchange in exchanges
        ),
        attachments=tuple(_attachments(conversation, ordered)),
        created=_time(conversation.created),
        updated=_time(conversation.updated),
    )


def _parents_first(messages: Iterable[Message]) -> list[Message]:
    """Return the messages level by level: a message that was moved may be older than its parent."""
    given = list(messages)
    there = {message.pk for message in given}
    children: dict[UUID | None, list[Message]] = {}
    for message in given:
        children.setdefault(message.parent_id if message.parent_id in there else None, []).append(message)
    ordered = list(children.get(None, []))
    for message in ordered:
        ordered += children.get(message.pk, [])
    return ordered


def _message(message: Message, names: Mapping[UUID, str], exchanges: Mapping[UUID, str]) -> MessageRecord:
    return MessageRecord(
        id=names[message.pk],
        parent=names.get(message.parent_id) if message.parent_id else None,
        role=message.role,
        content=tuple(message.content),
        reasoning=message.reasoning,
        tool_calls=tuple(message.tool_calls),
        tool_call_id=message.tool_call_id,
        name=message.name,
        as_parts=message.as_parts,
        extra=message.extra,
        exchange=exchanges.get(behind) if (behind := message.exchange_id or message.origin_id) else None,
        choice=message.choice,
        finish_reason=message.finish_reason,
        created=_time(message.created),
        revision=message.revision,
    )


def _comment(comment: Comment) -> CommentRecord:
    return CommentRecord(comment.said_by or comment.author.username, comment.text, _time(comment.created))


def _exchange(
    exchange: Exchange, *, name: str, run: str, column: int | None, parent: str | None
) -> ExchangeRecord:
    trace = selectors.trace_of(exchange_id=exchange.pk)
    live = exchange.state in Exchange.LIVE
    return ExchangeRecord(
        id=name,
        run=run,
        column=column,
        parent=parent,
        provider=exchange.provider_name,
        api=exchange.api,
        model=exchange.model,
        # What goes on here has ended for who reads it elsewhere.
        state=Exchange.State.INTERRUPTED.value if live else exchange.state,
        method=exchange.method,
        url=exchange.url,
        http_version=exchange.http_version,
        headers=tuple((str(key), str(value)) for key, value in exchange.headers),
        body=exchange.body,
        status=exchange.status,
        reason=exchange.reason,
        response_headers=tuple((str(key), str(value)) for key, value in exchange.response_headers),
        response=exchange.response,
        usage=exchange.usage,
        error=exchange.error,
        timing=exchange.timing,
        tokens_in=exchange.tokens_in,
        tokens_out=exchange.tokens_out,
        created=_time(exchange.created),
        ended=_time(exchange.ended),
        raw=trace.raw,
        pieces=trace.pieces,
        pruned=_time(exchange.pruned),
        findings=tuple((str(code), values) for code, values in exchange.findings),
    )


def _attachments(conversation: Conversation, messages: list[Message]) -> Iterable[AttachmentRecord]:
    used = attachments_used(messages)
    uses = attachment_uses(conversation=conversation, digests=used)
    for digest, attachment in sorted(used.items()):
        with file_open(attachment) as file:
            data = file.read()
        name = uses[digest].name if digest in uses else ""
        yield AttachmentRecord(digest, attachment.mime, name, data)


def _time(value: datetime | None) -> str:
    return value.isoformat() if value else ""
