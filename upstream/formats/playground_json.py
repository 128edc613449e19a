"""Our own format: conversations with everything that is kept of them. `docs/formats.md` describes it for others."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from upstream.formats.errors import FormatError, messages_counted
from upstream.formats.json_reader import JsonReader
from upstream.formats.measures import is_milliseconds
from upstream.formats.records import (
    STATES,
    AttachmentRecord,
    ColumnRecord,
    CommentRecord,
    ConversationRecord,
    ExchangeRecord,
    MessageRecord,
)
from upstream.formats.requests import ROLES

FORMAT: Final = "chat-playground"
VERSION: Final = 1
MAX_COLUMNS: Final = 8
"""Columns of one conversation (`conversations.services.MAX_COLUMNS`)."""


def json_write(conversations: Iterable[ConversationRecord], *, exported: str) -> str:
    """Return a document that `json_conversations` reads back into equal records."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "exported": exported,
        "conversations": [_conversation(each) for each in conversations],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _conversation(record: ConversationRecord) -> dict[str, Any]:
    return {
        "title": record.title,
        "created": record.created,
        "updated": record.updated,
        "pinned": record.pinned,
        "archived": record.archived,
        "tags": list(record.tags),
        "messages": [_message(each) for each in record.messages],
        "columns": [{"leaf": each.leaf, "settings": dict(each.settings)} for each in record.columns],
        "exchanges": [_exchange(each) for each in record.exchanges],
        "attachments": [
            {
                "digest": each.digest,
                "mime": each.mime,
                "name": each.name,
                "data": base64.b64encode(each.data).decode(),
            }
            for each in record.attachments
        ],
    }


def _message(record: MessageRecord) -> dict[str, Any]:
    always = {"id": record.id, "parent": record.parent, "role": record.role, "content": list(record.content)}
    sometimes: dict[str, Any] = {
        "reasoning": record.reasoning,
        "tool_calls": list(record.tool_calls),
        "tool_call_id": record.tool_call_id,
        "name": record.name,
        "as_parts": record.as_parts,
        "extra": dict(record.extra),
        "exchange": record.exchange,
        "choice": record.choice,
        "finish_reason": record.finish_reason,
        "created": record.created,
        "revision": record.revision or None,
        "comments": [
            {"author": each.author, "created": each.created, "text": each.text} for each in record.comments
        ],
    }
    return always | {
        name: value
        for name, value in sometimes.items()
        if value or (value == 0 and not isinstance(value, bool))
    }


def _exchange(record: ExchangeRecord) -> dict[str, Any]:
    try:
        raw = {"text": record.raw.decode()}
    except UnicodeDecodeError:
        raw = {"base64": base64.b64encode(record.raw).decode()}
    return {
        "id": record.id,
        "run": record.run,
        "column": record.column,
        "parent": record.parent,
        "provider": record.provider,
        "api": record.api,
        "model": record.model,
        "state": record.state,
        "request": {
            "method": record.method,
            "url": record.url,
            "http_version": record.http_version,
            "headers": [list(pair) for pair in record.headers],
            "body": record.body,
        },
        "response": {
            "status": record.status,
            "reason": record.reason,
            "headers": [list(pair) for pair in record.response_headers],
            "document": record.response,
            "trace": {**raw, "pieces": [list(piece) for piece in record.pieces], "pruned": record.pruned},
        },
        "usage": record.usage,
        "error": record.error,
        "findings": [[code, dict(values)] for code, values in record.findings],
        "timing": dict(record.timing),
        "tokens_in": record.tokens_in,
        "tokens_out": record.tokens_out,
        "created": record.created,
        "ended": record.ended,
    }


def json_conversations(document: Any) -> tuple[ConversationRecord, ...]:
    """Return the conversations of a document of ours.

    Raises FormatError: "version" where a newer playground wrote it, "field" with the path of what is wrong.
    """
    root = JsonReader(document, "$")
    version = root.number("version")
    if version != VERSION:
        raise FormatError("version", str(version))
    given = root.objects("conversations")
    messages_counted(
        sum(len(each.get("messages") or ()) for each in given if isinstance(each.get("messages"), list))
    )
    return root.items("conversations", _conversation_read)


def _conversation_read(given: JsonReader) -> ConversationRecord:
    attachments = given.items("attachments", _attachment_read)
    messages = given.items("messages", _message_read)
    exchanges = given.items("exchanges", _exchange_read)
    columns = given.items("columns", lambda each: ColumnRecord(each.optional("leaf"), _settings_read(each)))
    if len(columns) > MAX_COLUMNS:
        raise FormatError("field", given.path("columns"))
    known = {exchange.id for exchange in exchanges}
    before: set[str] = set()
    for at, message in enumerate(messages):
        where = given.path(f"messages[{at}]")
        if message.id in before:
            raise FormatError("field", f"{where}.id")
        if message.parent is not None and message.parent not in before:
            raise FormatError("field", f"{where}.parent")
        if message.exchange is not None and message.exchange not in known:
            raise FormatError("field", f"{where}.exchange")
        before.add(message.id)
    for at, column in enumerate(columns):
        if column.leaf is not None and column.leaf not in before:
            raise FormatError("field", given.path(f"columns[{at}].leaf"))
    for at, exchange in enumerate(exchanges):
        if exchange.parent is not None and exchange.parent not in before:
            raise FormatError("field", given.path(f"exchanges[{at}].parent"))
        if exchange.column is not None and exchange.column >= len(columns):
            raise FormatError("field", given.path(f"exchanges[{at}].column"))
    if len(known) != len(exchanges):
        raise FormatError("field", given.path("exchanges"))
    return ConversationRecord(
        title=given.text("title", most=200),
        messages=messages,
        columns=columns,
        exchanges=exchanges,
        attachments=attachments,
        created=given.time("created"),
        updated=given.time("updated"),
        pinned=given.flag("pinned"),
        archived=given.flag("archived"),
        tags=given.texts("tags", most=40),
    )


def _message_read(given: JsonReader) -> MessageRecord:
    role = given.text("role")
    if role not in ROLES:
        raise given.fail("role")
    return MessageRecord(
        id=given.text("id"),
        parent=given.optional("parent"),
        role=role,
        content=given.objects("content"),
        reasoning=given.text("reasoning"),
        tool_calls=given.objects("tool_calls"),
        tool_call_id=given.text("tool_call_id", most=200),
        name=given.text("name", most=200),
        as_parts=given.flag("as_parts"),
        extra=given.map("extra"),
        exchange=given.optional("exchange"),
        choice=given.number("choice"),
        finish_reason=given.text("finish_reason", most=100),
        created=given.time("created"),
        revision=given.number("revision") or 0,
        comments=given.items("comments", _comment_read),
    )


def _comment_read(given: JsonReader) -> CommentRecord:
    return CommentRecord(
        given.text("author", most=150), given.text("text", most=10_000), given.time("created")
    )


def _settings_read(given: JsonReader) -> dict[str, Any]:
    settings = given.object("settings")
    for name in ("provider", "model", "system"):
        settings.text(name)
    parameters = settings.map("parameters")
    if not all(isinstance(source, str) for source in parameters.values()):
        raise settings.fail("parameters")
    return dict(given.map("settings"))


def _exchange_read(given: JsonReader) -> ExchangeRecord:
    request, response = given.object("request"), given.object("response")
    trace = response.object("trace")
    raw = trace.bytes("base64") if trace.maybe("base64") is not None else trace.text("text").encode()
    pieces = trace.list("pieces")
    for piece in pieces:
        if not (
            isinstance(piece, list) and len(piece) == 2 and _is_size(piece[0]) and is_milliseconds(piece[1])
        ):
            raise trace.fail("pieces")
    if sum(piece[0] for piece in pieces) != len(raw):
        raise trace.fail("pieces")
    state = given.text("state")
    if state not in STATES:
        raise given.fail("state")
    error = given.maybe("error")
    return ExchangeRecord(
        id=given.text("id"),
        run=given.text("run"),
        column=given.number("column"),
        parent=given.optional("parent"),
        provider=given.text("provider", most=200),
        api=given.text("api", most=60),
        model=given.text("model", most=300),
        state=state,
        method=request.text("method", most=10),
        url=request.text("url"),
        http_version=request.text("http_version", most=10),
        headers=request.headers("headers"),
        body=request.text("body"),
        status=response.number("status", most=32_767),
        reason=response.text("reason", most=200),
        response_headers=response.headers("headers"),
        response=_document(response),
        usage=given.maybe("usage"),
        error=None if error is None else given.map("error"),
        timing=given.milliseconds("timing"),
        tokens_in=given.number("tokens_in"),
        tokens_out=given.number("tokens_out"),
        created=given.time("created"),
        ended=given.time("ended"),
        raw=raw,
        pieces=tuple((piece[0], piece[1]) for piece in pieces),
        pruned=trace.time("pruned"),
        findings=_findings_read(given),
    )


def _findings_read(given: JsonReader) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """Return what an answer did not honour: codes with their values, of which a newer playground may have others."""
    pairs = given.list("findings")
    for pair in pairs:
        code, values = pair if isinstance(pair, list) and len(pair) == 2 else (None, None)
        if not isinstance(code, str) or not isinstance(values, dict):
            raise given.fail("findings")
    return tuple((pair[0], pair[1]) for pair in pairs)


def _document(response: JsonReader) -> str:
    """Return the assembled response: "" or the text of a JSON object, which pages take for granted."""
    text = response.text("document")
    try:
        if text and not isinstance(json.loads(text), dict):
            raise response.fail("document")
    except (ValueError, RecursionError) as error:
        raise response.fail("document") from error
    return text


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _attachment_read(given: JsonReader) -> AttachmentRecord:
    data = given.bytes("data")
    digest = given.text("digest")
    if hashlib.sha256(data).hexdigest() != digest:
        raise given.fail("digest")
    return AttachmentRecord(digest, given.text("mime"), given.text("name", most=200), data)
