"""Against @copilotkit/aimock, an upstream written elsewhere in another language; skipped where it is not installed."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.aimock import aimock_run
from tests.upstream.independent import WEATHER_TOOL, converse
from upstream.address_guard import AddressGuard
from upstream.client import Timeouts, UpstreamClient
from upstream.wire.errors import (
    ConnectionCut,
    FirstByteTimeout,
    IdleTimeout,
    InvalidRequest,
    RateLimited,
    UpstreamError,
)

TEXT = "Streams are rivers of 文字 and emoji 🦊, told in small pieces, one after another, to the very end."
THOUGHT = "The person wants a river. I shall think about water first."

FIXTURES: list[dict[str, Any]] = [
    {"match": {"userMessage": "say"}, "response": {"content": TEXT}, "chunkSize": 7},
    {
        "match": {"userMessage": "think"},
        "response": {"content": TEXT, "reasoning": THOUGHT},
        "chunkSize": 5,
    },
    {
        "match": {"userMessage": "weather"},
        "response": {
            "toolCalls": [
                {"name": "get_weather", "arguments": {"city": "北京"}},
                {"name": "get_weather", "arguments": {"city": "Paris"}},
            ]
        },
        "chunkSize": 4,
    },
    {"match": {"userMessage": "both"}, "response": {"content": TEXT, "toolCalls": [{"name": "f", "arguments": {}}]}},
    {"match": {"userMessage": "slow"}, "response": {"content": TEXT}, "chunkSize": 10, "latency": 20},
    {"match": {"userMessage": "stall"}, "response": {"content": TEXT}, "chunkSize": 10, "latency": 5000},
    {
        "match": {"userMessage": "truncate"},
        "response": {"content": TEXT},
        "chunkSize": 7,
        "truncateAfterChunks": 4,
        "latency": 20,
    },
    {"match": {"userMessage": "vanish"}, "response": {"content": TEXT}, "chaos": {"disconnectRate": 1}},
    {"match": {"userMessage": "garble"}, "response": {"content": TEXT}, "chaos": {"malformedRate": 1}},
    {
        "match": {"userMessage": "limit"},
        "response": {"error": {"message": "Too fast", "type": "rate_limit_error"}, "status": 429, "retryAfter": 9},
    },
    {
        "match": {"userMessage": "invalid"},
        "response": {
            "error": {"message": "Bad temperature", "type": "invalid_request_error", "param": "temperature"},
            "status": 400,
        },
    },
]  # fmt: skip


@pytest.fixture(scope="session")
def aimock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a running aimock."""
    with aimock_run(tmp_path_factory.mktemp("aimock"), FIXTURES) as url:
        yield url


@pytest.fixture
async def client() -> AsyncIterator[UpstreamClient]:
    client = UpstreamClient(guard=AddressGuard(["127.0.0.1"]))
    yield client
    await client.aclose()


@pytest.mark.parametrize("stream", ["true", "false"])
async def test_text(aimock: str, client: UpstreamClient, stream: str) -> None:
    reading = await converse(client, aimock, "say", stream=stream)
    assert reading.error is None
    assert reading.message["content"] == TEXT
    assert reading.finish_reason == "stop"


@pytest.mark.parametrize("stream", ["true", "false"])
async def test_reasoning(aimock: str, client: UpstreamClient, stream: str) -> None:
    reading = await converse(client, aimock, "think", stream=stream)
    assert reading.error is None
    assert reading.message["reasoning_content"] == THOUGHT
    assert reading.message["content"] == TEXT


@pytest.mark.parametrize("stream", ["true", "false"])
async def test_parallel_tool_calls(aimock: str, client: UpstreamClient, stream: str) -> None:
    reading = await converse(client, aimock, "weather", tools=WEATHER_TOOL, stream=stream)
    calls = reading.message["tool_calls"]
    cities = [json.loads(call["function"]["arguments"])["city"] for call in calls]
    assert cities == ["北京", "Paris"]
    assert len({call["id"] for call in calls}) == 2
    assert reading.finish_reason == "tool_calls"


async def test_text_and_tool_call(aimock: str, client: UpstreamClient) -> None:
    reading = await converse(client, aimock, "both", tools=WEATHER_TOOL)
    assert reading.message["content"] == TEXT
    assert reading.message["tool_calls"][0]["function"]["name"] == "f"


async def test_slow_stream_is_borne(aimock: str, client: UpstreamClient) -> None:
    reading = await converse(client, aimock, "slow", timeouts=Timeouts(first_byte=5, idle=0.4))
    assert reading.message["content"] == TEXT


async def test_stall_is_not_borne(aimock: str, client: UpstreamClient) -> None:
    reading = await converse(client, aimock, "stall", timeouts=Timeouts(first_byte=0.4, idle=0.4))
    assert isinstance(reading.error, FirstByteTimeout | IdleTimeout)


async def test_truncated_stream_keeps_the_text_so_far(aimock: str, client: UpstreamClient) -> None:
    reading = await converse(client, aimock, "truncate")
    assert isinstance(reading.error, ConnectionCut)
    assert TEXT.startswith(reading.message["content"])


async def test_connection_that_vanishes(aimock: str, client: UpstreamClient) -> None:
    reading = await converse(client, aimock, "vanish")
    assert isinstance(reading.error, ConnectionCut)


async def test_garbled_answer_is_an_error(aimock: str, client: UpstreamClient) -> None:
    reading = await converse(client, aimock, "garble")
    assert isinstance(reading.error, UpstreamError)
    assert reading.raw


async def test_rate_limit(aimock: str, client: UpstreamClient) -> None:
    reading = await converse(client, aimock, "limit")
    assert isinstance(reading.error, RateLimited)
    assert reading.retry_after == reading.error.retry_after == 9
    assert "Too fast" in reading.error.message


async def test_invalid_parameter_is_named(aimock: str, client: UpstreamClient) -> None:
    reading = await converse(client, aimock, "invalid", temperature="9")
    assert isinstance(reading.error, InvalidRequest)
    assert reading.error.param == "temperature"


async def test_hundred_streams_at_once(aimock: str, client: UpstreamClient) -> None:
    readings = await asyncio.gather(*(converse(client, aimock, "slow") for _ in range(100)))
    assert {reading.message["content"] for reading in readings} == {TEXT}
