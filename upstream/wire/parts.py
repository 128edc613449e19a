"""Values where a string belongs: content lists, thinking parts, objects.

A list's text parts are content, its thinking parts are reasoning; an object that is no part keeps its JSON text.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from upstream.wire.jsontext import clean, dumps

_TEXT: Final = frozenset({"text", "output_text", "input_text"})
_REASONING: Final = frozenset({"thinking", "reasoning", "reasoning_text", "summary_text"})
_IMAGES: Final = frozenset({"image_url", "image", "output_image"})
_KNOWN: Final = _TEXT | _REASONING | _IMAGES | {"refusal"}
_MAX_DEPTH: Final = 8


@dataclass(slots=True)
class Parts:
    """What a content list holds, each kind in its order."""

    content: str = ""
    reasoning: str = ""
    refusal: str = ""
    images: list[Any] = field(default_factory=list)


def read_content(value: Any) -> Parts:
    """Return what a ``content`` that is not a string holds."""
    parts = Parts()
    if isinstance(value, list):
        for item in value:
            _add(parts, item)
    elif isinstance(value, dict) and isinstance(kind := value.get("type"), str) and kind in _KNOWN:
        _add(parts, value)
    elif value is not None:
        parts.content = dumps(value)
    return parts


def _add(parts: Parts, item: Any) -> None:
    if isinstance(item, str):
        parts.content += item
    if not isinstance(item, dict):
        return
    kind = item.get("type")
    if not isinstance(kind, str) or kind in _TEXT:
        parts.content += text_of(item.get("text"))
    elif kind in _REASONING:
        parts.reasoning += text_of(item)
    elif kind == "refusal":
        parts.refusal += text_of(item.get("refusal"))
    elif kind in _IMAGES:
        parts.images.append(clean(item))


def text_of(value: Any, depth: int = 0) -> str:
    """Return the text inside a value: a string, a list of parts, or an object that holds one of these."""
    if isinstance(value, str):
        return value
    if depth > _MAX_DEPTH:
        return ""
    if isinstance(value, list):
        return "".join(text_of(item, depth + 1) for item in value)
    if isinstance(value, dict):
        for key in ("thinking", "reasoning", "text", "content", "summary", "value"):
            if value.get(key):
                return text_of(value[key], depth + 1)
    return ""


def string_of(value: Any) -> str:
    """Return the string that was meant: strings as they are, numbers and objects as JSON text, null as ""."""
    if isinstance(value, str):
        return value
    return "" if value is None else dumps(value)
