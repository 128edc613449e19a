"""Make values from upstream fit to be kept: a database takes neither NUL nor lone surrogates, JSON columns no NaN."""

import json
import math
from typing import Any

MAX_DEPTH = 20
"""Nesting kept in a JSON column; deeper values come from hostile input and are kept as their JSON text in the trace."""


def text(value: str) -> str:
    """Return `value` with surrogate pairs joined and with NUL and lone surrogates replaced by U+FFFD."""
    if "\x00" in value:
        value = value.replace("\x00", "\ufffd")
    try:
        value.encode()
    except UnicodeEncodeError:
        value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def value(given: Any, depth: int = MAX_DEPTH) -> Any:
    """Return JSON data `given` with every string through `text`, non-finite numbers as text and a bounded depth."""
    if isinstance(given, str):
        return text(given)
    if isinstance(given, float) and not math.isfinite(given):
        return str(given)
    if isinstance(given, dict):
        return {text(str(key)): value(item, depth - 1) for key, item in given.items()} if depth else "…"
    if isinstance(given, list | tuple):
        return [value(item, depth - 1) for item in given] if depth else "…"
    return given


def document(given: Any) -> str:
    """Return `given` as JSON text for a text column; non-finite numbers keep Python's spelling.

    What is nested too deeply to be written is cut as for a JSON column.
    """
    try:
        written = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        written = json.dumps(value(given), ensure_ascii=False, separators=(",", ":"))
    return text(written)
