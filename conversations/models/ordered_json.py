"""JSON that comes back with its keys in the order in which it was written, on every database."""

import json
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import JSONField


class OrderedJSONField(JSONField):
    """A `JSONField` for what a person wrote: PostgreSQL's binary JSON sorts keys by length; its `json` keeps the text.

    Cannot be compared or made distinct in a query.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "json" if connection.vendor == "postgresql" else super().db_type(connection) or "text"

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        if connection.vendor != "postgresql" or value is None or hasattr(value, "as_sql"):
            return super().get_db_prep_value(value, connection, prepared)
        from psycopg.types.json import Json

        return Json(value)

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        """Return the value; psycopg has parsed a whole column of this type already."""
        del expression, connection
        return json.loads(value) if isinstance(value, str) else value
