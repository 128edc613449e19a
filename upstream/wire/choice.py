"""One choice of a response, merged field by field from its deltas."""

import base64
import binascii
from collections.abc import Callable
from typing import Any, Final

from upstream.wire.budget import Budget
from upstream.wire.details import Details
from upstream.wire.events import TextAdded, Update
from upstream.wire.jsontext import clean
from upstream.wire.parts import read_content, string_of, text_of
from upstream.wire.text import Text, Watch
from upstream.wire.think import ThinkSplitter
from upstream.wire.tools import ToolCalls

_NUMBERS: Final = (int, float)


class Choice:
    """Fields of one choice so far. ``has_message`` says that a chunk held a message instead of a delta;
    ``spare`` is the last message that stood beside one."""

    __slots__ = (
        "annotations",
        "audio",
        "audio_data",
        "content",
        "filter",
        "finish_reason",
        "has_deltas",
        "has_message",
        "has_more",
        "images",
        "index",
        "logprobs",
        "reasoning",
        "reasoning_details",
        "refusal",
        "role",
        "spare",
        "think",
        "tools",
        "touched",
        "transcript",
    )

    def __init__(self, index: int, watch: Watch, budget: Budget) -> None:
        self.index = index
        self.role = ""
        self.content = Text(watch)
        self.reasoning = Text(watch)
        self.refusal = Text(watch)
        self.tools = ToolCalls(watch, budget)
        self.think = ThinkSplitter()
        self.finish_reason = ""
        self.logprobs: dict[str, Any] | None = None
        self.audio: dict[str, Any] | None = None
        self.audio_data: list[str] = []
        self.transcript = Text(watch)
        self.annotations: list[Any] = []
        self.images: list[Any] = []
        self.reasoning_details = Details()
        self.filter: Any = None
        self.spare: Any = None
        self.touched = False
        self.has_deltas = False
        self.has_message = False
        self.has_more = False

    def add(self, delta: dict[str, Any]) -> None:
        """Merge one delta (or a whole message, which is one large delta)."""
        for key, value in delta.items():
            if value:
                if key == "content" and type(value) is str:
                    self.content.fresh.append(value)
                elif (field := FIELDS.get(key)) is not None:
                    field(self, value, delta)
            elif key == "content" and value == "":
                self.content.seen = True
            elif key == "content" and type(value) in _NUMBERS:
                self.content.fresh.append(string_of(value))

    def add_message(self, message: dict[str, Any]) -> None:
        """Merge a whole message that came in place of a delta.

        After deltas, or after other messages that it repeats, it is the answer so far, not an addition to it.
        """
        if self.has_deltas or self.has_message:
            beyond = {key: self._beyond(key, message.get(key)) for key in ("content", "reasoning_content")}
            message = {**message, **beyond}
            if self.has_deltas and (self.content.any() or self.tools.calls):
                message = {"content": message["content"]}
        self.has_message = True
        self.add(message)

    def use_spare(self) -> None:
        """Merge the message that stood beside the last delta, if the deltas said nothing."""
        if isinstance(self.spare, dict) and not (self.content.kept or self.content.fresh or self.tools.calls):
            self.add({key: self.spare.get(key) for key in ("role", "content", "tool_calls")})
        self.spare = None

    def _beyond(self, key: str, value: Any) -> Any:
        """Return what a repeated text adds to the text so far; all of it where it is no repetition."""
        if not isinstance(value, str):
            return value
        text = self.content if key == "content" else self.reasoning
        so_far = text.value() + "".join(text.fresh)
        if so_far and value.startswith(so_far) and (len(value) > len(so_far) or len(so_far) > 16):
            return value[len(so_far) :]
        return None if self.has_deltas and so_far else value

    def add_logprobs(self, value: Any) -> None:
        """Append logprobs: ``content`` and ``refusal`` lists, or the lists of the older completions shape."""
        if not isinstance(value, dict):
            return
        if self.logprobs is None:
            self.logprobs = (
                {"content": None, "refusal": None} if "content" in value or "refusal" in value else {}
            )
        for key, items in value.items():
            if isinstance(items, list):
                known = self.logprobs.get(key)
                if isinstance(known, list):
                    known.extend(items)
                else:
                    self.logprobs[key] = list(items)

    def take(self, updates: list[Update], final: bool) -> None:
        """Append to ``updates`` what the choice gained since the last time."""
        if self.reasoning.fresh or final:
            text = self.reasoning.take(final)
            if text:
                updates.append(TextAdded(self.index, "reasoning", text))
        if self.content.fresh or final:
            text = self.content.take(final)
            if not self.think.done:
                self._take_split(updates, text, final=final)
            elif text:
                updates.append(TextAdded(self.index, "content", text))
        if self.has_more or final:
            self.has_more = False
            text = self.refusal.take(final)
            if text:
                updates.append(TextAdded(self.index, "refusal", text))
            text = self.transcript.take(final)
            if text and not self.content.kept:
                updates.append(TextAdded(self.index, "content", text))
            updates += self.tools.take(self.index, final=final)

    def _take_split(self, updates: list[Update], text: str, *, final: bool) -> None:
        """Append content whose beginning may be ``<think>``."""
        reasoning, content = self.think.feed(text)
        if final:
            held_reasoning, held_content = self.think.close()
            reasoning, content = reasoning + held_reasoning, content + held_content
        if reasoning:
            updates.append(TextAdded(self.index, "reasoning", reasoning))
        if content:
            updates.append(TextAdded(self.index, "content", content))

    def has_text(self) -> bool:
        return bool(self.content.kept or self.reasoning.kept or self.refusal.kept or self.tools.calls)

    def document(self) -> dict[str, Any]:
        """Return the choice in the shape of a plain response."""
        message: dict[str, Any] = {"role": self.role or None, "content": self.content.or_none()}
        if self.reasoning.kept:
            message["reasoning_content"] = self.reasoning.value()
        if self.refusal.kept:
            message["refusal"] = self.refusal.value()
        if self.tools.calls:
            message["tool_calls"] = [call.document() for call in self.tools.calls]
        if self.tools.function_call:
            message["function_call"] = self.tools.function_call.document()["function"]
        if self.audio is not None:
            data = join_base64(self.audio_data)
            message["audio"] = {**self.audio, "data": data, "transcript": self.transcript.value()}
        rest = (("annotations", self.annotations), ("images", self.images))
        for key, value in (*rest, ("reasoning_details", self.reasoning_details.document())):
            if value:
                message[key] = value
        choice: dict[str, Any] = {
            "index": self.index, "message": message, "finish_reason": self.finish_reason or None,
            "logprobs": clean(self.logprobs),
        }  # fmt: skip
        if self.filter:
            choice["content_filter_results"] = clean(self.filter)
        return choice


def join_base64(pieces: list[str]) -> str:
    """Return base64 pieces as one base64 text that decodes to all their bytes.

    Pieces encoded one by one may each end with padding; then they are decoded first.
    """
    if all(len(piece) % 4 == 0 and not piece.endswith("=") for piece in pieces[:-1]):
        return "".join(pieces)
    joined = "".join(pieces)
    if "=" not in joined.rstrip("="):
        return joined
    try:
        return base64.b64encode(b"".join(base64.b64decode(piece, validate=True) for piece in pieces)).decode()
    except (binascii.Error, ValueError):
        return joined


def _role(choice: Choice, value: Any, _: dict[str, Any]) -> None:
    if not choice.role and isinstance(value, str):
        choice.role = clean(value)


def _content(choice: Choice, value: Any, _: dict[str, Any]) -> None:
    if type(value) is str:
        choice.content.fresh.append(value)
        return
    parts = read_content(value)
    if parts.content:
        choice.content.fresh.append(parts.content)
    if parts.reasoning:
        choice.reasoning.fresh.append(parts.reasoning)
    if parts.refusal:
        choice.has_more = True
        choice.refusal.fresh.append(parts.refusal)
    choice.images += parts.images


def _reasoning_content(choice: Choice, value: Any, _: dict[str, Any]) -> None:
    choice.reasoning.fresh.append(value if type(value) is str else text_of(value))


def _reasoning(choice: Choice, value: Any, delta: dict[str, Any]) -> None:
    if not delta.get("reasoning_content"):
        choice.reasoning.fresh.append(value if type(value) is str else text_of(value))


def _refusal(choice: Choice, value: Any, _: dict[str, Any]) -> None:
    choice.has_more = True
    choice.refusal.fresh.append(string_of(value))


def _tool_calls(choice: Choice, value: Any, _: dict[str, Any]) -> None:
    choice.has_more = True
    choice.tools.add(value)


def _function_call(choice: Choice, value: Any, _: dict[str, Any]) -> None:
    choice.has_more = True
    choice.tools.add_function_call(value)


def _audio(choice: Choice, value: Any, _: dict[str, Any]) -> None:
    if not isinstance(value, dict):
        return
    if choice.audio is None:
        choice.audio = {"id": ""}
    if isinstance(value.get("id"), str):
        choice.audio["id"] = choice.audio["id"] or clean(value["id"])
    if value.get("expires_at") is not None:
        choice.audio["expires_at"] = clean(value["expires_at"])
    if isinstance(value.get("format"), str):
        choice.audio["format"] = clean(value["format"])
    if value.get("data") and isinstance(value["data"], str):
        choice.audio_data.append(clean(value["data"]))
    if value.get("transcript"):
        choice.has_more = True
        choice.transcript.fresh.append(string_of(value["transcript"]))


def _annotations(choice: Choice, value: Any, _: dict[str, Any]) -> None:
    choice.annotations += clean(value) if isinstance(value, list) else [clean(value)]


def _images(choice: Choice, value: Any, _: dict[str, Any]) -> None:
    choice.images += clean(value) if isinstance(value, list) else [clean(value)]


def _reasoning_details(choice: Choice, value: Any, _: dict[str, Any]) -> None:
    if isinstance(value, list):
        choice.reasoning_details.add(value)


FIELDS: Final[dict[str, Callable[[Choice, Any, dict[str, Any]], None]]] = {
    "role": _role,
    "content": _content,
    "reasoning_content": _reasoning_content,
    "reasoning": _reasoning,
    "refusal": _refusal,
    "tool_calls": _tool_calls,
    "function_call": _function_call,
    "audio": _audio,
    "annotations": _annotations,
    "images": _images,
    "reasoning_details": _reasoning_details,
}
