"""Compare a JSON source text with what a reference documents.

Only text that is not JSON is an error. A value outside the documented range, an unknown choice or another type is a
warning: the person may know better than the document, and the text is sent as typed. Codes and data leave here;
sentences are made where there is a language.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from upstream.catalog import json_text
from upstream.catalog.json_text import InvalidJsonText, Number

if TYPE_CHECKING:
    from upstream.catalog.model import Field


@dataclass(frozen=True, slots=True)
class OutOfRange:
    """A number outside the documented range. `nearest` is JSON text of the closest documented value, or None."""

    path: str
    field: "Field"
    nearest: str | None
    code: str = "out_of_range"


@dataclass(frozen=True, slots=True)
class UnknownChoice:
    """A text that is none of `field.enum`."""

    path: str
    field: "Field"
    value: str
    code: str = "unknown_choice"


@dataclass(frozen=True, slots=True)
class OtherType:
    """A value of type `got`, which is none of `field.types`."""

    path: str
    field: "Field"
    got: str
    code: str = "other_type"


@dataclass(frozen=True, slots=True)
class TooManyItems:
    """More entries (`count`) than `field.max_items`."""

    path: str
    field: "Field"
    count: int
    code: str = "too_many_items"


JudgementWarning = OutOfRange | UnknownChoice | OtherType | TooManyItems


@dataclass(frozen=True, slots=True)
class Judgement:
    """`error` is a code of InvalidJsonText, or None; `position` is where reading stopped. Warnings never block."""

    error: str | None = None
    position: int | None = None
    warnings: tuple[JudgementWarning, ...] = ()


def judge(text: str, fields: Mapping[str, "Field"], path: str) -> Judgement:
    """Judge a JSON source text against the documented fields, which are keyed by dotted path, starting at `path`."""
    try:
        value = json_text.parse(text)
    except InvalidJsonText as error:
        return Judgement(error=error.code, position=error.position)
    return Judgement(warnings=tuple(_warnings(value, fields, path, path)))


def _warnings(value: Any, fields: Mapping[str, "Field"], path: str, shown: str) -> Iterator[JudgementWarning]:
    """Yield warnings for a value and everything in it; `shown` is `path` with real names where it has `*`."""
    field = fields.get(path)
    if field is not None:
        kind = json_text.type_name(value)
        if not _type_fits(kind, field.types):
            yield OtherType(shown, field, kind)
            return
        yield from _value_warnings(value, field, shown)
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict | list):
                yield from _member_warnings(item, fields, path, shown)
    else:
        yield from _member_warnings(value, fields, path, shown)


def _member_warnings(
    value: Any, fields: Mapping[str, "Field"], path: str, shown: str
) -> Iterator[JudgementWarning]:
    if not isinstance(value, dict):
        return
    for name, member in value.items():
        inner = f"{path}.{name}"
        if inner not in fields:
            inner = f"{path}.*"
        if inner in fields:
            yield from _warnings(member, fields, inner, f"{shown}.{name}")


def _value_warnings(value: Any, field: "Field", shown: str) -> Iterator[JudgementWarning]:
    match value:
        case Number() if _outside(value.value, field):
            yield OutOfRange(shown, field, _nearest(value.value, field))
        case str() if field.enum and value not in field.enum:
            yield UnknownChoice(shown, field, value)
        case list() | dict():
            if field.max_items is not None and len(value) > field.max_items:
                yield TooManyItems(shown, field, len(value))
            if isinstance(value, list) and field.enum:
                strangers = (item for item in value if isinstance(item, str) and item not in field.enum)
                yield from (UnknownChoice(shown, field, stranger) for stranger in strangers)


def _type_fits(kind: str, types: tuple[str, ...]) -> bool:
    return "any" in types or kind in types or (kind == "integer" and "number" in types)


def _outside(value: Decimal, field: "Field") -> bool:
    below = field.minimum is not None and (
        value <= field.minimum if field.exclusive_minimum else value < field.minimum
    )
    above = field.maximum is not None and (
        value >= field.maximum if field.exclusive_maximum else value > field.maximum
    )
    return below or above


def _nearest(value: Decimal, field: "Field") -> str | None:
    """Return the documented value closest to one outside; None beside an exclusive bound of a real number."""
    low = field.minimum is not None and value <= field.minimum
    bound, exclusive = (
        (field.minimum, field.exclusive_minimum) if low else (field.maximum, field.exclusive_maximum)
    )
    if bound is None:
        return None
    if not exclusive:
        return str(bound)
    if "number" in field.types:
        return None
    return str(bound + 1 if low else bound - 1)
