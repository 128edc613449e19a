"""JSON text laid out for reading: indented, one member to a line, every literal exactly as it is in the text.

The text is never parsed into values and written again: `0.70` stays `0.70`, a member given twice is shown twice, escapes
stay as they were sent.
"""

import re
from dataclasses import dataclass
from typing import Final

INDENT: Final = "  "
MAX_INLINE: Final = 64
"""Characters of an object or a list that may stay on one line, if nothing is nested in it."""
MAX_STRING: Final = 4_000
"""Characters of a string that are shown; longer ones (images as data URLs) are cut, with their length."""
MAX_ROWS: Final = 5_000

_TOKEN: Final = re.compile(
    r"""
    [ \t\r\n]*
    (?: (?P<string>"[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+")
      | (?P<number>-?[0-9][0-9.eE+-]*+)
      | (?P<word>true|false|null)
      | (?P<open>[\[{])
      | (?P<close>[\]}])
      | (?P<comma>,)
      | (?P<colon>:)
      | (?P<end>\Z)
    )
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of one colour. `kind`: key, string, number, word (true, false, null), mark (brackets and commas), cut."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `path` is the top-level member it belongs to ("" for the brackets around all)."""

    pieces: tuple[Piece, ...]
    path: str = ""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def json_rows(text: str) -> tuple[Row, ...] | None:
    """Return the lines of a JSON text, or None where it is not JSON (then show it as it is).

    At most MAX_ROWS lines; the last one then says that more follows.
    """
    tokens = _tokens(text)
    return None if tokens is None else tuple(_Layout(tokens, MAX_STRING, MAX_ROWS).rows())


def json_laid_out(text: str) -> str:
    """Return a JSON text on lines as `json_rows` would show it, uncut: only the space between its tokens differs."""
    tokens = _tokens(text)
    if tokens is None:
        raise ValueError("not JSON")
    rows = _Layout(tokens, len(text), len(text)).rows()
    return "\n".join("".join(piece.text for piece in row.pieces) for row in rows)


def _tokens(text: str) -> list[_Token] | None:
    tokens: list[_Token] = []
    closing: list[str] = []
    position = 0
    while True:
        match = _TOKEN.match(text, position)
        if match is None:
            return None
        kind = str(match.lastgroup)
        if kind == "end":
            return tokens if tokens and not closing else None
        token = _Token(kind, match.group(kind))
        if kind == "open":
            closing.append("]" if token.text == "[" else "}")
        elif kind == "close" and (not closing or closing.pop() != token.text):
            return None
        tokens.append(token)
        position = match.end()


class _Layout:
    def __init__(self, tokens: list[_Token], max_string: int, max_rows: int) -> None:
        self._tokens = tokens
        self._max_string = max_string
        self._max_rows = max_rows
        self._depth = 0
        self._line: list[Piece] = []
        self._line_depth = 0
        self._path = ""
        self._rows: list[Row] = []

    def rows(self) -> list[Row]:
        position = 0
        while position < len(self._tokens):
            if len(self._rows) >= self._max_rows:
                return [*self._rows, Row((Piece("cut", "…"),))]
            position = self._step(position)
        self._break()
        return self._rows

    def _step(self, position: int) -> int:
        """Lay out the token at `position`; return the position of the next one."""
        token = self._tokens[position]
        match token.kind:
            case "open":
                inline = self._inline(position)
                if inline is not None:
                    pieces, after = inline
                    self._put(*pieces)
                    return after
                self._put(Piece("mark", token.text))
                self._depth += 1
                self._break()
            case "close":
                self._break()
                self._depth -= 1
                self._put(Piece("mark", token.text))
            case "comma":
                self._put(Piece("mark", ","))
                self._break()
            case "colon":
                self._put(Piece("mark", ": "))
            case _:
                piece = self._piece(position)
                if piece.kind == "key" and self._depth == 1:
                    self._path = piece.text[1:-1]
                self._put(piece)
        return position + 1

    def _put(self, *pieces: Piece) -> None:
        if not self._line:
            self._line_depth = self._depth
        self._line += pieces

    def _break(self) -> None:
        if self._line:
            indent = Piece("mark", INDENT * self._line_depth)
            self._rows.append(Row((indent, *self._line), self._path if self._line_depth else ""))
            self._line = []

    def _piece(self, position: int) -> Piece:
        token = self._tokens[position]
        if token.kind != "string":
            return Piece(token.kind, token.text)
        kind = "key" if self._kind(position + 1) == "colon" else "string"
        if len(token.text) <= self._max_string:
            return Piece(kind, token.text)
        return Piece(kind, f'{token.text[: self._max_string]}… ({len(token.text) - 2:,})"')

    def _inline(self, start: int) -> tuple[list[Piece], int] | None:
        """Return a short container without nesting as the pieces of one line, and the position after it."""
        pieces: list[Piece] = []
        length = 0
        for position in range(start, len(self._tokens)):
            token = self._tokens[position]
            length += len(token.text) + 1
            if length > MAX_INLINE or (token.kind == "open" and position > start):
                return None
            pieces.append(self._inline_piece(position))
            if token.kind == "close":
                return pieces, position + 1
        return None

    def _inline_piece(self, position: int) -> Piece:
        token = self._tokens[position]
        match token.kind:
            case "open":
                roomy = token.text == "{" and self._kind(position + 1) != "close"
                return Piece("mark", "{ " if roomy else token.text)
            case "close":
                roomy = token.text == "}" and self._kind(position - 1) != "open"
                return Piece("mark", " }" if roomy else token.text)
            case "comma" | "colon":
                return Piece("mark", f"{token.text} ")
        return self._piece(position)

    def _kind(self, position: int) -> str:
        return self._tokens[position].kind if 0 <= position < len(self._tokens) else ""
