"""Stop closes the upstream connection at once, whatever it was doing; the pool survives any number of stops."""

import asyncio
import time

import pytest

from tests.certificates import Authority
from tests.fakes import HANG, FakeUpstream, Gate, Http, Stream, Wire
from tests.upstream.client.helpers import Names, chat_request, read
from upstream.address_guard import AddressGuard
from upstream.client import UpstreamClient

AT_ONCE = 1.0  # seconds


async def _closed_within(up: FakeUpstream, since: float, count: int = 1) -> None:
    assert await up.left(count) - since < AT_ONCE


async def test_leaving_the_block_closes(up: FakeUpstream, client: UpstreamClient) -> None:
    up.queue(Http(200, [b"one", HANG]))
    async with client.stream(chat_request(up)) as response:
        async for _ in response.chunks():
            break
        left = time.monotonic()
    await _closed_within(up, left)


async def test_leaving_the_block_without_reading_closes(up: FakeUpstream, client: UpstreamClient) -> None:
    up.queue(Http(200, [b"one", HANG]))
    async with client.stream(chat_request(up)):
        left = time.monotonic()
    await _closed_within(up, left)


async def test_exception_in_the_block_closes(up: FakeUpstream, client: UpstreamClient) -> None:
    async def stumble() -> None:
        async with client.stream(chat_request(up)) as response:
            async for _ in response.chunks():
                raise ZeroDivisionError

    up.queue(Http(200, [b"one", HANG]))
    began = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        await stumble()
    await _closed_within(up, began)


@pytest.mark.parametrize("reply", [Wire(HANG), Http(200, [HANG]), Http(200, [b"x", HANG]), Stream(rate=50)])
async def test_cancelling_closes(up: FakeUpstream, client: UpstreamClient, reply: Stream) -> None:
    gate = Gate()
    up.script("model-a", reply)
    task = asyncio.create_task(read(client, chat_request(up)))
    await up.requested()
    cancelled = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _closed_within(up, cancelled)
    gate.open()


async def test_cancelling_closes_a_tls_connection(authority: Authority) -> None:
    with FakeUpstream(tls=authority.server_context("127.0.0.1")) as up:
        up.queue(Http(200, [b"x", HANG]))
        client = UpstreamClient(guard=AddressGuard([up.address]), extra_ca=str(authority.path))
        task = asyncio.create_task(read(client, chat_request(up)))
        await up.requested()
        cancelled = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await _closed_within(up, cancelled)
        await client.aclose()


async def test_cancelling_during_name_resolution(up: FakeUpstream) -> None:
    names = Names()
    client = UpstreamClient(guard=AddressGuard(), resolver=names)
    task = asyncio.create_task(read(client, chat_request(up, url="http://hangs.test/")))
    await names.hanging.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await client.aclose()


async def test_connection_is_kept_when_the_body_was_read(up: FakeUpstream, client: UpstreamClient) -> None:
    for _ in range(5):
        await read(client, chat_request(up))
    assert len(up.connections) == 1


async def test_hundred_cancelled_streams_leave_nothing_behind(
    up: FakeUpstream, client: UpstreamClient
) -> None:
    up.script("model-a", Http(200, [b"x", HANG]))
    up.script("model-b", Stream())
    tasks = [asyncio.create_task(read(client, chat_request(up))) for _ in range(100)]
    await up.requested(100)
    cancelled = time.monotonic()
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    await _closed_within(up, cancelled, 100)
    again = await asyncio.gather(*(read(client, chat_request(up, "model-b")) for _ in range(100)))
    assert all(body.endswith(b"[DONE]\n\n") for _, body in again)


async def test_hundred_streams_cancelled_while_connecting_recover(
    up: FakeUpstream, client: UpstreamClient
) -> None:
    tasks = [asyncio.create_task(read(client, chat_request(up))) for _ in range(100)]
    await up.requested(1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    again = await asyncio.gather(*(read(client, chat_request(up)) for _ in range(100)))
    assert all(response.status == 200 for response, _ in again)


async def test_closed_client_may_be_used_again(up: FakeUpstream, client: UpstreamClient) -> None:
    await read(client, chat_request(up))
    await client.aclose()
    await up.left()
    response, _ = await read(client, chat_request(up))
    assert response.status == 200


async def test_closing_the_client_ends_running_streams(up: FakeUpstream, client: UpstreamClient) -> None:
    up.queue(Http(200, [b"x", HANG]))
    task = asyncio.create_task(read(client, chat_request(up)))
    await up.requested()
    await client.aclose()
    await up.left()
    results = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(results[0], Exception)
