"""Everything that an installation has kept, as text to be searched: rows, unpacked traces, the raw files, the log."""

import sqlite3
import zlib
from contextlib import closing
from typing import Any

import psycopg

from tests.served import Installation


def everything_kept(installation: Installation) -> str:
    """Return every value of every table, compressed ones unpacked, and the bytes of the files behind them."""
    url = installation.environment.get("DATABASE_URL")
    rows = _rows_of_postgres(url) if url else _rows_of_sqlite(installation)
    values = [_unpacked(value) for row in rows for value in row]
    files = [path.read_bytes().decode("latin-1") for path in installation.folder.rglob("*") if path.is_file()]
    return "\n".join(values + files)


def _rows_of_sqlite(installation: Installation) -> list[Any]:
    with closing(sqlite3.connect(installation.folder / "playground.sqlite3", timeout=20)) as file:
        tables = file.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return [row for (table,) in tables for row in file.execute(f'SELECT * FROM "{table}"')]


def _rows_of_postgres(url: str) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchall()
        return [row for (table,) in tables for row in connection.execute(f'SELECT * FROM "{table}"')]


def _unpacked(value: object) -> str:
    if not isinstance(value, bytes | memoryview):
        return str(value)
    data = bytes(value)
    try:
        return zlib.decompress(data).decode("utf-8", "replace")
    except zlib.error:
        return data.decode("latin-1")
