"""What belongs to one request stays with it: no cookies, no redirects, nothing from the environment."""

import asyncio
import gc
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import CLOSE, FakeUpstream, Gate, Http, Wire, redirect_reply
from tests.upstream.client.helpers import KEY, chat_request, read
from upstream.address_guard import AddressGuard
from upstream.client import UpstreamClient
from upstream.wire.request import PreparedRequest


async def test_cookies_for_alice_do_not_reach_bobs_request(up: FakeUpstream, client: UpstreamClient) -> None:
    up.queue(
        Http(200, [b"for Alice"], headers=[("Set-Cookie", "session=alice; Path=/"), ("Set-Cookie", "b=2")])
    )
    alice, _ = await read(client, chat_request(up, user="alice"))
    bob, _ = await read(client, chat_request(up, user="bob"))
    assert alice.header("Set-Cookie") == "session=alice; Path=/"
    assert up.requests[1].header("Cookie") is None
    assert "cookie" not in {name.lower() for name, _ in bob.sent_headers}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_given_back_and_not_followed(
    up: FakeUpstream, client: UpstreamClient, status: int
) -> None:
    with FakeUpstream() as other:
        up.queue(redirect_reply(f"{other.origin}/v1/chat/completions", status))
        response, _ = await read(client, chat_request(up))
        assert response.status == status
        assert response.header("Location") == f"{other.origin}/v1/chat/completions"
        assert other.connections == []
    assert len(up.requests) == 1


@pytest.mark.parametrize(
    "location", ["http://[::1", "//", "javascript:1", "http://a b/", "\xff\xfe", "https://😇/"]
)
async def test_location_that_is_no_url_is_given_back_too(
    up: FakeUpstream, client: UpstreamClient, location: str
) -> None:
    up.queue(Wire(b"HTTP/1.1 307 Moved\r\nLocation: " + location.encode() + b"\r\nContent-Length: 0\r\n\r\n"))
    response, _ = await read(client, chat_request(up))
    assert response.status == 307


async def test_proxies_and_netrc_of_the_environment_are_not_used(
    up: FakeUpstream, client: UpstreamClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login robot password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with FakeUpstream() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.origin)
        monkeypatch.delenv("no_proxy", raising=False)
        await read(client, chat_request(up))
        assert proxy.connections == []
    assert up.requests[0].header("Authorization") == f"Bearer {KEY}"


async def test_url_with_a_key_is_not_logged(
    up: FakeUpstream, client: UpstreamClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await read(client, chat_request(up, url=f"{up.base_url}/chat/completions?key={KEY}"))
    assert KEY not in caplog.text


async def test_bytes_left_on_a_pooled_connection_are_not_the_next_answer(
    up: FakeUpstream, client: UpstreamClient
) -> None:
    gate = Gate()
    stray = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray"
    up.queue(Wire(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst", gate, stray, gate))
    up.queue(Http(200, [b"second"]))
    _, first = await read(client, chat_request(up))
    gate.release()
    await gate.reached(2)
    _, second = await read(client, chat_request(up))
    gate.open()
    assert (first, second) == (b"first", b"second")
    assert len(up.connections) == 2


async def test_configured_proxy_is_used_and_the_guard_judges_the_literal(up: FakeUpstream) -> None:
    with FakeUpstream() as proxy:
        proxy.queue(Http(200, [b"through the proxy"]))
        client = UpstreamClient(guard=AddressGuard([up.address]), proxy=proxy.origin)
        try:
            _, body = await read(client, chat_request(up))
        finally:
            await client.aclose()
        assert body == b"through the proxy"
        assert proxy.requests[0].target == f"{up.base_url}/chat/completions"
    assert up.connections == []


def pooled(client: UpstreamClient) -> int:
    """Return how many open connections wait in the client's pool."""
    inside: Any = client._client()
    waiting = inside._transport.client.connector._conns.values()
    return sum(connection.is_connected() for row in waiting for connection, _since in row)


async def test_connection_that_the_upstream_closed_is_not_used_again(
    up: FakeUpstream, client: UpstreamClient
) -> None:
    up.queue(Wire(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst", CLOSE), Http(200, [b"second"]))
    _, first = await read(client, chat_request(up))
    await up.left()
    async with asyncio.timeout(10):
        while pooled(client):  # noqa: ASYNC110 - the end arrives later than it was sent, and nobody is told
            await asyncio.sleep(0)
    _, second = await read(client, chat_request(up))
    assert (first, second) == (b"first", b"second")
    assert len(up.connections) == 2


async def test_request_is_let_go_when_it_is_done(up: FakeUpstream, client: UpstreamClient) -> None:
    """A pooled connection keeps the context it was made in; the request must not stay with it."""
    await read(client, chat_request(up, model="let-go"))
    gc.collect()
    kept = [one for one in gc.get_objects() if type(one) is PreparedRequest and b"let-go" in one.body]
    assert len(up.connections) == 1
    assert up.connections[0].closed_at is None
    assert kept == []
