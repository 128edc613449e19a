"""Against llmock, an upstream written elsewhere, with the faults it can make."""

import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from llmock.pytest_plugin import LLMock

from tests.upstream.independent import WEATHER_TOOL, converse
from upstream.address_guard import AddressGuard
from upstream.client import Timeouts, UpstreamClient
from upstream.wire.errors import (
    ConnectionCut,
    FirstByteTimeout,
    IdleTimeout,
    InvalidRequest,
    RateLimited,
    UpstreamFailed,
    UpstreamUnavailable,
)

REPLY = "The quick brown fox jumps over the lazy dog. 敏捷的棕色狐狸。"


@pytest.fixture
async def client(llmock: LLMock) -> AsyncIterator[UpstreamClient]:
    client = UpstreamClient(guard=AddressGuard([urlsplit(llmock.url).netloc]))
    yield client
    await client.aclose()


async def test_stream_and_plain_say_the_same(llmock: LLMock, client: UpstreamClient) -> None:
    llmock.reply(REPLY, times=2)
    streamed = await converse(client, llmock.base_url(), "Hello")
    plain = await converse(client, llmock.base_url(), "Hello", stream="false")
    assert streamed.error is None
    assert plain.error is None
    assert streamed.message["content"] == plain.message["content"] == REPLY
    assert streamed.finish_reason == plain.finish_reason == "stop"


async def test_usage_is_read_from_the_last_chunk(llmock: LLMock, client: UpstreamClient) -> None:
    llmock.reply(REPLY)
    reading = await converse(client, llmock.base_url(), "Hello", stream_options='{"include_usage":true}')
    assert reading.response["usage"]["completion_tokens"] > 0


@pytest.mark.parametrize("stream", ["true", "false"])
async def test_tool_call(llmock: LLMock, client: UpstreamClient, stream: str) -> None:
    llmock.call_tool("get_weather", {"city": "Paris"})
    reading = await converse(client, llmock.base_url(), "Weather?", tools=WEATHER_TOOL, stream=stream)
    (call,) = reading.message["tool_calls"]
    assert call["function"]["name"] == "get_weather"
    assert json.loads(call["function"]["arguments"]) == {"city": "Paris"}
    assert call["id"]
    assert reading.finish_reason == "tool_calls"


async def test_broken_tool_arguments_are_kept_raw(llmock: LLMock, client: UpstreamClient) -> None:
    llmock.call_tool("get_weather", {"city": "Paris"}).break_tool_call()
    reading = await converse(client, llmock.base_url(), "Weather?", tools=WEATHER_TOOL)
    arguments = reading.message["tool_calls"][0]["function"]["arguments"]
    with pytest.raises(ValueError, match=r".*"):
        json.loads(arguments)


async def test_several_choices(llmock: LLMock, client: UpstreamClient) -> None:
    llmock.reply(REPLY)
    reading = await converse(client, llmock.base_url(), "Hello", n="3")
    assert [choice["index"] for choice in reading.response["choices"]] == [0, 1, 2]
    assert all(choice["message"]["content"] for choice in reading.response["choices"])


async def test_dropped_connection_keeps_the_text_so_far(llmock: LLMock, client: UpstreamClient) -> None:
    llmock.reply(REPLY).disconnect(after_chunks=4)
    reading = await converse(client, llmock.base_url(), "Hello")
    assert isinstance(reading.error, ConnectionCut)
    content = reading.message["content"]
    assert content
    assert REPLY.startswith(content)
    assert content != REPLY


async def test_stream_that_ends_early_without_a_word(llmock: LLMock, client: UpstreamClient) -> None:
    """A clean end without `[DONE]` is no error; the missing finish_reason shows that it is not complete."""
    llmock.reply(REPLY).truncate(after_chunks=4)
    reading = await converse(client, llmock.base_url(), "Hello")
    assert reading.error is None
    assert REPLY.startswith(reading.message["content"])
    assert not reading.finish_reason


async def test_stall_ends_after_the_idle_time(llmock: LLMock, client: UpstreamClient) -> None:
    llmock.reply(REPLY).stall(after_chunks=3, seconds=30)
    reading = await converse(client, llmock.base_url(), "Hello", timeouts=Timeouts(idle=0.3))
    assert isinstance(reading.error, IdleTimeout)
    assert REPLY.startswith(reading.message["content"])
    assert reading.message["content"]


async def test_slow_first_token_is_borne_or_not(llmock: LLMock, client: UpstreamClient) -> None:
    llmock.reply(REPLY, times=2).slow_first_token(0.4, times=2)
    borne = await converse(client, llmock.base_url(), "Hello", timeouts=Timeouts(first_byte=30, idle=0.35))
    assert borne.error is None
    late = await converse(client, llmock.base_url(), "Hello", timeouts=Timeouts(first_byte=0.2))
    assert isinstance(late.error, FirstByteTimeout)


async def test_chunk_that_is_no_json_does_not_lose_the_rest(llmock: LLMock, client: UpstreamClient) -> None:
    llmock.reply(REPLY).corrupt(after_chunks=3)
    reading = await converse(client, llmock.base_url(), "Hello")
    assert reading.message["content"]
    assert reading.raw.endswith(b"data: [DONE]\n\n")


async def test_rate_limit_says_when_to_come_back(llmock: LLMock, client: UpstreamClient) -> None:
    llmock.rate_limit(retry_after=7)
    reading = await converse(client, llmock.base_url(), "Hello")
    assert reading.status == 429
    assert isinstance(reading.error, RateLimited)
    assert reading.retry_after == reading.error.retry_after == 7


@pytest.mark.parametrize(
    ("status", "kind"), [(500, UpstreamFailed), (503, UpstreamUnavailable), (400, InvalidRequest)]
)
async def test_error_status(
    llmock: LLMock, client: UpstreamClient, status: int, kind: type[Exception]
) -> None:
    llmock.fail(status, message="Said by the test")
    reading = await converse(client, llmock.base_url(), "Hello")
    assert isinstance(reading.error, kind)
    assert "Said by the test" in reading.error.message


async def test_after_every_fault_the_next_request_is_served(llmock: LLMock, client: UpstreamClient) -> None:
    llmock.reply(REPLY, times=None).disconnect(times=20)
    for _ in range(20):
        assert (await converse(client, llmock.base_url(), "Hello")).error is not None
    assert (await converse(client, llmock.base_url(), "Hello")).message["content"] == REPLY
