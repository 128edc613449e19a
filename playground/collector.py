"""When Python's garbage collector looks through everything: by the clock, not in the middle of a burst of tokens.

A look through all objects of 300 streams holds up every token for 0.1 s, and left to itself the collector takes several
while they begin. What cannot wait, it still finds in its looks at what is young.
"""

import asyncio
import gc
from typing import Final

EVERY: Final = 30.0
"""Seconds between looks through everything. In this time 100 runs at once leave a few MB behind."""
DUE: Final = 10
"""Looks at what is not quite young after which one through everything is worth it: Python's own measure."""
AT_THE_LATEST: Final = 1_000
"""Such looks after which the collector does not wait for the clock: millions of objects have come and stayed."""


def set_aside() -> None:
    """Leave out of every look what there is now: what was loaded stays."""
    gc.collect()
    gc.freeze()


async def collect_by_the_clock() -> None:
    """Look through everything from time to time, until cancelled."""
    young, middle, _old = gc.get_threshold()
    gc.set_threshold(young, middle, AT_THE_LATEST)
    while True:
        await asyncio.sleep(EVERY)
        if gc.get_count()[2] >= DUE:
            gc.collect()
