"""A message as a person wrote it, before it is part of a tree."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from conversations import storable
from conversations.models import Conversation, Message
from team.models import User
from upstream.wire.spelled import spelled_dumps

WORD_MAX: Final = 200  # characters of a name and of a tool call's id


@dataclass(frozen=True, slots=True)
class Written:
    """What a message says. `content` are parts in the kept spelling (`conversations.parts`); the rest as in `Message`."""

    role: str = Message.Role.USER
    content: tuple[Mapping[str, Any], ...] = ()
    name: str = ""
    tool_call_id: str = ""
    tool_calls: tuple[Any, ...] = ()
    as_parts: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_text(cls, text: str, role: str = Message.Role.USER) -> "Written":
        """Return a message that says nothing but a text."""
        return cls(role=role, content=({"type": "text", "text": text},))

    @property
    def text(self) -> str:
        """The text parts, joined."""
        return "".join(str(part.get("text", "")) for part in self.content if part.get("type") == "text")

    @property
    def key(self) -> str:
        """Equal for messages that say the same."""
        return spelled_dumps(
            [
                self.role,
                self.content,
                self.name,
                self.tool_call_id,
                self.tool_calls,
                self.as_parts,
                self.extra,
            ]
        )

    def message(self, *, conversation: Conversation, parent_id: UUID | None, author: User | None) -> Message:
        """Return it as a message that is not saved yet."""
        return Message(
            conversation=conversation,
            parent_id=parent_id,
            role=self.role,
            content=storable.value(list(self.content)),
            name=storable.text(self.name),
            tool_call_id=storable.text(self.tool_call_id),
            tool_calls=storable.value(list(self.tool_calls)),
            as_parts=self.as_parts,
            extra=storable.value(dict(self.extra)),
            author=author,
        )
