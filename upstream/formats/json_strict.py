"""JSON that strangers wrote: one value, no NaN, no half characters, no nesting that breaks who reads it."""

import json
import math
import re
from itertools import accumulate
from typing import Any, NoReturn

from upstream.formats.errors import MAX_DEPTH, FormatError


def json_read(text: str) -> Any:
    """Return the value of a JSON text. Of members with the same name the last one counts.

    Raises FormatError: "not_json", "too_deep", "not_unicode".
    """
    try:
        text.encode()
        value = json.loads(text, parse_constant=_refuse, parse_int=_integer, parse_float=_float)
    except UnicodeEncodeError as error:
        raise FormatError("not_unicode") from error
    except RecursionError as error:
        raise FormatError("too_deep") from error
    except FormatError:
        raise
    except ValueError as error:
        place = getattr(error, "lineno", 0)
        raise FormatError("not_json", str(place) if place else "") from error
    if is_deep(text, most=MAX_DEPTH):
        raise FormatError("too_deep")
    return value


_STRING = re.compile(r'"(?:[^"\\]+|\\.)*"')
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")  # one level in, one level out, as signed bytes
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def is_deep(text: str, *, most: int) -> bool:
    """Say whether a JSON text is nested deeper than `most` levels. It may hold millions of values: no step is Python's."""
    if text.count("[") + text.count("{") <= most:
        return False
    brackets = _STRING.sub("", text).encode("ascii", "replace").translate(_STEPS, _NO_BRACKETS)
    return max(accumulate(memoryview(brackets).cast("b"))) > most


def members_read(text: str) -> dict[str, str]:
    """Return the members of a JSON object that `json_read` has read: name → source text, the last of doubles."""
    decoder = json.JSONDecoder(parse_int=_integer)
    found: dict[str, str] = {}
    at = _after_gap(text, text.index("{") + 1)
    while text[at] != "}":
        name, end = decoder.raw_decode(text, at)
        at = _after_gap(text, _after_gap(text, end) + 1)
        _value, end = decoder.raw_decode(text, at)
        found.pop(name, None)
        found[name] = text[at:end]
        at = _after_gap(text, end)
        if text[at] == ",":
            at = _after_gap(text, at + 1)
    return found


def _after_gap(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at


def _refuse(_name: str) -> NoReturn:
    raise FormatError("not_json")


def _integer(text: str) -> int:
    # Python refuses to read integers of more than 4,300 digits, with an error that says nothing.
    if len(text) > 4_000:
        raise FormatError("not_json")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise FormatError("not_json")
    return value
