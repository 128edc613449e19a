"""What came back, without the choices that the shared branches do not show."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from upstream.wire.events import RawEvent
from upstream.wire.sse import events_of


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """One event of a response: its bytes as text, what it is for and what it added to the answer.

    `at` is the time of the read that completed it, in ms.
    """

    at: float
    kind: str
    added: str
    text: str

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"at": self.at, "kind": self.kind, "added": self.added, "text": self.text}


def document_shown(document: Any, shown: frozenset[int]) -> Any:
    """Return an assembled response with the shown choices only."""
    choices = document.get("choices") if isinstance(document, dict) else None
    if not isinstance(choices, list) or len(choices) < 2:
        return document
    return {**document, "choices": [each for at, each in enumerate(choices) if _index(each, at) in shown]}


def events_shown(
    raw: bytes, pieces: Sequence[tuple[int, float]], document: Any, shown: frozenset[int]
) -> tuple[ShownEvent, ...]:
    """Return the events of a response with the shown choices only.

    They are the bytes as they came wherever an answer has one choice. Where it has more, an event whose choice nobody can
    tell is left out.
    """
    choices = document.get("choices") if isinstance(document, dict) else None
    single = isinstance(choices, list) and len(choices) <= 1 and _indexes(choices) <= shown
    times = _times(pieces)
    return tuple(
        ShownEvent(times(event.end), event.kind, event.text, text)
        if single
        else _reread(event, text, times(event.end))
        for event in events_of(raw)
        if (text := _event_text(event, raw) if single else _event_shown(event, raw, shown)) is not None
    )


def _reread(event: RawEvent, text: str, at: float) -> ShownEvent:
    """Return an event from which choices may have been taken."""
    now = next(events_of(text.encode()), event)
    return ShownEvent(at, now.kind, now.text, text)


def _times(pieces: Sequence[tuple[int, float]]) -> Callable[[int], float]:
    """Return the function that says when the byte before an offset came."""
    ends: Iterator[tuple[int, float]] = zip(
        accumulate(length for length, _ in pieces), (at for _, at in pieces), strict=True
    )
    reached, time = next(ends, (0, 0.0))

    def at(end: int) -> float:
        nonlocal reached, time
        while reached < end:
            reached, time = next(ends, (end, time))
        return time

    return at


def _event_text(event: RawEvent, raw: bytes) -> str:
    return raw[event.start : event.end].decode("utf-8", "replace")


def _event_shown(event: RawEvent, raw: bytes, shown: frozenset[int]) -> str | None:
    if event.kind in ("comment", "done"):
        return _event_text(event, raw)
    try:
        document = json.loads(event.data)
    except (ValueError, RecursionError):
        return None
    choices = document.get("choices") if isinstance(document, dict) else None
    if not isinstance(choices, list):
        return None
    kept = [each for at, each in enumerate(choices) if _index(each, at) in shown]
    if kept == choices:
        return _event_text(event, raw)
    if not kept:
        return None
    text = json.dumps({**document, "choices": kept}, ensure_ascii=False, separators=(",", ":"))
    return f"data: {text}\n\n" if raw.startswith((b"data:", b"event:", b"id:", b":")) else text


def _index(choice: Any, position: int) -> int:
    index = choice.get("index", position) if isinstance(choice, dict) else position
    return index if isinstance(index, int) else position


def _indexes(choices: Sequence[Any]) -> frozenset[int]:
    return frozenset(_index(choice, at) for at, choice in enumerate(choices))
