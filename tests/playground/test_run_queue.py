"""Bounds on what runs at once, and a queue in which everybody's turn comes."""

import asyncio
from collections.abc import Iterable

import pytest

from playground.run_queue import RunQueue, Seat


class Asker:
    """Somebody who asks for a turn, holds it until told, and writes down the places they hear."""

    def __init__(self, queue: RunQueue, seat: Seat) -> None:
        self.places: list[int] = []
        self.running = False
        self._queue, self._seat = queue, seat
        self._finish = asyncio.Event()
        self.task = asyncio.create_task(self._ask())

    async def _ask(self) -> None:
        async with self._queue.turn(self._seat, self.places.append):
            self.running = True
            try:
                await self._finish.wait()
            finally:
                self.running = False

    async def finish(self) -> None:
        self._finish.set()
        await self.task
        await settled()


async def settled() -> None:
    """Let everything that is ready run: each turn of the loop is given up once, no time passes."""
    for _ in range(20):
        await asyncio.sleep(0)


async def ask(queue: RunQueue, *seats: Seat) -> list[Asker]:
    askers = [Asker(queue, seat) for seat in seats]
    await settled()
    return askers


def running(askers: Iterable[Asker]) -> list[bool]:
    return [asker.running for asker in askers]


async def finish_all(askers: Iterable[Asker]) -> None:
    left = list(askers)
    while left:
        asker = next(asker for asker in left if asker.running)
        await asker.finish()
        left.remove(asker)


async def test_without_bounds_nobody_waits() -> None:
    askers = await ask(RunQueue(), *[Seat("alice", "gateway")] * 50)
    assert all(running(askers))
    await finish_all(askers)


async def test_a_person_has_so_many_turns_at_once() -> None:
    queue = RunQueue(per_person=2)
    askers = await ask(queue, *[Seat("alice", "gateway")] * 3, Seat("bob", "gateway"))
    assert running(askers) == [True, True, False, True]
    assert askers[2].places == [1]
    await askers[0].finish()
    assert running(askers) == [False, True, True, True]
    await finish_all(askers[1:])


async def test_a_provider_takes_so_many_at_once_and_others_are_free() -> None:
    queue = RunQueue(per_provider=1)
    askers = await ask(queue, Seat("alice", "one"), Seat("bob", "one"), Seat("bob", "two"))
    assert running(askers) == [True, False, True]
    await finish_all(askers)


async def test_a_providers_own_bound_counts_beside_the_common_one() -> None:
    queue = RunQueue(per_provider=10)
    askers = await ask(queue, *[Seat("alice", "local", provider_limit=2)] * 3, Seat("alice", "other"))
    assert running(askers) == [True, True, False, True]
    await finish_all(askers)


async def test_turns_go_round_by_person() -> None:
    queue = RunQueue(per_provider=1)
    alices = await ask(queue, *[Seat("alice", "gateway")] * 4)
    (bob,) = await ask(queue, Seat("bob", "gateway"))
    (charlie,) = await ask(queue, Seat("charlie", "gateway"))
    order: list[str] = []
    names = {**dict.fromkeys(alices, "alice"), bob: "bob", charlie: "charlie"}
    while left := [asker for asker in names if not asker.task.done()]:
        asker = next(asker for asker in left if asker.running)
        order.append(names[asker])
        await asker.finish()
    assert order == ["alice", "bob", "charlie", "alice", "alice", "alice"]


async def test_those_who_wait_hear_their_place_and_how_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playground.run_queue.PLACES_EVERY", 0)
    queue = RunQueue(per_provider=1)
    askers = await ask(queue, *[Seat("alice", "gateway")] * 4)
    assert [asker.places for asker in askers] == [[], [1], [2], [3]]
    await askers[0].finish()
    assert [asker.places for asker in askers] == [[], [1], [2, 1], [3, 2]]
    await finish_all(askers[1:])


async def test_a_place_in_one_providers_queue_does_not_count_the_others() -> None:
    queue = RunQueue(per_provider=1)
    askers = await ask(queue, *[Seat("alice", "one"), Seat("alice", "two")] * 2)
    assert [asker.places for asker in askers] == [[], [], [1], [1]]
    await finish_all(askers)


async def test_who_is_stopped_while_waiting_leaves_the_queue() -> None:
    queue = RunQueue(per_provider=1)
    askers = await ask(queue, *[Seat("alice", "gateway")] * 3)
    askers[1].task.cancel()
    await settled()
    assert queue.waiting_count == 1
    await askers[0].finish()
    assert askers[2].running
    await askers[2].finish()


async def test_who_is_stopped_at_the_moment_of_their_turn_gives_it_back() -> None:
    queue = RunQueue(per_provider=1)
    askers = await ask(queue, *[Seat("alice", "gateway")] * 3)
    askers[0]._finish.set()
    await asyncio.sleep(0)  # one turn of the loop, which is the moment that is meant
    askers[1].task.cancel()
    await settled()
    assert askers[1].task.cancelled()
    assert running(askers) == [False, False, True]
    await askers[2].finish()


async def test_who_runs_and_who_waits_may_be_stopped_together() -> None:
    queue = RunQueue(per_provider=1)
    askers = await ask(queue, *[Seat("alice", "gateway")] * 4)
    for asker in askers[:3]:
        asker.task.cancel()
    await settled()
    assert running(askers[3:]) == [True]
    assert (queue.waiting_count, askers[0].task.cancelled()) == (0, True)
    await askers[3].finish()


async def test_a_turn_that_fails_is_given_back() -> None:
    queue = RunQueue(per_provider=1)
    with pytest.raises(ValueError, match="no"):
        async with queue.turn(Seat("alice", "gateway"), lambda _place: None):
            raise ValueError("no")
    (asker,) = await ask(queue, Seat("alice", "gateway"))
    assert asker.running
    await asker.finish()
