"""From what the composer posts to a message: its text and attached parts, or its whole JSON as somebody typed it.

| field | holds |
|---|---|
| `message` | the text |
| `parts` | a JSON list of content parts in the kept spelling; null stands where the text goes (else it goes first) |
| `role`, `name`, `tool_call_id` | as the API spells them; no role is a user's |
| `raw` | a whole message as a JSON object, in place of all of these |
"""

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

from conversations.models import Message
from conversations.parts import OWN, PLACES, SCHEME, bytes_of, digest_in
from conversations.written import WORD_MAX, Written
from playground.parameter_notes import error_sentence
from upstream.catalog import json_text
from upstream.catalog.json_text import InvalidJsonText
from upstream.wire.spelled import spelled_dumps, spelled_loads

FIELDS: Final = ("message", "parts", "role", "name", "tool_call_id", "raw")
PARTS_MAX: Final = 100
DEPTH_MAX: Final = 15
"""Levels of a typed message; what is nested deeper could not be kept as it is."""
URL_MAX: Final = 8_000  # characters
_ROLE: Final = re.compile(r"[a-z_]{1,10}\Z")


class InvalidMessage(ValueError):
    """What was posted is no message; the text says why, in the person's language. `line` counts from 1, 0 is unknown."""

    def __init__(self, message: str, *, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


def message_read(data: Mapping[str, Any]) -> Written:
    """Return the message that these fields mean; it may be empty. Raises InvalidMessage."""
    if raw := _posted(data, "raw"):
        return raw_read(raw)
    text, parts = _posted(data, "message").replace("\r\n", "\n"), _parts(_posted(data, "parts"))
    role = _posted(data, "role") or Message.Role.USER
    return Written(
        role=_role_checked(role),
        content=tuple(_placed(text, parts)),
        name=_word_checked(_posted(data, "name"), "name"),
        tool_call_id=_word_checked(_posted(data, "tool_call_id"), "tool_call_id"),
    )


def is_empty(written: Written) -> bool:
    """Whether a message says nothing that could be sent."""
    words = all(part.get("type") == "text" for part in written.content)
    return words and not written.text.strip() and not written.tool_calls and not written.extra


def _posted(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _placed(text: str, parts: list[Any]) -> list[Mapping[str, Any]]:
    """Return the parts with the text at its place; an empty text is no part unless there is nothing else."""
    if None not in parts:
        parts = [None, *parts]
    words = {"type": "text", "text": text}
    placed = [words if part is None else part for part in parts]
    return [part for part in placed if part is not words or text or len(placed) == 1]


def _parts(text: str) -> list[Any]:
    """Return the attached parts, null for the text among them at most once."""
    if not text.strip():
        return []
    parts = _json(text)
    if not isinstance(parts, list) or parts.count(None) > 1 or len(parts) > PARTS_MAX + 1:
        raise InvalidMessage(_unreadable())
    for part in parts:
        if part is not None:
            _part_check(part)
    return parts


def _part_check(part: Any) -> None:
    """Let parts through that the composer makes: bytes of an attachment, or an image's address."""
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(kind, str) or kind not in PLACES.keys() - OWN:
        raise InvalidMessage(_unreadable())
    value = bytes_of(part)
    if digest_in(value):
        return
    if part["type"] != "image_url" or value.startswith(SCHEME):
        raise InvalidMessage(_unreadable())
    if not value.lower().startswith(("http://", "https://")) or len(value) > URL_MAX:
        raise InvalidMessage(_("An image’s address begins with http:// or https://."))


def _unreadable() -> str:
    return _("The attachments could not be read. Reload the page and try again.")


def _role_checked(role: str) -> str:
    if not _ROLE.match(role):
        raise InvalidMessage(
            _("A role is one word of at most 10 letters, such as user, assistant, system, developer or tool.")
        )
    return role


def _word_checked(word: str, field: str) -> str:
    if len(word) > WORD_MAX:
        raise InvalidMessage(
            _("%(field)s has more than %(most)d characters.") % {"field": field, "most": WORD_MAX}
        )
    return word


# Raw


def raw_read(text: str) -> Written:
    """Return the message that a typed JSON object means; what has no field of its own is kept as it is.

    Raises InvalidMessage.
    """
    members = _json(text)
    if not isinstance(members, dict):
        raise InvalidMessage(
            _("A message is one JSON object, such as {“role”: “user”, “content”: “Hi”}."), line=1
        )
    rest = dict(members)
    role = rest.pop("role", None)
    if not isinstance(role, str):
        raise InvalidMessage(_("A message needs a role, such as “role”: “user”."), line=1)
    content = rest.get("content")
    if isinstance(content, str):
        parts: list[Any] = [{"type": "text", "text": content}]
    elif isinstance(content, list) and all(map(_is_part, content)):
        parts = content
    else:
        parts = []
    if parts or content == []:
        del rest["content"]
    return Written(
        role=_role_checked(role),
        content=tuple(parts),
        name=_taken(rest, "name"),
        tool_call_id=_taken(rest, "tool_call_id"),
        tool_calls=_calls_taken(rest),
        as_parts=isinstance(content, list),
        extra=rest,
    )


def _is_part(part: Any) -> bool:
    """Whether a part can be kept as one: an object that names its type."""
    return isinstance(part, dict) and isinstance(part.get("type"), str) and part["type"] not in OWN


def _taken(rest: dict[str, Any], name: str) -> str:
    """Take a word out of the members where it is one that its field can hold."""
    value = rest.get(name)
    return rest.pop(name) if isinstance(value, str) and 0 < len(value) <= WORD_MAX else ""


def _calls_taken(rest: dict[str, Any]) -> tuple[Any, ...]:
    calls = rest.get("tool_calls")
    if not isinstance(calls, list) or not calls or not all(isinstance(call, dict) for call in calls):
        return ()
    return tuple(rest.pop("tool_calls"))


def raw_text(shaped: Mapping[str, Any]) -> str:
    """Return an API-shaped message laid out to be edited."""
    return spelled_dumps(shaped, indent=2)


def _json(text: str) -> Any:
    """Return the value of a JSON text. Raises InvalidMessage where it is none, or where it could not be kept."""
    try:
        json_text.parse(text)
        value = spelled_loads(text)
    except InvalidJsonText as error:
        raise _unparsed(text, error) from error
    except ValueError as error:  # a number of more digits than Python reads
        raise InvalidMessage(error_sentence("not_json")) from error
    if _too_deep(value):
        raise InvalidMessage(error_sentence("too_deep"))
    if _too_large(value):
        raise InvalidMessage(_("This holds a number that is too large to be kept."))
    return value


def _unparsed(text: str, error: InvalidJsonText) -> InvalidMessage:
    if error.position is None:
        return InvalidMessage(error_sentence(error.code))
    before = text[: error.position]
    return InvalidMessage(
        error_sentence(error.code), line=before.count("\n") + 1, column=len(before) - before.rfind("\n")
    )


def _too_large(value: Any) -> bool:
    """Whether a number is beyond what a float holds: `1e999` would become text in the database."""
    match value:
        case float():
            return math.isinf(value)
        case dict():
            return any(map(_too_large, value.values()))
        case list():
            return any(map(_too_large, value))
    return False


def _too_deep(value: Any) -> bool:
    level = [value]
    for _level in range(DEPTH_MAX):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return True
