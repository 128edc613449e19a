"""JSON that comes back as it was written, on every database: the order of its keys, the spelling of its numbers."""

import json
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import JSONField

from upstream.wire.spelled import holds_spelled, spelled_dumps, spelled_loads


class _Encoder(json.JSONEncoder):
    """Numbers as they were typed, where Django asks for an encoder."""

    def encode(self, o: Any) -> str:
        return spelled_dumps(o) if holds_spelled(o) else super().encode(o)


class OrderedJSONField(JSONField):
    """A `JSONField` for what a person wrote: PostgreSQL's binary JSON sorts keys by length; its `json` keeps the text.

    Cannot be compared or made distinct in a query.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "json" if connection.vendor == "postgresql" else super().db_type(connection) or "text"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "encoder": _Encoder})

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        options.pop("encoder", None)  # always ours, and no business of a migration
        return name, path, args, options

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        if connection.vendor != "postgresql" or value is None or hasattr(value, "as_sql"):
            return super().get_db_prep_value(value, connection, prepared)
        from psycopg.types.json import Json

        return Json(value, dumps=_Encoder().encode)

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        """Ask PostgreSQL for the text: psycopg would parse it and forget how numbers were spelled."""
        sql, params = super().select_format(compiler, sql, params)
        return (f"({sql})::text" if compiler.connection.vendor == "postgresql" else sql), params

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        """Return the value."""
        del expression, connection
        return spelled_loads(value) if isinstance(value, str) else value
