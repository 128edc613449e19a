"""Frames: what the browser gets of a live exchange. The protocol is described in docs/protocol.md.

A frame's body is the JSON text of its updates, joined by commas and without brackets, so that any run of frames becomes one
message by joining them again: every frame is encoded once, whoever follows.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, assert_never

import orjson

from conversations import storable
from conversations.models import Message
from upstream.wire.events import ErrorSeen, Finished, TextAdded, ToolCallAdded, Update, UsageSeen

ERROR_FIELDS = ("kind", "message", "advice", "status", "param", "retry_after")
PART_CODES = {"content": "c", "reasoning": "r", "refusal": "f"}


def dumps(value: Any) -> str:
    """Return compact JSON text; what JSON or UTF-8 cannot carry is made storable first."""
    try:
        return orjson.dumps(value).decode()
    except (TypeError, ValueError):  # lone surrogates, integers past 64 bits, deep nesting
        return json.dumps(storable.value(value), ensure_ascii=False, separators=(",", ":"))


def updates_encode(updates: Iterable[Update]) -> str:
    """Return the frame body for what one upstream read added; text for the same place is joined. "" for nothing to show."""
    parts: list[str] = []
    place: tuple[int, str] | None = None
    held: list[str] = []
    for update in updates:
        if isinstance(update, TextAdded):
            if place != (update.choice, update.part):
                _flush(parts, place, held)
                place, held = (update.choice, update.part), []
            held.append(update.text)
            continue
        _flush(parts, place, held)
        place, held = None, []
        encoded = _encode(update)
        if encoded:
            parts.append(encoded)
    _flush(parts, place, held)
    return ",".join(parts)


def _flush(parts: list[str], place: tuple[int, str] | None, held: list[str]) -> None:
    if place is not None:
        parts.append(dumps([PART_CODES[place[1]], place[0], held[0] if len(held) == 1 else "".join(held)]))


def _encode(update: ToolCallAdded | Finished | UsageSeen | ErrorSeen) -> str:
    match update:
        case ToolCallAdded():
            return dumps(["t", update.choice, update.call, update.id, update.name, update.arguments])
        case Finished():
            return dumps(["x", update.choice, update.reason])
        case UsageSeen():
            return dumps(["u", update.usage])
        case ErrorSeen():
            return ""  # told once, by the end update, with the state it leads to
    assert_never(update)


def state_encode(state: str) -> str:
    """Return the update that names a live exchange's state: "queued" or "streaming"."""
    return dumps(["s", state])


def head_encode(*, status: int, first_byte_ms: float | None) -> str:
    """Return the update that says the response has begun."""
    return dumps(["h", {"status": status, "first_byte_ms": first_byte_ms}])


def end_encode(*, state: str, error: Mapping[str, Any] | None, stats: Mapping[str, Any]) -> str:
    """Return the last update of an exchange. `error` as in `UpstreamError.to_json`, without the raw body."""
    shown = None if error is None else {name: error.get(name) for name in ERROR_FIELDS}
    return dumps(["end", {"state": state, "error": shown, "stats": dict(stats)}])


def interrupted_encode() -> str:
    """Return the last update of an exchange whose process is gone; its figures come with the page."""
    return end_encode(state="interrupted", error=None, stats={})


def kept_encode(answers: Iterable[Message], *, usage: Any, ending: str) -> str:
    """Return the updates that rebuild an exchange's answers from what is kept, ended by `ending` (an encoded update)."""
    parts = [part for answer in answers for part in _answer_encode(answer)]
    if usage:
        parts.append(dumps(["u", usage]))
    return ",".join([*parts, ending])


def _answer_encode(answer: Message) -> list[str]:
    index = answer.choice or 0
    texts = (("r", answer.reasoning), ("c", answer.text), ("f", answer.refusal))
    parts = [dumps([code, index, text]) for code, text in texts if text]
    for number, call in enumerate(answer.tool_calls):
        function = call.get("function") or {}
        known = (call.get("id") or "", function.get("name") or "", function.get("arguments") or "")
        parts.append(dumps(["t", index, number, *known]))
    if answer.finish_reason:
        parts.append(dumps(["x", index, answer.finish_reason]))
    return parts


def message_encode(*, ref: int, number: int, body: str) -> str:
    """Return a data message: frames up to `number` of the exchange the client calls `ref`."""
    return f'{{"e":{ref},"n":{number},"u":[{body}]}}'


def reset_encode(*, ref: int, number: int, body: str) -> str:
    """Return a data message that replaces everything shown of the exchange."""
    return f'{{"e":{ref},"n":{number},"reset":true,"u":[{body}]}}'
