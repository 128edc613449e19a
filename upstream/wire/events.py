"""What one read added to an answer, as values; and one event of a kept trace.

Updates are consumed with ``match`` and closed with ``assert_never``.
"""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from upstream.wire.errors import UpstreamError

Part = Literal["content", "reasoning", "refusal"]

RawKind = Literal[
    "content", "reasoning", "tool_calls", "finish", "usage", "error", "done", "comment", "other"
]


@dataclass(frozen=True, slots=True)
class TextAdded:
    """Text to append to one part of one choice.

    ``<think>…</think>`` at the start of the content arrives as part "reasoning", without its tags.
    """

    choice: int
    part: Part
    text: str


@dataclass(frozen=True, slots=True)
class ToolCallAdded:
    """Text to append to a tool call's arguments; ``call`` counts from 0 within the choice.

    ``id`` and ``name`` are given once, when first known; "" otherwise.
    """

    choice: int
    call: int
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The choice's finish reason as the provider spells it; may come again, the last one counts."""

    choice: int
    reason: str


@dataclass(frozen=True, slots=True)
class UsageSeen:
    """The provider's token counts; may come again, the last one counts."""

    usage: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ErrorSeen:
    """The provider reported an error; text so far stays."""

    error: UpstreamError


Update: TypeAlias = TextAdded | ToolCallAdded | Finished | UsageSeen | ErrorSeen


@dataclass(frozen=True, slots=True)
class RawEvent:
    """One event of a kept trace: ``raw[start:end]`` are its bytes, its blank line included.

    ``name`` is the event field, ``data`` the data lines joined by LF (for a comment: its text),
    ``text`` what it added to the answer, for showing at a glance.
    """

    start: int
    end: int
    kind: RawKind
    name: str
    data: str
    text: str
