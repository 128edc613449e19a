"""JSON whose numbers are written again as they were typed: `1.00` stays `1.00`, and no digit of a long fraction is lost.

A number that Python would write otherwise is a `Spelled`, a float like any other until `spelled_dumps` writes it.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

_COMPACT: Final = (",", ":")


class Spelled(float):
    """A finite number that remembers its source text."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> "Spelled":
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __getnewargs__(self) -> tuple[str]:  # type: ignore[override]  # copies are made of the text, not of the value
        return (self.text,)


def spelled_loads(text: str) -> Any:
    """Return the value of a JSON text; numbers that Python spells otherwise come as `Spelled`. Raises ValueError."""
    return _DECODER.decode(text)


def spelled_dumps(value: Any, *, indent: int | None = None) -> str:
    """Return a value as JSON text: compact, or laid out with `indent` spaces as the standard library does.

    Raises TypeError, ValueError (NaN and Infinity too) or RecursionError for what is no JSON.
    """
    if not holds_spelled(value):
        separators = _COMPACT if indent is None else None
        return json.dumps(value, ensure_ascii=False, separators=separators, allow_nan=False, indent=indent)
    return "".join(_pieces(value, indent, "\n"))


def _float(text: str) -> float:
    value = float(text)
    return value if repr(value) == text or value in (float("inf"), float("-inf")) else Spelled(text)


def _integer(text: str) -> int | float:
    return Spelled(text) if text == "-0" else int(text)


# One for all: to make one takes longer than to read the short texts that columns hold.
_DECODER: Final = json.JSONDecoder(parse_float=_float, parse_int=_integer)


def holds_spelled(value: Any) -> bool:
    """Whether a number anywhere in a value is to be written as it was typed."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case Spelled():
                return True
            case dict() as members:
                waiting += members.values()
            case list() | tuple() as items:
                waiting += items
            case _:
                pass
    return False


def _pieces(value: Any, indent: int | None, line: str) -> Iterator[str]:
    """Yield the text in pieces; `line` begins a line at the level of the value."""
    match value:
        case Spelled():
            yield value.text
        case Mapping() if value:
            colon = ":" if indent is None else ": "
            members = ((f"{_plain(_name(name))}{colon}", each) for name, each in value.items())
            yield from _entries("{}", members, indent, line)
        case list() | tuple() if value:
            yield from _entries("[]", (("", each) for each in value), indent, line)
        case _:
            yield _plain(value)


def _entries(
    brackets: str, entries: Iterator[tuple[str, Any]], indent: int | None, line: str
) -> Iterator[str]:
    inner = "" if indent is None else line + " " * indent
    yield brackets[0]
    for number, (name, value) in enumerate(entries):
        yield f"{',' if number else ''}{inner}{name}"
        yield from _pieces(value, indent, inner)
    yield ("" if indent is None else line) + brackets[1]


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"a member's name is text, not {name!r}")
    return name


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
