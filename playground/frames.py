"""Frames: what the browser gets of a live exchange. The protocol is described in docs/protocol.md.

A frame's body is the JSON text of its updates, joined by commas and without brackets, so that any run of frames becomes one
message by joining them again: every frame is encoded once, whoever follows.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, assert_never

import orjson

from conversations import storable
from conversations.models import Message
from conversations.tool_calls import call_of
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


def place_encode(place: int) -> str:
    """Return the update that tells a waiting exchange's place in the queue, from 1."""
    return dumps(["q", place])


def head_encode(*, status: int, first_byte_ms: float | None) -> str:
    """Return the update that says the response has begun."""
    return dumps(["h", {"status": status, "first_byte_ms": first_byte_ms}])


def end_encode(
    *, state: str, error: Mapping[str, Any] | None, stats: Mapping[str, Any], more: bool = False
) -> str:
    """Return the last update of an exchange. `error` as in `UpstreamError.to_json`, without the raw body.

    `more` says that there is something to see that no update carries: sounds, images, what was not honoured.
    """
    shown = None if error is None else {name: error.get(name) for name in ERROR_FIELDS}
    return dumps(["end", {"state": state, "error": shown, "stats": dict(stats), "more": more}])


def answers_encode(answers: Iterable[Message], *, usage: Any, limit: int) -> Iterator[str]:
    """Yield the updates that rebuild an exchange's answers from messages; texts in pieces of `limit` characters."""
    for answer in answers:
        index = answer.choice or 0
        for code, text in (("r", answer.reasoning), ("c", answer.text), ("f", answer.refusal)):
            for start in range(0, len(text), limit):
                yield dumps([code, index, text[start : start + limit]])
        for number, call in enumerate(answer.tool_calls):
            known = call_of(call)
            yield dumps(["t", index, number, known.id, known.name, known.arguments])
        if answer.finish_reason:
            yield dumps(["x", index, answer.finish_reason])
    if usage:
        yield dumps(["u", usage])


def bodies_join(updates: Iterable[str], limit: int) -> Iterator[str]:
    """Yield encoded updates joined to bodies of about `limit` characters, at least one."""
    held: list[str] = []
    size = 0
    for update in updates:
        if held and size + len(update) > limit:
            yield ",".join(held)
            held, size = [], 0
        held.append(update)
        size += len(update)
    yield ",".join(held)


def message_encode(*, ref: int, number: int, body: str) -> str:
    """Return a data message: frames up to `number` of the exchange the client calls `ref`."""
    return f'{{"e":{ref},"n":{number},"u":[{body}]}}'


def reset_encode(*, ref: int, number: int, body: str) -> str:
    """Return a data message that replaces everything shown of the exchange."""
    return f'{{"e":{ref},"n":{number},"reset":true,"u":[{body}]}}'
