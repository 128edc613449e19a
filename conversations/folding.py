"""One way to compare text, for every database: canonical forms joined, widths and cases folded, character by character.

Because each character folds by itself (after NFC), a place in the folded text leads back to its place in the original.
"""

import unicodedata
from collections.abc import Iterator
from typing import Final

MAX_INDEXED: Final = 200_000
"""Characters of one message that can be found; what follows is kept, but not searched."""


class _Folds(dict[int, str]):
    """Folded characters by code point, filled as they are met: `str.translate` looks up here."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = unicodedata.normalize("NFKC", chr(code)).casefold()
        return folded


_FOLDS: Final = _Folds()


def canonical(text: str) -> str:
    """Return `text` in NFC, the form in which it is folded and in which hits are marked."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Return what `text` is compared by: "STRASSE", "Straße" and "ｓｔｒａｓｓｅ" are the same."""
    return text.lower() if text.isascii() else canonical(text).translate(_FOLDS)


def found(text: str, words: str) -> Iterator[tuple[int, int]]:
    """Yield where `words` (folded) stand in `text` (canonical): start and end of each place, none overlapping."""
    folded = fold(text)
    if not words or words not in folded:
        return
    starts = range(len(text) + 1) if len(folded) == len(text) else _starts(text)
    back = {place: index for index, place in enumerate(starts)}
    at = folded.find(words)
    while at != -1:
        end = at + len(words)
        yield _down(back, at), _up(back, end, len(folded))
        at = folded.find(words, end)


def _starts(text: str) -> list[int]:
    """Return where the fold of each character begins, and at last where all ends."""
    places = [0]
    for character in text:
        places.append(places[-1] + len(_FOLDS[ord(character)]))
    return places


def _down(back: dict[int, int], place: int) -> int:
    while place not in back:
        place -= 1
    return back[place]


def _up(back: dict[int, int], place: int, end: int) -> int:
    while place not in back and place < end:
        place += 1
    return back[place]
