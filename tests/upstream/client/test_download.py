"""Documents from addresses that people name: bounded, through the guard at each step, without anybody's key."""

import pytest

from tests.fakes import FakeUpstream, Http, error_reply, redirect_reply
from upstream.client import UpstreamClient, download
from upstream.wire.errors import (
    AddressForbidden,
    InvalidRequest,
    NotFound,
    ProtocolViolation,
    StreamTooLong,
    UpstreamError,
    UpstreamUnavailable,
)

LIMIT = 1000


def at(up: FakeUpstream, path: str = "/cat.png") -> str:
    return f"http://{up.address}{path}"


async def test_the_bytes_come_as_they_are_and_no_key_is_sent(
    up: FakeUpstream, client: UpstreamClient
) -> None:
    up.queue(Http(body=[b"\x89PNG", b"\r\n"], content_type="image/png"))
    assert await download(client, at(up), limit=LIMIT) == b"\x89PNG\r\n"
    names = {name.lower() for name, _value in up.requests[-1].headers}
    assert not names & {"authorization", "cookie", "referer"}


async def test_a_redirect_is_followed_through_the_guard(up: FakeUpstream, client: UpstreamClient) -> None:
    up.queue(redirect_reply("/other.png"), Http(body=[b"data"], content_type="image/png"))
    assert await download(client, at(up), limit=LIMIT) == b"data"
    assert up.requests[-1].target == "/other.png"


@pytest.mark.parametrize(
    "to",
    [
        "http://169.254.169.254/latest/",
        "http://[::1]:1/",
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "ftp://x/",
    ],
)
async def test_a_redirect_to_a_forbidden_address_is_refused(
    up: FakeUpstream, client: UpstreamClient, to: str
) -> None:
    up.queue(redirect_reply(to))
    with pytest.raises(AddressForbidden):
        await download(client, at(up), limit=LIMIT)


async def test_redirects_have_an_end(up: FakeUpstream, client: UpstreamClient) -> None:
    asked = len(up.requests)
    up.queue(*[redirect_reply("/again.png")] * 10)
    with pytest.raises(ProtocolViolation):
        await download(client, at(up), limit=LIMIT)
    assert len(up.requests) - asked == 5


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Http(body=[b"x" * 600, b"x" * 600], content_type="image/png"), StreamTooLong),
        (error_reply(404, "No"), NotFound),
        (error_reply(403, "No"), InvalidRequest),
        (error_reply(503, "No"), UpstreamUnavailable),
        (Http(206, body=[b"part"]), InvalidRequest),
    ],
)
async def test_what_is_no_document_is_a_typed_error(
    up: FakeUpstream, client: UpstreamClient, reply: Http, kind: type[UpstreamError]
) -> None:
    up.queue(reply)
    with pytest.raises(kind) as caught:
        await download(client, at(up), limit=LIMIT)
    assert "upload" in caught.value.advice
