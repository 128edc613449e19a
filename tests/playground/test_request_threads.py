"""Each request has one thread for what blocks in it; threads are lent again, but never while they still work."""

import asyncio
import threading

from asgiref.sync import sync_to_async

from playground.edge.threads import RequestThreads
from playground.edge.types import App, Message, Receive, Scope, Send

HTTP: Scope = {"type": "http"}


async def nothing() -> Message:
    return {}


async def nobody(message: Message) -> None:
    del message


class Noted:
    """An application that notes in which threads it was blocking."""

    def __init__(self, *, together: int = 1) -> None:
        self.threads: list[int] = []
        self._barrier = asyncio.Barrier(together)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive, send
        first = await sync_to_async(threading.get_ident)()
        await self._barrier.wait()
        assert await sync_to_async(threading.get_ident)() == first
        self.threads.append(first)


async def call(app: App) -> None:
    async with asyncio.timeout(20):
        await app(HTTP, nothing, nobody)


async def test_requests_one_after_the_other_have_the_same_thread() -> None:
    noted = Noted()
    app = RequestThreads(noted)
    for _ in range(3):
        await call(app)
    assert len(set(noted.threads)) == 1


async def test_requests_at_once_have_a_thread_each() -> None:
    noted = Noted(together=5)
    app = RequestThreads(noted)
    await asyncio.gather(*(call(app) for _ in range(5)))
    assert len(set(noted.threads)) == 5


async def test_a_thread_that_still_works_is_not_lent() -> None:
    begun, go_on = threading.Event(), threading.Event()
    threads: list[int] = []

    def work() -> None:
        threads.append(threading.get_ident())
        begun.set()
        go_on.wait(20)

    async def view(scope: Scope, receive: Receive, send: Send) -> None:
        if not threads:
            # What a view leaves behind that does not wait for its own call.
            task = asyncio.ensure_future(sync_to_async(work)())
            await asyncio.to_thread(begun.wait, 20)
            task.cancel()
        else:
            threads.append(await sync_to_async(threading.get_ident)())

    app = RequestThreads(view)
    await call(app)
    await call(app)  # would wait for the first one's work
    go_on.set()
    assert len(set(threads)) == 2


async def test_a_request_that_waits_has_no_thread_yet() -> None:
    threads: list[int] = []
    arrived, go_on = asyncio.Barrier(5), asyncio.Event()

    async def view(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive, send
        await arrived.wait()
        await go_on.wait()
        threads.append(await sync_to_async(threading.get_ident)())

    app = RequestThreads(view)
    before = threading.active_count()
    async with asyncio.timeout(20), asyncio.TaskGroup() as requests:
        for _ in range(4):
            requests.create_task(call(app))
        await arrived.wait()
        assert threading.active_count() == before
        go_on.set()
    assert len(threads) == 4
