"""Sent against honoured: what an answer shows that it was asked for and did not do."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.honoured import findings
from playground.honoured_words import honoured_sentences

TOOL = {"type": "function", "function": {"name": "f"}}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def answer(
    content: str | None = "Hi", *, choices: int = 1, finish: str = "stop", **more: Any
) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, **more.pop("message", {})}
    each = {"finish_reason": finish, "message": message, "logprobs": more.pop("logprobs", None)}
    return {"choices": [{"index": index, **each} for index in range(choices)], **more}


def codes(asked: dict[str, Any], response: dict[str, Any]) -> list[str]:
    return [code for code, _values in findings(json.dumps(asked).encode(), response)]


@pytest.mark.parametrize(
    ("asked", "response", "expected"),
    [
        ({"n": 3}, answer(), ["n"]),
        ({"n": 3}, answer(choices=3), []),
        ({"n": 1}, answer(), []),
        ({"seed": 7}, answer(), ["seed"]),
        ({"seed": 7}, answer(system_fingerprint="fp"), []),
        ({"seed": None}, answer(), []),
        ({"logprobs": True}, answer(), ["logprobs"]),
        ({"logprobs": True}, answer(logprobs={"content": []}), ["logprobs"]),
        ({"logprobs": True}, answer(logprobs={"content": [{"token": "Hi", "logprob": -0.1}]}), []),
        (
            {"logprobs": True, "top_logprobs": 2},
            answer(logprobs={"content": [{"token": "Hi", "logprob": -0.1, "top_logprobs": []}]}),
            ["top_logprobs"],
        ),
        ({"model": "a"}, answer(model="a-2024"), ["model"]),
        ({"model": "a"}, answer(model="a"), []),
        ({"response_format": {"type": "json_object"}}, answer("Hi"), ["response_format"]),
        ({"response_format": {"type": "json_schema"}}, answer('{"a": 1}'), []),
        ({"response_format": {"type": "json_object"}}, answer('{"a"', finish="length"), []),
        ({"response_format": {"type": "text"}}, answer("Hi"), []),
        ({"max_tokens": 5}, answer(usage={"completion_tokens": 6}), ["length"]),
        ({"max_tokens": 5, "n": 2}, answer(choices=2, usage={"completion_tokens": 9}), []),
        ({"max_completion_tokens": 5}, answer(usage={"completion_tokens": 5}), []),
        ({"tools": [{}], "tool_choice": "required"}, answer(), ["tool_choice"]),
        ({"tools": [{}], "tool_choice": "auto"}, answer(), []),
        ({"tools": [TOOL, TOOL]}, answer(), ["tools"]),
        ({"tools": [TOOL], "tool_choice": "auto"}, answer(), ["tools"]),
        ({"functions": [{"name": "f"}]}, answer(), ["tools"]),
        ({"functions": [{"name": "f"}]}, answer(message={"function_call": {"name": "f"}}), []),
        ({"tools": [TOOL], "tool_choice": "none"}, answer(), []),
        ({"tools": [TOOL]}, answer(message={"tool_calls": [CALL]}), []),
        ({"tools": [TOOL], "messages": [{"role": "assistant", "tool_calls": [CALL]}]}, answer(), []),
        ({"tools": [{}], "tool_choice": "required"}, answer(message={"tool_calls": [CALL]}), []),
        (
            {"tools": [{}], "tool_choice": {"type": "function", "function": {"name": "g"}}},
            answer(message={"tool_calls": [CALL]}),
            ["tool_choice"],
        ),
        ({"tool_choice": "none"}, answer(message={"tool_calls": [CALL]}), ["tool_none"]),
        (
            {"parallel_tool_calls": False},
            answer(message={"tool_calls": [CALL, CALL]}),
            ["parallel_tool_calls"],
        ),
        ({"stop": "END"}, answer("the END is here"), ["stop"]),
        ({"stop": ["x", "END"]}, answer("the end"), []),
        ({"service_tier": "flex"}, answer(service_tier="default"), ["service_tier"]),
        ({"service_tier": "auto"}, answer(service_tier="default"), []),
        ({"modalities": ["text", "audio"]}, answer(), ["audio"]),
        ({"modalities": ["audio"]}, answer(message={"audio": {"id": "a"}}), []),
        ({"stream": True, "stream_options": {"include_usage": True}}, answer(), ["include_usage"]),
    ],
)
def test_what_was_not_honoured_is_found(
    asked: dict[str, Any], response: dict[str, Any], expected: list[str]
) -> None:
    assert codes(asked, response) == expected
    found = findings(json.dumps(asked).encode(), response)
    assert len(honoured_sentences(json.loads(json.dumps(found)))) == len(expected)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [
        *("n", "seed", "logprobs", "top_logprobs", "model", "response_format", "max_tokens", "tools", "stop"),
        *(
            "tool_choice",
            "service_tier",
            "modalities",
            "stream",
            "stream_options",
            "usage",
            "choices",
            "type",
        ),
        *("content", "refusal", "tool_calls", "audio", "function", "name"),
    ]
)
MEMBERS = st.dictionaries(NAMES, JSON | st.dictionaries(NAMES, JSON))


@given(asked=MEMBERS, response=MEMBERS, message=MEMBERS)
def test_nothing_that_is_sent_or_comes_breaks_it(asked: Any, response: Any, message: Any) -> None:
    response = {**response, "choices": [{"message": message, "logprobs": message}]}
    honoured_sentences(json.loads(json.dumps(findings(json.dumps(asked).encode(), response))))


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_asks_for_nothing(body: bytes) -> None:
    assert findings(body, answer()) == ()


def test_kept_findings_of_another_version_are_passed_over() -> None:
    assert honoured_sentences([["unknown", {}], "odd", ["n"], None]) == ()
