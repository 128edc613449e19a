"""What a request carries: the branch in the API's own shape."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from conversations.models import Message
from conversations.tool_calls import calls_for_api


def history(*, conversation_id: UUID, leaf_id: UUID | None) -> list[Message]:
    """Return the messages from the root to `leaf_id` with what a request needs of them. One query, however long it is."""
    if leaf_id is None:
        return []
    needed = ("parent", "role", "name", "content", "tool_calls", "tool_call_id")
    found = {
        message.pk: message
        for message in Message.objects.filter(conversation_id=conversation_id).only(*needed)
    }
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
    plain = all(part.get("type") in ("text", "refusal") for part in message.content)
    shaped["content"] = message.text + message.refusal if plain else message.content
    if message.tool_calls:
        shaped |= calls_for_api(message.tool_calls)
        shaped["content"] = shaped["content"] or None
    if message.role == Message.Role.ASSISTANT and not shaped["content"] and not message.tool_calls:
        return None
    return shaped


def messages_for_api(*, system: str, history: Iterable[Message]) -> tuple[Mapping[str, Any], ...]:
    """Return what a request carries as `messages`: the system prompt if there is one, then the branch in order."""
    shaped: list[Mapping[str, Any]] = [{"role": "system", "content": system}] if system else []
    shaped += [message for message in map(message_for_api, history) if message is not None]
    return tuple(shaped)
