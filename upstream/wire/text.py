"""Text that arrives in pieces and leaves as one update per read."""

import re
from typing import Final

from upstream.wire.capture import MIN_PREFIX, Secrets
from upstream.wire.jsontext import storable

_LATE_HALF: Final = re.compile("[\ud800-\udbff]\\Z")
_ODD: Final = re.compile("[\x00\ud800-\udfff]")


class Watch:
    """What the guards of one response see together: ``hits`` secrets masked, ``open`` texts held back."""

    __slots__ = ("hits", "open", "secrets")

    def __init__(self, secrets: Secrets) -> None:
        self.secrets = secrets
        self.hits = 0
        self.open = 0


class Guard:
    """Mask secrets in text that arrives in pieces, a secret cut in two included.

    Text that may be the beginning of a secret (MIN_PREFIX characters or more) is held back until it is clear.
    """

    __slots__ = ("_head", "_held", "_tail", "_watch")

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        heads = watch.secrets.heads
        self._head = heads[0] if len(heads) == 1 else None
        self._held = ""
        self._tail = ""

    def feed(self, text: str) -> str:
        """Return what may be shown now."""
        if not self._held:
            window = self._tail + text
            head = self._head
            if head not in window if head else not any(head in window for head in self._watch.secrets.heads):
                self._tail = window[1 - MIN_PREFIX :]
                return text
        return self._search(text)

    def _search(self, text: str) -> str:
        watch = self._watch
        watch.open -= self._held != ""
        window = self._tail + self._held + text
        out: list[str] = []
        shown = len(self._tail)
        clear = 0
        for start, end, replacement in watch.secrets.find(window):
            out.append(window[shown : max(start, shown)])
            out.append(replacement)
            shown = clear = end
            watch.hits += 1
        hold = max(watch.secrets.open_at(window, clear), clear)
        out.append(window[shown:hold])
        shown = max(shown, hold)
        self._tail = window[max(clear, min(hold, shown + 1 - MIN_PREFIX)) : shown]
        self._held = window[shown:]
        watch.open += self._held != ""
        return "".join(out)

    def close(self) -> str:
        """Return what was held back: it did not become a secret."""
        held, self._held, self._tail = self._held, "", ""
        self._watch.open -= held != ""
        return held


class Text:
    """Pieces of one text: ``fresh`` since the last ``take``, ``kept`` before (masked and storable).

    ``seen`` tells an empty text from none at all.
    """

    __slots__ = ("_guard", "_half", "fresh", "kept", "seen")

    def __init__(self, watch: Watch) -> None:
        self.fresh: list[str] = []
        self.kept: list[str] = []
        self.seen = False
        self._guard = Guard(watch) if watch.secrets else None
        self._half = ""

    def take(self, final: bool = False) -> str:
        """Return what may be shown of the fresh pieces, and keep it."""
        fresh = self.fresh
        text = fresh[0] if len(fresh) == 1 else "".join(fresh)
        fresh.clear()
        if self._half or not text.isascii() or "\x00" in text:
            text = self._mended(text, final)
        if self._guard is not None:
            text = self._guard.feed(text)
            if final:
                text += self._guard.close()
        if text:
            self.kept.append(text)
        return text

    def _mended(self, text: str, final: bool) -> str:
        """Return the text as a database can hold it; half a surrogate pair at its end waits for the other half."""
        text = self._half + text
        self._half = ""
        if not final and (half := _LATE_HALF.search(text)):
            self._half = half[0]
            text = text[:-1]
        return storable(text) if _ODD.search(text) else text

    def any(self) -> bool:
        """True once the provider sent this text, even an empty one."""
        return bool(self.kept or self.fresh or self.seen)

    def value(self) -> str:
        """Return the whole text so far, without what is held back."""
        if len(self.kept) > 1:
            self.kept = ["".join(self.kept)]
        return self.kept[0] if self.kept else ""

    def or_none(self) -> str | None:
        """Return the text, or None if the provider never sent one."""
        return self.value() or ("" if self.seen else None)
