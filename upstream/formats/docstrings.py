"""What a docstring says about a function, and about each of its parameters: Google's, NumPy's and Sphinx' ways."""

import inspect
import re
from typing import Final

_HEADING: Final = re.compile(
    r"(args|arguments|parameters|params|attributes|other parameters)\s*:?\Z", re.IGNORECASE
)
_OTHER: Final = re.compile(
    r"(returns?|yields?|raises?|examples?|notes?|see also|references|warnings?|todo)\s*:?\Z", re.IGNORECASE
)
_ITEM: Final = re.compile(r"\*{0,2}(\w+)\s*(?:\([^()]*\))?\s*:\s*(.*)\Z")
_SPHINX: Final = re.compile(r":param\s+(?:[^:\s]+\s+)?\*{0,2}(\w+)\s*:\s*(.*)\Z")


def docstring_read(text: str) -> tuple[str, dict[str, str]]:
    """Return what a docstring says about the whole, and its words for each parameter that it describes."""
    reader = _Reader()
    for line in inspect.cleandoc(text).splitlines():
        reader.take(line)
    said = {name: " ".join(" ".join(parts).split()) for name, parts in reader.words.items()}
    return "\n".join(reader.summary).strip(), {name: words for name, words in said.items() if words}


class _Reader:
    """Reads line by line; `_part` is "summary", "items" (below a heading), "sphinx" or "other"."""

    def __init__(self) -> None:
        self.summary: list[str] = []
        self.words: dict[str, list[str]] = {}
        self._part = "summary"
        self._name = ""
        self._indent: int | None = None

    def take(self, line: str) -> None:
        stripped = line.strip()
        indent = len(line) - len(line.lstrip())
        if sphinx := _SPHINX.match(stripped):
            self._part, self._name = "sphinx", sphinx[1]
            self.words[self._name] = [sphinx[2]]
        elif indent == 0 and _HEADING.match(stripped):
            self._part, self._name, self._indent = "items", "", None
        elif indent == 0 and (_OTHER.match(stripped) or stripped.startswith(":")):
            self._part = "other"
        elif self._part == "summary":
            self.summary.append(line)
        elif stripped and not set(stripped) <= set("-="):
            self._below(stripped, indent)

    def _below(self, stripped: str, indent: int) -> None:
        """Take a line of a list of parameters: a new one, or more words about the last."""
        if self._indent is None:
            self._indent = indent
        is_item = self._part == "items" and indent <= self._indent
        if is_item and (item := _ITEM.match(stripped)):
            self._name = item[1]
            # NumPy's way stands at the margin and has the type behind the colon.
            self.words[self._name] = [item[2]] if indent else []
        elif is_item and re.fullmatch(r"\w+", stripped):
            self._name = stripped
            self.words[stripped] = []
        elif self._name and self._part in ("items", "sphinx"):
            self.words[self._name].append(stripped)
