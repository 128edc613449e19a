"""``<think>…</think>`` at the start of an answer's content, shown as reasoning.

For display only: the assembled content keeps the text as sent. Only a tag at the very start counts (after white
space), so an answer that talks about the tag stays whole.
"""

from typing import Final

OPEN: Final = "<think>"
CLOSE: Final = "</think>"


class ThinkSplitter:
    """Split content as it arrives: text in, ``(reasoning, content)`` out.

    Holds back what may still become a tag: at most 7 characters and the white space before it.
    """

    __slots__ = ("_held", "_state")

    def __init__(self) -> None:
        self._held = ""
        self._state = "before"

    @property
    def done(self) -> bool:
        """True once all further text is content."""
        return self._state == "after"

    def feed(self, text: str) -> tuple[str, str]:
        """Return what this text adds to the reasoning and to the content."""
        if self._state == "after":
            return "", text
        text = self._held + text
        self._held = ""
        if self._state == "before":
            start = text.lstrip()
            if not start.startswith(OPEN):
                if OPEN.startswith(start):
                    self._held = text
                    return "", ""
                self._state = "after"
                return "", text
            self._state = "inside"
            text = start[len(OPEN) :]
        reasoning, tag, content = text.partition(CLOSE)
        if tag:
            self._state = "after"
            return reasoning, content
        keep = _open_tail(reasoning)
        self._held = reasoning[len(reasoning) - keep :]
        return reasoning[: len(reasoning) - keep], ""

    def close(self) -> tuple[str, str]:
        """Return what was held back; no more text will come."""
        held, self._held = self._held, ""
        state, self._state = self._state, "after"
        return (held, "") if state == "inside" else ("", held)


def _open_tail(text: str) -> int:
    """Return how many characters at the end may be the beginning of the closing tag."""
    for length in range(min(len(CLOSE) - 1, len(text)), 0, -1):
        if text.endswith(CLOSE[:length]):
            return length
    return 0


def split(content: str) -> tuple[str, str]:
    """Return ``(reasoning, content)`` of a whole answer, as it is displayed."""
    splitter = ThinkSplitter()
    reasoning, rest = splitter.feed(content)
    held_reasoning, held_rest = splitter.close()
    return reasoning + held_reasoning, rest + held_rest
