"""The reader tells responses apart by what arrives, ends each once, and stays within its bounds."""

import json
from typing import Any

import pytest

from tests.upstream.wire.cases import per_byte
from upstream.wire.errors import ConnectionCut, ProtocolViolation, RateLimited, StreamTooLong
from upstream.wire.events import ErrorSeen, Finished, TextAdded, ToolCallAdded, Update, UsageSeen
from upstream.wire.limits import Limits
from upstream.wire.reader import ResponseReader

SSE = "text/event-stream"


def reader(content_type: str = SSE, status: int = 200, **rest: Any) -> ResponseReader:
    return ResponseReader(status=status, content_type=content_type, **rest)


def chunk(delta: dict[str, Any], **beside: Any) -> bytes:
    document = {"id": "1", "choices": [{"index": 0, "delta": delta, **beside}]}
    return b"data: " + json.dumps(document).encode() + b"\n\n"


def test_updates_of_one_read_are_one_per_text_in_order() -> None:
    read = reader()
    data = (
        chunk({"role": "assistant", "reasoning_content": "so"})
        + chunk({"content": "a"})
        + chunk({"content": "b"})
    )
    assert read.feed(data) == [TextAdded(0, "reasoning", "so"), TextAdded(0, "content", "ab")]


def test_tool_calls_say_their_id_and_name_once() -> None:
    read = reader()
    call = {"index": 0, "id": "c1", "function": {"name": "add", "arguments": ""}}
    assert read.feed(chunk({"tool_calls": [call]})) == [ToolCallAdded(0, 0, "c1", "add", "")]
    call = {"index": 0, "id": "c1", "function": {"name": "add", "arguments": "{}"}}
    assert read.feed(chunk({"tool_calls": [call]})) == [ToolCallAdded(0, 0, "", "", "{}")]


def test_finish_usage_and_errors_are_updates_too() -> None:
    read = reader()
    updates = read.feed(chunk({"content": "a"}, finish_reason="stop"))
    assert updates == [TextAdded(0, "content", "a"), Finished(0, "stop")]
    assert read.feed(b'data: {"choices":[],"usage":{"total_tokens":3}}\n\n') == [
        UsageSeen({"total_tokens": 3})
    ]
    (seen,) = read.feed(b'data: {"error":{"message":"slow down","code":429}}\n\n')
    assert isinstance(seen, ErrorSeen)
    assert isinstance(seen.error, RateLimited)


def test_thinking_inside_content_is_shown_as_reasoning_and_kept_as_sent() -> None:
    read = reader()
    updates: list[Update] = []
    for text in ("\n<th", "ink>let me", " see</thi", "nk>\n42"):
        updates += read.feed(chunk({"content": text}))
    outcome = read.close()
    shown = [(u.part, u.text) for u in updates + outcome.updates if isinstance(u, TextAdded)]
    assert "".join(text for part, text in shown if part == "reasoning") == "let me see"
    assert "".join(text for part, text in shown if part == "content") == "\n42"
    assert outcome.response["choices"][0]["message"]["content"] == "\n<think>let me see</think>\n42"


def test_an_answer_that_talks_about_the_tag_is_not_thinking() -> None:
    read = reader()
    assert read.feed(chunk({"content": "The <think> tag"})) == [TextAdded(0, "content", "The <think> tag")]


def test_text_that_may_become_the_tag_is_given_at_the_end() -> None:
    read = reader()
    assert read.feed(chunk({"content": " <th"})) == []
    assert read.close().updates == [TextAdded(0, "content", " <th")]


def test_close_is_idempotent_and_the_response_can_be_read_at_any_time() -> None:
    read = reader()
    read.feed(chunk({"content": "a"}))
    assert read.response["choices"][0]["message"]["content"] == "a"
    assert read.close() is read.close(ConnectionCut("cut"))


def test_done_is_said_so_that_the_connection_may_be_closed() -> None:
    read = reader()
    said = []
    for data in (chunk({"content": "a"}), b"data: [DONE]\n\n"):
        read.feed(data)
        said.append(read.done)
    assert said == [False, True]
    assert read.feed(chunk({"content": "late"})) == []


def test_a_cut_before_done_is_an_error_and_after_it_none() -> None:
    cut = ConnectionCut("The connection was cut.")
    for ending, error in ((b"", cut), (b"data: [DONE]\n\n", None)):
        read = reader()
        read.feed(chunk({"content": "Hal"}) + ending)
        outcome = read.close(cut)
        assert outcome.error is error
        assert outcome.response["choices"][0]["message"]["content"] == "Hal"


def test_the_providers_own_error_says_more_than_the_cut_that_follows() -> None:
    read = reader()
    read.feed(b'data: {"error":{"message":"slow down","code":429}}\n\n')
    outcome = read.close(ConnectionCut("The connection was cut."))
    assert isinstance(outcome.error, RateLimited)


def test_an_error_status_says_more_than_the_cut_that_follows() -> None:
    read = reader("application/json", 429, headers=[("Retry-After", "7")])
    read.feed(b'{"error":{"message":"slow')
    outcome = read.close(ConnectionCut("The connection was cut."))
    assert isinstance(outcome.error, RateLimited)
    assert outcome.error.retry_after == 7


def test_a_ten_megabyte_event_is_read() -> None:
    text = "x" * 10_000_000
    body = chunk({"content": text})
    read = reader()
    for i in range(0, len(body), 65_536):
        read.feed(body[i : i + 65_536])
    assert read.close().response["choices"][0]["message"]["content"] == text


@pytest.mark.parametrize(
    "data",
    [
        b"data: a",
        b": ping\n\n",
        b'{"a":',
        b"<html>",
        b"words and ",
        b" ",
        chunk({"content": "a"}),
        b'{"a":1}\n',
    ],
)
def test_a_body_that_never_ends_is_refused_at_the_bound_with_the_text_so_far(data: bytes) -> None:
    read = reader(limits=Limits(total=200_000, event=100_000))
    with pytest.raises(StreamTooLong) as caught:  # noqa: PT012 - whichever read is the one too many
        while True:
            read.feed(data)
    outcome = read.close(caught.value)
    assert outcome.error is caught.value
    assert len(outcome.raw) <= 200_000


def test_choices_and_tool_calls_are_bounded_together() -> None:
    many = [{"index": n, "function": {"name": "f"}} for n in range(50)]
    read = reader(limits=Limits(parts=20))
    with pytest.raises(StreamTooLong, match="20 choices and tool calls"):
        read.feed(chunk({"tool_calls": many}))
    read = reader(limits=Limits(parts=20))
    with pytest.raises(StreamTooLong):
        read.feed(
            b"".join(b'data: {"choices":[{"index":%d,"delta":{"content":"a"}}]}\n\n' % n for n in range(50))
        )


def test_json_lines_arrive_live() -> None:
    read = reader("application/x-ndjson")
    line = b'{"model":"m","message":{"role":"assistant","content":"a"},"done":false}\n'
    assert read.feed(line) == [TextAdded(0, "content", "a")]
    assert read.feed(line + line[:20]) == [TextAdded(0, "content", "a")]
    assert read.feed(line[20:]) == [TextAdded(0, "content", "a")]


def test_white_space_sent_to_keep_a_plain_answer_alive_is_no_part_of_it() -> None:
    body = (
        b"\n         \n" * 3_000 + b'{"choices":[{"index":0,"message":{"role":"assistant","content":"a"}}]}'
    )
    read = reader("application/json")
    raw = b""
    for data in per_byte(body):
        read.feed(data)
        raw += read.take_raw()
    outcome = read.close()
    assert outcome.error is None
    assert raw + outcome.raw == body


def test_a_plain_text_page_in_its_own_charset_is_readable() -> None:
    read = reader("text/plain; charset=gbk", 404)
    read.feed("模型不存在".encode("gbk"))
    error = read.close().error
    assert error is not None
    assert error.message == "模型不存在"


def test_an_unknown_charset_is_read_as_utf_8() -> None:
    read = reader("text/plain; charset=no-such-thing", 500)
    read.feed("é".encode())
    error = read.close().error
    assert error is not None
    assert error.message == "é"


@pytest.mark.parametrize(
    "body",
    [b"", b": ping\n\n: ping\n\n", b"data: ping\n\n", b"hello", b'{"object":"list","data":[]}', b"[]", b"12"],
)
def test_a_success_without_an_answer_is_a_violation(body: bytes) -> None:
    read = reader()
    read.feed(body)
    assert isinstance(read.close().error, ProtocolViolation)


def test_what_a_stream_said_instead_of_an_answer_is_the_message() -> None:
    read = reader()
    read.feed(b"data: upstream connect error\n\n")
    error = read.close().error
    assert error is not None
    assert error.message == "upstream connect error"


def test_unusual_events_take_the_same_way_as_usual_ones() -> None:
    # The template of repeated events must not swallow what differs in one byte.
    usual = b'data: {"id":"1","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}\n\n'
    read = reader()
    read.feed(usual * 3 + usual.replace(b'"1"', b'"2"') + usual.replace(b'"index":0', b'"index":1'))
    read.feed(usual.replace(b'"content"', b'"refusal"') + usual.replace(b"null", b'"stop"') + usual)
    response = read.close().response
    first, second = response["choices"]
    assert response["id"] == "1"
    assert first["message"] == {"role": None, "content": "aaaaaa", "refusal": "a"}
    assert first["finish_reason"] == "stop"
    assert second["message"]["content"] == "a"
