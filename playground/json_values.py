"""JSON read for showing: the order of members, members given twice, and how numbers are written all stay.

An object is `Members` (a list of key and value), a list a list, a string a str; numbers, true, false and null are a
`Literal`, the text they are written as.
"""

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from upstream.formats.json_strict import is_deep

MAX_LEVELS: Final = 320
"""Deeper nesting than this is no tree: what goes through it level by level would run out of stack."""
LITERAL_NUMBERS: Final = 4_000_000
"""Characters of a text up to which numbers stay as written; calling back for each number of a larger one takes too long."""


class Literal(str):
    """A number, true, false or null, as it is written."""

    __slots__ = ()


class Members(list[tuple[str, Any]]):
    """An object: its members in order."""

    __slots__ = ()


Value: TypeAlias = Any
"""Members, list, str or Literal."""


class NotJson(ValueError):
    """The text is no JSON, or is nested too deeply to be shown as a tree."""


def value_read(text: str) -> Value:
    """Return a JSON text as values. Raises NotJson."""
    exact = len(text) <= LITERAL_NUMBERS
    try:
        with _uncollected():
            value = json.loads(
                text,
                object_pairs_hook=Members,
                parse_float=Literal if exact else None,
                parse_int=Literal if exact else None,
                parse_constant=Literal,
            )
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error
    if is_deep(text, most=MAX_LEVELS):
        raise NotJson("too deep")
    return _scalar(value)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector from looking through what is being made, again and again: two thirds of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _scalar(value: Any) -> Any:
    """Return a value that is no container as it is shown; the parser knows true, false and null by itself."""
    if isinstance(value, str | Members | list):
        return value
    return Literal(json.dumps(value))


def children(value: Value) -> Iterator[tuple[str | int, Value]]:
    """Yield what an object or a list holds, by key or position; nothing for other values."""
    if isinstance(value, Members):
        yield from ((key, _scalar(item)) for key, item in value)
    elif isinstance(value, list):
        yield from ((position, _scalar(item)) for position, item in enumerate(value))


def is_container(value: Value) -> bool:
    """Whether a value is an object or a list."""
    return isinstance(value, list)


def at_path(value: Value, path: tuple[int, ...]) -> Value:
    """Return what lies at positions below a value (of members or items). Raises LookupError."""
    for position in path:
        if not is_container(value) or not 0 <= position < len(value):
            raise LookupError(position)
        value = _scalar(value[position][1] if isinstance(value, Members) else value[position])
    return value


def source(value: Value) -> str:
    """Return a value as compact JSON text with a space after commas and colons, its literals as they were written."""
    value = _scalar(value)
    if isinstance(value, Members):
        return "{" + ", ".join(f"{string(key)}: {source(item)}" for key, item in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(source, value)) + "]"
    return str(value) if isinstance(value, Literal) else string(value)


def string(text: str) -> str:
    """Return a string as JSON writes it, other scripts unescaped."""
    return json.dumps(text, ensure_ascii=False)
