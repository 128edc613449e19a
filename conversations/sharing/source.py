"""What a snapshot is made from, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class BranchMessage:
    """One message of a branch. `key` tells it from others; `exchange` is the key of the exchange that made it, or ""."""

    key: str
    role: str
    content: Sequence[Mapping[str, Any]] = ()
    reasoning: str = ""
    tool_calls: Sequence[Any] = ()
    tool_call_id: str = ""
    name: str = ""
    author: str = ""
    created: str = ""
    finish_reason: str = ""
    exchange: str = ""
    choice: int = 0
    as_parts: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Branch:
    """One column: the messages from the root to its leaf. `parameters` are name → JSON source text."""

    messages: tuple[BranchMessage, ...]
    model: str = ""
    system: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BranchExchange:
    """A kept exchange, secrets masked.

    `raw` is the response as it came, in `pieces` of (bytes, ms); `pruned` is when both were removed to save space.
    """

    state: str
    model: str
    method: str = "POST"
    url: str = ""
    http_version: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    status: int | None = None
    reason: str = ""
    response_headers: tuple[tuple[str, str], ...] = ()
    response: Any = None
    raw: bytes = b""
    pieces: tuple[tuple[int, float], ...] = ()
    pruned: str = ""
    error: Mapping[str, Any] | None = None
    timing: Mapping[str, float] = field(default_factory=dict)
    tokens_in: int | None = None
    tokens_out: int | None = None


@dataclass(frozen=True, slots=True)
class BranchImage:
    """What is known of an attachment: an image's `width` and `height` in pixels, `size` in bytes."""

    mime: str
    size: int
    width: int | None = None
    height: int | None = None
    name: str = ""
