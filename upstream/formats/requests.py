"""From a request body to messages and settings, and from bodies with a common beginning to one tree."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from upstream.formats.errors import FormatError, messages_counted
from upstream.formats.json_strict import json_read, members_read
from upstream.formats.records import (
    ColumnRecord,
    ConversationRecord,
    ExchangeRecord,
    MessageRecord,
)

ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_OWN: Final = frozenset(
    {"role", "content", "name", "tool_calls", "tool_call_id", "reasoning_content", "refusal"}
)


@dataclass(frozen=True, slots=True)
class BodyRead:
    """A request body: `parameters` are name → JSON source text; `system` is the leading system message, if it is text."""

    model: str
    system: str
    messages: tuple[Mapping[str, Any], ...]
    parameters: Mapping[str, str]

    @property
    def settings(self) -> dict[str, Any]:
        """What a column keeps of it."""
        return {
            "provider": "", "model": self.model, "system": self.system, "parameters": dict(self.parameters)
        }  # fmt: skip


def body_read(text: str) -> BodyRead:
    """Return what a request body says. Raises FormatError: "no_request" where it has no messages, "field"."""
    document = json_read(text)
    if not isinstance(document, dict) or not isinstance(document.get("messages"), list):
        raise FormatError("no_request")
    messages = document["messages"]
    messages_counted(len(messages))
    for at, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if not isinstance(role, str) or role not in ROLES:
            raise FormatError("field", f"messages[{at}]")
    model = document.get("model")
    sources = members_read(text)
    own = {"messages", "model"} if isinstance(model, str) else {"messages"}
    first = messages[0] if messages else {}
    system = (
        first.get("content") if first.get("role") == "system" and set(first) == {"role", "content"} else None
    )
    return BodyRead(
        model=model if isinstance(model, str) else "",
        system=system if isinstance(system, str) else "",
        messages=tuple(messages[1:] if isinstance(system, str) else messages),
        parameters={name: source for name, source in sources.items() if name not in own},
    )


def message_read(message: Mapping[str, Any], *, id: str, parent: str | None) -> MessageRecord:
    """Return a message of the API as a record; members that have no field of their own go to `extra`."""
    content = message.get("content")
    parts: list[Any] = []
    if isinstance(content, str):
        parts = [{"type": "text", "text": content}] if content else []
    elif isinstance(content, list):
        parts = [{"type": "text", "text": part} if isinstance(part, str) else part for part in content]
        parts = [part for part in parts if isinstance(part, dict)]
    if isinstance(refusal := message.get("refusal"), str) and refusal:
        parts.append({"type": "refusal", "refusal": refusal})
    calls = message.get("tool_calls")
    plain = len(parts) == 1 and parts[0].get("type") == "text"
    return MessageRecord(
        id=id,
        parent=parent,
        role=str(message["role"]),
        content=tuple(parts),
        reasoning=_text(message.get("reasoning_content")),
        tool_calls=tuple(call for call in calls if isinstance(call, dict)) if isinstance(calls, list) else (),
        tool_call_id=_text(message.get("tool_call_id"))[:200],
        name=_text(message.get("name"))[:200],
        as_parts=plain and isinstance(content, list),
        extra={name: value for name, value in message.items() if name not in _OWN},
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that is to be put into a tree: its body, and what came back as exchange and messages of the API."""

    body: BodyRead
    exchange: ExchangeRecord | None = None
    answers: tuple[Mapping[str, Any], ...] = ()


def tree_of(asked: Iterable[Asked], *, title: str = "") -> ConversationRecord:
    """Return one conversation in which requests that begin alike share these messages."""
    messages: list[MessageRecord] = []
    places: dict[tuple[str | None, str], str] = {}
    exchanges: list[ExchangeRecord] = []
    columns: tuple[ColumnRecord, ...] = ()

    def put(
        message: Mapping[str, Any], parent: str | None, exchange: ExchangeRecord | None, choice: int
    ) -> str:
        made = message_read(message, id=f"m{len(messages) + 1}", parent=parent)
        key = (parent, _alike(made))
        if exchange is None and key in places:
            return places[key]
        if exchange is not None:
            made = replace(made, exchange=exchange.id, choice=choice)
        messages.append(made)
        places.setdefault(key, made.id)
        return made.id

    for each in asked:
        leaf: str | None = None
        for message in each.body.messages:
            leaf = put(message, leaf, None, 0)
        if each.exchange is not None:
            parent = leaf
            exchanges.append(replace(each.exchange, parent=parent, column=0))
            made = [put(answer, parent, each.exchange, choice) for choice, answer in enumerate(each.answers)]
            leaf = next(iter(made), parent)
        columns = (ColumnRecord(leaf, each.body.settings),)
    first = next((message.text for message in messages if message.role == "user" and message.text), "")
    return ConversationRecord(
        title=(title or first.strip().partition("\n")[0])[:200],
        messages=tuple(messages),
        columns=columns,
        exchanges=tuple(exchanges),
    )


def _alike(message: MessageRecord) -> str:
    """Return a text that is equal for messages that say the same, whether they were sent or came back."""
    said = [message.role, message.content, message.tool_calls, message.tool_call_id, message.name]
    return json.dumps(said, sort_keys=True, ensure_ascii=False)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
