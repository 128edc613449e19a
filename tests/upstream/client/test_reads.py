"""The body, read by read: one item holds all that has arrived; encodings that come anyway are undone."""

import asyncio
import gzip
import tracemalloc
import zlib

import pytest

from tests.fakes import HANG, FakeUpstream, Gate, Http, Stream, bomb_reply
from tests.upstream.client.helpers import chat_request, fault, read
from upstream.client import UpstreamClient
from upstream.client.decoding import MAX_PIECE
from upstream.wire.errors import ProtocolViolation

TEXT = [b"data: one\n\n", b"data: two\n\n", b"data: three\n\n"]


async def test_one_read_holds_all_that_has_arrived(up: FakeUpstream, client: UpstreamClient) -> None:
    gate = Gate()
    up.queue(Http(200, [b"a", gate, b"b", b"c", b"d", gate]))
    reads = []
    async with client.stream(chat_request(up)) as response:
        async for data in response.chunks():
            reads.append(data)
            if data == b"a":
                gate.release()
                await gate.reached(2)  # b, c and d are written; the loop had time to take them in
                await asyncio.sleep(0)
                gate.open()
            assert response.bytes_received >= len(b"".join(reads))
    assert reads == [b"a", b"bcd"]
    assert response.bytes_received == 4


async def test_each_piece_comes_when_it_is_written(up: FakeUpstream, client: UpstreamClient) -> None:
    gate = Gate()
    up.queue(Http(200, [b"one", gate, b"two", gate, b"three"]))
    reads = []
    async with client.stream(chat_request(up)) as response:
        async for data in response.chunks():
            reads.append(data)
            gate.release()
    assert reads == [b"one", b"two", b"three"]


async def test_body_is_bounded_in_memory_when_nobody_reads(up: FakeUpstream, client: UpstreamClient) -> None:
    megabyte = b"x" * (1 << 20)
    up.queue(Http(200, [megabyte] * 64, framing="close"))
    async with client.stream(chat_request(up)) as response:
        chunks = response.chunks()
        first = await anext(chunks)
        await asyncio.sleep(0.2)  # time in which 64 MB would come in, if nothing held them back
        assert response.bytes_received < 1 << 20
        rest = sum([len(data) async for data in chunks])
    assert len(first) + rest == 64 << 20


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_encoded_stream_is_read_event_by_event(
    up: FakeUpstream, client: UpstreamClient, encoding: str
) -> None:
    gate = Gate()
    up.queue(Http(200, [TEXT[0], gate, TEXT[1], gate, TEXT[2]], encoding=encoding))
    reads = []
    async with client.stream(chat_request(up)) as response:
        async for data in response.chunks():
            reads.append(data)
            gate.release()
    assert b"".join(reads) == b"".join(TEXT)
    assert reads[0] == TEXT[0]
    assert response.header("Content-Encoding") == encoding


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("gzip", gzip.compress(b"plain", mtime=0)),
        ("x-gzip", gzip.compress(b"plain", mtime=0)),
        ("GZIP", gzip.compress(b"pl", mtime=0) + gzip.compress(b"ain", mtime=0)),
        ("gzip", gzip.compress(b"plain", mtime=0) + b"\0" * 20),
        ("gzip", gzip.compress(b"plain", mtime=0) + b"trailing garbage"),
        ("deflate", zlib.compress(b"plain")),
        ("deflate", zlib.compress(b"plain")[2:-4]),
        ("identity", b"plain"),
        ("", b"plain"),
    ],
)
@pytest.mark.parametrize("cut", [1, 2, 1000])
async def test_encodings(up: FakeUpstream, client: UpstreamClient, name: str, body: bytes, cut: int) -> None:
    pieces = [body[at : at + cut] for at in range(0, len(body), cut)]
    up.queue(Http(200, pieces, headers=[("Content-Encoding", name)]))
    assert (await read(client, chat_request(up)))[1] == b"plain"


async def test_encoded_body_without_its_end_is_kept(up: FakeUpstream, client: UpstreamClient) -> None:
    packer = zlib.compressobj(wbits=31)
    body = packer.compress(b"so far") + packer.flush(zlib.Z_SYNC_FLUSH)
    up.queue(Http(200, [body], headers=[("Content-Encoding", "gzip")]))
    assert (await read(client, chat_request(up)))[1] == b"so far"


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("gzip", b"this is not gzip at all", "gzip"),
        ("gzip", gzip.compress(b"plain", mtime=0)[:-8] + b"\0" * 8, "gzip"),  # the checksum is wrong
        ("deflate", b"\xff\xff\xff\xff", "deflate"),
        ("br", b"whatever", "'br'"),
        ("gzip, gzip", b"whatever", "'gzip, gzip'"),
    ],
)
async def test_encodings_that_cannot_be_undone(
    up: FakeUpstream, client: UpstreamClient, name: str, body: bytes, words: str
) -> None:
    up.queue(Http(200, [body], headers=[("Content-Encoding", name)]))
    error, _ = await fault(client, chat_request(up))
    assert isinstance(error, ProtocolViolation)
    assert words in error.message


async def test_bomb_is_unpacked_in_bounded_pieces(up: FakeUpstream, client: UpstreamClient) -> None:
    size = 100_000_000
    up.queue(bomb_reply(size))
    total = 0
    tracemalloc.start()
    try:
        async with client.stream(chat_request(up)) as response:
            async for data in response.chunks():
                assert len(data) <= MAX_PIECE
                total += len(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == size
    assert peak < 8 << 20


async def test_reader_may_leave_in_the_middle_of_a_bomb(up: FakeUpstream, client: UpstreamClient) -> None:
    up.queue(bomb_reply(100_000_000))
    async with client.stream(chat_request(up)) as response:
        async for _ in response.chunks():
            break
    up.script("model-a", Stream())
    assert (await read(client, chat_request(up)))[0].status == 200


async def test_answer_without_a_body(up: FakeUpstream, client: UpstreamClient) -> None:
    up.queue(Http(204, [], content_type="", framing="close"), Http(200, [], framing="length"))
    for status in (204, 200):
        response, body = await read(client, chat_request(up))
        assert (response.status, body) == (status, b"")


async def test_error_status_is_a_response_like_others(up: FakeUpstream, client: UpstreamClient) -> None:
    up.queue(Http(500, [b"oh", b" no"]))
    response, body = await read(client, chat_request(up))
    assert (response.status, response.reason, body) == (500, "Internal Server Error", b"oh no")


async def test_reset_connection_after_the_whole_body_is_no_fault(
    up: FakeUpstream, client: UpstreamClient
) -> None:
    up.queue(Http(200, [b"all of it"], framing="length"))
    async with client.stream(chat_request(up)) as response:
        got = [data async for data in response.chunks()]
    assert got == [b"all of it"]


async def test_two_hundred_streams_at_once(up: FakeUpstream, client: UpstreamClient) -> None:
    gate = Gate()
    up.script("model-a", Http(200, [b"x", gate, b"y"]))
    tasks = [asyncio.create_task(read(client, chat_request(up))) for _ in range(200)]
    await gate.reached(200)
    assert len(up.connections) == 200
    gate.open()
    assert {body for _, body in await asyncio.gather(*tasks)} == {b"xy"}


async def test_hang_after_the_head_can_be_left(up: FakeUpstream, client: UpstreamClient) -> None:
    up.queue(Http(200, [HANG]))
    async with client.stream(chat_request(up)) as response:
        assert response.status == 200
    await up.left()
