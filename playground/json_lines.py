"""JSON source text laid out in lines for reading: every value keeps the text it is sent with.

Numbers and strings are never parsed and written again, so what is shown is what goes over the wire.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

INLINE_MAX: Final = 44  # characters of a container without containers that still goes on one line
TEXT_MAX: Final = 160  # characters shown of one string; the panel is narrow and messages are long
INDENT: Final = "  "

_TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_KINDS: Final = {"true": "k", "false": "k", "null": "k"}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a line.

    `kind` is "" for punctuation and names, "s" string, "n" number, "k" keyword, "c" a remark, "bad" no JSON,
    "fold" the words that stand for folded lines, "close" what follows them while they are folded.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `level` is "", "warn" or "bad"; a `folded` line is shown only when its fold is opened."""

    tokens: tuple[Token, ...]
    level: str = ""
    folded: bool = False

    @property
    def text(self) -> str:
        return "".join(token.text for token in self.tokens)


@dataclass(frozen=True, slots=True)
class Node:
    """A value: a scalar with its source text, or a container with `opening` and its members; names are sources too."""

    text: str = ""
    opening: str = ""
    members: tuple[tuple[str, "Node"], ...] = ()

    @property
    def closing(self) -> str:
        return {"{": "}", "[": "]"}[self.opening]


def tree(text: str) -> Node:
    """Return the tree of a text that is known to be one JSON value."""
    stack: list[tuple[str, str, list[tuple[str, Node]]]] = [("", "", [])]
    name = ""
    pieces = [match[0] for match in _TOKEN.finditer(text)]
    for piece, following in zip(pieces, [*pieces[1:], ""], strict=True):
        if piece in ("{", "["):
            stack.append((name, piece, []))
            name = ""
        elif piece in ("}", "]"):
            outer, opening, members = stack.pop()
            stack[-1][2].append((outer, Node(opening=opening, members=tuple(members))))
        elif following == ":":
            name = piece
        elif piece not in (",", ":"):
            stack[-1][2].append((name, Node(text=piece)))
            name = ""
    return stack[0][2][0][1]


def _unmarked(_path: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: its indent, its dotted path, what follows it, and how lines are marked by path."""

    indent: str = ""
    path: str = ""
    after: str = ""
    level_of: Callable[[str], str] = _unmarked

    def inner(self, name: str, *, last: bool) -> "Place":
        return replace(
            self, indent=self.indent + INDENT, path=_path(self.path, name), after="" if last else ","
        )


def layout(node: Node, place: Place | None = None, name: str = "") -> list[Line]:
    """Return the lines of a value, or of a member with this name (as JSON source)."""
    return list(_lines(node, place or Place(), name))


def _lines(node: Node, place: Place, name: str = "") -> Iterator[Line]:
    start = [Token("", place.indent + (f"{name}: " if name else ""))]
    if not node.opening:
        yield Line((*start, scalar(node.text), Token("", place.after)), place.level_of(place.path))
    elif (inline := _inline(node)) is not None:
        levels = [
            place.level_of(place.path),
            *(place.level_of(_path(place.path, each)) for each, _ in node.members),
        ]
        yield Line((*start, *inline, Token("", place.after)), max(levels, key=len))
    else:
        yield Line((*start, Token("", node.opening)), place.level_of(place.path))
        for number, (inner, member) in enumerate(node.members, start=1):
            yield from _lines(member, place.inner(inner, last=number == len(node.members)), inner)
        yield Line((Token("", f"{place.indent}{node.closing}{place.after}"),))


def _path(path: str, name: str) -> str:
    """Return the dotted path of a member; the name is JSON source, and "" for an item, since arrays are transparent."""
    return f"{path}.{name[1:-1]}".strip(".") if name else path


def _inline(node: Node) -> list[Token] | None:
    """Return a small flat container as the tokens of one line, or None."""
    if any(member.opening and member.members for _, member in node.members):
        return None
    if sum(len(name) + len(member.text) + 4 for name, member in node.members) > INLINE_MAX:
        return None
    space = " " if node.members and node.opening == "{" else ""
    tokens = [Token("", node.opening + space)]
    for number, (name, member) in enumerate(node.members):
        tokens.append(Token("", (", " if number else "") + (f"{name}: " if name else "")))
        tokens.append(scalar(member.text) if member.text else Token("", member.opening + member.closing))
    return [*tokens, Token("", space + node.closing)]


def scalar(text: str) -> Token:
    """Return a scalar's source text as a token, a long string shortened."""
    if not text.startswith('"'):
        return Token(_KINDS.get(text, "n"), text)
    if len(text) > TEXT_MAX:
        text = f'{text[: TEXT_MAX - 2]}…"'
    return Token("s", text)
