"""Queries whose SQL Django makes once in each thread, for what every press of Send reads.

Making the SQL of a queryset takes five times as long as running it on a table of a few rows, and the SQL is the same each
time. A prepared query is written as the queryset it is, with `Given` in place of what differs: the tables keep their one
spelling.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from django.db import connections, models
from django.db.models import Expression, QuerySet
from django.db.models.sql.compiler import SQLCompiler

M = TypeVar("M", bound=models.Model)

_FIELDS: Final[Mapping[type, "models.Field[Any, Any]"]] = {
    UUID: models.UUIDField(),
    datetime: models.DateTimeField(),
}
"""What databases take each in a way of their own."""


class Given(Expression):
    """The place of a value in a prepared query: a number, a text, a UUID or a time, never None."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[Any, ...]]:  # noqa: ARG002 - Django's
        """Return a place, and among the values who knows what comes there."""
        return "%s", (self,)


class Prepared(Generic[M]):
    """A query for rows of one table. `make` returns its queryset, which may leave columns out but add none."""

    def __init__(self, make: Callable[[], QuerySet[M]]) -> None:
        self._make = make
        self._of_thread = threading.local()

    def rows(self, **given: object) -> list[M]:
        """Return the rows with a value for each `Given`, in the queryset's order. One query."""
        query: _Compiled[M] | None = getattr(self._of_thread, "compiled", None)
        # A thread keeps its connection object, but a test's thread sees several.
        if query is None or query.compiler.connection is not connections[query.using]:
            query = self._of_thread.compiled = _Compiled.of(self._make())
        return query.rows(given)

    def row(self, **given: object) -> M | None:
        """Return the first row, None where there is none."""
        return next(iter(self.rows(**given)), None)


@dataclass
class _Compiled(Generic[M]):
    """The SQL of a query, and how its rows become models."""

    model: type[M]
    using: str
    compiler: SQLCompiler
    sql: str
    places: tuple[Any, ...]

    @classmethod
    def of(cls, queryset: QuerySet[M]) -> "_Compiled[M]":
        compiler = queryset.query.get_compiler(queryset.db)
        sql, places = compiler.as_sql()
        return cls(queryset.model, queryset.db, compiler, sql, tuple(places))

    @cached_property
    def columns(self) -> list[Expression]:
        return [column for column, _sql, _alias in self.compiler.select]

    @cached_property
    def names(self) -> list[str]:
        return [column.target.attname for column in self.columns]  # type: ignore[attr-defined]  # each is a Col

    @cached_property
    def converters(self) -> dict[int, Any]:
        return self.compiler.get_converters(self.columns)

    def rows(self, given: Mapping[str, object]) -> list[M]:
        connection = self.compiler.connection
        values: list[Any] = [
            _value(given[place.name], connection) if isinstance(place, Given) else place
            for place in self.places
        ]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, values)
            found: Iterable[Any] = cursor.fetchall()
        if self.converters:
            found = self.compiler.apply_converters(found, self.converters)
        return [self.model.from_db(self.using, self.names, row) for row in found]


def _value(value: object, connection: Any) -> object:
    """Return a value as this database takes it."""
    field = _FIELDS.get(type(value))
    return field.get_db_prep_value(value, connection) if field else value
