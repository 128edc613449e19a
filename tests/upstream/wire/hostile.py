"""Strategies for what a broken or hostile provider may send: right keys, wrong types, any bytes."""

import json
from typing import Any

from hypothesis import strategies as st

KEYS = (
    "id", "object", "created", "model", "choices", "usage", "error", "message", "delta", "index", "finish_reason",
    "logprobs", "content", "role", "reasoning", "reasoning_content", "refusal", "tool_calls", "function_call",
    "function", "name", "arguments", "type", "text", "thinking", "audio", "data", "transcript", "annotations",
    "reasoning_details", "images", "code", "status", "detail", "loc", "msg", "metadata", "raw", "response", "done",
    "done_reason", "eval_count", "base_resp", "status_code", "status_msg", "citations", "custom", "input", "errors",
    "retry_after", "details", "retryDelay", "headers", "result", "summary", "expires_at",
)  # fmt: skip

TEXTS = st.sampled_from(
    ["", "a", " token", "<think>", "</think>", "<th", "\ud83d", "\ude00", "\x00", "é😀", "{", "}", "[DONE]", "text",
     "thinking", "image_url", "0", "-1", "stop", "429", '{"a":1}', "\u2028", "<html>", "data: x", "try again in 5s"]
)  # fmt: skip
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 5),
    st.sampled_from([10**400, 0.5, 1e308, -0.0, 429, 200]),
    TEXTS,
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=8,
)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return mostly what belongs there, sometimes anything at all."""
    return st.one_of(strategy, strategy, strategy, VALUES)


CALLS = st.fixed_dictionaries(
    {},
    optional={
        "index": maybe(st.integers(-1, 2)),
        "id": maybe(st.sampled_from(["", "c1", "c2", None])),
        "type": maybe(st.sampled_from(["function", "custom"])),
        "function": maybe(
            st.fixed_dictionaries(
                {}, optional={"name": maybe(st.sampled_from(["", "add", "mul"])), "arguments": maybe(TEXTS)}
            )
        ),
    },
)
DELTAS = st.fixed_dictionaries(
    {},
    optional={
        "role": maybe(st.just("assistant")),
        "content": maybe(TEXTS),
        "reasoning_content": maybe(TEXTS),
        "reasoning": maybe(TEXTS),
        "refusal": maybe(TEXTS),
        "tool_calls": maybe(st.lists(maybe(CALLS), max_size=2)),
        "function_call": VALUES,
        "audio": VALUES,
        "annotations": VALUES,
        "reasoning_details": VALUES,
    },
)
CHOICES = st.fixed_dictionaries(
    {},
    optional={
        "index": maybe(st.integers(0, 2)),
        "delta": maybe(DELTAS),
        "message": VALUES,
        "text": VALUES,
        "finish_reason": maybe(st.sampled_from([None, "", "stop"])),
        "logprobs": VALUES,
        "usage": VALUES,
        "error": st.one_of(st.none(), VALUES),
    },
)
CHUNKS = st.fixed_dictionaries(
    {},
    optional={
        "id": maybe(st.just("1")),
        "created": VALUES,
        "choices": maybe(st.lists(maybe(CHOICES), max_size=2)),
        "usage": VALUES,
        "citations": VALUES,
        "tool_calls": VALUES,
        "message": VALUES,
        "response": VALUES,
        "done": st.booleans(),
        "data": VALUES,
    },
)
DOCUMENTS = st.one_of(CHUNKS, CHUNKS, CHUNKS, VALUES)

ODDITIES = st.sampled_from(
    [
        "data: [DONE]", ": ping", "data: ping", "data:", "event: error\ndata: {}", 'error: {"code":500}', "error: gone",
        'data: {"choices":[{"delta":', "data: {\ndata: }", "data: NaN", 'data: {"usage":{"a":NaN,"b":-Infinity,"c":1e999}}',
        'data: {"choices":[{"delta":{"content":"a"}}],"choices":null}', "data: " + "[" * 10_000,
        'data: {"usage":' + '{"a":' * 500 + "1" + "}" * 501, "data: " + "9" * 5_000, "id: 1\nretry: x",
        'data: {"choices":[{"delta":{"content":"\\ud800\\u0000\tx"}}]}', "{", '{"error":"x"}', "<html>", "\ufeffdata: {}",
        "data: {}\r", "data: " + "{" * 3, "retry: 99999999999999999999",
    ]
)  # fmt: skip
EVENTS = st.one_of(
    DOCUMENTS.map(lambda document: "data: " + json.dumps(document)),
    DOCUMENTS.map(lambda document: "data: " + json.dumps(document)),
    ODDITIES,
)
ENDS = st.sampled_from(["\n\n", "\n\n", "\n\n", "\r\n\r\n", "\r\r", "\n"])
STREAMS = st.lists(st.tuples(EVENTS, ENDS), max_size=8).map(
    lambda events: "".join(event + end for event, end in events).encode("utf-8", "surrogatepass")
)
LINES = st.lists(DOCUMENTS.map(json.dumps), max_size=5).map(lambda lines: "\n".join(lines).encode())
BODIES = st.one_of(
    STREAMS,
    STREAMS,
    LINES,
    DOCUMENTS.map(lambda document: json.dumps(document).encode()),
    st.binary(max_size=60),
)
STATUSES = st.sampled_from([200, 200, 200, 201, 307, 400, 401, 404, 429, 500, 503, 599, 999])
TYPES = st.sampled_from(
    [
        "",
        "text/event-stream",
        "application/json",
        "application/x-ndjson",
        "text/html; charset=gbk",
        "charset=x",
    ]
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["Retry-After", "retry-after-ms", "Date", "Location"]),
        st.sampled_from(["5", "-1", "1e400", "nan", "Sun, 22 Nov 2026 03:01:30 GMT", "tomorrow", ""]),
    ),
    max_size=3,
)
