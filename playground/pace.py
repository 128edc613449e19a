"""How often the runs of a process read: as soon as something comes, until that is more than one event loop can carry.

A read, its frame and its message cost about the same whether they hold one token or three. So past CROWDED reads a second
each run waits WINDOW between two reads, and one read takes what came meanwhile.
"""

import time
from collections.abc import Callable
from typing import Final

CROWDED: Final = 6_000.0
"""Reads per second past which runs begin to wait."""
CALM: Final = 2_500.0
"""Reads per second, with the waiting, below which they read at once again."""
WINDOW: Final = 0.033
"""Seconds between two reads of one run then: two frames of a screen."""
SPAN: Final = 0.25
"""Seconds over which reads are counted."""


class Pace:
    """The pace of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        self._reads = 0
        self._is_crowded = False

    def pause(self) -> float:
        """Count one read; return the seconds to wait before the same run's next one, mostly 0."""
        self._reads += 1
        now = self._clock()
        span = now - self._since
        if span >= SPAN:
            self._is_crowded = self._reads / span > (CALM if self._is_crowded else CROWDED)
            self._reads, self._since = 0, now
        return WINDOW if self._is_crowded else 0.0
