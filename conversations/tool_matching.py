"""Which saved result answers a call: the same function, and of those whose arguments match the most specific one."""

from collections.abc import Iterable
from typing import Any

from conversations.models import ToolMock
from conversations.tool_calls import Call
from upstream.catalog import json_text
from upstream.catalog.json_text import InvalidJsonText, Number

_UNREADABLE = object()
"""Stands for a text that is no JSON; it equals nothing, itself included."""


def mock_for(call: Call, mocks: Iterable[ToolMock]) -> ToolMock | None:
    """Return the saved result that answers a call, or None.

    "exact" goes before "partial", of these the one that names more goes first, then "any"; of equals the one changed last.
    """
    value = _value(call.arguments or "{}")
    found = [mock for mock in mocks if mock.name == call.name and matches(mock, call.arguments, value)]
    return max(found, key=_rank, default=None)


def matches(mock: ToolMock, arguments: str, value: Any) -> bool:
    """Whether a mock answers these arguments; `value` is what they read as."""
    if mock.match == ToolMock.Match.ANY:
        return True
    wanted = _value(mock.arguments or "{}")
    if wanted is _UNREADABLE or value is _UNREADABLE:
        # What is no JSON on both sides can still be the same text.
        return mock.match == ToolMock.Match.EXACT and mock.arguments.strip() == arguments.strip()
    return _same(wanted, value) if mock.match == ToolMock.Match.EXACT else _holds(value, wanted)


def _rank(mock: ToolMock) -> tuple[int, int, object]:
    order = [ToolMock.Match.ANY, ToolMock.Match.PARTIAL, ToolMock.Match.EXACT]
    size = _size(_value(mock.arguments or "{}")) if mock.match == ToolMock.Match.PARTIAL else 0
    return order.index(ToolMock.Match(mock.match)), size, mock.updated


def _value(text: str) -> Any:
    try:
        return json_text.parse(text)
    except InvalidJsonText:
        return _UNREADABLE


def _same(one: Any, other: Any) -> bool:
    """Whether two values of `json_text.parse` are equal; 1 and 1.0 are, true and 1 are not."""
    if isinstance(one, Number) and isinstance(other, Number):
        return one.text == other.text or one.value == other.value
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and one == other


def _holds(value: Any, wanted: Any) -> bool:
    """Whether `value` has everything that `wanted` names; lists must be equal."""
    if isinstance(wanted, dict) and isinstance(value, dict):
        return all(key in value and _holds(value[key], wanted[key]) for key in wanted)
    return _same(value, wanted)


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(1 + _size(member) for member in value.values())
    return 1
