"""A TOML table read strictly: every key is asked for, has the expected type, and none is left over."""

import tomllib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Self, TypeVar

D = TypeVar("D")


class CatalogError(Exception):
    """A catalog file is malformed: which file, where in it, and why."""

    def __init__(self, file: str, place: str, reason: str) -> None:
        super().__init__(f"{file}: {place or 'top level'}: {reason}")


class Table:
    """One TOML table that remembers which of its keys were read; `finish` refuses the others."""

    def __init__(self, values: dict[str, Any], file: str, place: str) -> None:
        self._values = values
        self._file = file
        self._place = place
        self._read: set[str] = set()

    @classmethod
    def parse(cls, text: str, file: str) -> Self:
        try:
            return cls(tomllib.loads(text, parse_float=Decimal), file, "")
        except tomllib.TOMLDecodeError as error:
            raise CatalogError(file, "", str(error)) from error

    def error(self, reason: str) -> CatalogError:
        return CatalogError(self._file, self._place, reason)

    def finish(self) -> None:
        """Refuse keys that nobody asked for: a misspelt one would otherwise be lost silently."""
        if strangers := sorted(self._values.keys() - self._read):
            raise self.error(f"unknown {', '.join(strangers)}")

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def text(self, key: str) -> str:
        value = self.text_or(key, None)
        if value is None:
            raise self.error(f"{key} is missing")
        return value

    def text_or(self, key: str, default: D) -> str | D:
        value = self._get(key, str)
        return default if value is None else str(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts, () when absent; a single text counts as a list of one."""
        value = self._get(key, str, list)
        values = [value] if isinstance(value, str) else value or []
        if not all(isinstance(item, str) for item in values):
            raise self.error(f"{key} must hold texts")
        return tuple(values)

    def flag(self, key: str) -> bool:
        return bool(self._get(key, bool))

    def whole(self, key: str) -> int | None:
        value = self._get(key, int)
        return None if value is None else int(value)

    def number(self, key: str) -> Decimal | None:
        value = self._get(key, int, Decimal)
        return None if value is None else Decimal(value)

    def table(self, key: str) -> "Table":
        """Return an inner table, an empty one when absent."""
        return Table(self._get(key, dict) or {}, self._file, f"{self._place}.{key}".lstrip("."))

    def tables(self, key: str) -> Iterator["Table"]:
        """Yield the tables of an array of tables, none when absent; each is named by its `path` or `id`."""
        for number, values in enumerate(self._get(key, list) or [], start=1):
            if not isinstance(values, dict):
                raise self.error(f"{key} must hold tables")
            name = values.get("path", values.get("id", number))
            yield Table(values, self._file, f"{key} {name}")

    def named_texts(self) -> Iterator[tuple[str, str]]:
        """Yield every key with its text."""
        for key in self._values:
            yield key, self.text(key)

    def named_tables(self) -> Iterator[tuple[str, "Table"]]:
        """Yield every key with its table."""
        for key in self._values:
            yield key, self.table(key)

    def __bool__(self) -> bool:
        return bool(self._values)

    def _get(self, key: str, *types: type) -> Any:
        self._read.add(key)
        value = self._values.get(key)
        # bool is an int to Python, yet `minimum = true` is a mistake.
        if value is not None and (
            not isinstance(value, types) or (isinstance(value, bool) and bool not in types)
        ):
            raise self.error(f"{key} has the wrong type")
        return value
