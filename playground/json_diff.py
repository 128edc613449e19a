"""What differs between two JSON values: by member, by item, and within long texts by word. Pure and bounded.

Members are compared by name whatever their order, items of lists are aligned, so that one message more is one addition.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Final

from playground.json_rows import json_rows
from playground.json_values import Members, Value, children, is_container, source, string

MAX_ROWS: Final = 1_500
MAX_ITEMS: Final = 1_000
"""Items of a list that are aligned; those of longer lists are compared by position."""
MAX_WORDS: Final = 1_200
"""Words of a text that are aligned, what both begin and end with set apart; longer ones are shown one after the other."""
AROUND: Final = 60
"""Characters of unchanged text kept on each side of a change."""
LONGEST: Final = 1_000
"""Characters of a change shown on each of its ends, where it is longer than three times that."""
MAX_DEPTH: Final = 60

_WORDS: Final = re.compile(r"\s+|[^\W\u3000-\u9fff\uac00-\ud7af]+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a line. `mark`: same, added or removed."""

    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One line. `mark`: same (the brackets around a change), added, removed, changed (see its pieces), or skipped.

    A skipped line stands for `skipped` members or items that are equal.
    """

    mark: str
    depth: int
    pieces: tuple[Piece, ...] = ()
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Diff:
    """How one value became another. `cut`: there was more than is shown."""

    rows: tuple[DiffRow, ...]
    cut: bool = False

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not self.rows

    @property
    def counts(self) -> Counter[str]:
        """How many lines of each mark."""
        return Counter(row.mark for row in self.rows)


class _Full(Exception):
    """There are as many rows as are shown."""


def diff(old: Value, new: Value) -> Diff:
    """Return what makes `new` of `old`."""
    work = _Diffing()
    try:
        if source(old) != source(new):
            work.value("", old, new)
    except _Full:
        return Diff(tuple(work.rows), cut=True)
    return Diff(tuple(work.rows))


class _Diffing:
    def __init__(self) -> None:
        self.rows: list[DiffRow] = []
        self._depth = 0

    def value(self, label: str, old: Value, new: Value) -> None:
        """Compare two different values under one key or position."""
        if is_container(old) and type(old) is type(new) and self._depth < MAX_DEPTH:
            opening, closing = ("{", "}") if isinstance(new, Members) else ("[", "]")
            self._put("same", [Piece("same", label + opening)])
            self._depth += 1
            if isinstance(new, Members):
                self._members(old, new)
            else:
                self._items(old, new)
            self._depth -= 1
            self._put("same", [Piece("same", closing)])
        elif type(old) is str and type(new) is str:
            pieces = text_pieces(old, new)
            self._put("changed", [Piece("same", f'{label}"'), *pieces, Piece("same", '"')])
        else:
            self._whole("removed", label, old)
            self._whole("added", label, new)

    def _put(self, mark: str, pieces: Sequence[Piece]) -> None:
        if len(self.rows) >= MAX_ROWS:
            raise _Full
        self.rows.append(DiffRow(mark, self._depth, tuple(pieces)))

    def _skip(self, count: int) -> None:
        if not count:
            return
        last = self.rows[-1] if self.rows else None
        if last and last.mark == "skipped" and last.depth == self._depth:
            count += self.rows.pop().skipped
        self.rows.append(DiffRow("skipped", self._depth, skipped=count))

    def _whole(self, mark: str, label: str, value: Value) -> None:
        """Show a value that is only on one side, on as many lines as it takes."""
        rows = json_rows(source(value)) or ()
        for number, row in enumerate(rows):
            text = "".join(piece.text for piece in row.pieces)
            self._put(mark, [Piece(mark, text if number else label + text.lstrip())])

    def _members(self, old: Members, new: Members) -> None:
        before, after = dict(_named(old)), dict(_named(new))
        gone = [name for name in before if name not in after]
        for name, value in after.items():
            label = f"{string(name[0])}: "
            if name not in before:
                self._whole("added", label, value)
            elif source(before[name]) == source(value):
                self._skip(1)
            else:
                self.value(label, before[name], value)
        for name in gone:
            self._whole("removed", f"{string(name[0])}: ", before[name])

    def _items(self, old: list[Value], new: list[Value]) -> None:
        for kind, first, last, begin, end in _aligned([*map(source, old)], [*map(source, new)]):
            if kind == "equal":
                self._skip(last - first)
                continue
            missing = object()
            pairs = zip_longest(old[first:last], new[begin:end], fillvalue=missing)
            for before, after in pairs:
                if after is missing:
                    self._whole("removed", "", before)
                elif before is missing:
                    self._whole("added", "", after)
                elif source(before) == source(after):
                    self._skip(1)
                else:
                    self.value("", before, after)


def _named(value: Members) -> Iterator[tuple[tuple[str, int], Value]]:
    """Yield members under their name and how often it came before: a member given twice is two."""
    seen: Counter[str] = Counter()
    for key, item in children(value):
        yield (str(key), seen[str(key)]), item
        seen[str(key)] += 1


def _aligned(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    if max(len(old), len(new)) > MAX_ITEMS:
        return [("replace", 0, len(old), 0, len(new))]
    return list(SequenceMatcher(None, old, new, autojunk=False).get_opcodes())


def text_pieces(old: str, new: str) -> list[Piece]:
    """Return a changed text as pieces: those marked same and removed are the old one, same and added the new one.

    Long unchanged stretches are shortened to their ends.
    """
    pieces: list[Piece] = []
    for mark, text in _text_runs(old, new):
        pieces.append(Piece(mark, _shortened(text, AROUND if mark == "same" else LONGEST)))
    return pieces


def _text_runs(old: str, new: str) -> Iterator[tuple[str, str]]:
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    if head:
        yield "same", "".join(before[:head])
    yield from _middle(before[head : len(before) - tail], after[head : len(after) - tail])
    if tail:
        yield "same", "".join(before[len(before) - tail :])


def _middle(before: list[str], after: list[str]) -> Iterator[tuple[str, str]]:
    if max(len(before), len(after)) > MAX_WORDS:
        opcodes = [("replace", 0, len(before), 0, len(after))]
    else:
        opcodes = list(SequenceMatcher(None, before, after, autojunk=False).get_opcodes())
    for kind, first, last, begin, end in opcodes:
        if kind == "equal":
            yield "same", "".join(before[first:last])
            continue
        if last > first:
            yield "removed", "".join(before[first:last])
        if end > begin:
            yield "added", "".join(after[begin:end])


def _shortened(text: str, around: int) -> str:
    return text if len(text) <= 3 * around else f"{text[:around]} … {text[-around:]}"
