"""Read a kept trace again, event by event, for the inspector."""

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from upstream.wire.assembly import Assembly
from upstream.wire.error_bodies import error_in
from upstream.wire.events import Finished, RawEvent, RawKind, TextAdded, ToolCallAdded, Update, UsageSeen
from upstream.wire.framing import BOM, normalize, parse
from upstream.wire.jsontext import loads, raw_decode

_BLANK: Final = re.compile(rb"(?:\r\n|\n|\r(?!\n)){2,}")
_DATA_LINE: Final = re.compile(rb"data: ?([^\r\n]*)[\r\n]*")
_SPECIAL: Final = re.compile("[<\x00\ud800-\udfff]")
_STREAM: Final = re.compile(rb"\s*(?:data|event|id|retry|error)?:")


def is_stream(raw: bytes) -> bool:
    """Whether a response's raw bytes begin as an event stream does."""
    return _STREAM.match(raw, len(BOM) if raw.startswith(BOM) else 0) is not None


def events_of(raw: bytes, *, stream: bool | None = None) -> Iterator[RawEvent]:
    """Yield the events of a response's raw bytes in order; together they cover every byte.

    A body that is no event stream is read as JSON lines if each line is JSON, else as one event. `stream` is given where
    the bytes are the rest of a response whose beginning told it.
    """
    start = len(BOM) if raw.startswith(BOM) else 0
    if is_stream(raw) if stream is None else stream:
        ends = _blank_ends(raw, start)
    else:
        lines = _is_lines(raw)
        ends = (match.end() for match in re.finditer(rb"\n", raw) if lines)
    ditto = _Ditto()
    position = 0
    for end in chain(ends, [len(raw)]):
        if end > position:
            event = ditto.read(raw, position, end)
            if event is None:
                event = _event(raw, position, end)
                ditto.learn(raw, event)
            yield event
            position = end


def _blank_ends(raw: bytes, start: int) -> Iterator[int]:
    """Yield where each run of blank lines ends."""
    if b"\r" in raw:
        yield from (match.end() for match in _BLANK.finditer(raw, start))
        return
    at = raw.find(b"\n\n", start)
    while at >= 0:
        end = at + 2
        while raw.startswith(b"\n", end):
            end += 1
        yield end
        at = raw.find(b"\n\n", end)


class _Ditto:
    """The last event that only added text, to read the next one by: equal but for that one string, it does the same.

    Thousands of events differ in one string; comparing the rest costs a tenth of parsing it.
    """

    __slots__ = ("_data", "_head", "_like", "_tail")

    def __init__(self) -> None:
        self._like: RawEvent | None = None
        self._head = self._tail = b""
        self._data = 0

    def learn(self, raw: bytes, event: RawEvent) -> None:
        """Take the event as the pattern if it is one data line in which its text stands once, as one JSON string."""
        self._like = None
        if event.kind not in ("content", "reasoning") or not event.text or event.name:
            return
        block = raw[event.start : event.end]
        line = _DATA_LINE.fullmatch(block)
        for ascii_only in (False, True):
            literal = json.dumps(event.text, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
            at = block.find(literal)
            if line and at > 0 and block.count(literal) == 1 and block[:at].rstrip().endswith(b":"):
                self._like, self._data = event, line.start(1)
                self._head, self._tail = block[: at + 1], block[at + len(literal) - 1 :]
                return

    def read(self, raw: bytes, start: int, end: int) -> RawEvent | None:
        """Return the event in ``raw[start:end]`` if it is the pattern with another text, else None."""
        first, last = start + len(self._head), end - len(self._tail)
        if self._like is None or last <= first:
            return None
        if not (raw.startswith(self._head, start) and raw.endswith(self._tail, first, end)):
            return None
        try:
            text = json.loads(raw[first - 1 : last + 1])
            data = raw[start + self._data : end].decode().rstrip("\r\n")
        except ValueError:
            return None
        # A "<" may begin <think>, which makes reasoning of content; the others are cleaned on their way.
        if not text or _SPECIAL.search(text):
            return None
        return RawEvent(start, end, self._like.kind, "", data, text)


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
    document = _document(data)
    if event.name == "error" or data.startswith("error:"):
        return RawEvent(start, end, "error", event.name, data, "")
    kind, text = _meaning(document)
    return RawEvent(start, end, kind, event.name, data, text)


def _document(data: str) -> Any:
    """Return the JSON value of an event, None where it is none; the strict reader is faster, the other one forgives."""
    try:
        value, end = raw_decode(data, 0)
        if end == len(data):
            return value
    except ValueError:
        pass
    try:
        return loads(data.removeprefix("error:"))
    except ValueError:
        return None


def _meaning(document: Any) -> tuple[RawKind, str]:
    if not isinstance(document, dict):
        return "other", ""
    if error_in(document) is not None:
        return "error", ""
    if (text := _only_content(document)) is not None:
        return "content", text
    assembly = Assembly()
    assembly.add(document)
    updates = assembly.take(final=True)
    return _kind(updates), "".join(_text(update) for update in updates)


def _only_content(document: dict[str, Any]) -> str | None:
    """Return the text of the commonest kind of chunk, one choice with some content; None where more rules may apply."""
    choices = document.get("choices")
    if document.get("usage") or not isinstance(choices, list) or len(choices) != 1:
        return None
    choice = choices[0]
    if not isinstance(choice, dict) or not choice.keys() <= _CHOICE_KEYS or choice.get("finish_reason"):
        return None
    delta = choice.get("delta")
    if not isinstance(delta, dict) or not delta.keys() <= _DELTA_KEYS:
        return None
    text = delta.get("content")
    return text if isinstance(text, str) and text and not _SPECIAL.search(text) else None


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


_CHOICE_KEYS: Final = frozenset({"index", "delta", "finish_reason", "logprobs"})
_DELTA_KEYS: Final = frozenset({"role", "content"})

_KINDS: Final[tuple[tuple[type, RawKind], ...]] = (
    (ToolCallAdded, "tool_calls"),
    (Finished, "finish"),
    (UsageSeen, "usage"),
)
