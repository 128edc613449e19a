"""JSON as source text: read strictly, keep numbers as they were typed.

Parameters travel through the whole program as JSON source text, so that `0.70` stays `0.70`. This module answers
two questions about such a text: is it exactly one JSON value, and which value is it?
"""

import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, Final, NoReturn

MAX_DEPTH: Final = 200  # deeper than any schema people write; keeps every recursive reader of the value safe
MAX_LENGTH: Final = 1_048_576  # characters; 128 tool definitions fit many times over

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
