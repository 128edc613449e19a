"""Text that arrives in pieces and leaves as one update per read."""

import re
from typing import Final

from upstream.wire.capture import MIN_PREFIX, Secrets
from upstream.wire.jsontext import storable

_LATE_HALF: Final = re.compile("[\ud800-\udbff]\\Z")
_ODD: Final = re.compile("[\x00\ud800-\udfff]")


class Guard:
    """Mask secrets in text that arrives in pieces, a secret cut in two included.

    Text that may be the beginning of a secret (MIN_PREFIX characters or more) is held back until it is clear.
    ``hits`` counts the secrets masked; ``open`` says that text is held back.
    """

    __slots__ = ("_held", "_secrets", "_tail", "hits")

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._held = ""
        self._tail = ""
        self.hits = 0

    @property
    def open(self) -> bool:
        return self._held != ""

    def feed(self, text: str) -> str:
        """Return what may be shown now."""
        window = self._tail + self._held + text
        if not self._held and not any(head in window for head in self._secrets.heads):
            self._tail = window[1 - MIN_PREFIX :]
            return text
        out: list[str] = []
        shown = len(self._tail)
        clear = 0
        for start, end, replacement in self._secrets.find(window):
            out.append(window[shown : max(start, shown)])
            out.append(replacement)
            shown = clear = end
            self.hits += 1
        hold = max(self._secrets.open_at(window, clear), clear)
        out.append(window[shown:hold])
        shown = max(shown, hold)
        self._tail = window[max(clear, min(hold, shown + 1 - MIN_PREFIX)) : shown]
        self._held = window[shown:]
        return "".join(out)

    def close(self) -> str:
        """Return what was held back: it did not become a secret."""
        held, self._held, self._tail = self._held, "", ""
        return held


class Text:
    """Pieces of one text: ``fresh`` since the last ``take``, ``kept`` before (masked and storable).

    ``seen`` tells an empty text from none at all.
    """

    __slots__ = ("_guard", "_half", "fresh", "kept", "seen")

    def __init__(self, secrets: Secrets) -> None:
        self.fresh: list[str] = []
        self.kept: list[str] = []
        self.seen = False
        self._guard = Guard(secrets) if secrets else None
        self._half = ""

    def take(self, *, final: bool = False) -> str:
        """Return what may be shown of the fresh pieces, and keep it."""
        text = self._half + "".join(self.fresh)
        self.fresh.clear()
        self._half = ""
        if not text.isascii() or "\x00" in text:
            if not final and (half := _LATE_HALF.search(text)):
                self._half = half[0]
                text = text[:-1]
            if _ODD.search(text):
                text = storable(text)
        if self._guard is not None:
            text = self._guard.feed(text)
            if final:
                text += self._guard.close()
        if text:
            self.kept.append(text)
        return text

    def any(self) -> bool:
        """True once the provider sent this text, even an empty one."""
        return bool(self.kept or self.fresh or self.seen)

    @property
    def open(self) -> bool:
        """True while text is held back because it may become a secret."""
        return self._guard is not None and self._guard.open

    @property
    def hits(self) -> int:
        return self._guard.hits if self._guard is not None else 0

    def value(self) -> str:
        """Return the whole text so far, without what is held back."""
        if len(self.kept) > 1:
            self.kept = ["".join(self.kept)]
        return self.kept[0] if self.kept else ""

    def or_none(self) -> str | None:
        """Return the text, or None if the provider never sent one."""
        return self.value() or ("" if self.seen else None)
