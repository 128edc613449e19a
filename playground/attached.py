"""Attachments where a request is shown: the beginning of their bytes stands for all of them."""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from conversations import selectors
from conversations.attachment_files import file_open
from conversations.models import Conversation
from conversations.parts import PLACES, digest_of

SHOWN: Final = 24  # bytes: 32 characters of base64
GONE: Final = b""


@dataclass(frozen=True, slots=True)
class Attached:
    """What is shown of an attachment; `size` in bytes, `begin` is base64."""

    mime: str
    size: int
    begin: str

    @property
    def text(self) -> str:
        """What stands for its base64."""
        return self.begin + "…"

    @property
    def unshown(self) -> int:
        """How many more bytes its base64 has than what stands for it."""
        return (self.size + 2) // 3 * 4 - len(self.text.encode())


def attached_in(*, conversation: Conversation, messages: Iterable[Mapping[str, Any]]) -> dict[str, Attached]:
    """Return the attachments that API-shaped messages name and the conversation has, by digest."""
    digests = {digest_of(part) for part in _parts(messages)} - {""}
    if not digests:
        return {}
    found = selectors.attachments_in(conversation=conversation, digests=digests)
    shown = {}
    for digest, attachment in found.items():
        try:
            with file_open(attachment) as file:
                begin = file.read(SHOWN)
        except FileNotFoundError:
            begin = GONE  # a run will say so
        shown[digest] = Attached(attachment.mime, attachment.size, base64.b64encode(begin).decode())
    return shown


def messages_shown(
    messages: Iterable[Mapping[str, Any]], attached: Mapping[str, Attached]
) -> tuple[Mapping[str, Any], ...]:
    """Return the messages with the beginning of its bytes for each attachment."""
    return tuple(_message_shown(message, attached) for message in messages)


def unshown(messages: Iterable[Mapping[str, Any]], attached: Mapping[str, Attached]) -> int:
    """Return how many bytes a body with these messages has beyond what `messages_shown` leaves."""
    named = (attached.get(digest_of(part)) for part in _parts(messages))
    return sum(each.unshown for each in named if each)


def _message_shown(message: Mapping[str, Any], attached: Mapping[str, Attached]) -> Mapping[str, Any]:
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": [_part_shown(part, attached) for part in content]}


def _part_shown(part: Any, attached: Mapping[str, Attached]) -> Any:
    shown = attached.get(digest_of(part)) if isinstance(part, Mapping) else None
    if shown is None:
        return part
    member, name = PLACES[part["type"]]
    text = shown.text if member == "input_audio" else f"data:{shown.mime};base64,{shown.text}"
    return {**part, member: {**part[member], name: text}}


def _parts(messages: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for message in messages:
        content: Sequence[Any] = message["content"] if isinstance(message.get("content"), list) else ()
        yield from (part for part in content if isinstance(part, Mapping))
