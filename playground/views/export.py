"""Exports: one exchange or a whole conversation, as a file. No secret that this person may use stands in any of them."""

import json
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from conversations import selectors
from conversations.models import Conversation, Exchange
from conversations.selectors.request_bytes import bytes_filled
from conversations.services.exporting import conversation_record, exchange_record
from playground.views.desk import conversation_of
from playground.views.inspector_parts import exchange_or_404
from playground.views.signed_in import PersonRequest, signed_in
from team import selectors as team
from team.errors import TeamError
from team.models import User
from upstream.formats.errors import FormatError
from upstream.formats.har import har_write
from upstream.formats.jsonl import jsonl_line
from upstream.formats.markdown import markdown
from upstream.formats.playground_json import json_write
from upstream.formats.records import ConversationRecord
from upstream.formats.requests import body_read
from upstream.samples import BODY_FILE
from upstream.wire.capture import Secrets

KINDS: Final = {
    "json": ("json", "application/json"),
    "har": ("har", "application/json"),
    "markdown": ("md", "text/markdown; charset=utf-8"),
    "jsonl": ("jsonl", "application/jsonl"),
    "body": ("json", "application/json"),
}
"""Form → file name's end and media type."""


@require_GET
@signed_in
def conversation_export(request: PersonRequest, pk: UUID, form: str) -> HttpResponse:
    """Return a conversation that this person may see as JSON, HAR, Markdown or JSONL."""
    conversation = conversation_of(request.user, pk)
    if form == "jsonl":
        with selectors.one_moment():
            lines = _lines(conversation)
        return _file(request.user, form, conversation.title, lines)
    record = conversation_record(conversation=conversation, person=request.user)
    match form:
        case "json":
            text = json_write([record], exported=timezone.now().isoformat())
        case "har":
            text = har_write(record.exchanges)
        case "markdown":
            text = _markdown(record)
        case _:
            raise Http404
    return _file(request.user, form, conversation.title, text)


@require_GET
@signed_in
def exchange_export(request: PersonRequest, pk: UUID, form: str) -> HttpResponse:
    """Return one exchange that this person may see; `form` may also be "body", the request's body as it was sent."""
    with selectors.one_moment():
        exchange = exchange_or_404(request, pk)
        text = _exchange_text(exchange, form)
    return _file(request.user, form, exchange.run.conversation.title, text)


def _exchange_text(exchange: Exchange, form: str) -> str:
    match form:
        case "body":
            return exchange.body
        case "jsonl":
            return _line(exchange)
        case "json":
            return json_write([exchange_record(exchange=exchange)], exported=timezone.now().isoformat())
        case "har":
            return har_write(exchange_record(exchange=exchange).exchanges)
        case "markdown":
            return _markdown(exchange_record(exchange=exchange))
        case _:
            raise Http404


def _markdown(record: ConversationRecord) -> str:
    """Return each column's branch; most conversations have one."""
    return "\n---\n\n".join(
        markdown(
            record.branch(column.leaf),
            title=record.title,
            system=str(column.settings.get("system") or ""),
            model=str(column.settings.get("model") or ""),
        )
        for column in record.columns
    )


def _lines(conversation: Conversation) -> str:
    """Return a training example for each column, the attachments' bytes in it."""
    return "".join(
        jsonl_line(
            bytes_filled(
                conversation=conversation,
                messages=selectors.messages_for_api(
                    system=str(column.settings.get("system") or ""), history=messages
                ),
                base64_only=False,
            ),
            parameters=column.settings.get("parameters") or {},
        )
        for column, messages in _branches(conversation)
    )


def _branches(conversation: Conversation) -> Iterable[tuple[Any, Any]]:
    for column in selectors.column_list(conversation=conversation):
        yield column, selectors.history(conversation_id=conversation.pk, leaf_id=column.leaf_id)


def _line(exchange: Exchange) -> str:
    """Return the training example that an exchange makes: what was sent, and the first answer."""
    try:
        body = body_read(exchange.body)
    except FormatError as error:
        raise Http404 from error
    document = selectors.response_document(exchange) or {}
    choices = document.get("choices") or [{}]
    answer = choices[0].get("message") if isinstance(choices[0], dict) else None
    kept = ("role", "content", "tool_calls", "function_call", "refusal", "name")
    messages = json.loads(exchange.body)["messages"]
    if isinstance(answer, dict):
        messages.append({name: answer[name] for name in kept if answer.get(name) is not None})
    return jsonl_line(messages, parameters=body.parameters)


def _file(user: User, form: str, title: str, text: str) -> HttpResponse:
    ending, kind = KINDS[form]
    name = BODY_FILE if form == "body" else f"{slugify(title, allow_unicode=True)[:60] or 'chat'}.{ending}"
    response = HttpResponse(secrets_of(user).text(text), content_type=kind)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["Cache-Control"] = "no-store"
    return response


def secrets_of(user: User) -> Secrets:
    """Return the keys and header values that this person may use: what they typed into a message by mistake, too."""
    values: set[str] = set()
    for provider in team.providers_for(user=user):
        try:
            values.update(Secrets.of(team.endpoint_for(user=user, provider=provider)).values)
        except TeamError:
            continue  # without a key there is nothing to mask
    return Secrets(values)
