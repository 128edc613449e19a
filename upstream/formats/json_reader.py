"""A JSON object read member by member: each by its type, and what is wrong is named by its path."""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from upstream.formats.errors import FormatError
from upstream.formats.measures import is_milliseconds, moment_read
from upstream.formats.records import Headers

T = TypeVar("T")


class JsonReader:
    """A JSON object whose members are read by type; what is wrong is named by its path."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise FormatError("field", where)
        self.value: Mapping[str, Any] = value
        self._where = where

    def path(self, name: str) -> str:
        return f"{self._where}.{name}"

    def fail(self, name: str) -> FormatError:
        return FormatError("field", self.path(name))

    def text(self, name: str, *, most: int | None = None) -> str:
        value = self.value.get(name, "")
        if not isinstance(value, str) or (most is not None and len(value) > most):
            raise self.fail(name)
        return value

    def optional(self, name: str) -> str | None:
        return None if self.value.get(name) is None else self.text(name)

    def number(self, name: str, *, most: int = 2**31 - 1) -> int | None:
        value = self.value.get(name)
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most
        ):
            raise self.fail(name)
        return value

    def flag(self, name: str) -> bool:
        value = self.value.get(name, False)
        if not isinstance(value, bool):
            raise self.fail(name)
        return value

    def time(self, name: str) -> str:
        value = self.text(name)
        if value and moment_read(value, zone=None) is None:
            raise self.fail(name)
        return value

    def object(self, name: str) -> "JsonReader":
        return JsonReader(self.value.get(name), self.path(name))

    def map(self, name: str) -> Mapping[str, Any]:
        return JsonReader(self.value.get(name, {}), self.path(name)).value

    def maybe(self, name: str) -> Any:
        return self.value.get(name)

    def items(self, name: str, read: Callable[["JsonReader"], T]) -> tuple[T, ...]:
        return tuple(
            read(JsonReader(item, f"{self.path(name)}[{at}]")) for at, item in enumerate(self.list(name))
        )

    def list(self, name: str) -> list[Any]:
        value = self.value.get(name, [])
        if not isinstance(value, list):
            raise self.fail(name)
        return value

    def texts(self, name: str, *, most: int) -> tuple[str, ...]:
        found = self.list(name)
        if not all(isinstance(text, str) and len(text) <= most for text in found):
            raise self.fail(name)
        return tuple(found)

    def objects(self, name: str) -> tuple[Mapping[str, Any], ...]:
        return self.items(name, lambda each: each.value)

    def headers(self, name: str) -> Headers:
        pairs = self.list(name)
        for pair in pairs:
            if not (
                isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair)
            ):
                raise self.fail(name)
        return tuple((pair[0], pair[1]) for pair in pairs)

    def milliseconds(self, name: str) -> dict[str, float]:
        found = self.map(name)
        if not all(map(is_milliseconds, found.values())):
            raise self.fail(name)
        return dict(found)

    def bytes(self, name: str) -> bytes:
        try:
            return base64.b64decode(self.text(name), validate=True)
        except (binascii.Error, ValueError) as error:
            raise self.fail(name) from error
