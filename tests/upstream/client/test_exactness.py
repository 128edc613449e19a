"""What goes over the wire is exactly what was prepared, and what is shown is what went over the wire."""

import contextlib
from dataclasses import replace

import pytest

from tests.fakes import FakeUpstream, Http, Wire
from tests.upstream.client.helpers import KEY, chat_request, read
from upstream.address_guard import AddressGuard
from upstream.client import UpstreamClient


async def test_body_arrives_byte_for_byte(up: FakeUpstream, client: UpstreamClient) -> None:
    body = '{"model":"m","n":1.0,"big":12345678901234567890123,"text":"é\u2028 \\u0000"}'.encode()
    await read(client, replace(chat_request(up), body=body))
    assert up.requests[0].body == body


async def test_large_body_arrives_byte_for_byte(up: FakeUpstream, client: UpstreamClient) -> None:
    body = bytes(range(256)) * 20_000
    response, _ = await read(client, replace(chat_request(up), body=body))
    assert up.requests[0].body == body
    assert up.requests[0].header("Content-Length") == str(len(body))
    assert up.requests[0].header("Transfer-Encoding") is None
    assert response.timing.request_sent is not None


@pytest.mark.parametrize(
    "target",
    [
        "/v1/chat/completions",
        "/v1/%7Euser/a%2Fb/chat?api-version=2024%2D10-21&x=%41+b%20c",
        "/v1/a;b=c/chat,completions!$'()*?q=/?:@[]",
        "/v1//chat/../completions/.",
        "/v1/chat?empty=&flag&a=1&a=2",
    ],
)
async def test_target_is_not_rewritten(up: FakeUpstream, client: UpstreamClient, target: str) -> None:
    response, _ = await read(client, chat_request(up, url=up.origin + target))
    assert up.requests[0].target == target
    assert response.url_sent == up.origin + target


async def test_characters_that_cannot_be_sent_are_escaped(up: FakeUpstream, client: UpstreamClient) -> None:
    response, _ = await read(client, chat_request(up, url=f"{up.origin}/v1/模型?名=ü"))
    assert up.requests[0].target == "/v1/%E6%A8%A1%E5%9E%8B?%E5%90%8D=%C3%BC"
    assert response.url_sent == up.origin + up.requests[0].target


async def test_request_headers_keep_order_case_and_repetitions(
    up: FakeUpstream, client: UpstreamClient
) -> None:
    headers = (
        ("X-Odd-CASE", "1"),
        ("authorization", f"Bearer {KEY}"),
        ("x-repeated", "a"),
        ("Content-Type", "application/json"),
        ("x-repeated", "b"),
    )
    response, _ = await read(client, replace(chat_request(up), headers=headers))
    assert up.requests[0].headers == [
        ("Host", up.address),
        *headers,
        ("Accept-Encoding", "identity"),
        ("User-Agent", "chat-playground"),
        ("Content-Length", str(len(up.requests[0].body))),
    ]
    assert response.sent_headers == tuple(up.requests[0].headers)


async def test_accept_encoding_and_user_agent_are_sent_as_given(
    up: FakeUpstream, client: UpstreamClient
) -> None:
    headers = (("User-Agent", "probe/1"), ("accept-encoding", "gzip"))
    await read(client, replace(chat_request(up), headers=headers))
    assert up.requests[0].header("User-Agent") == "probe/1"
    assert up.requests[0].header("Accept-Encoding") == "gzip"
    assert len(up.requests[0].headers) == 4


async def test_headers_that_frame_the_message_cannot_be_replaced(
    up: FakeUpstream, client: UpstreamClient
) -> None:
    headers = (
        ("Host", "elsewhere.test"),
        ("content-length", "3"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "upgrade"),
        ("Expect", "100-continue"),
    )
    await read(client, replace(chat_request(up), headers=headers))
    received = up.requests[0]
    assert received.header("Host") == up.address
    assert [name for name, _ in received.headers if name.lower() != "host"] == [
        "Accept-Encoding",
        "User-Agent",
        "Content-Length",
    ]


async def test_get_without_a_body_sends_no_length(up: FakeUpstream, client: UpstreamClient) -> None:
    await read(client, replace(chat_request(up), method="GET", body=b"", url=f"{up.base_url}/models"))
    assert up.requests[0].header("Content-Length") is None
    assert up.requests[0].method == "GET"


async def test_response_headers_keep_order_case_and_repetitions(
    up: FakeUpstream, client: UpstreamClient
) -> None:
    up.queue(
        Wire(
            b"HTTP/1.1 201 Very Well\r\nX-Request-ID: 1\r\nx-two: a\r\nX-TWO: b\r\n"
            b"X-Name: caf\xc3\xa9\r\nx-latin: caf\xe9\r\nContent-Length: 2\r\n\r\nhi"
        )
    )
    response, body = await read(client, chat_request(up))
    assert (response.status, response.reason, response.http_version) == (201, "Very Well", "HTTP/1.1")
    assert response.headers == (
        ("X-Request-ID", "1"),
        ("x-two", "a"),
        ("X-TWO", "b"),
        ("X-Name", "café"),
        ("x-latin", "café"),
        ("Content-Length", "2"),
    )
    assert body == b"hi"


async def test_http_version_is_the_one_that_was_spoken(up: FakeUpstream, client: UpstreamClient) -> None:
    up.queue(Wire(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"))
    response, _ = await read(client, chat_request(up))
    assert response.http_version == "HTTP/1.0"


async def test_long_and_many_headers_are_taken(up: FakeUpstream, client: UpstreamClient) -> None:
    many = [(f"X-Header-{i}", "v") for i in range(200)]
    up.queue(Http(200, [b"ok"], headers=[("X-Long", "y" * 60_000), *many]))
    response, body = await read(client, chat_request(up))
    assert len(response.header("x-long")) == 60_000
    assert body == b"ok"


async def test_timing_tells_the_steps_in_order(up: FakeUpstream, client: UpstreamClient) -> None:
    first, _ = await read(client, chat_request(up))
    second, _ = await read(client, chat_request(up))
    steps = (0.0, first.timing.connect, first.timing.request_sent, first.timing.first_byte)
    assert list(steps) == sorted(step for step in steps if step is not None)
    assert first.timing.dns is None  # the host is an address
    assert first.timing.tls is None
    assert not first.timing.reused
    assert second.timing.reused
    assert second.timing.connect is None


async def test_retry_after_is_read_from_the_headers(up: FakeUpstream, client: UpstreamClient) -> None:
    up.queue(Http(429, [b"{}"], headers=[("retry-after", "2.5")]))
    response, _ = await read(client, chat_request(up))
    assert response.retry_after == 2.5


async def test_ipv6_address_keeps_its_brackets() -> None:
    try:
        upstream = FakeUpstream(host="::1").start()
    except OSError:
        pytest.skip("This machine has no IPv6.")
    with contextlib.closing(upstream) as up:
        client = UpstreamClient(guard=AddressGuard([up.address]))
        response, _ = await read(client, chat_request(up))
        await client.aclose()
        assert up.requests[0].header("Host") == f"[::1]:{up.port}"
        assert response.url_sent.startswith(f"http://[::1]:{up.port}/")
