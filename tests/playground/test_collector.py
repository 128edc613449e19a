"""When the garbage collector looks through everything."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from playground import collector


class Circle:
    """Something that only the collector lets go of."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _own_thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def circle_grown_old() -> "weakref.ref[Circle]":
    """Leave a circle where only a look through everything finds it."""
    circle = Circle()
    gc.collect(1)  # survives as it is still held, and is old from here on
    return weakref.ref(circle)


async def test_a_look_through_everything_comes_with_the_clock_once_it_is_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(collector, "EVERY", 0.001)
    gone = asyncio.Event()
    circle = Circle()
    weakref.finalize(circle, gone.set)
    gc.collect(1)
    del circle
    looking = asyncio.create_task(collector.collect_by_the_clock())
    for _look in range(collector.DUE):
        gc.collect(1)
    await asyncio.wait_for(gone.wait(), timeout=20)
    looking.cancel()


async def test_before_it_is_due_only_what_is_young_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "EVERY", 0.0)
    monkeypatch.setattr(collector, "DUE", 1_000_000)
    gc.collect()
    left = circle_grown_old()
    looking = asyncio.create_task(collector.collect_by_the_clock())
    for _turn in range(20):
        await asyncio.sleep(0)
    assert left() is not None
    assert gc.get_threshold()[2] == collector.AT_THE_LATEST
    looking.cancel()
    gc.collect()
    assert left() is None
