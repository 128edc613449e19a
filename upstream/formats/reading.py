"""Whatever somebody pastes or uploads: which format it is, and what it holds without its secrets."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from upstream.formats import chats
from upstream.formats.curl import curl_read
from upstream.formats.errors import FormatError, messages_counted
from upstream.formats.har import har_read
from upstream.formats.json_strict import json_read
from upstream.formats.jsonl import jsonl_read
from upstream.formats.playground_json import FORMAT, json_conversations
from upstream.formats.records import ConversationRecord, ExchangeRecord, Imported
from upstream.formats.requests import Asked, BodyRead, body_read, tree_of
from upstream.formats.secrets import Stripping
from upstream.wire.capture import Secrets
from upstream.wire.errors import UpstreamError
from upstream.wire.reader import ResponseReader

MAX_COMMAND: Final = 4_000_000
"""Characters of a command; read word by word, so longer ones would take seconds."""


def text_of(data: bytes) -> str:
    """Return the text of a file: UTF-8, or UTF-16 with its mark. Raises FormatError: "archive", "not_unicode"."""
    if data.startswith((b"PK\x03\x04", b"\x1f\x8b")):
        raise FormatError("archive")
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise FormatError("not_unicode") from error


def read_any(text: str) -> Imported:
    """Return what a text holds, in whichever format it is. Raises FormatError."""
    text = text.removeprefix("\ufeff").strip()
    if not text:
        raise FormatError("empty")
    imported = _read_json(text) if text[0] in "[{" else _read_command(text)
    if not imported.conversations:
        raise FormatError("no_request")
    return imported


def _read_command(text: str) -> Imported:
    first = text.removeprefix("$").strip().split(maxsplit=1)[0].rsplit("/", 1)[-1].removesuffix(".exe")
    if first != "curl":
        raise FormatError("unknown")
    if len(text) > MAX_COMMAND:
        raise FormatError("too_large")
    command = curl_read(text)
    if not command.body:
        raise FormatError("no_request")
    stripping = Stripping()
    if command.user:
        stripping.credentials(command.user)
    stripping.url(command.url)
    stripping.headers(command.headers)
    body = body_read(Secrets(stripping.values).text(command.body))
    return Imported("curl", (tree_of([Asked(body)]),), tuple(stripping.names))


def _read_json(text: str) -> Imported:
    try:
        document = json_read(text)
    except FormatError as error:
        lines = [line for line in text.split("\n") if line.strip()]
        if error.code == "not_json" and len(lines) > 1 and _is_json(lines[0]):
            return Imported("jsonl", jsonl_read(text))
        raise
    first = document[0] if isinstance(document, list) and document else document
    if not isinstance(first, dict):
        raise FormatError("unknown")
    left_out: dict[str, int] = {}
    readers: tuple[tuple[bool, str, Callable[[], tuple[ConversationRecord, ...]]], ...] = (
        ("mapping" in first, "chatgpt", lambda: chats.chatgpt_read(document, left_out)),
        (
            isinstance(first.get("chat"), dict),
            "open_webui",
            lambda: chats.open_webui_read(document, left_out),
        ),
        ("role" in first, "body", lambda: (tree_of([Asked(body_read(f'{{"messages":{text}}}'))]),)),
        ("messages" in first and first is document, "body", lambda: (tree_of([Asked(body_read(text))]),)),
    )
    if first.get("format") == FORMAT:
        return _stripped("playground", json_conversations(document))
    if first is document and isinstance(first.get("log"), dict):
        return _read_har(document, left_out)
    for fits, source, read in readers:
        if fits:
            return Imported(source, read(), left_out=left_out)
    raise FormatError("unknown")


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _stripped(source: str, conversations: Iterable[ConversationRecord]) -> Imported:
    stripping = Stripping()
    found = tuple(
        replace(each, exchanges=tuple(stripping.exchange(exchange) for exchange in each.exchanges))
        for each in conversations
    )
    return Imported(source, found, tuple(stripping.names))


def _read_har(document: Any, left_out: dict[str, int]) -> Imported:
    exchanges, others = har_read(document)
    stripping = Stripping()
    asked: list[Asked] = []
    count = 0
    for exchange in exchanges:
        clean = stripping.exchange(exchange)
        try:
            body = body_read(clean.body)
        except FormatError:
            others += 1
            continue
        count = messages_counted(count + len(body.messages))
        asked.append(_answered(clean, body))
    if others:
        left_out["requests that are no chat"] = others
    return Imported("har", (tree_of(asked),) if asked else (), tuple(stripping.names), left_out)


def _answered(exchange: ExchangeRecord, body: BodyRead) -> Asked:
    """Return a request with its answer, assembled as a run assembles it."""
    kind = next((value for name, value in exchange.response_headers if name.lower() == "content-type"), "")
    reader = ResponseReader(status=exchange.status or 200, content_type=kind)
    fault: UpstreamError | None = None
    try:
        reader.feed(exchange.raw)
    except UpstreamError as error:
        fault = error
    outcome = reader.close(fault)
    choices = outcome.response.get("choices") or []
    answers = [choice.get("message") for choice in choices if isinstance(choice, dict)]
    return Asked(
        body=body,
        exchange=replace(
            exchange,
            model=exchange.model or body.model[:300],
            response=json.dumps(outcome.response, ensure_ascii=False),
            usage=outcome.response.get("usage"),
            error=exchange.error or (outcome.error.to_json() if outcome.error and exchange.raw else None),
        ),
        answers=tuple({"role": "assistant", **message} for message in answers if isinstance(message, dict)),
    )
