"""Four waits, each with its own limit; no limit on the whole."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from tests.fakes import HANG, FakeUpstream, Gate, Http, Stream, Wire
from tests.steps import Step
from tests.upstream.client.helpers import Names, chat_request, fault, read
from upstream.address_guard import AddressGuard
from upstream.client import Timeouts, UpstreamClient
from upstream.wire.errors import ConnectTimeout, FirstByteTimeout, IdleTimeout

SHORT = 0.15  # seconds: a limit that a test waits for
LONG = 0.6  # seconds: a limit that must not be reached, on a busy machine either


@pytest.fixture
async def named() -> AsyncIterator[UpstreamClient]:
    client = UpstreamClient(guard=AddressGuard(["127.0.0.0/8"]), resolver=Names())
    yield client
    await client.aclose()


async def test_name_resolution_that_hangs_counts_as_connecting(
    up: FakeUpstream, named: UpstreamClient
) -> None:
    error, _ = await fault(named, chat_request(up, url="http://hangs.test/v1"), Timeouts(connect=SHORT))
    assert isinstance(error, ConnectTimeout)
    assert "hangs.test:80" in error.message
    assert not error.sent


async def test_handshake_that_hangs_counts_as_connecting(up: FakeUpstream, client: UpstreamClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        client._guard = AddressGuard(["127.0.0.1"])
        error, _ = await fault(
            client, chat_request(up, url=f"https://127.0.0.1:{port}/v1"), Timeouts(connect=SHORT)
        )
    assert isinstance(error, ConnectTimeout)
    assert "TLS handshake" in error.message
    assert not error.sent


async def test_silence_before_the_head(up: FakeUpstream, client: UpstreamClient) -> None:
    up.queue(Wire(HANG))
    error, _ = await fault(client, chat_request(up), Timeouts(first_byte=SHORT))
    assert isinstance(error, FirstByteTimeout)
    assert error.sent
    await up.left()


async def test_silence_between_the_head_and_the_first_byte_of_content(
    up: FakeUpstream, client: UpstreamClient
) -> None:
    up.queue(Http(200, [HANG]))
    error, _ = await fault(client, chat_request(up), Timeouts(first_byte=SHORT, idle=60))
    assert isinstance(error, FirstByteTimeout)
    await up.left()


async def test_silence_in_the_middle(up: FakeUpstream, client: UpstreamClient) -> None:
    up.queue(Http(200, [b"so far", HANG]))
    error, got = await fault(client, chat_request(up), Timeouts(first_byte=60, idle=SHORT))
    assert isinstance(error, IdleTimeout)
    assert got == b"so far"
    assert "0.15 seconds" in error.message
    await up.left()


async def test_first_byte_may_take_longer_than_the_idle_time(
    up: FakeUpstream, client: UpstreamClient
) -> None:
    up.queue(Http(200, [2 * SHORT, b"late"]))
    _, body = await read(client, chat_request(up), Timeouts(first_byte=60, idle=SHORT))
    assert body == b"late"


async def test_comments_are_signs_of_life(up: FakeUpstream, client: UpstreamClient) -> None:
    comments: list[Step] = [LONG / 6, b": PROCESSING\n\n"] * 12  # twice the limit in all
    up.queue(Http(200, [*comments, b"data: [DONE]\n\n"], content_type="text/event-stream"))
    _, body = await read(client, chat_request(up), Timeouts(first_byte=LONG, idle=LONG))
    assert body.count(b": PROCESSING") == 12


async def test_slow_stream_has_no_limit_in_all(up: FakeUpstream, client: UpstreamClient) -> None:
    up.script("model-a", Stream(text=["x"] * 12, rate=6 / LONG))  # LONG/6 apart: two limits long
    _, body = await read(client, chat_request(up), Timeouts(connect=LONG, first_byte=LONG, idle=LONG))
    assert body.endswith(b"[DONE]\n\n")


async def test_time_in_which_the_reader_is_busy_does_not_count(
    up: FakeUpstream, client: UpstreamClient
) -> None:
    gate = Gate()
    up.queue(Http(200, [b"first", gate, b"second"]))
    got = b""
    loop = asyncio.get_running_loop()
    async with client.stream(chat_request(up), Timeouts(idle=SHORT)) as response:
        async for data in response.chunks():
            if not got:
                busy = loop.create_future()
                loop.call_later(3 * SHORT, busy.set_result, None)
                await busy
                gate.open()
            got += data
    assert got == b"firstsecond"


async def test_upload_that_goes_on_is_not_cut(up: FakeUpstream, client: UpstreamClient) -> None:
    """A body larger than the socket's buffers: each piece that is taken renews the time."""
    response, _ = await read(client, chat_request(up, padding="x" * 8_000_000), Timeouts(first_byte=2))
    assert response.status == 200
    assert len(up.requests[0].body) > 8_000_000


async def test_cancelling_is_not_a_timeout(up: FakeUpstream, client: UpstreamClient) -> None:
    up.queue(Wire(HANG))
    task = asyncio.create_task(read(client, chat_request(up)))
    await up.requested()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await up.left()
