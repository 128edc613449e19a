"""The guard on the way: what counts is the address that the socket connects to, each time."""

import socket
from collections.abc import Callable

import pytest

from tests.fakes import FakeUpstream
from tests.upstream.client.helpers import Names, chat_request, fault, read
from upstream.address_guard import AddressGuard
from upstream.client import UpstreamClient
from upstream.wire.errors import AddressForbidden, ConnectFailed

ClientMaker = Callable[..., UpstreamClient]


async def _refused(up: FakeUpstream, client: UpstreamClient, url: str) -> AddressForbidden:
    error, _ = await fault(client, chat_request(up, url=url))
    await client.aclose()
    assert isinstance(error, AddressForbidden), error
    assert not error.sent
    assert up.connections == []
    return error


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "LOCALHOST", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1.",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::1]", "0.0.0.0", "0", "１２７.0.0.1", "foo.localhost",
    ],
)  # fmt: skip
async def test_own_machine_is_not_reached(up: FakeUpstream, host: str) -> None:
    await _refused(up, UpstreamClient(guard=AddressGuard()), f"http://{host}:{up.port}/v1/chat/completions")


async def test_name_that_stands_for_the_own_machine_is_not_reached(up: FakeUpstream) -> None:
    client = UpstreamClient(guard=AddressGuard(), resolver=Names(evil_test=[["127.0.0.1"]]))
    error = await _refused(up, client, f"http://evil.test:{up.port}/v1")
    assert "evil.test is at 127.0.0.1" in error.message


async def test_answer_that_changes_after_the_check_is_judged_anew(up: FakeUpstream) -> None:
    """DNS rebinding: public when somebody looks, the own machine when the socket connects."""
    names = Names(rebind_test=[["203.0.114.7"], ["127.0.0.1"]])
    guard = AddressGuard()
    url = f"http://rebind.test:{up.port}/v1"
    guard.check_url(url)
    looked_up = await names.resolve("rebind.test", up.port)
    guard.check_sockaddr((looked_up[0]["host"], up.port), host="rebind.test")
    await _refused(up, UpstreamClient(guard=guard, resolver=names), url)
    assert names.asked == ["rebind.test", "rebind.test"]


@pytest.mark.parametrize(
    "answer", [["10.0.0.1", "127.0.0.1"], ["::1", "127.0.0.1"], ["169.254.169.254"], ["::ffff:127.0.0.1"]]
)
async def test_every_address_of_an_answer_is_judged(up: FakeUpstream, answer: list[str]) -> None:
    client = UpstreamClient(guard=AddressGuard(), resolver=Names(many_test=[answer]))
    await _refused(up, client, f"http://many.test:{up.port}/v1")


async def test_allowed_address_of_a_mixed_answer_is_used(up: FakeUpstream) -> None:
    names = Names(mixed_test=[["10.0.0.1", "127.0.0.1"]])
    client = UpstreamClient(guard=AddressGuard(["127.0.0.1"]), resolver=names)
    response, _ = await read(client, chat_request(up, url=f"http://mixed.test:{up.port}/v1"))
    await client.aclose()
    assert response.status == 200


async def test_allowed_address_that_does_not_answer_is_no_matter_of_permission(up: FakeUpstream) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    names = Names(mixed_test=[["10.0.0.1", "127.0.0.1"]])
    client = UpstreamClient(guard=AddressGuard(["127.0.0.1"]), resolver=names)
    error, _ = await fault(client, chat_request(up, url=f"http://mixed.test:{port}/v1"))
    await client.aclose()
    assert isinstance(error, ConnectFailed)


async def test_allowing_a_name_allows_its_address(up: FakeUpstream) -> None:
    names = Names(gpu_lan=[["127.0.0.1"]])
    client = UpstreamClient(guard=AddressGuard([f"gpu.lan:{up.port}"]), resolver=names)
    response, _ = await read(client, chat_request(up, url=f"http://GPU.lan:{up.port}/v1"))
    await client.aclose()
    assert response.status == 200


async def test_allowing_a_name_does_not_allow_what_it_may_become(up: FakeUpstream) -> None:
    names = Names(gpu_lan=[["169.254.169.254"]])
    await _refused(
        up, UpstreamClient(guard=AddressGuard(["gpu.lan"]), resolver=names), f"http://gpu.lan:{up.port}/v1"
    )


async def test_localhost_is_judged_by_its_address(up: FakeUpstream) -> None:
    client = UpstreamClient(guard=AddressGuard([f"127.0.0.1:{up.port}"]))
    response, _ = await read(client, chat_request(up, url=f"http://localhost:{up.port}/v1"))
    await client.aclose()
    assert response.status == 200


async def test_what_is_allowed_may_change_while_a_connection_is_pooled(up: FakeUpstream) -> None:
    allowed = [up.address]
    client = UpstreamClient(guard=AddressGuard(lambda: allowed), resolver=Names(gpu_lan=[["127.0.0.1"]]))
    request = chat_request(up, url=f"http://gpu.lan:{up.port}/v1")
    await read(client, request)
    allowed.clear()
    error, _ = await fault(client, request)
    assert isinstance(error, AddressForbidden)
    assert not error.sent
    assert len(up.requests) == 1
    allowed.append(up.address)
    response, _ = await read(client, request)
    await client.aclose()
    assert response.status == 200
    assert len(up.connections) == 2


async def test_redirect_to_a_forbidden_address_goes_nowhere(up: FakeUpstream, client: UpstreamClient) -> None:
    from tests.fakes import redirect_reply

    up.queue(redirect_reply("http://169.254.169.254/latest/meta-data"))
    response, _ = await read(client, chat_request(up))
    assert response.status == 307
    assert len(up.requests) == 1
