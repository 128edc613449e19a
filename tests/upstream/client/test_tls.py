"""TLS as it is spoken to real providers: certificates are checked, Host and SNI are the URL's."""

import asyncio

import pytest

from tests.certificates import Authority
from tests.fakes import CLOSE, FakeUpstream, Wire
from tests.upstream.client.helpers import KEY, Names, chat_request, fault, read
from upstream.address_guard import AddressGuard
from upstream.client import UpstreamClient
from upstream.wire.errors import ConnectionCut, ProtocolViolation, TlsFailed, UpstreamError


def client_for(authority: Authority | None, *allowed: str) -> UpstreamClient:
    return UpstreamClient(
        guard=AddressGuard(allowed),
        extra_ca=str(authority.path) if authority else None,
        resolver=Names(api_test=[["127.0.0.1"]], other_test=[["127.0.0.1"]]),
    )


async def test_host_and_sni_are_the_names_not_the_address(authority: Authority) -> None:
    with FakeUpstream(tls=authority.server_context("api.test")) as up:
        client = client_for(authority, f"api.test:{up.port}")
        response, _ = await read(client, chat_request(up, url=f"https://api.test:{up.port}/v1/chat"))
        await client.aclose()
        assert up.connections[0].server_name == "api.test"
        assert up.requests[0].header("Host") == f"api.test:{up.port}"
        assert response.url_sent == f"https://api.test:{up.port}/v1/chat"


async def test_timing_splits_name_connection_and_handshake(authority: Authority) -> None:
    with FakeUpstream(tls=authority.server_context("api.test")) as up:
        client = client_for(authority, "127.0.0.1")
        request = chat_request(up, url=f"https://api.test:{up.port}/v1/chat")
        first, _ = await read(client, request)
        second, _ = await read(client, request)
        await client.aclose()
    timing = first.timing
    steps = [timing.dns, timing.connect, timing.tls, timing.request_sent, timing.first_byte]
    known = [step for step in steps if step is not None]
    assert len(known) == 5
    assert known == sorted(known)
    assert timing.connect != timing.tls
    assert second.timing.reused
    assert (second.timing.dns, second.timing.connect, second.timing.tls) == (None, None, None)


@pytest.mark.parametrize("case", ["unknown authority", "wrong name", "expired"])
async def test_bad_certificate(authority: Authority, case: str) -> None:
    context = authority.server_context(
        "other.test" if case == "wrong name" else "api.test", expired=case == "expired"
    )
    with FakeUpstream(tls=context) as up:
        client = client_for(None if case == "unknown authority" else authority, "127.0.0.1")
        error, _ = await fault(client, chat_request(up, url=f"https://api.test:{up.port}/v1"))
        await client.aclose()
        assert up.requests == []
    assert isinstance(error, TlsFailed)
    assert "certificate" in error.message
    assert not error.sent
    said = {"unknown authority": "issuer", "wrong name": "api.test", "expired": "expired"}[case]
    assert said in error.message


async def test_plain_server_behind_https(up: FakeUpstream, client: UpstreamClient) -> None:
    error, _ = await fault(client, chat_request(up, url=f"https://{up.address}/v1"))
    assert isinstance(error, TlsFailed)
    assert not error.sent


async def test_tls_server_behind_http(authority: Authority) -> None:
    with FakeUpstream(tls=authority.server_context("127.0.0.1")) as up:
        client = client_for(authority, "127.0.0.1")
        error, _ = await fault(client, chat_request(up, url=f"http://{up.address}/v1"))
        await client.aclose()
    assert isinstance(error, ConnectionCut | ProtocolViolation)


async def test_certificate_for_an_address(authority: Authority) -> None:
    with FakeUpstream(tls=authority.server_context("127.0.0.1")) as up:
        client = client_for(authority, up.address)
        response, _ = await read(client, chat_request(up))
        await client.aclose()
        assert response.status == 200
        assert up.connections[0].server_name is None  # RFC 6066: no SNI for an address


async def test_final_dot_is_not_part_of_the_certificates_name(authority: Authority) -> None:
    with FakeUpstream(tls=authority.server_context("api.test")) as up:
        client = client_for(authority, f"api.test:{up.port}")
        client._resolver.answers["api.test."] = [["127.0.0.1"]]  # type: ignore[union-attr]
        response, _ = await read(client, chat_request(up, url=f"https://api.test.:{up.port}/v1"))
        await client.aclose()
    assert response.status == 200


async def test_connection_closed_after_the_handshake_is_a_cut(authority: Authority) -> None:
    with FakeUpstream(tls=authority.server_context("127.0.0.1")) as up:
        up.queue(Wire(CLOSE))
        client = client_for(authority, up.address)
        error, _ = await fault(client, chat_request(up))
        await client.aclose()
    assert isinstance(error, ConnectionCut)
    assert isinstance(error, UpstreamError)
    assert error.sent


async def test_proxy_gets_a_tunnel_and_sees_no_key(authority: Authority) -> None:
    """Behind a configured proxy, TLS goes from here to the upstream: the proxy resolves and connects only."""
    seen: list[bytes] = []

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        there, to_there = await asyncio.open_connection("127.0.0.1", up.port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pump(reader, to_there), _pump(there, writer))

    with FakeUpstream(tls=authority.server_context("api.test")) as up:
        async with await asyncio.start_server(tunnel, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            client = UpstreamClient(
                guard=AddressGuard(), extra_ca=str(authority.path), proxy=f"http://127.0.0.1:{port}"
            )
            response, _ = await read(client, chat_request(up, url=f"https://api.test:{up.port}/v1"))
            await client.aclose()
        assert response.status == 200
        assert up.connections[0].server_name == "api.test"
        assert up.requests[0].header("Authorization") == f"Bearer {KEY}"
    assert seen[0].startswith(b"CONNECT api.test:")
    assert KEY.encode() not in seen[0]


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()
    sink.close()
