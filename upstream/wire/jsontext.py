"""Reading JSON that others wrote, and writing JSON that a database accepts.

Reading never raises anything but ValueError: nesting deeper than the interpreter's stack and integers of more
than 4,300 digits are values to refuse or soften, not crashes.
"""

import json
import math
import operator
from collections.abc import Iterator
from typing import Any, Final

MAX_DEPTH: Final = 64
"""Nesting kept in structured values (usage, logprobs, annotations); deeper values become null."""

JSON_SPACE: Final = " \t\r\n"


def _null(_: str) -> None:
    """NaN and Infinity are not JSON; null is what a database can hold."""


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= 4300 else digits


_fast: Final = json.JSONDecoder(parse_constant=_null)
_lenient: Final = json.JSONDecoder(parse_constant=_null, parse_int=_integer, strict=False)


def raw_decode(text: str, position: int) -> tuple[Any, int]:
    """Return the JSON value that begins at ``position`` and where it ends. Raises ValueError."""
    try:
        return _fast.raw_decode(text, position)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def loads(text: str) -> Any:
    """Return the one JSON value in ``text``; control characters inside strings are forgiven.

    Raises ValueError.
    """
    text = text.strip(JSON_SPACE)
    try:
        value, end = _lenient.raw_decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if end != len(text):
        raise ValueError(f"more text after the value, at character {end}")
    return value


def documents(text: str) -> Iterator[Any]:
    """Yield JSON values that follow one another, with or without space between. Raises ValueError at the first
    that is not JSON, after having yielded those before it."""
    position = 0
    while True:
        while position < len(text) and text[position] in JSON_SPACE:
            position += 1
        if position == len(text):
            return
        try:
            value, position = _lenient.raw_decode(text, position)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        yield value


def dumps(value: Any) -> str:
    """Return the value as JSON text with a space after commas and colons; "" if it is nested too deeply."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""


def storable(text: str) -> str:
    """Return the text with what no database column holds replaced by U+FFFD: lone surrogates and NUL.

    Surrogate halves that belong together (an emoji cut in two by its sender) are joined.
    """
    if text.isascii() and "\x00" not in text:
        return text
    text = text.replace("\x00", "\ufffd")
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def clean(value: Any, depth: int = 0) -> Any:
    """Return JSON data that any database accepts: finite numbers, storable text, at most MAX_DEPTH levels.

    What needs no change is returned as it is, not copied: logprobs of a long answer are large.
    """
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        if depth >= MAX_DEPTH:
            return None
        items = [clean(item, depth + 1) for item in value]
        return value if all(map(operator.is_, items, value)) else items
    if isinstance(value, dict):
        if depth >= MAX_DEPTH:
            return None
        keys, items = [clean(key) for key in value], [clean(item, depth + 1) for item in value.values()]
        same = all(map(operator.is_, items, value.values())) and all(map(operator.is_, keys, value))
        return value if same else dict(zip(keys, items, strict=True))
    return value


def is_complete(text: str) -> bool:
    """Say whether the text is one whole JSON value."""
    try:
        loads(text)
    except ValueError:
        return False
    return True
