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


class Hidden:
    """The texts that are left out, ready to be looked for; `shown` is what everybody may read anyway."""

    __slots__ = ("_all", "_beside_shown")

    def __init__(self, texts: Iterable[str], *, shown: str = "") -> None:
        self._all = tuple(dict.fromkeys(window for text in set(texts) for window in _windows(_plain(text))))
        plain = _plain(shown) if self._all else ""
        self._beside_shown = tuple(window for window in self._all if window not in plain)

    @property
    def looks_for_anything(self) -> bool:
        """Whether something is left out that can be known by its words."""
        return bool(self._all)

    def is_in(self, text: str) -> bool:
        """Say whether a text, its escapes undone up to three times, holds a piece of what is left out."""
        return _holds(text, self._all)

    def is_in_answer(self, text: str) -> bool:
        """The same, but for what is shown anyway: an answer may say what its reader sees above it."""
        return _holds(text, self._beside_shown)


def _holds(text: str, windows: tuple[str, ...]) -> bool:
    if not windows:
        return False
    spellings = [_plain(spelling) for spelling in _unescaped(text)]
    return any(window in spelling for spelling in spellings for window in windows)


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
