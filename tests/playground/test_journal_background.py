"""Work in the background of a journal ends when its loop does, even where Redis's client loses a cancellation."""

import asyncio

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from playground.journal.background import Background

PATIENCE = 15.0


@pytest.mark.parametrize("error", [None, RedisConnectionError("lost"), OSError("lost"), KeyError("ours")])
async def test_a_work_whose_cancellation_is_lost_is_not_begun_again(error: Exception | None) -> None:
    """A loop that ends, as that of each async view called by a sync test does, cancels once and waits for every task."""
    begun, times = asyncio.Event(), 0

    async def work() -> None:
        nonlocal times
        times += 1
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if error is not None:
                raise error from None

    before = asyncio.all_tasks()
    background = Background(work)
    tasks = asyncio.all_tasks() - before
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
    for task in tasks:
        task.cancel()
    _, left = await asyncio.wait(tasks, timeout=PATIENCE)
    await background.close()  # this loop, too, would wait for what goes on
    assert (left, times) == (set(), 1)


async def test_closing_waits_for_a_work_that_loses_its_cancellation_again_and_again() -> None:
    begun, lost = asyncio.Event(), 0

    async def work() -> None:
        nonlocal lost
        begun.set()
        while lost < 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                lost += 1

    background = Background(work)
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
        await background.close()
    assert lost == 3
