"""Recorded and own responses, and how to replay and compare them.

A case is ``{"id", "status", "headers", body, "expected"}``. ``expected`` is the view of a response that matters:
choices with role, content, reasoning, refusal, tool calls, finish reason; usage; citations; the error.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from upstream.wire.capture import NO_SECRETS, Secrets
from upstream.wire.events import TextAdded, ToolCallAdded, Update
from upstream.wire.reader import Outcome, ResponseReader
from upstream.wire.think import split

ROOT = Path(__file__).resolve().parents[3]
OWN = ROOT / "tests" / "streams"


@dataclass(frozen=True)
class Case:
    id: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    expected: dict[str, Any]
    reads: tuple[int, ...] = ()
    about: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def content_type(self) -> str:
        return next((value for name, value in self.headers if name.lower() == "content-type"), "")

    def reader(self, secrets: Secrets = NO_SECRETS) -> ResponseReader:
        return ResponseReader(
            status=self.status, content_type=self.content_type, headers=self.headers, secrets=secrets
        )


@dataclass(frozen=True)
class Replay:
    outcome: Outcome
    updates: list[Update]
    raw: bytes


def recorded_folder() -> Path:
    return Path(os.environ.get("PLAYGROUND_STREAMS") or ROOT.parent / "shared" / "streams")


def recorded() -> list[Case]:
    """Return the recorded cases; none where the folder is absent (``need_recorded`` says so)."""
    return [_recorded(path) for path in sorted(recorded_folder().glob("*.json"))]


def need_recorded() -> None:
    """Skip where the recordings are absent; fail in CI, where they must be there."""
    if not any(recorded_folder().glob("*.json")):
        message = f"No recorded streams in {recorded_folder()}; set PLAYGROUND_STREAMS."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)


def _recorded(path: Path) -> Case:
    data = json.loads(path.read_text())
    return Case(
        id=data["id"],
        status=data["status"],
        headers=tuple(data["headers"].items()),
        body=(data.get("sse") or data["body_text"]).encode(),
        expected=data["expected"],
        reads=tuple(data.get("wire_chunk_lengths", ())),
        about=data,
    )


def own() -> list[Case]:
    """Return the streams written for this project: a body beside its ``.expected.json``."""
    cases = []
    for path in sorted(OWN.glob("*.expected.json")):
        data = json.loads(path.read_text())
        name = path.name.removesuffix(".expected.json")
        headers = tuple((key, value) for key, value in data["headers"].items())
        body = (OWN / data["body"]).read_bytes()
        cases.append(Case(name, data["status"], headers, body, data["expected"], about=data))
    return cases


def whole(body: bytes) -> list[bytes]:
    return [body]


def per_byte(body: bytes) -> list[bytes]:
    return [body[i : i + 1] for i in range(len(body))]


def cut(body: bytes, lengths: Iterable[int]) -> list[bytes]:
    """Return the body in reads of these sizes; what they leave over is the last read."""
    reads: list[bytes] = []
    position = 0
    for length in lengths:
        reads.append(body[position : position + length])
        position += length
    return [*reads, body[position:]]


def replay(case: Case, reads: Iterable[bytes], secrets: Secrets = NO_SECRETS) -> Replay:
    reader = case.reader(secrets)
    updates: list[Update] = []
    raw = b""
    for data in reads:
        updates += reader.feed(data)
        raw += reader.take_raw()
    outcome = reader.close()
    return Replay(outcome, updates + outcome.updates, raw + outcome.raw)


def view(response: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """Return the response as ``expected`` words it. "" and None are the same for texts."""
    seen: dict[str, Any] = {}
    wanted = expected.get("choices", [])
    if "choices" in expected:
        seen["choices"] = [
            _choice(choice, wanted[number] if number < len(wanted) else {})
            for number, choice in enumerate(response["choices"])
        ]
    for key in ("usage", "citations", "service_tier", "system_fingerprint", "id", "model", "created"):
        if key in expected:
            seen[key] = response.get(key)
    return seen


def _choice(choice: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    message = choice["message"]
    seen = {
        "index": choice["index"],
        "role": message["role"],
        "content": message["content"] or None,
        "reasoning": message.get("reasoning_content") or None,
        "refusal": message.get("refusal") or None,
        "finish_reason": choice["finish_reason"],
        "tool_calls": [_call(call) for call in message.get("tool_calls", [])],
    }
    for key in ("function_call", "annotations", "images", "reasoning_details"):
        if key in wanted:
            seen[key] = message.get(key)
    if "audio" in wanted:
        audio = message["audio"]
        seen["audio"] = {"id": audio["id"], "data_len": len(audio["data"]), "transcript": audio["transcript"]}
        if "data" in wanted["audio"]:
            seen["audio"]["data"] = audio["data"]
    if "logprob_tokens" in wanted:
        logprobs = choice["logprobs"] or {}
        seen["logprob_tokens"] = sum(len(logprobs.get(key) or ()) for key in ("content", "refusal"))
    if "logprobs" in wanted:
        seen["logprobs"] = choice["logprobs"]
    return seen


def _call(call: dict[str, Any]) -> dict[str, Any]:
    inner = call.get("function") or {"name": call["custom"]["name"], "arguments": call["custom"]["input"]}
    return {"id": call["id"], "name": inner["name"], "arguments": inner["arguments"]}


def assert_expected(case: Case, outcome: Outcome) -> None:
    """Compare an outcome with what the case expects, the error by every field the case names."""
    expected = case.expected
    wanted = {key: value for key, value in expected.items() if key != "error"}
    wanted["choices"] = [_normal(choice) for choice in expected.get("choices", [])]
    seen = view(outcome.response, wanted)
    for mine, theirs in zip(seen["choices"], wanted["choices"], strict=False):
        # An id that the provider left out is made: any will do.
        for call, want in zip(mine["tool_calls"], theirs["tool_calls"], strict=False):
            if want["id"] is None:
                assert call["id"].startswith("call_")
                want["id"] = call["id"]
    assert seen == wanted
    error = expected.get("error")
    assert (outcome.error is not None) == (error is not None), outcome.error
    if outcome.error is not None and error is not None:
        said = outcome.error.to_json()
        for key, value in error.items():
            if key in said:
                assert said[key] == value, key


def _normal(choice: dict[str, Any]) -> dict[str, Any]:
    texts = {key: choice.get(key) or None for key in ("content", "reasoning", "refusal")}
    calls = [dict(call) for call in choice.get("tool_calls", [])]
    base = {"role": "assistant", "finish_reason": None}
    return {**base, **choice, **texts, "tool_calls": calls}


def shown(updates: Iterable[Update]) -> dict[tuple[int, str], str]:
    """Return the text that a page shows after these updates, by choice and part."""
    texts: dict[tuple[int, str], str] = {}
    for update in updates:
        if isinstance(update, TextAdded):
            key = (update.choice, str(update.part))
            texts[key] = texts.get(key, "") + update.text
        elif isinstance(update, ToolCallAdded):
            for part, text in (("id", update.id), ("name", update.name), ("arguments", update.arguments)):
                key = (update.choice, f"{part} {update.call}")
                texts[key] = texts.get(key, "") + text
    return {key: text for key, text in texts.items() if text}


def assert_adds_up(updates: Iterable[Update], response: dict[str, Any]) -> None:
    """Compare what the updates show with the response they led to."""
    live, kept = shown(updates), document_shown(response)
    for texts in (live, kept):
        # Reasoning may come beside content that thinks in a tag; the page has it in the order in which it came.
        texts |= {key: "".join(sorted(text)) for key, text in texts.items() if key[1] == "reasoning"}
    messages = [choice["message"] for choice in response["choices"]]
    for choice in response["choices"]:
        if choice["message"]["content"] and (choice["message"].get("audio") or {}).get("transcript"):
            # Nobody says the same twice; then the page has what came first, too.
            for texts in (live, kept):
                texts.pop((choice["index"], "content"), None)
    if any("function_call" in message and "tool_calls" in message for message in messages):
        # Nobody sends both; then the numbers of the calls say when they came, which the response does not.
        assert sorted(live.values()) == sorted(kept.values())
    else:
        assert live == kept


def document_shown(response: dict[str, Any]) -> dict[tuple[int, str], str]:
    """Return the text that a page shows of a whole response, in the shape of ``shown``."""
    texts: dict[tuple[int, str], str] = {}
    for choice in response["choices"]:
        index, message = choice["index"], choice["message"]
        spoken = (message.get("audio") or {}).get("transcript") or ""
        thought, content = split(message["content"]) if message["content"] else ("", spoken)
        texts[(index, "reasoning")] = (message.get("reasoning_content") or "") + thought
        texts[(index, "content")] = content
        texts[(index, "refusal")] = message.get("refusal") or ""
        calls = [_call(call) for call in message.get("tool_calls", [])]
        calls += [{"id": "", **message["function_call"]}] if "function_call" in message else []
        for number, call in enumerate(calls):
            texts |= {(index, f"{part} {number}"): text for part, text in call.items()}
    return {key: text for key, text in texts.items() if text}


def ids(cases: Iterable[Case]) -> Iterator[str]:
    return (case.id for case in cases)
