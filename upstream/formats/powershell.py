"""A command as PowerShell splits it into words. Nothing is run; variables stay as they are written."""

import re
from collections.abc import Iterator
from typing import Final

from upstream.formats.errors import FormatError

_ESCAPES: Final = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "e": "\x1b",
}
_HERE: Final = re.compile(r"@(['\"])\n(.*?)\n\1@", re.DOTALL)
_PLAIN: Final = re.compile(r"[^\s'\"`@;|&<>#\u2018-\u201e]+")
_ESCAPED_QUOTE: Final = re.compile(r'(\\+)"')
_BARE_QUOTE: Final = re.compile(r'(?<!\\)"')
_SINGLE: Final = "'\u2018\u2019\u201a\u201b"
_DOUBLE: Final = '"\u201c\u201d\u201e'
"""What PowerShell takes for quotes: typographic ones, too."""


def powershell_words(text: str) -> Iterator[str]:
    """Yield the words of the first command, as a native program gets them.

    A backtick takes the meaning from what follows it, a doubled quote within quotes is one. Windows PowerShell leaves
    quotes to the program's runtime, so people write `\\"` for one (`_handed_on`).
    """
    text = text.removeprefix("& ")
    at, end = 0, len(text)
    word: list[str] = []
    begun = False
    while at < end:
        c = text[at]
        here = _HERE.match(text, at)
        if here:
            word.append(here[2] if here[1] == "'" else _unescaped(here[2]))
            at, begun = here.end(), True
        elif c in _SINGLE or c in _DOUBLE:
            piece, at = _quoted(text, at + 1, c in _DOUBLE)
            word.append(piece)
            begun = True
        elif c == "`":
            following = text[at + 1 : at + 2]
            if following != "\n":
                word.append(_ESCAPES.get(following, following))
                begun = True
            at += 2
        elif c in " \t\r" or c in "\n;|&<>" or (c == "#" and not begun):
            if begun:
                yield "".join(word)
            word, begun = [], False
            if c not in " \t\r":
                return
            at += 1
        else:
            plain = _PLAIN.match(text, at)
            word.append(plain[0] if plain else c)
            at, begun = plain.end() if plain else at + 1, True
    if begun:
        yield "".join(word)


def _quoted(text: str, at: int, is_double: bool) -> tuple[str, int]:
    """Return what quotes hold, and the place behind them."""
    quotes = _DOUBLE if is_double else _SINGLE
    pieces: list[str] = []
    while at < len(text):
        c, following = text[at], text[at + 1 : at + 2]
        if c in quotes:
            if not following or following not in quotes:
                return _handed_on("".join(pieces)), at + 1
            pieces.append(c)
            at += 2
        elif c == "`" and is_double:
            pieces.append("" if following == "\n" else _ESCAPES.get(following, following))
            at += 2
        else:
            pieces.append(c)
            at += 1
    raise FormatError("curl", quotes[0])


def _handed_on(text: str) -> str:
    """Return what a program gets: where every quote stands behind a backslash, Windows' runtime takes those away.

    A quote without one says that the text was written for PowerShell 7, which hands it on as it is.
    """
    if not _ESCAPED_QUOTE.search(text) or _BARE_QUOTE.search(text):
        return text
    return _ESCAPED_QUOTE.sub(lambda found: "\\" * (len(found[1]) // 2) + '"', text)


def _unescaped(text: str) -> str:
    """Return a here-string between double quotes as PowerShell reads it."""
    return re.sub(r"`(.)", lambda found: _ESCAPES.get(found[1], found[1]), text, flags=re.DOTALL)
