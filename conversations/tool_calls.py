"""The calls that an answer asks for, in the one shape they are kept in, and the messages that answer them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from conversations import storable
from conversations.models import Message

LEGACY: Final = "function_call"
"""The type under which a legacy `function_call` is kept among the tool calls; no API uses this word for a type."""
RESULT_ROLES: Final = (Message.Role.TOOL, Message.Role.FUNCTION)
NAME_MAX: Final = 200  # characters that a message keeps of a name or an id


@dataclass(frozen=True, slots=True)
class Call:
    """One call: `arguments` is the text as it came, complete JSON or not; `id` is "" for a legacy call."""

    position: int
    id: str
    name: str
    arguments: str
    legacy: bool = False


def calls_kept(message: Mapping[str, Any]) -> list[Any]:
    """Return the calls of an assembled message as they are kept, the legacy one last."""
    calls = list(message.get("tool_calls") or [])
    if legacy := message.get(LEGACY):
        calls.append({"type": LEGACY, "function": legacy})
    return [storable.value(call) for call in calls]


def calls_of(message: Message) -> tuple[Call, ...]:
    """Return the calls of a kept answer, whatever upstream made of them."""
    return tuple(_calls(message.tool_calls))


def _calls(kept: Sequence[Any]) -> Iterator[Call]:
    for position, call in enumerate(kept):
        if isinstance(call, Mapping):
            yield call_of(call, position=position)


def call_of(kept: Any, *, position: int = 0) -> Call:
    """Return one kept call, whatever upstream, an import or a person made of it."""
    given = kept if isinstance(kept, Mapping) else {}
    custom = given.get("custom")
    function = custom if isinstance(custom, Mapping) else given.get("function")
    function = function if isinstance(function, Mapping) else {}
    return Call(
        position=position,
        id=str(given.get("id") or ""),
        name=str(function.get("name") or ""),
        arguments=str(function.get("arguments", function.get("input")) or ""),
        legacy=given.get("type") == LEGACY,
    )


def calls_for_api(kept: Sequence[Any]) -> dict[str, Any]:
    """Return the members by which an assistant message sends its calls back."""
    members: dict[str, Any] = {}
    calls = [call for call in kept if not (isinstance(call, Mapping) and call.get("type") == LEGACY)]
    if calls:
        members["tool_calls"] = calls
    legacy = [call for call in kept if isinstance(call, Mapping) and call.get("type") == LEGACY]
    if legacy:
        members[LEGACY] = legacy[-1].get("function")
    return members


def result_message(call: Call, content: str, *, answer: Message, author_id: int | None) -> Message:
    """Return the message, not saved yet, that tells the model what a call gave; its parent is still to be set."""
    return Message(
        conversation_id=answer.conversation_id,
        role=Message.Role.FUNCTION if call.legacy else Message.Role.TOOL,
        content=[{"type": "text", "text": storable.text(content)}],
        tool_call_id="" if call.legacy else call.id[:NAME_MAX],
        name=call.name[:NAME_MAX] if call.legacy else "",
        author_id=author_id,
    )
