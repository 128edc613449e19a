"""Chunks of a response → one document in the shape of a plain response, and what each read added.

The rules are written field by field (``choice.py`` and ``tools.py`` hold those below a choice):

* id, created, model: the first that says something. service_tier, system_fingerprint, provider, citations,
  search_results, prompt_filter_results: the last that says something.
* usage: the last that says something, beside ``choices``, inside one or in its delta; never summed.
* choices by ``index``, else by position. finish_reason: the last that says something.
* A plain response is one chunk whose choices hold ``message`` instead of ``delta``: the same code reads both.
"""

from typing import Any, Final

from upstream.wire.budget import Budget
from upstream.wire.capture import NO_SECRETS, Secrets
from upstream.wire.choice import Choice
from upstream.wire.events import Finished, Update, UsageSeen
from upstream.wire.jsontext import clean
from upstream.wire.limits import DEFAULT_LIMITS, Limits
from upstream.wire.parts import string_of
from upstream.wire.scrub import scrub_logprobs
from upstream.wire.text import Watch
from upstream.wire.tools import key_of

_FIRST: Final = ("id", "created", "model")
_LAST: Final = frozenset(
    {"service_tier", "system_fingerprint", "provider", "citations", "search_results", "prompt_filter_results"}
)
_WRAPPERS: Final = ("data", "result", "output", "response")
_ANSWERS: Final = ("choices", "message", "response")


class Assembly:
    """Merge chunks with ``add``; ``take`` returns what they added; ``document`` is the response so far.

    ``errors`` collects error objects found inside choices; ``watch`` tells which texts are held back or masked.
    """

    __slots__ = ("_budget", "_choices", "_finished", "_first", "_last", "_secrets", "_touched", "_usage", "_usage_new",
                 "errors", "watch")  # fmt: skip

    def __init__(self, *, secrets: Secrets = NO_SECRETS, limits: Limits = DEFAULT_LIMITS) -> None:
        self.errors: list[Any] = []
        self.watch = Watch(secrets)
        self._secrets = secrets
        self._budget = Budget(limits.parts)
        self._choices: dict[int, Choice] = {}
        self._touched: list[Choice] = []
        self._finished: list[Finished] = []
        self._first: dict[str, Any] = {}
        self._last: dict[str, Any] = {}
        self._usage: dict[str, Any] | None = None
        self._usage_new = False

    def add(self, chunk: dict[str, Any]) -> bool:
        """Merge one chunk; return whether it is part of an answer at all.

        Raises StreamTooLong past ``limits.parts`` choices and tool calls.
        """
        choices = chunk.get("choices")
        if type(choices) is list:
            for position, item in enumerate(choices):
                if isinstance(item, dict):
                    self._add_choice(item, position)
        elif isinstance(choices, dict):
            self._add_choice(choices, 0)
        elif not self._add_unusual(chunk):
            return False
        self._add_envelope(chunk)
        return True

    def _add_choice(self, item: dict[str, Any], position: int) -> None:
        index = item.get("index", position)
        choice = self._choices.get(index) if type(index) is int else None
        if choice is None:
            choice = self._choice(index, position)
        if not choice.touched:
            self.touch(choice)
        delta = item.get("delta")
        if delta and type(delta) is dict:
            choice.has_deltas = True
            choice.add(delta)
            if "usage" in delta:
                self._set_usage(delta["usage"])
            if item.get("message"):
                choice.spare = item["message"]
        elif isinstance(message := item.get("message"), dict):
            choice.add_message(message)
            self._set_usage(message.get("usage"))
        elif isinstance(text := delta or item.get("message") or item.get("text"), str):
            choice.add({"content": text})
        self._add_beside(choice, item)

    def _add_beside(self, choice: Choice, item: dict[str, Any]) -> None:
        """Merge what stands beside the delta."""
        finish = item.get("finish_reason")
        if finish:
            choice.finish_reason = clean(string_of(finish))
            self._finished.append(Finished(choice.index, choice.finish_reason))
        if item.get("logprobs"):
            choice.add_logprobs(item["logprobs"])
        if item.get("usage"):
            self._set_usage(item["usage"])
        if item.get("content_filter_results"):
            choice.filter = item["content_filter_results"]
        if item.get("error"):
            self.errors.append(item["error"])

    def _add_envelope(self, chunk: dict[str, Any]) -> None:
        first = self._first
        if len(first) < len(_FIRST):
            for key in _FIRST:
                if key not in first and chunk.get(key):
                    first[key] = clean(chunk[key])
        if chunk.get("usage"):
            self._set_usage(chunk["usage"])
        for key in chunk:
            if key in _LAST and chunk[key]:
                self._last[key] = chunk[key]
        # The SiliconFlow reference has them here; where a choice holds them too, they are the same ones.
        calls = chunk.get("tool_calls")
        if calls and not any(_has_calls(item) for item in _items(chunk.get("choices"))):
            self._choice(0, 0).add({"tool_calls": calls})

    def _add_unusual(self, chunk: dict[str, Any], depth: int = 0) -> bool:
        """Merge a chunk without choices: an answer in a wrapper, Ollama's or Cloudflare's own shape, or usage alone."""
        for key in _WRAPPERS:
            inner = chunk.get(key)
            if isinstance(inner, dict) and depth < 3 and any(inner.get(name) for name in _ANSWERS):
                return self.add(inner) if inner.get("choices") else self._add_unusual(inner, depth + 1)
        message = chunk.get("message")
        # Another API's events (`"type": "message_start"`) hold messages too; they are no answer that could be read here.
        if isinstance(message, dict) and "type" not in chunk and ("role" in message or "content" in message):
            self._add_ollama(chunk, message)
            return True
        if isinstance(chunk.get("response"), str) and (depth or "done" in chunk or "p" in chunk):
            self._add_ollama(chunk, {"content": chunk["response"], "thinking": chunk.get("thinking")})
            return True
        if chunk.get("tool_calls"):
            return True
        if "choices" not in chunk and isinstance(chunk.get("usage"), dict):
            self._add_envelope(chunk)  # kept, but counts alone are no answer: other APIs send them as well
        return "choices" in chunk

    def _add_ollama(self, chunk: dict[str, Any], message: dict[str, Any]) -> None:
        """Merge a line of Ollama's own API: messages are fragments, counts come with the last."""
        choice = self._choice(0, 0)
        if message.get("thinking"):
            message = {
                **message,
                "reasoning_content": message.get("reasoning_content") or message["thinking"],
            }
        choice.add(message)
        if chunk.get("done_reason"):
            self._add_beside(choice, {"finish_reason": chunk["done_reason"]})
        read, written = chunk.get("prompt_eval_count"), chunk.get("eval_count")
        if isinstance(read, int) or isinstance(written, int):
            read, written = (n if isinstance(n, int) else 0 for n in (read, written))
            self._set_usage(
                {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
            )

    def _set_usage(self, usage: Any) -> None:
        if usage and isinstance(usage, dict):
            self._usage = usage
            self._usage_new = True

    def _choice(self, index: Any, position: int) -> Choice:
        """Return the choice with this index, an unusable index being its position."""
        key = key_of(index)
        if not isinstance(key, int):
            key = position
        choice = self._choices.get(key)
        if choice is None:
            self._budget.spend()
            choice = Choice(key, self.watch, self._budget)
            self._choices[key] = choice
        self.touch(choice)
        return choice

    def choice_at(self, index: Any) -> Choice | None:
        """Return the choice with this index, None if there is none yet."""
        return self._choices.get(index) if type(index) is int else None

    def touch(self, choice: Choice) -> None:
        """Remember that the choice gained something since the last ``take``."""
        if not choice.touched:
            choice.touched = True
            self._touched.append(choice)

    def take(self, *, final: bool = False) -> list[Update]:
        """Return what was added since the last time; text that may become a secret or a tag stays until ``final``."""
        updates: list[Update] = []
        touched = self._touched
        if final:
            touched = list(self._choices.values())
            for choice in touched:
                choice.use_spare()
                choice.tools.name_all(f"{self._first.get('id')} {self._first.get('created')} {choice.index}")
        for choice in touched:
            choice.touched = False
            choice.take(updates, final)
        self._touched.clear()
        if self._finished:
            updates += self._finished
            self._finished = []
        if self._usage_new and self._usage is not None:
            self._usage_new = False
            updates.append(UsageSeen(self._secrets.tree(clean(self._usage))))
        return updates

    @property
    def has_text(self) -> bool:
        """True once any choice holds text or a tool call."""
        return any(choice.has_text() for choice in self._choices.values())

    def document(self) -> dict[str, Any]:
        """Return the response so far in the shape of a plain response; JSON data that any database accepts."""
        first = self._first
        document: dict[str, Any] = {
            "id": first.get("id"), "object": "chat.completion", "created": first.get("created"),
            "model": first.get("model"),
        }  # fmt: skip
        document = {key: value for key, value in document.items() if value is not None}
        choices = sorted(self._choices.values(), key=lambda choice: choice.index)
        document["choices"] = [choice.document() for choice in choices]
        if self.watch.hits:
            for choice in document["choices"]:
                scrub_logprobs(choice["logprobs"], self._secrets)
        document["usage"] = clean(self._usage)
        document.update({key: clean(value) for key, value in self._last.items()})
        masked: dict[str, Any] = self._secrets.tree(document)
        return masked


def _items(choices: Any) -> list[Any]:
    return choices if isinstance(choices, list) else [choices]


def _has_calls(item: Any) -> bool:
    parts = (item.get("delta"), item.get("message")) if isinstance(item, dict) else ()
    return any(isinstance(part, dict) and part.get("tool_calls") for part in parts)
