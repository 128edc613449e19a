"""A thread for each request's blocking work, from a few that are kept.

Django asks asgiref for one thread per request, and asgiref starts it with the request's first blocking call and another
one that waits for its end: together a tenth of what a press of Send costs. A thread that stays also keeps Django's
connection object. It is lent with a request's first blocking call, which for most is that of its end: a hundred requests
that wait for something else need a few threads, and starting one holds the event loop up.
"""

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, Final

from asgiref.sync import ThreadSensitiveContext
from django.core.signals import request_started
from django.db import close_old_connections, reset_queries

from playground.edge.types import App, Receive, Scope, Send

IDLE_MAX: Final = 16
"""Threads that are kept while no request has them."""


class RequestThread(ThreadPoolExecutor):
    """One thread, started by its first call."""

    def __init__(self) -> None:
        super().__init__(1, "request")
        self._last: Future[Any] | None = None

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a call after those before it."""
        self._last = super().submit(fn, *args, **kwargs)
        return self._last

    @property
    def is_idle(self) -> bool:
        """Whether every call has ended."""
        return self._last is None or self._last.done()


class Lent(Executor):
    """What a request has: a thread from its first call on."""

    def __init__(self, lend: Callable[[], RequestThread]) -> None:
        self._lend = lend
        self.thread: RequestThread | None = None

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a call in the request's thread."""
        if self.thread is None:
            self.thread = self._lend()
            self.thread.submit(_begin)
        return self.thread.submit(fn, *args, **kwargs)


def _begin() -> None:
    reset_queries()
    close_old_connections()


def requests_begin_in_their_threads() -> None:
    """Leave to a request's thread what Django does in one at the beginning of each request, whether it needs one or not."""
    for receiver in (reset_queries, close_old_connections):
        request_started.disconnect(receiver)


class RequestThreads:
    """Lends each HTTP request a thread of its own until it has been answered."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._idle: list[RequestThread] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; what blocks in it runs in its thread, one call after the other."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        lent = Lent(self._lend)
        try:
            async with ThreadSensitiveContext(executor=lent):
                await self._app(scope, receive, send)
        finally:
            if lent.thread is not None:
                self._take_back(lent.thread)

    def _lend(self) -> RequestThread:
        return self._idle.pop() if self._idle else RequestThread()

    def _take_back(self, thread: RequestThread) -> None:
        # One that still works for a request that was cancelled would keep the next one waiting.
        if thread.is_idle and len(self._idle) < IDLE_MAX:
            self._idle.append(thread)
        else:
            thread.shutdown(wait=False)
