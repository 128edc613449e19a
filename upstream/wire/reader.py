"""One response, read from bytes: ResponseReader."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from upstream.wire.capture import NO_SECRETS, Secrets
from upstream.wire.errors import UpstreamError
from upstream.wire.events import Update
from upstream.wire.limits import DEFAULT_LIMITS, Limits


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a response ended. ``updates`` and ``raw`` are what the last ``feed`` had not given yet."""

    updates: list[Update]
    response: dict[str, Any]
    error: UpstreamError | None
    raw: bytes
