"""What a page says on its socket, parsed. Everything here comes from outside and may be anything."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import parse_cookie

MAX_TEXT: Final = 4096
"""Characters of one message from a page."""


@dataclass(frozen=True, slots=True)
class Follow:
    """The wish to follow an exchange from behind frame `after`; the page calls it `ref`."""

    exchange_id: UUID
    ref: int
    after: int


@dataclass(frozen=True, slots=True)
class Watch:
    """The wish to hear what changes in a conversation; `seen` names the state that the page shows, "" for none."""

    conversation_id: UUID
    seen: str


def message_parse(text: str | None) -> Mapping[str, Any] | None:
    """Return a message, or None for what is none."""
    if text is None or len(text) > MAX_TEXT:
        return None
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def follow_parse(message: Mapping[str, Any]) -> Follow | None:
    """Return the wish that a `follow` message holds, or None where it makes no sense."""
    ref, after = whole(message.get("ref")), message.get("after", 0)
    exchange_id = _uuid(message.get("exchange"))
    if ref is None or exchange_id is None or not isinstance(after, int) or isinstance(after, bool):
        return None
    return Follow(exchange_id, ref, after)


def watch_parse(message: Mapping[str, Any]) -> Watch | None:
    """Return the wish that a `watch` message holds, or None where it makes no sense."""
    conversation_id, seen = _uuid(message.get("conversation")), message.get("seen", "")
    if conversation_id is None or not isinstance(seen, str):
        return None
    return Watch(conversation_id, seen)


def whole(value: Any, *, below: int = 2**31) -> int | None:
    """Return a whole number from 0, or None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < below else None


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def session_key_of(scope: Mapping[str, Any]) -> str | None:
    """Return the key of the session that the cookies of a socket's handshake name."""
    header = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    return parse_cookie(header.decode("latin-1")).get(settings.SESSION_COOKIE_NAME)
