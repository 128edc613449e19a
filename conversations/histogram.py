"""Percentiles from counts: how often a value fell between two marks, so that any number of values takes the same room.

The marks are powers of 1.1, so a percentile is at most 5 % from the value itself, at 1 ms as at 10 minutes. A histogram maps
the number of a stretch, as text (its keys are kept as JSON), to how many values fell there; two are added key by key.
"""

import math
from collections.abc import Mapping, MutableMapping
from typing import Final

BASE: Final = 1.1
SMALLEST: Final = 0.01
LARGEST: Final = 1e9
"""What lies beyond counts as this."""


def stretch_of(value: float) -> str:
    """Return the stretch that holds a value."""
    return str(math.floor(math.log(min(max(value, SMALLEST), LARGEST), BASE)))


def histogram_add(into: MutableMapping[str, int], more: Mapping[str, int]) -> None:
    """Add the counts of `more`."""
    if not into:  # the usual case of a page that goes through thousands
        into.update(more)
        return
    known = into.get
    for key, count in more.items():
        into[key] = known(key, 0) + count


def percentile(histogram: Mapping[str, int], share: float) -> float | None:
    """Return the value below which `share` (0 to 1) of the values lie, or None where there are none."""
    total = sum(histogram.values())
    if not total:
        return None
    wanted = share * total
    below = 0
    for number, count in sorted((int(key), count) for key, count in histogram.items()):
        below += count
        if below >= wanted:
            return float(BASE ** (number + 0.5))
    raise AssertionError("the counts below the last stretch are all counts")
