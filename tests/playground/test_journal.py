"""Frames come complete, in order and once, whenever and from wherever they are followed."""

import asyncio
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from playground.journal import MemoryJournal
from playground.journal.base import Follower


def nothing() -> None:
    """Wake nobody."""


def everything(follower: Follower, limit: int = 10_000) -> list[str]:
    bodies: list[str] = []
    while taken := follower.take(limit):
        bodies += taken.body.split(",")
    return bodies


async def follow(journal: MemoryJournal, exchange_id: object, after: int = 0) -> Follower:
    follower = await journal.follow(exchange_id, after=after, wake=nothing)  # type: ignore[arg-type]  # a UUID from the test
    assert follower is not None
    return follower


async def test_a_late_follower_gets_every_frame_from_the_first() -> None:
    journal, exchange = MemoryJournal(), uuid4()
    journal.begin(exchange, stop=nothing)
    for body in ("a", "b", "c"):
        journal.append(exchange, body)
    assert everything(await follow(journal, exchange)) == ["a", "b", "c"]


async def test_a_follower_that_comes_back_goes_on_after_its_last_frame() -> None:
    journal, exchange = MemoryJournal(), uuid4()
    journal.begin(exchange, stop=nothing)
    for body in ("a", "b", "c"):
        journal.append(exchange, body)
    follower = await follow(journal, exchange, after=2)
    taken = follower.take(100)
    assert taken is not None
    assert (taken.body, taken.number, taken.reset) == ("c", 3, False)


async def test_a_number_that_does_not_exist_starts_over_and_says_so() -> None:
    journal, exchange = MemoryJournal(), uuid4()
    journal.begin(exchange, stop=nothing)
    journal.append(exchange, "a")
    for wrong in (2, 10**9, -1):
        taken = (await follow(journal, exchange, after=wrong)).take(100)
        assert taken is not None
        assert (taken.body, taken.number, taken.reset) == ("a", 1, True)


async def test_an_exchange_that_does_not_run_here_cannot_be_followed_or_stopped() -> None:
    journal = MemoryJournal()
    assert await journal.follow(uuid4(), after=0, wake=nothing) is None
    assert not await journal.request_stop(uuid4())


async def test_stop_reaches_the_run_once_and_not_after_its_end() -> None:
    journal, exchange, calls = MemoryJournal(), uuid4(), []
    journal.begin(exchange, stop=lambda: calls.append("stop"))
    assert await journal.request_stop(exchange)
    journal.end(exchange, "end")
    assert not await journal.request_stop(exchange)
    assert calls == ["stop"]
    await journal.close()


async def test_the_end_is_told_with_the_last_frame_only() -> None:
    journal, exchange = MemoryJournal(), uuid4()
    journal.begin(exchange, stop=nothing)
    journal.append(exchange, "aaaa")
    journal.end(exchange, "end")
    follower = await follow(journal, exchange)
    first, last = follower.take(1), follower.take(1)
    assert first is not None
    assert last is not None
    assert (first.ended, last.ended) == (False, True)
    await journal.close()


async def test_a_closed_follower_is_woken_no_more() -> None:
    journal, exchange, woken = MemoryJournal(), uuid4(), []
    journal.begin(exchange, stop=nothing)
    follower = await journal.follow(exchange, after=0, wake=lambda: woken.append(1))
    assert follower is not None
    journal.append(exchange, "a")
    follower.close()
    journal.append(exchange, "b")
    assert woken == [1]


@given(
    sizes=st.lists(st.integers(min_value=1, max_value=50), min_size=1, max_size=40),
    takes=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 200)), max_size=40),
)
def test_any_pattern_of_appending_and_taking_gives_each_frame_once(
    sizes: list[int], takes: list[tuple[int, int]]
) -> None:
    async def scenario() -> None:
        journal, exchange = MemoryJournal(), uuid4()
        journal.begin(exchange, stop=nothing)
        bodies = [f"{number:03}" + "x" * size for number, size in enumerate(sizes)]
        waiting, got = list(bodies), list[str]()
        follower = await follow(journal, exchange)
        for appended, limit in takes:
            for body in waiting[:appended]:
                journal.append(exchange, body)
            del waiting[:appended]
            if taken := follower.take(limit):
                got += taken.body.split(",")
                assert taken.number == len(got)
        got += everything(follower)
        assert got == bodies[: len(bodies) - len(waiting)]

    asyncio.run(scenario())
