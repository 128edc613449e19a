"""Data of the wrong shape, from people and from upstream, and what must not pass from one request to another."""

import json
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from tests.attacks.actors import provider_add, run_reply, shown
from tests.fakes import FakeUpstream, Http, Reply, Stream, ToolCall, json_reply
from tests.playground.pages import Page, provider_environment
from tests.served import Installation, ServedProcess

pytestmark = pytest.mark.served

DEEP = "[" * 10_000 + "]" * 10_000


@pytest.fixture(scope="module")
def outbound() -> Iterator[FakeUpstream]:
    """What the environment of the server calls its proxy."""
    with FakeUpstream() as outbound:
        yield outbound


@pytest.fixture(scope="module")
def process(
    shared_installation: Installation, upstream: FakeUpstream, outbound: FakeUpstream
) -> ServedProcess:
    """A process with a proxy in its environment, as company machines have it."""
    names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    proxies = dict.fromkeys(names, outbound.origin)
    return shared_installation.serve(**provider_environment(upstream), **proxies, no_proxy="", NO_PROXY="")


def runs_well(page: Page, upstream: FakeUpstream) -> bool:
    """Whether the next run is answered as if nothing had been."""
    _exchange, followed = run_reply(page, upstream, Stream(text=["Hello"]))
    return (followed.text, followed.state) == ("Hello", "completed")


# From people


@pytest.mark.parametrize(
    "parameters",
    [
        {"stop": DEEP},
        {"response_format": '{"a":' * 10_000 + "1" + "}" * 10_000},
        {"temperature": "NaN"},
        {"temperature": "1e999999999"},
        {"seed": "9" * 5_000},
        {"__proto__": '{"__proto__": {"a": 1}}'},
        {"logit_bias": '{"1": 1, "1": 2}'},
        {"user": '"\\ud800 \\u0000"'},
        {"user": json.dumps("x" * 5_000_000)},
        {"": "1", " ": "2", "a\nb": "3"},
        ["no", "object"],
        {"temperature": 0.5},
    ],
    ids=range(12),
)
def test_strange_parameters_are_data_or_a_clear_refusal(
    alice: Page, upstream: FakeUpstream, parameters: object
) -> None:
    page = alice.conversation_new(model=f"model-{uuid4()}")
    source = json.dumps(parameters)
    answer = page.send(parameters=source).response
    assert answer.status_code in (200, 413, 422), answer.text[:500]
    fields = page.fields("Hi", parameters=source)
    for part in ("preview", "body", "settings"):
        path = f"/conversations/{page.conversation}/{part}/"
        assert page.process.post(page.client, path, fields).status_code < 500, part
    assert page.client.get(f"/conversations/{page.conversation}/").status_code == 200
    assert runs_well(page, upstream)


@pytest.mark.parametrize(
    "text",
    [
        DEEP,
        '{"a":' * 10_000 + "1" + "}" * 10_000,
        '{"temperature": NaN, "top_p": -Infinity}',
        '{"__proto__": {"a": 1}, "constructor": 2, "model": "m", "model": "n"}',
        '{"temperature": 1e999999999, "seed": ' + "9" * 5_000 + "}",
        json.dumps({"model": "m", "user": "x" * 5_000_000}),
        json.dumps({f"parameter-{number}": number for number in range(20_000)}),
        '{"model": "\\ud800\\u0000"}',
        "\x00\x01\x02",
    ],
    ids=range(9),
)
def test_strange_json_in_the_editor_is_read_or_refused(
    alice: Page, upstream: FakeUpstream, text: str
) -> None:
    path = f"/conversations/{alice.conversation}/body/reading/"
    answer = alice.process.post(alice.client, path, alice.fields("Hi", body=text))
    assert answer.status_code in (200, 413, 422), answer.text[:500]
    for where in (
        f"/conversations/{alice.conversation}/messages/reading/",
        "/import/preview/",
        "/tools/import/",
    ):
        fields = {"text": text, "body": text, "message": text, "json": text}
        assert alice.process.post(alice.client, where, fields).status_code < 500, where
    assert runs_well(alice, upstream)


# From upstream


def events(*data: object) -> Http:
    """Return a stream of events whose data are these, as JSON or as they are."""
    lines = [each if isinstance(each, str) else json.dumps(each) for each in data]
    return Http(200, [f"data: {line}\n\n".encode() for line in lines], content_type="text/event-stream")


def choice(**delta: object) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": delta}]}


@pytest.mark.parametrize(
    "reply",
    [
        Stream(tool_calls=[ToolCall("f", ['{"city": "Par'], "call_1")]),
        Stream(tool_calls=[ToolCall("f", ["not json \x00 {"], "call_1")]),
        events(choice(content={"a": [1]}), choice(content=7), choice(content=None, reasoning_content=[[]])),
        events(choice(tool_calls={"index": "x", "function": [None]}), choice(tool_calls=[7, None, {"function": 1}])),
        events({"choices": {"0": 1}}, {"choices": [None, 7, "x"]}, {"choices": None}, [], 7, None, "x"),
        events({"choices": [{"index": -1, "delta": None}, {"index": 10**30, "delta": {"content": "x"}}]}),
        events({"usage": {"prompt_tokens": "many", "completion_tokens": -1, "total_tokens": 1e308}}, choice(content="a")),
        events({"usage": [1], "model": 5, "id": {}, "created": "now"}, choice(content="a", role=7)),
        events(DEEP, '{"choices":' + DEEP + "}", choice(content="a")),
        events('{"choices":[{"delta":{"content":"a"', "NaN", '{"choices": NaN}', choice(content="a")),
        json_reply({"choices": {"message": "x"}, "usage": "none", "error": 5}),
        json_reply({"choices": [{"message": {"content": [{"type": 5, "text": {}}], "tool_calls": "x"}}]}),
        json_reply([[[]]]),
        Http(200, [DEEP.encode()], content_type="application/json"),
        Http(200, [b"\xff\xfe\x00{"], content_type="application/json; charset=utf-99"),
        Http(500, [b'{"error": {"message": {"a": 1}, "code": [], "param": {}}}'], content_type="application/json"),
    ],
    ids=range(16),
)  # fmt: skip
def test_answers_of_the_wrong_shape_are_kept_raw_and_shown_and_the_process_lives(
    alice: Page, upstream: FakeUpstream, reply: Reply
) -> None:
    page = alice.conversation_new(model=f"model-{uuid4()}")
    upstream.script(page.model, reply)
    exchange = page.send().exchange
    with page.socket() as socket:
        socket.follow(exchange)
        assert socket.until_end().state in ("completed", "failed")
    shown(page, exchange, conversation=page.conversation)
    assert page.client.get(f"/exchanges/{exchange}/text/?of=raw").text
    assert page.process.health()["status"] == "ok"
    assert runs_well(page, upstream)


# From one request to another


def test_a_cookie_of_the_provider_reaches_nobody_elses_request_and_not_ones_own(
    alice: Page, bob: Page, upstream: FakeUpstream
) -> None:
    cookies = [("Set-Cookie", "who=alice; Path=/"), ("Set-Cookie", "also=alice; Domain=127.0.0.1; Path=/")]
    run_reply(alice, upstream, Stream(text=["Hi"], headers=cookies))
    for page in (bob, alice):
        run_reply(page, upstream, Stream(text=["Hi"]))
        assert upstream.requests[-1].header("cookie") is None


def test_a_key_that_is_an_ordinary_word_masks_no_words(alice: Page, upstream: FakeUpstream) -> None:
    provider = provider_add(alice, base_url=upstream.base_url, key="EMPTY")
    page = replace(alice, provider=provider)
    exchange, followed = run_reply(page, upstream, Stream(text=["The list is ", "EMPTY", "."]))
    assert followed.text == "The list is EMPTY."
    assert "Bearer EMPTY" not in "".join(shown(page, exchange, conversation=page.conversation).values())
    assert upstream.requests[-1].header("authorization") == "Bearer EMPTY"


def test_a_proxy_of_the_environment_hides_no_address_from_the_guard(
    alice: Page, upstream: FakeUpstream, outbound: FakeUpstream
) -> None:
    assert runs_well(alice, upstream)
    assert upstream.requests[-1].target == "/v1/chat/completions", "asked directly"
    assert outbound.requests == []
