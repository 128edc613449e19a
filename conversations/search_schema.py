"""What each database needs beside Django's tables to find text. Made by a migration, and looked after by each `migrate`.

SQLite: an FTS5 table of trigrams over `SearchText.text`, kept in step by triggers. PostgreSQL: a generated column of one-
and two-character codes with a GIN index, and, where the extension may be had, a GIN index of trigrams. Without the extension
the codes serve longer queries, too.
"""

import logging
from itertools import pairwise
from typing import Any, Final

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)

EXTENSION_MISSING: Final = (
    "PostgreSQL has no extension pg_trgm for this database, so searches for three and more characters use the index of "
    "character pairs and take longer. Let a superuser run CREATE EXTENSION pg_trgm in it, then run: "
    "python manage.py migrate"
)

_SQLITE: Final = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS conversations_searchindex USING fts5("
    "text, content='conversations_searchtext', content_rowid='id', tokenize='trigram')",
    """CREATE TRIGGER IF NOT EXISTS conversations_searchindex_made
    AFTER INSERT ON conversations_searchtext BEGIN
        INSERT INTO conversations_searchindex(rowid, text) VALUES (new.id, new.text);
    END""",
    """CREATE TRIGGER IF NOT EXISTS conversations_searchindex_gone
    AFTER DELETE ON conversations_searchtext BEGIN
        INSERT INTO conversations_searchindex(conversations_searchindex, rowid, text)
        VALUES ('delete', old.id, old.text);
    END""",
    """CREATE TRIGGER IF NOT EXISTS conversations_searchindex_changed
    AFTER UPDATE OF text ON conversations_searchtext WHEN old.text <> new.text BEGIN
        INSERT INTO conversations_searchindex(conversations_searchindex, rowid, text)
        VALUES ('delete', old.id, old.text);
        INSERT INTO conversations_searchindex(rowid, text) VALUES (new.id, new.text);
    END""",
)

# One code for each character and each pair of neighbours; two pairs may share a code, so whoever uses it compares the text.
_POSTGRES: Final = (
    """CREATE OR REPLACE FUNCTION conversations_grams(given text) RETURNS integer[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT coalesce(array_agg(DISTINCT code), '{}') FROM (
            SELECT unnest(ARRAY[
                ascii(one),
                ((ascii(one)::bigint << 16) # ascii(lead(one, 1, '') OVER (ORDER BY place)))::bit(32)::integer
            ]) AS code
            FROM unnest(string_to_array(given, NULL)) WITH ORDINALITY AS characters(one, place)
        ) AS codes
    $$""",
    """ALTER TABLE conversations_searchtext ADD COLUMN IF NOT EXISTS
    grams integer[] GENERATED ALWAYS AS (conversations_grams(text)) STORED""",
    # The codes lie apart from the text, so that reading the text stays cheap.
    "ALTER TABLE conversations_searchtext SET (toast_tuple_target = 256)",
    "ALTER TABLE conversations_searchtext ALTER COLUMN text SET STORAGE MAIN",
    "CREATE INDEX IF NOT EXISTS conversations_searchtext_grams ON conversations_searchtext USING gin (grams)",
)
_HAS_GRAMS: Final = """SELECT EXISTS (
    SELECT FROM pg_attribute
    WHERE attrelid = 'conversations_searchtext'::regclass AND attname = 'grams' AND NOT attisdropped
)"""
_TRIGRAMS: Final = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX IF NOT EXISTS conversations_searchtext_trigrams ON conversations_searchtext "
    "USING gin (text gin_trgm_ops)",
)


def grams(text: str) -> list[int]:
    """Return the codes that every text which holds `text` has: its pairs, or its one character."""
    if len(text) == 1:
        return [ord(text)]
    codes = {((ord(one) << 16) ^ ord(two)) & 0xFFFFFFFF for one, two in pairwise(text)}
    return sorted(code - 2**32 if code >= 2**31 else code for code in codes)


def search_schema_make(connection: BaseDatabaseWrapper) -> None:
    """Make what is missing; what is there stays. Says so where PostgreSQL refuses trigrams."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for statement in _SQLITE:
                cursor.execute(statement)
            return
        cursor.execute(_HAS_GRAMS)
        if not cursor.fetchone()[0]:
            for statement in _POSTGRES:
                cursor.execute(statement)
    if not trigrams_missing(connection):
        return
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            for statement in _TRIGRAMS:
                cursor.execute(statement)
    except DatabaseError as problem:
        logger.warning("%s (%s)", EXTENSION_MISSING, str(problem).strip())


def trigrams_missing(connection: BaseDatabaseWrapper) -> bool:
    """Whether this is a PostgreSQL that searches without trigrams; see EXTENSION_MISSING."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('conversations_searchtext_trigrams') IS NULL")
        return bool(cursor.fetchone()[0])


def search_schema_drop(connection: BaseDatabaseWrapper) -> None:
    """Remove it, for a migration backwards."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name in ("made", "gone", "changed"):
                cursor.execute(f"DROP TRIGGER IF EXISTS conversations_searchindex_{name}")
            cursor.execute("DROP TABLE IF EXISTS conversations_searchindex")
            return
        cursor.execute("DROP INDEX IF EXISTS conversations_searchtext_trigrams")
        cursor.execute("ALTER TABLE conversations_searchtext DROP COLUMN IF EXISTS grams")
        cursor.execute("DROP FUNCTION IF EXISTS conversations_grams(text)")


def search_schema_keep(using: str, **_signal: Any) -> None:
    """After each `migrate`: an extension that may be had now is taken, triggers that were lost are made again."""
    from django.db import connections

    connection = connections[using]
    if "conversations_searchtext" in connection.introspection.table_names():
        search_schema_make(connection)
