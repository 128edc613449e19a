"""Who may send now: bounds on exchanges at once per person and per provider, and a fair queue before them.

The bounds hold in each server process. Turns go round by person: somebody who asks for one answer is not behind the fifty
of somebody else. Everything happens on the event loop.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

PLACES_EVERY: Final = 0.25
"""Seconds between announcements of changed places: a long queue that moves fast would announce little else."""


@dataclass(frozen=True, slots=True)
class Seat:
    """For whom and at which provider an exchange runs. `provider_limit` is the provider's own bound, 0 for none."""

    person: object
    provider: object
    provider_limit: int = 0


@dataclass(eq=False, slots=True)
class _Waiting:
    seat: Seat
    moved: Callable[[int], None]
    admitted: asyncio.Future[None]
    place: int = 0


@dataclass(slots=True)
class RunQueue:
    """Admits exchanges. `per_person` and `per_provider` are the most at once; 0 means no bound."""

    per_person: int = 0
    per_provider: int = 0
    _people: Counter[object] = field(default_factory=Counter)
    _providers: Counter[object] = field(default_factory=Counter)
    _waiting: dict[_Waiting, None] = field(default_factory=dict)
    _last_turns: dict[object, int] = field(default_factory=dict)
    _turns: int = 0
    _telling: asyncio.TimerHandle | None = None

    @property
    def waiting_count(self) -> int:
        """How many exchanges wait for their turn."""
        return len(self._waiting)

    @asynccontextmanager
    async def turn(self, seat: Seat, moved: Callable[[int], None]) -> AsyncIterator[None]:
        """Wait for a turn and hold it. `moved` hears the place in the queue, from 1, when there is one and it changes."""
        await self._enter(seat, moved)
        try:
            yield
        finally:
            self._release(seat)

    async def _enter(self, seat: Seat, moved: Callable[[int], None]) -> None:
        # Nobody who could be admitted ever waits, so a free turn may be taken at once.
        if self._is_free(seat):
            self._take(seat)
            return
        waiting = _Waiting(seat, moved, asyncio.get_running_loop().create_future())
        self._waiting[waiting] = None
        self._tell()
        try:
            await waiting.admitted
        except asyncio.CancelledError:
            if waiting in self._waiting:
                del self._waiting[waiting]
                self._tell_soon()
            else:
                self._release(seat)  # stopped at the very moment of its turn
            raise

    def _is_free(self, seat: Seat) -> bool:
        return _below(self._people[seat.person], self.per_person) and self._provider_is_free(seat)

    def _provider_is_free(self, seat: Seat) -> bool:
        running = self._providers[seat.provider]
        return _below(running, self.per_provider) and _below(running, seat.provider_limit)

    def _take(self, seat: Seat) -> None:
        self._people[seat.person] += 1
        self._providers[seat.provider] += 1
        self._turns += 1
        self._last_turns[seat.person] = self._turns

    def _release(self, seat: Seat) -> None:
        self._people[seat.person] -= 1
        self._providers[seat.provider] -= 1
        self._people += Counter()  # drops the zeros
        self._providers += Counter()
        self._admit()
        if not self._people[seat.person] and all(w.seat.person != seat.person for w in self._waiting):
            self._last_turns.pop(seat.person, None)

    def _admit(self) -> None:
        """Let in whoever may come in, in the order of the queue."""
        for waiting in self._in_order():
            # One that is done has been stopped, and leaves the queue by itself.
            if not waiting.admitted.done() and self._is_free(waiting.seat):
                self._take(waiting.seat)
                del self._waiting[waiting]
                waiting.admitted.set_result(None)
        self._tell_soon()

    def _in_order(self) -> list[_Waiting]:
        """Return who waits: each person's first, then each person's second … counting what they already run.

        Within such a round, who had a turn longest ago comes first.
        """
        asked: Counter[object] = Counter(self._people)
        order: list[tuple[int, int, int, _Waiting]] = []
        for arrival, waiting in enumerate(self._waiting):
            person = waiting.seat.person
            asked[person] += 1
            order.append((asked[person], self._last_turns.get(person, 0), arrival, waiting))
        order.sort(key=lambda item: item[:3])
        return [waiting for *_key, waiting in order]

    def _tell_soon(self) -> None:
        if self._waiting and self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(PLACES_EVERY, self._tell)

    def _tell(self) -> None:
        """Tell those whose place at their provider changed."""
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        ahead: Counter[object] = Counter()
        for waiting in self._in_order():
            ahead[waiting.seat.provider] += 1
            if waiting.place != ahead[waiting.seat.provider]:
                waiting.place = ahead[waiting.seat.provider]
                waiting.moved(waiting.place)


def _below(count: int, limit: int) -> bool:
    return not limit or count < limit
