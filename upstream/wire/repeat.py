"""Read the next event by what it shares with the last one.

Providers send thousands of events that differ in one string only. Parsing each as JSON costs three times what
reading that string costs, so after an ordinary text event its text is kept as a template with holes: the text of
the delta, and fields whose first value counts (id, created) or that never count (obfuscation, p). The next event
is read through the template if every other byte is equal; then it is the same JSON with other strings, and all
rules of assembly give what they gave for the last event. Anything else is parsed in full.
"""

import json.decoder
import re
from typing import Any, Final

from upstream.wire.assembly import Assembly
from upstream.wire.choice import FIELDS, Choice
from upstream.wire.text import Text

scanstring: Final = json.decoder.scanstring  # type: ignore[attr-defined]  # typeshed leaves it out
_DIGITS: Final = re.compile(r"\d{1,15}")
_STRINGS: Final = ("id", "obfuscation", "p")
_TEXTS: Final = ("content", "reasoning_content", "reasoning")
_LONGEST: Final = 2_000
_MOST_IDLE: Final = 64

_SKIP, _NUMBER, _TAKE = 0, 1, 2


class Repeat:
    """The template, or none. Learning that does not pay is tried ever more rarely."""

    __slots__ = ("_assembly", "_choice", "_end", "_fresh", "_hits", "_idle", "_segments", "_wait")

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._choice: Choice | None = None
        self._fresh: list[str] = []
        self._segments: list[tuple[str, int, int]] = []
        self._end = ""
        self._hits = 0
        self._wait = 0
        self._idle = 0

    def read(self, text: str, position: int) -> int:
        """Merge the event at ``position`` if it fits the template and return where the next one begins; else 0."""
        choice = self._choice
        if choice is None:
            return 0
        piece = ""
        try:
            for literal, length, hole in self._segments:
                if not text.startswith(literal, position):
                    return 0
                position += length
                if hole == _TAKE:
                    piece, position = scanstring(text, position)
                elif hole == _SKIP:
                    position = scanstring(text, position)[1]
                else:
                    digits = _DIGITS.match(text, position)
                    if digits is None:
                        return 0
                    position = digits.end()
        except ValueError:
            return 0
        if not text.startswith(self._end, position):
            return 0
        if piece:
            self._fresh.append(piece)
            if not choice.touched:
                self._assembly.touch(choice)
        self._hits += 1
        return position + len(self._end)

    def forget(self) -> None:
        """Drop the template: an event that does not fit it came between."""
        if self._choice is not None:
            self._idle = 0 if self._hits else min(2 * self._idle + 1, _MOST_IDLE)
            self._wait = self._idle
            self._choice = None

    def learn(self, text: str, start: int, end: int, document: dict[str, Any]) -> None:
        """Make a template of the event ``data: {…}`` just merged, whose line is ``text[start:end]``."""
        if self._wait:
            self._wait -= 1
            return
        key = _text_key(document)
        if key is None or end - start > _LONGEST:
            return
        line = text[start:end]
        holes = [_hole(line, key, _TAKE)]
        holes += [
            _hole(line, name, _SKIP)
            for name in _STRINGS
            if type(document.get(name)) is str and document[name]
        ]
        if type(document.get("created")) is int and document["created"] > 0:
            holes.append(_hole(line, "created", _NUMBER))
        segments: list[tuple[str, int, int]] = []
        position = 0
        for hole in sorted(hole for hole in holes if hole is not None):
            literal = line[position : hole[0]]
            segments.append((literal, len(literal), hole[2]))
            position = hole[1]
        if not any(kind == _TAKE for _, _, kind in segments):
            return
        choice = self._assembly.choice_at(document["choices"][0].get("index", 0))
        if choice is None:
            return
        target: Text = choice.content if key == "content" else choice.reasoning
        self._choice, self._fresh = choice, target.fresh
        self._segments, self._end = segments, line[position:] + "\n\n"
        self._hits = 0


def _text_key(document: dict[str, Any]) -> str | None:
    """Return the one field that this event adds text by; None if it does anything else that does not repeat."""
    choices = document["choices"]
    if type(choices) is not list or len(choices) != 1 or type(choices[0]) is not dict:
        return None
    item = choices[0]
    delta = item.get("delta")
    if type(delta) is not dict or document.get("tool_calls"):
        return None
    if any(item.get(key) for key in ("finish_reason", "logprobs", "error", "message")):
        return None
    found = [key for key, value in delta.items() if value and key in FIELDS and key != "role"]
    key = found[0] if len(found) == 1 else None
    return key if key in _TEXTS and type(delta[key]) is str else None


def _hole(line: str, key: str, kind: int) -> tuple[int, int, int] | None:
    """Return where the only value of ``key`` lies in the line: start and end, and its kind."""
    marker = f'"{key}":'
    start = line.find(marker)
    if start < 0 or line.find(marker, start + 1) >= 0:
        return None
    start += len(marker)
    start += line.startswith(" ", start)
    if kind == _NUMBER:
        digits = _DIGITS.match(line, start)
        return None if digits is None else (start, digits.end(), kind)
    if not line.startswith('"', start):
        return None
    return start + 1, scanstring(line, start + 1)[1], kind
