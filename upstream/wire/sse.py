"""Read a kept trace again, event by event, for the inspector."""

import re
from collections.abc import Iterator
from typing import Any, Final

from upstream.wire.assembly import Assembly
from upstream.wire.error_bodies import error_in
from upstream.wire.events import Finished, RawEvent, RawKind, TextAdded, ToolCallAdded, Update, UsageSeen
from upstream.wire.framing import BOM, normalize, parse
from upstream.wire.jsontext import loads

_BLANK: Final = re.compile(rb"(?:\r\n|\n|\r(?!\n)){2,}")
_STREAM: Final = re.compile(rb"\s*(?:data|event|id|retry|error)?:")


def events_of(raw: bytes) -> Iterator[RawEvent]:
    """Yield the events of a response's raw bytes in order; together they cover every byte.

    A body that is no event stream is read as JSON lines if each line is JSON, else as one event.
    """
    start = len(BOM) if raw.startswith(BOM) else 0
    if _STREAM.match(raw, start):
        ends = [match.end() for match in _BLANK.finditer(raw, start)]
    else:
        ends = [match.end() for match in re.finditer(rb"\n", raw)] if _is_lines(raw) else []
    position = 0
    for end in [*ends, len(raw)]:
        if end > position:
            yield _event(raw, position, end)
            position = end


def _is_lines(raw: bytes) -> bool:
    first, newline, rest = raw.lstrip().partition(b"\n")
    if not newline or not rest.strip():
        return False
    try:
        return isinstance(loads(first.decode("utf-8", "replace")), dict)
    except ValueError:
        return False


def _event(raw: bytes, start: int, end: int) -> RawEvent:
    block = normalize(raw[start:end].decode("utf-8", "replace").removeprefix("\ufeff")).strip("\n")
    event = parse(block)
    if event.data is None and not event.strays:
        text = "\n".join(event.comments)
        return RawEvent(start, end, "comment" if event.comments else "other", event.name, text, "")
    data = "\n".join(event.data if event.data is not None else event.strays)
    if data.strip() == "[DONE]":
        return RawEvent(start, end, "done", event.name, data, "")
    try:
        document = loads(data.removeprefix("error:"))
    except ValueError:
        document = None
    if event.name == "error" or data.startswith("error:"):
        return RawEvent(start, end, "error", event.name, data, "")
    kind, text = _meaning(document)
    return RawEvent(start, end, kind, event.name, data, text)


def _meaning(document: Any) -> tuple[RawKind, str]:
    if not isinstance(document, dict):
        return "other", ""
    if error_in(document) is not None:
        return "error", ""
    assembly = Assembly()
    assembly.add(document)
    updates = assembly.take(final=True)
    return _kind(updates), "".join(_text(update) for update in updates)


def _text(update: Update) -> str:
    if isinstance(update, TextAdded):
        return update.text
    return update.name + update.arguments if isinstance(update, ToolCallAdded) else ""


def _kind(updates: list[Update]) -> RawKind:
    """Return what an event is for: the first of text, tool calls, finish and usage that it holds."""
    texts = {update.part for update in updates if isinstance(update, TextAdded)}
    if texts:
        return "reasoning" if texts == {"reasoning"} else "content"
    for cls, kind in _KINDS:
        if any(isinstance(update, cls) for update in updates):
            return kind
    return "other"


_KINDS: Final[tuple[tuple[type, RawKind], ...]] = (
    (ToolCallAdded, "tool_calls"),
    (Finished, "finish"),
    (UsageSeen, "usage"),
)
