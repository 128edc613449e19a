"""A conversation as plain values: what every format is written from and read into.

Ids are texts that mean something only within one conversation. Times are ISO 8601 texts, "" where unknown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from upstream.formats.errors import messages_counted

STATES: Final = frozenset({"completed", "stopped", "failed", "interrupted"})
"""How an exchange may have ended."""
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CommentRecord:
    """What somebody said beside a message. `author` is a name."""

    author: str
    text: str
    created: str = ""


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """One node of the tree. `content` are parts as the API spells them; `attachment:<digest>` stands for bytes."""

    id: str
    parent: str | None
    role: str
    content: tuple[Any, ...] = ()
    reasoning: str = ""
    tool_calls: tuple[Any, ...] = ()
    tool_call_id: str = ""
    name: str = ""
    as_parts: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)
    exchange: str | None = None
    choice: int | None = None
    finish_reason: str = ""
    created: str = ""
    revision: int = 0
    comments: tuple[CommentRecord, ...] = ()

    @property
    def text(self) -> str:
        """The text parts, joined."""
        parts = [part for part in self.content if isinstance(part, dict) and part.get("type") == "text"]
        return "".join(text for part in parts if isinstance(text := part.get("text"), str))


@dataclass(frozen=True, slots=True)
class ColumnRecord:
    """A leaf with its settings: `provider` (id), `model`, `system`, `parameters` (name → JSON source text)."""

    leaf: str | None
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExchangeRecord:
    """A request and its response, secrets masked.

    `raw` is the response's body, `pieces` its reads: (bytes, ms); `pruned` is when both were removed to save space.
    `findings` are what the answer did not honour: (code, {name: value}).
    """

    id: str
    run: str = ""
    column: int | None = None
    parent: str | None = None
    provider: str = ""
    api: str = "generic"
    model: str = ""
    state: str = "completed"
    method: str = "POST"
    url: str = ""
    http_version: str = ""
    headers: Headers = ()
    body: str = ""
    status: int | None = None
    reason: str = ""
    response_headers: Headers = ()
    response: str = ""
    usage: Any = None
    error: Any = None
    timing: Mapping[str, float] = field(default_factory=dict)
    tokens_in: int | None = None
    tokens_out: int | None = None
    created: str = ""
    ended: str = ""
    raw: bytes = b""
    pieces: tuple[tuple[int, float], ...] = ()
    pruned: str = ""
    findings: tuple[tuple[str, Mapping[str, Any]], ...] = ()


@dataclass(frozen=True, slots=True)
class AttachmentRecord:
    """The bytes that parts name by their SHA-256."""

    digest: str
    mime: str
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ConversationRecord:
    """A tree of messages (each parent stands before its children), its columns, and the exchanges behind it.

    `pinned`, `archived` and `tags` are how the person who exports has it in their list.
    """

    title: str
    messages: tuple[MessageRecord, ...]
    columns: tuple[ColumnRecord, ...] = ()
    exchanges: tuple[ExchangeRecord, ...] = ()
    attachments: tuple[AttachmentRecord, ...] = ()
    created: str = ""
    updated: str = ""
    pinned: bool = False
    archived: bool = False
    tags: tuple[str, ...] = ()

    def branch(self, leaf: str | None) -> list[MessageRecord]:
        """Return the messages from the root to `leaf`."""
        by_id = {message.id: message for message in self.messages}
        found: list[MessageRecord] = []
        while leaf is not None and leaf in by_id:
            found.append(by_id[leaf])
            leaf = by_id[leaf].parent
        return found[::-1]


@dataclass(frozen=True, slots=True)
class Imported:
    """What a text holds. `source` names the format; `stripped` what was taken out because it was secret, each once;
    `left_out` counts what the format has and conversations have not, by name."""

    source: str
    conversations: tuple[ConversationRecord, ...]
    stripped: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)


def messages_bounded(conversations: Iterable[ConversationRecord]) -> tuple[ConversationRecord, ...]:
    """Return the conversations. Raises FormatError ("too_many") as soon as they have too many messages together."""
    found: list[ConversationRecord] = []
    count = 0
    for each in conversations:
        found.append(each)
        count = messages_counted(count + len(each.messages))
    return tuple(found)
