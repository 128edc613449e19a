"""The raw record of a response, masked before anybody may keep it.

A secret that lies whole in one event is masked in its bytes. A secret that a model says token by token lies in
pieces in several events: the reader notices in the assembled text, and ``scrub_events`` takes the pieces out of
the raw events, which are held until the text is clear.
"""

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from upstream.wire.capture import Secrets
from upstream.wire.framing import normalize
from upstream.wire.jsontext import loads

_TELLING: Final = ("bytes", "top_logprobs")
"""Fields beside a masked token that would spell it again."""


class RawTrace:
    """Raw bytes on their way to the record: ``add`` whole events, ``settle`` after each read, ``take`` what is clear."""

    __slots__ = ("_clear", "_held", "_secrets", "masked", "separator")

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._held: list[bytes] = []
        self._clear: list[bytes] = []
        self.masked = False
        self.separator = "\n\n"

    def add(self, data: bytes) -> bytes:
        """Take whole events; return them masked by value."""
        if not self._secrets:
            self._clear.append(data)
            return data
        masked = self._secrets.bytes(data)
        self.masked = self.masked or masked is not data
        self._held.append(masked)
        return masked

    def settle(self, *, hit: bool, open: bool) -> None:
        """Say what the text in these events was: ``hit`` a secret in pieces, ``open`` perhaps the start of one."""
        if hit:
            self.masked = True
            self._held = [scrub_events(b"".join(self._held), self._secrets, self.separator)]
        if not open and self._held:
            self._clear += self._held
            self._held.clear()

    def take(self) -> bytes:
        """Return what is clear since the last time."""
        data = self._clear[0] if len(self._clear) == 1 else b"".join(self._clear)
        self._clear = []
        return data


class _Leaf(NamedTuple):
    """A string inside an event: where it hangs, and what it says."""

    event: int
    parent: Any
    key: Any
    text: str


def scrub_events(raw: bytes, secrets: Secrets, separator: str = "\n\n") -> bytes:
    """Return the events with every secret masked that lies in pieces in strings at the same place.

    Events that held a piece are written anew; all others keep their bytes. Two characters of the beginning may
    have left earlier.
    """
    blocks = normalize(raw.decode("utf-8", "replace")).split(separator)
    documents = [_document(block) for block in blocks]
    places: dict[tuple[Any, ...], list[_Leaf]] = {}
    for number, document in enumerate(documents):
        for place, leaf in _leaves(document, (), number):
            places.setdefault(place, []).append(leaf)
    changed: set[int] = set()
    for leaves in places.values():
        changed |= _mask_leaves(leaves, secrets)
    for number in changed:
        blocks[number] = _rewritten(blocks[number], documents[number])
    return separator.join(blocks).encode("utf-8", "replace") if changed else raw


def scrub_logprobs(logprobs: Any, secrets: Secrets) -> None:
    """Mask in place the secrets that the tokens of logprobs lists spell together."""
    for entries in logprobs.values() if isinstance(logprobs, dict) else ():
        tokens = (
            [e for e in entries if isinstance(e, dict) and isinstance(e.get("token"), str)] if entries else []
        )
        _mask_leaves([_Leaf(0, entry, "token", entry["token"]) for entry in tokens], secrets)


def _document(block: str) -> Any:
    data = "\n".join(line[5:].strip() for line in block.split("\n") if line.startswith("data:"))
    try:
        return loads(data or block)
    except ValueError:
        return None


def _rewritten(block: str, document: Any) -> str:
    """Return the block with its data replaced; its other lines stay."""
    text = json.dumps(document, ensure_ascii=False)
    lines = [line for line in block.split("\n") if not line.startswith("data:")]
    return "\n".join([*lines, "data: " + text]) if "data:" in block else text


def _leaves(value: Any, place: tuple[Any, ...], event: int) -> Iterator[tuple[tuple[Any, ...], _Leaf]]:
    """Yield the strings below a value. List items are told apart by their own "index" only."""
    if len(place) > 24:
        return
    if isinstance(value, dict):
        items: Any = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        return
    for key, item in items:
        step = key
        if isinstance(value, list):
            step = item.get("index") if isinstance(item, dict) else None
            step = step if isinstance(step, int) else "*"
        if isinstance(item, str):
            yield (*place, step), _Leaf(event, value, key, item)
        elif isinstance(item, dict | list):
            yield from _leaves(item, (*place, step), event)


def _mask_leaves(leaves: list[_Leaf], secrets: Secrets) -> set[int]:
    """Mask in place the secrets in these strings read one after the other; return the events that held one."""
    joined = "".join(leaf.text for leaf in leaves)
    spans = secrets.find_late(joined)
    changed: set[int] = set()
    position = 0
    for leaf in leaves:
        start, end = position, position + len(leaf.text)
        position = end
        pieces: list[str] = []
        at = start
        for first, last, mask in spans:
            if first < end and last > start:
                pieces.append(joined[at : max(first, start)])
                pieces.append(mask if first >= start else "")
                at = max(at, min(last, end))
        if not pieces:
            continue
        leaf.parent[leaf.key] = "".join(pieces) + joined[at:end]
        changed.add(leaf.event)
        if isinstance(leaf.parent, dict):
            for key in _TELLING:
                if key in leaf.parent:
                    leaf.parent[key] = None
    return changed
