"""A request's body without what is left out; members that stay keep their source text."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from conversations.sharing.included import Included

SYSTEM_ROLES: Final = ("system", "developer")
SYSTEM_MEMBERS: Final = frozenset({"system", "instructions", "system_instruction", "system_prompt"})
"""Members of a body in which other APIs carry the system prompt."""
TEXT_PARTS: Final = ("text", "refusal")
MESSAGE_MEMBERS: Final = frozenset(
    {
        "role", "content", "name", "tool_calls", "tool_call_id", "function_call", "refusal", "reasoning",
        "reasoning_content", "prefix",
    }
)  # fmt: skip
"""Members of a message that hold no image."""
DATA_URL: Final = re.compile(r"data:[\w.+-]+/[\w.+-]+[;,]")
_SCAN: Final = json.JSONDecoder(parse_int=len, parse_float=len)  # no conversion: a number may have any length
_GAP: Final = re.compile(r"[ \t\r\n,:]*")


class UnknownShape(ValueError):
    """The body is no JSON object with messages: nobody can say what is in it."""


def members_of(body: str) -> list[tuple[str, str]]:
    """Return the members of a JSON object as (name, source text), in order. Raises UnknownShape."""
    try:
        if not isinstance(json.loads(body, parse_int=len, parse_float=len), dict):
            raise UnknownShape
        return list(_members(body))
    except (ValueError, RecursionError) as error:
        raise UnknownShape from error


def _members(text: str) -> Iterator[tuple[str, str]]:
    at = _after_gap(text, _after_gap(text, 0) + 1)
    while text[at] != "}":
        name, end = _SCAN.raw_decode(text, at)
        at = _after_gap(text, end)
        end = _SCAN.raw_decode(text, at)[1]
        yield name, text[at:end]
        at = _after_gap(text, end)


def _after_gap(text: str, at: int) -> int:
    gap = _GAP.match(text, at)
    assert gap is not None  # it matches the empty text too
    return gap.end()


def messages_of(body: str) -> list[Mapping[str, Any]]:
    """Return the messages that a body carries. Raises UnknownShape."""
    return _messages(dict(members_of(body)).get("messages", ""))


def _messages(source: str) -> list[Mapping[str, Any]]:
    try:
        messages = json.loads(source)
    except (ValueError, RecursionError) as error:
        raise UnknownShape from error
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise UnknownShape
    return messages


def is_system(message: Mapping[str, Any]) -> bool:
    """Whether a message is of the kind that carries a system prompt."""
    return str(message.get("role")).strip().lower() in SYSTEM_ROLES


def body_without(body: str, included: Included) -> str:
    """Return the body with nothing that is left out in it; the same text where it held nothing of that.

    Raises UnknownShape where that cannot be said of what would be left.
    """
    if included.all_that_was_sent:
        return body
    members = members_of(body)
    kept = [
        (name, _messages_without(source, included) if name == "messages" else source)
        for name, source in members
        if _is_kept(name, source, included)
    ]
    if kept == members:
        return body
    return "{" + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{source}" for name, source in kept) + "}"


def _is_kept(name: str, source: str, included: Included) -> bool:
    if name in ("messages", "model"):
        return True
    if name in SYSTEM_MEMBERS:
        return included.system
    if not included.parameters:
        return False
    return included.images or not DATA_URL.search(json.dumps(json.loads(source), ensure_ascii=False))


def _messages_without(source: str, included: Included) -> str:
    given = _messages(source)
    kept = [_message(message, included) for message in given if included.system or not is_system(message)]
    return source if kept == given else json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def _message(message: Mapping[str, Any], included: Included) -> Mapping[str, Any]:
    if included.images:
        return message
    kept = {name: value for name, value in message.items() if name in MESSAGE_MEMBERS}
    content = kept.get("content")
    if isinstance(content, list):
        kept["content"] = [part for part in content if _is_text(part)]
    elif not isinstance(content, str):
        kept["content"] = None
    return kept


def _is_text(part: object) -> bool:
    return isinstance(part, dict) and part.get("type") in TEXT_PARTS and set(part) <= {"type", *TEXT_PARTS}
