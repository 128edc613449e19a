"""Whether a text gives away what is left out: a provider may echo what it was sent."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

SHORTEST: Final = 12
"""Characters; what is shorter stands in many texts by chance."""
WINDOW: Final = 40
"""Characters of a long text that are enough to know it by, so that an echo that was cut is found, too."""
WINDOWS: Final = 64
"""Windows looked for in one text at most, spread over all of it."""
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_SHORT: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def strings_in(value: Any) -> Iterator[str]:
    """Yield every string in JSON data, names of members included, however deep; in no order."""
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            left += [*item, *item.values()]
        elif isinstance(item, list | tuple):
            left += item


def gives_away(text: str, hidden: Iterable[str], *, shown: str) -> bool:
    """Say whether `text`, escapes undone up to three times, holds a piece of a hidden text that is not `shown` anyway."""
    spellings = [_plain(spelling) for spelling in _unescaped(text)]
    shown = _plain(shown)
    return any(
        window not in shown and any(window in spelling for spelling in spellings)
        for secret in hidden
        for window in _windows(_plain(secret))
    )


def _plain(text: str) -> str:
    return " ".join(text.split())


def _unescaped(text: str) -> Iterator[str]:
    for _ in range(4):
        yield text
        if "\\" not in text:
            return
        text = _ESCAPE.sub(
            lambda match: chr(int(match[1], 16)) if match[1] else _SHORT.get(match[2], match[2]), text
        )


def _windows(text: str) -> Iterator[str]:
    if len(text) < SHORTEST:
        return
    if len(text) <= WINDOW:
        yield text
        return
    last = len(text) - WINDOW
    step = max(WINDOW // 2, -(-last // WINDOWS))
    for start in [*range(0, last, step), last]:
        yield text[start : start + WINDOW]
