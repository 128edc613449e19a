"""A JSON value as a tree that opens part by part: what is shown at once is bounded, the rest is fetched when opened."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from playground.body_images import MIN_FOLDED, BodyImage, images_of
from playground.json_values import (
    MAX_LEVELS,
    Literal,
    Members,
    Value,
    at_path,
    children,
    is_container,
    source,
    string,
)

OPEN_NODES: Final = 160
"""Nodes that are open to begin with, those nearest to the top first."""
OPEN_LEVELS: Final = 30
"""Levels that are open to begin with: the page is written by functions that call each other for each level."""
PAGE: Final = 100
"""Members or items of one node shown at once."""
MAX_STRING: Final = 1_200
"""Characters of a string shown at once."""


@dataclass(slots=True)
class Node:
    """One line of the tree, and what lies below it.

    `label` is the key as JSON, or "" in a list; `at` are the positions that lead here, joined by dots ("" is the top).
    `kind`: object, list, string, number, word. A leaf's `text` is its JSON; of a cut string its beginning, and `left` counts
    the characters that are not shown. A closed node is `lazy`: its children are fetched. `more` counts further children.
    """

    label: str
    at: str
    kind: str
    text: str = ""
    left: int = 0
    count: int = 0
    last: bool = True
    lazy: bool = False
    more: int = 0
    children: list["Node"] = field(default_factory=list)
    image: BodyImage | None = None


class JsonTree:
    """The tree of one text, whose images have the numbers that `body_images` gives them."""

    def __init__(self, text: str, value: Value) -> None:
        self._value = value
        self._images = dict(_images_at(value, images_of(text)))

    def root(self) -> Node:
        """Return the whole, open as far as OPEN_NODES reach, level by level."""
        root = self._node("", "", self._value)
        waiting: deque[tuple[Node, Value]] = deque([(root, self._value)])
        room = OPEN_NODES
        while waiting:
            node, value = waiting.popleft()
            if node.kind not in ("object", "list"):
                continue
            full = node is not root and min(node.count, PAGE) > room
            if full or _is_bulky(node, value) or _level(node.at) >= OPEN_LEVELS:
                node.lazy = True
                continue
            room -= min(node.count, PAGE)
            waiting += self._fill(node, value, 0)
        return root

    def part(self, at: str, first: int = 0) -> Node:
        """Return one node with its children from position `first`, all closed. Raises LookupError."""
        value = at_path(self._value, path_read(at))
        node = self._node("", at, value)
        for child, _held in self._fill(node, value, first):
            child.lazy = child.kind in ("object", "list")
        return node

    def whole(self, at: str) -> str:
        """Return one value as JSON text. Raises LookupError."""
        return source(at_path(self._value, path_read(at)))

    def _fill(self, node: Node, value: Value, first: int) -> list[tuple[Node, Value]]:
        held = list(children(value))
        shown = held[first : first + PAGE]
        base = f"{node.at}." if node.at else ""
        pairs = []
        for position, (key, item) in enumerate(shown, start=first):
            label = string(key) if isinstance(key, str) else ""
            child = self._node(label, f"{base}{position}", item)
            child.last = position == len(held) - 1
            pairs.append((child, item))
        node.children = [child for child, _item in pairs]
        node.more = max(0, len(held) - first - len(shown))
        return pairs

    def _node(self, label: str, at: str, value: Value) -> Node:
        if is_container(value):
            return Node(label, at, "object" if isinstance(value, Members) else "list", count=len(value))
        if isinstance(value, Literal):
            return Node(label, at, "word" if value in ("true", "false", "null") else "number", str(value))
        if (image := self._images.get(at)) is not None:
            head = value.partition("base64,")[0]
            return Node(label, at, "string", string(f"{head}base64,…"), image=image)
        if len(value) > MAX_STRING:
            return Node(label, at, "string", string(value[:MAX_STRING])[:-1], left=len(value) - MAX_STRING)
        return Node(label, at, "string", string(value))


def _images_at(value: Value, images: Iterator[BodyImage]) -> Iterator[tuple[str, BodyImage]]:
    """Yield where each string lies that is an image: images stand in the text in the order of the strings."""
    waiting: list[tuple[str, Value]] = [("", value)]
    left = deque(images)
    while left and waiting:
        at, held = waiting.pop()
        if is_container(held):
            base = f"{at}." if at else ""
            items = [(f"{base}{position}", item) for position, (_key, item) in enumerate(children(held))]
            waiting += reversed(items)
        elif "base64," in held:
            for _found in images_of(held):
                image = left.popleft() if left else None
                if image and held.startswith("data:image") and len(held) >= MIN_FOLDED:
                    yield at, image


def _is_bulky(node: Node, value: Value) -> bool:
    """Whether a node is a long list of numbers or lists, such as logprobs: nobody reads those line by line."""
    return node.kind == "list" and node.count > 20 and not isinstance(value[0], str)


def _level(at: str) -> int:
    return at.count(".") + 1 if at else 0


def path_read(at: str) -> tuple[int, ...]:
    """Return the positions in "0.2.1". Raises LookupError."""
    parts = at.split(".") if at else []
    if len(parts) > MAX_LEVELS or not all(
        part.isascii() and part.isdecimal() and len(part) < 9 for part in parts
    ):
        raise LookupError(at)
    return tuple(map(int, parts))
