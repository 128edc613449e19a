"""A bounded pool of threads for the database, beside whatever thread a request has.

Otherwise each run would inherit its request's thread and keep that thread's pooled connection (tried: 12 runs on a pool of
four connections, 8 of them failed).
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import connections

P = ParamSpec("P")
R = TypeVar("R")


class DatabaseThreads:
    """Runs functions that use the database, at most `count` at once."""

    def __init__(self, count: int, name: str) -> None:
        self._executor = ThreadPoolExecutor(count, name)

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what the function returns in one of the threads."""
        call = partial(_called, partial(function, *args, **kwargs))
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    def close(self) -> None:
        """Let the threads end once they have done what they have begun."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _called(function: Callable[[], R]) -> R:
    try:
        return function()
    finally:
        for connection in connections.all(initialized_only=True):
            # A pooled one goes back to its pool. SQLite's stays open in this thread: opening it anew takes longer than
            # most queries, and there is no pool that it could be missing from.
            if connection.vendor != "sqlite" or connection.errors_occurred:
                connection.close_if_unusable_or_obsolete()
