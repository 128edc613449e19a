"""Something is committed right before the n-th query of whatever a test does: by somebody else, on another connection."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

PATIENCE: Final = 60.0
MOST: Final = 200
NO_QUERIES: Final = ("BEGIN", "SAVEPOINT", "RELEASE", "SET ")


@dataclass
class Meanwhile:
    """`came`: whether there was an n-th query, so that what was to be committed is."""

    came: bool = False


@contextmanager
def meanwhile(change: Callable[[], object], *, before: int) -> Iterator[Meanwhile]:
    """Commit `change` right before query number `before` of this thread, from 1; where nobody can write, none counts."""
    told = Meanwhile()
    left = before

    def elsewhere() -> None:
        try:
            change()
        finally:
            connection.close()

    def execute(run: Callable[..., Any], sql: str, params: Any, many: Any, context: Any) -> Any:
        nonlocal left
        if not sql.startswith(NO_QUERIES) and not _locked():
            left -= 1
            if left == 0:
                told.came = True
                with ThreadPoolExecutor(1) as thread:
                    thread.submit(elsewhere).result(PATIENCE)
        return run(sql, params, many, context)

    with connection.execute_wrapper(execute):
        yield told


def _locked() -> bool:
    """Whether this connection lets nobody else write: SQLite in a transaction that began as one that writes."""
    return connection.in_atomic_block and getattr(connection, "transaction_mode", None) == "IMMEDIATE"


def each_moment(before_each: Callable[[], Callable[[], object]], look: Callable[[], object]) -> int:
    """Let `look` see what is committed before its first query, its second, and so on; return how many there were.

    `before_each` makes what is looked at and returns what changes it.
    """
    for number in range(1, MOST):
        change = before_each()
        with meanwhile(change, before=number) as told:
            look()
        if not told.came:
            return number - 1
    raise AssertionError("more queries than any page has")
