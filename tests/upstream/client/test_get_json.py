"""Small documents, such as the model list: bounded, typed, masked."""

from dataclasses import replace

import pytest

from tests.fakes import HANG, EchoKey, FakeUpstream, Http, error_reply, html_reply, json_reply, redirect_reply
from tests.upstream.client.helpers import KEY, chat_request
from upstream.client import Timeouts, UpstreamClient
from upstream.client import client as client_module
from upstream.wire.capture import Secrets
from upstream.wire.errors import (
    AuthenticationFailed,
    FirstByteTimeout,
    IdleTimeout,
    NotFound,
    ProtocolViolation,
    RateLimited,
    StreamTooLong,
    UpstreamError,
)
from upstream.wire.request import PreparedRequest


@pytest.fixture
def models(up: FakeUpstream) -> PreparedRequest:
    return replace(chat_request(up), method="GET", url=f"{up.base_url}/models", body=b"")


async def test_model_list(client: UpstreamClient, models: PreparedRequest) -> None:
    document = await client.get_json(models)
    assert [model["id"] for model in document["data"]] == ["model-a", "model-b"]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (error_reply(401, "No such key"), AuthenticationFailed),
        (error_reply(404, "Unknown request URL"), NotFound),
        (error_reply(429, "Slow down", headers=[("Retry-After", "3")]), RateLimited),
        (html_reply(502), UpstreamError),
        (html_reply(200, "<html>Sign in</html>"), ProtocolViolation),
        (Http(200, []), ProtocolViolation),
        (redirect_reply("https://elsewhere.test/"), ProtocolViolation),
    ],
)
async def test_answers_that_are_no_document(
    up: FakeUpstream, client: UpstreamClient, models: PreparedRequest, reply: Http, kind: type[UpstreamError]
) -> None:
    up.queue(reply)
    with pytest.raises(kind) as caught:
        await client.get_json(models)
    assert caught.value.status == reply.status


async def test_retry_after_is_in_the_error(
    up: FakeUpstream, client: UpstreamClient, models: PreparedRequest
) -> None:
    up.queue(error_reply(429, "Slow down", headers=[("Retry-After", "3")]))
    with pytest.raises(RateLimited) as caught:
        await client.get_json(models)
    assert caught.value.retry_after == 3


async def test_key_that_is_echoed_is_masked(
    up: FakeUpstream, client: UpstreamClient, models: PreparedRequest
) -> None:
    up.queue(EchoKey())
    with pytest.raises(AuthenticationFailed) as caught:
        await client.get_json(models, secrets=Secrets([KEY]))
    assert KEY not in str(caught.value.to_json())
    assert "••••" in caught.value.message


async def test_document_is_bounded(
    up: FakeUpstream, client: UpstreamClient, models: PreparedRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MAX_DOCUMENT", 1000)
    up.queue(json_reply({"data": ["x" * 2000]}))
    with pytest.raises(StreamTooLong):
        await client.get_json(models)


async def test_trickle_is_bounded_in_time(
    up: FakeUpstream, client: UpstreamClient, models: PreparedRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MAX_SECONDS", 0.2)
    up.queue(Http(200, [0.02, b" "] * 100))
    with pytest.raises(IdleTimeout):
        await client.get_json(models)
    await up.left()


async def test_silence_is_bounded(up: FakeUpstream, client: UpstreamClient, models: PreparedRequest) -> None:
    up.queue(Http(200, [HANG]))
    with pytest.raises(FirstByteTimeout):
        await client.get_json(models, timeouts=Timeouts(first_byte=0.1))
