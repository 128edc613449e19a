"""What a request carries: the branch in the API's own shape."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from conversations.models import Message
from conversations.parts import is_own
from conversations.tool_calls import calls_for_api
from team.prepared import Given, Prepared

_NEEDED: Final = ("parent", "role", "name", "content", "tool_calls", "tool_call_id", "as_parts", "extra")
_SAID: Final = Prepared(lambda: Message.objects.filter(conversation_id=Given("conversation")).only(*_NEEDED))


def history(*, conversation_id: UUID, leaf_id: UUID | None) -> list[Message]:
    """Return the messages from the root to `leaf_id` with what a request needs of them. One query, however long it is."""
    if leaf_id is None:
        return []
    found = {message.pk: message for message in _SAID.rows(conversation=conversation_id)}
    messages: list[Message] = []
    at: UUID | None = leaf_id
    while at is not None and at in found:
        messages.append(found[at])
        at = found[at].parent_id
    return messages[::-1]


def message_for_api(message: Message) -> dict[str, Any] | None:
    """Return a kept message as the API wants it, or None for an answer that never got any content."""
    shaped: dict[str, Any] = {"role": message.role}
    if message.name:
        shaped["name"] = message.name
    if message.tool_call_id:
        shaped["tool_call_id"] = message.tool_call_id
    shaped["content"] = _content(message)
    if message.tool_calls:
        shaped |= calls_for_api(message.tool_calls)
        shaped["content"] = shaped["content"] or None
    if message.role == Message.Role.ASSISTANT and not shaped["content"]:
        if not message.tool_calls and not message.extra:
            return None
        shaped["content"] = None
    shaped |= message.extra
    return shaped


def _content(message: Message) -> Any:
    """Return the content: one string where the parts are nothing but text, else the parts."""
    parts = [part for part in message.content if not is_own(part)]
    if not message.as_parts and all(map(_is_words, parts)):
        return message.text + message.refusal
    return [_type_first(part) for part in parts]


def _is_words(part: Mapping[str, Any]) -> bool:
    """Whether a part is one of text or refusal, without anything that a string could not say."""
    kind = part.get("type")
    return kind in ("text", "refusal") and part.keys() == {"type", kind} and isinstance(part[kind], str)


def _type_first(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a part with its type before everything else: PostgreSQL keeps the members of JSON in an order of its own."""
    return {"type": part["type"], **part} if "type" in part else part


def messages_for_api(*, system: str, history: Iterable[Message]) -> tuple[Mapping[str, Any], ...]:
    """Return what a request carries as `messages`: the system prompt if there is one, then the branch in order."""
    shaped: list[Mapping[str, Any]] = [{"role": "system", "content": system}] if system else []
    shaped += [message for message in map(message_for_api, history) if message is not None]
    return tuple(shaped)
