"""Every way in which an upstream fails has its own error, its own sentence, and says whether anything was sent."""

import pytest

from tests.fakes import CLOSE, CUT, HANG, FakeUpstream, Gate, Http, Reply, Stream, Wire
from tests.upstream.client.helpers import Names, chat_request, fault, read
from upstream.address_guard import AddressGuard
from upstream.client import UpstreamClient
from upstream.wire.errors import (
    AddressForbidden,
    ConnectFailed,
    ConnectionCut,
    NameNotResolved,
    ProtocolViolation,
    UpstreamError,
)

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (Wire(b"SSH-2.0-OpenSSH_9.2\r\n", HANG), ProtocolViolation, "not valid HTTP"),
        (Wire(b"\x15\x03\x01\x00\x02\x02\x46", CLOSE), ProtocolViolation, "not valid HTTP"),
        (Wire(b"\x00\xffgarbage\r\n\r\n", HANG), ProtocolViolation, "not valid HTTP"),
        (Wire(b"HTTP/9.9 abc\r\n\r\n", HANG), ProtocolViolation, "not valid HTTP"),
        (Wire(CHUNKED, b"zzz\r\nx\r\n", HANG), ProtocolViolation, "chunk size"),
        (Http(200, [b"x"], headers=[("X-Long", "y" * 70_000)]), ProtocolViolation, "too long"),
        (Http(200, [b"x"], headers=[(f"X-{i}", "y") for i in range(300)]), ProtocolViolation, "headers"),
        (
            Wire(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", HANG),
            ProtocolViolation,
            "another protocol",
        ),
        (Wire(CLOSE), ConnectionCut, "before it answered"),
        (Wire(CUT), ConnectionCut, "before it answered"),
        (Wire(b"HTTP/1.1 200 OK\r\nContent-Type: text/ev", CLOSE), ConnectionCut, "before it answered"),
    ],
)
async def test_answer_that_is_no_http_answer(
    up: FakeUpstream, client: UpstreamClient, reply: Reply, kind: type[UpstreamError], words: str
) -> None:
    up.queue(reply)
    error, _ = await fault(client, chat_request(up))
    assert type(error) is kind
    assert words in error.message
    assert up.address in error.message
    assert error.sent
    await up.left()


@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
@pytest.mark.parametrize("end", [CUT, CLOSE])
async def test_cut_in_the_middle_keeps_what_came(
    up: FakeUpstream, client: UpstreamClient, framing: str, end: object
) -> None:
    gate = Gate()
    up.queue(Http(200, [b"so far", gate, end, b"never"], framing=framing))  # type: ignore[list-item]
    request = chat_request(up)
    if (framing, end) == ("close", CLOSE):  # this is how such a body ends: nobody can tell
        gate.open()
        assert await read(client, request)
        return
    error, got = await fault(client, request, on_data=gate.open)
    assert isinstance(error, ConnectionCut)
    assert got == b"so far"
    assert error.sent
    assert "middle of the answer" in error.message


async def test_bad_chunk_after_good_ones_is_noticed_at_once(up: FakeUpstream, client: UpstreamClient) -> None:
    gate = Gate()
    up.queue(Wire(CHUNKED, b"5\r\nhello\r\n", gate, b"zzz\r\nfoo\r\n", HANG))
    error, got = await fault(client, chat_request(up), on_data=gate.open)
    assert isinstance(error, ProtocolViolation)
    assert "chunk size" in error.message
    assert got == b"hello"


async def test_nobody_listens(up: FakeUpstream, client: UpstreamClient) -> None:
    request = chat_request(up)
    up.close()
    error, _ = await fault(client, request)
    assert isinstance(error, ConnectFailed)
    assert "refused" in error.message.lower()
    assert not error.sent


async def test_name_that_does_not_exist() -> None:
    client = UpstreamClient(guard=AddressGuard(), resolver=Names())
    with FakeUpstream() as up:
        error, _ = await fault(client, chat_request(up, url="http://nowhere.test/v1"))
    await client.aclose()
    assert isinstance(error, NameNotResolved)
    assert "nowhere.test" in error.message
    assert not error.sent


@pytest.mark.parametrize(
    "url", ["http://", "ftp://example.test/", "http://user:pw@example.test/", "nonsense"]
)
async def test_url_that_cannot_be_called(up: FakeUpstream, client: UpstreamClient, url: str) -> None:
    error, _ = await fault(client, chat_request(up, url=url))
    assert isinstance(error, AddressForbidden)
    assert "base URL" in error.advice
    assert not error.sent


async def test_header_with_a_line_break_is_never_sent(up: FakeUpstream, client: UpstreamClient) -> None:
    request = chat_request(up)
    bad = type(request)(
        request.method, request.url, (*request.headers, ("X-Bad", "a\r\nX-Evil: 1")), request.body
    )
    error, _ = await fault(client, bad)
    assert isinstance(error, UpstreamError)
    assert up.requests == []


async def test_early_refusal_of_a_large_body_is_read(up: FakeUpstream, client: UpstreamClient) -> None:
    up.queue(Http(413, [b'{"error":"too large"}'], framing="length"))
    request = chat_request(up, padding="x" * 4_000_000)
    response, body = await read(client, request)
    assert (response.status, body) == (413, b'{"error":"too large"}')


async def test_error_message_never_holds_path_or_query(up: FakeUpstream, client: UpstreamClient) -> None:
    up.queue(Wire(CLOSE), Wire(b"junk\r\n\r\n", HANG))
    for _ in range(2):
        error, _ = await fault(client, chat_request(up, url=f"{up.base_url}/chat?key=sk-in-the-query"))
        chain: BaseException | None = error
        while chain is not None:
            assert "sk-in-the-query" not in f"{chain!r}{chain}"
            chain = chain.__cause__


async def test_after_a_fault_the_next_request_is_served(up: FakeUpstream, client: UpstreamClient) -> None:
    up.queue(Wire(CUT))
    await fault(client, chat_request(up))
    up.script("model-a", Stream())
    response, body = await read(client, chat_request(up))
    assert response.status == 200
    assert body.endswith(b"data: [DONE]\n\n")
