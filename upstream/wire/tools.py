"""Tool calls, merged from their fragments.

An index is a key, never an offset. Without an index, an entry with a new id is a new call, an entry with a name is
a new call unless it repeats the name of one whose arguments are unfinished, and anything else continues the last.
"""

import hashlib
from typing import Any, Final

from upstream.wire.budget import Budget
from upstream.wire.events import ToolCallAdded
from upstream.wire.jsontext import clean, is_complete
from upstream.wire.parts import string_of
from upstream.wire.text import Text, Watch

_EXTRA: Final = ("extra_content",)
"""Fields beside the function that must go back with the next request (Gemini's thought signature)."""


class ToolCall:
    """One call being assembled; ``position`` counts from 0 within its choice, a legacy function call too."""

    __slots__ = ("_announced", "arguments", "extra", "id", "name", "position", "type")

    def __init__(self, position: int, watch: Watch) -> None:
        self.position = position
        self.id = ""
        self.name = ""
        self.type = ""
        self.arguments = Text(watch)
        self.extra: dict[str, Any] = {}
        self._announced = ("", "")

    def take(self, choice: int, *, final: bool = False) -> ToolCallAdded | None:
        """Return what the call gained since the last time, or None."""
        text = self.arguments.take(final)
        known = (self.id, self.name)
        if not text and known == self._announced:
            return None
        id, name = (new if new != old else "" for new, old in zip(known, self._announced, strict=True))
        self._announced = known
        return ToolCallAdded(choice, self.position, id, name, text)

    def finished(self) -> bool:
        """Say whether the arguments so far are one whole JSON object; costs nothing while they plainly are not."""
        last = self.arguments.fresh[-1] if self.arguments.fresh else self.arguments.value()
        if not last.rstrip().endswith(("}", "]")):
            return False
        return is_complete(self.arguments.value() + "".join(self.arguments.fresh))

    def document(self) -> dict[str, Any]:
        """Return the call in the shape of a plain response."""
        kind = self.type or "function"
        arguments = self.arguments.value()
        if kind == "custom":
            return {
                "id": self.id,
                "type": kind,
                "custom": {"name": self.name, "input": arguments},
                **self.extra,
            }
        function = {"name": self.name, "arguments": arguments}
        return {"id": self.id, "type": kind, "function": function, **self.extra}


class ToolCalls:
    """The calls of one choice in the order in which they appeared."""

    __slots__ = ("_budget", "_by_index", "_last", "_watch", "calls", "function_call")

    def __init__(self, watch: Watch, budget: Budget) -> None:
        self._watch = watch
        self._budget = budget
        self.calls: list[ToolCall] = []
        self.function_call: ToolCall | None = None
        self._by_index: dict[int | str, ToolCall] = {}
        self._last: ToolCall | None = None

    def add(self, value: Any) -> None:
        """Merge a ``tool_calls`` value; one entry outside a list is a list of one."""
        entries = value if isinstance(value, list) else [value]
        earlier: ToolCall | None = None
        for entry in entries:
            if isinstance(entry, dict):
                earlier = self._find(entry, earlier)
                self._merge(earlier, entry)

    def add_function_call(self, value: Any) -> None:
        """Merge a legacy ``function_call``."""
        if isinstance(value, dict):
            if self.function_call is None:
                self.function_call = ToolCall(len(self.every()), self._watch)
            self._merge(self.function_call, {"function": value})

    def every(self) -> list[ToolCall]:
        """Return all calls, the legacy one last."""
        return [*self.calls, self.function_call] if self.function_call else self.calls

    def take(self, choice: int, *, final: bool) -> list[ToolCallAdded]:
        """Return what the calls gained since the last time."""
        gained = (call.take(choice, final=final) for call in self.every())
        return [update for update in gained if update is not None]

    def name_all(self, seed: str) -> None:
        """Give every call without an id one, made from what the response holds: the same bytes, the same id."""
        for call in self.calls:
            if not call.id:
                digest = hashlib.sha256(f"{seed}\n{call.position}\n{call.name}".encode("utf-8", "replace"))
                call.id = f"call_{digest.hexdigest()[:24]}"

    def _new(self) -> ToolCall:
        self._budget.spend()
        call = ToolCall(len(self.every()), self._watch)
        self.calls.append(call)
        return call

    def _find(self, entry: dict[str, Any], earlier: ToolCall | None) -> ToolCall:
        index = key_of(entry.get("index"))
        id = string_of(entry.get("id"))
        name = _name(entry)
        call = self._by_index.get(index) if index is not None else self._without_index(id, name, earlier)
        if call is None or (index is not None and _is_another(call, entry, same_delta=call is earlier)):
            call = self._new()
            if index is not None:
                self._by_index[index] = call
        self._last = call
        return call

    def _without_index(self, id: str, name: str, earlier: ToolCall | None) -> ToolCall | None:
        if id:
            return next((call for call in self.calls if call.id == id), None)
        last = self._last
        if last is None or not name:
            return last
        return None if last is earlier or last.name != name or last.finished() else last

    def _merge(self, call: ToolCall, entry: dict[str, Any]) -> None:
        call.id = call.id or clean(string_of(entry.get("id")))
        kind = entry.get("type")
        if isinstance(kind, str):
            call.type = call.type or clean(kind)
        function = _function(entry)
        call.name = call.name or clean(string_of(function.get("name")))
        arguments = function.get("arguments", function.get("input"))
        if arguments is not None and arguments != "":
            call.arguments.fresh.append(string_of(arguments))
        for key in _EXTRA:
            if entry.get(key):
                call.extra[key] = clean(entry[key])


def _function(entry: dict[str, Any]) -> dict[str, Any]:
    """Return where the name and the arguments stand: below ``function``, beside it, or in the entry itself."""
    for key in ("function", "custom"):
        found = entry.get(key)
        if isinstance(found, dict):
            return found
        if isinstance(found, str):
            return {**entry, "name": found}
    return entry


def _name(entry: dict[str, Any]) -> str:
    return string_of(_function(entry).get("name"))


def key_of(value: Any) -> int | str | None:
    """Return an index as a key: 1, "1" and 1.0 are the same."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or value == "":
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else str(value)
    if isinstance(value, str) and value.lstrip("-").isdecimal() and len(value) < 20 and value.isascii():
        try:
            return int(value)
        except ValueError:
            return value
    return value


def _is_another(call: ToolCall, entry: dict[str, Any], *, same_delta: bool) -> bool:
    """True where a provider gives two calls the same index: a second name in one delta, or a name with another id
    or with arguments of its own after the first call's arguments are complete."""
    name = _name(entry)
    if not name or not call.name:
        return False
    if same_delta:
        return True
    id = string_of(entry.get("id"))
    if id == call.id and id:
        return False
    if not id and not string_of(_function(entry).get("arguments")).lstrip().startswith("{"):
        return False
    return call.finished()
