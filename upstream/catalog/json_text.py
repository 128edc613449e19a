"""JSON as source text: read strictly, keep numbers as they were typed.

Parameters travel through the whole program as JSON source text, so that `0.70` stays `0.70`. This module answers
two questions about such a text: is it exactly one JSON value, and which value is it?
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, Final, NoReturn

MAX_DEPTH: Final = 200  # deeper than any schema people write; keeps every recursive reader of the value safe
MAX_LENGTH: Final = 1_048_576  # characters; 128 tool definitions fit many times over

_SCAN: Final = json.JSONDecoder(parse_int=len, parse_float=len)  # no conversion: a number may have any length
_GAP: Final = re.compile(r"[ \t\r\n,:]*")  # between the parts of a text that is known to be JSON

TYPE_NAMES: Final = ("null", "boolean", "integer", "number", "string", "array", "object")


class InvalidJsonText(ValueError):
    """The text is not one JSON value that can be sent.

    `code` is one of "empty", "not_json", "too_deep", "too_long", "not_unicode"; `position` is the character where
    reading stopped, or None.
    """

    def __init__(self, code: str, position: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.position = position


@dataclass(frozen=True)
class Number:
    """A JSON number that remembers its source text."""

    text: str

    @property
    def integral(self) -> bool:
        """Whether it is written as an integer; `1.0` is not, because strict servers refuse it."""
        return not set(self.text) & {".", "e", "E"}

    @cached_property
    def value(self) -> Decimal:
        """The exact value; an exponent beyond what Decimal holds becomes an infinity or zero of the right sign."""
        try:
            return Decimal(self.text)
        except InvalidOperation:
            mantissa, _, exponent = self.text.lower().partition("e")
            sign = "-" if mantissa.startswith("-") else ""
            return Decimal(f"{sign}0") if exponent.startswith("-") else Decimal(f"{sign}Infinity")


def parse(text: str) -> Any:
    """Return the value of a text that is exactly one JSON value; numbers come as `Number`.

    Raises InvalidJsonText for anything else, NaN and Infinity included; never RecursionError. Of duplicate members
    the last one counts, as almost every server reads them.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidJsonText("too_long")
    if not text.strip():
        raise InvalidJsonText("empty")
    try:
        text.encode()
        value = json.loads(text, parse_int=Number, parse_float=Number, parse_constant=_refuse_constant)
    except UnicodeEncodeError as error:
        raise InvalidJsonText("not_unicode", error.start) from error
    except RecursionError as error:
        raise InvalidJsonText("too_deep") from error
    except json.JSONDecodeError as error:
        raise InvalidJsonText("not_json", error.pos) from error
    if _depth(value) > MAX_DEPTH:
        raise InvalidJsonText("too_deep")
    return value


def quoted(text: str) -> str:
    """Return a text as a JSON string, with every character that can be sent as it is left as it is."""
    return json.dumps(text, ensure_ascii=False)


def members(text: str) -> list[tuple[str, str]]:
    """Return the members of a JSON object as (name, source text), in order, doubles included.

    Raises InvalidJsonText when the text is not one JSON value, TypeError when that value is no object.
    """
    if not isinstance(parse(text), dict):
        raise TypeError("not a JSON object")
    return [(json.loads(name), value) for name, value in _split(text, pairs=True)]


def items(text: str) -> list[str]:
    """Return the source texts of the items of a JSON array, in order; raises as `members` does."""
    if not isinstance(parse(text), list):
        raise TypeError("not a JSON array")
    return [value for _, value in _split(text, pairs=False)]


def _split(text: str, *, pairs: bool) -> Iterator[tuple[str, str]]:
    """Yield (source of the name, source of the value) for each entry of a valid container; names are "" in an array."""
    at = _after_gap(text, _after_gap(text, 0) + 1)
    while text[at] not in "}]":
        name = ""
        if pairs:
            end = _SCAN.raw_decode(text, at)[1]
            name, at = text[at:end], _after_gap(text, end)
        end = _SCAN.raw_decode(text, at)[1]
        yield name, text[at:end]
        at = _after_gap(text, end)


def _after_gap(text: str, at: int) -> int:
    gap = _GAP.match(text, at)
    assert gap is not None  # it matches the empty text too
    return gap.end()


def type_name(value: Any) -> str:
    """Return the JSON type of a value from `parse`: one of TYPE_NAMES; "integer" only where written as one."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case Number():
            return "integer" if value.integral else "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
    raise TypeError(f"not a value from json_text.parse: {value!r}")


def _refuse_constant(_name: str) -> NoReturn:
    raise InvalidJsonText("not_json")  # NaN and Infinity are Python's extension, not JSON


def _depth(value: Any) -> int:
    """Return how many containers lie within each other; 0 for a scalar."""
    depth = 0
    level = [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
    return depth
