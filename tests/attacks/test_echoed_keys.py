"""An upstream that repeats the key: it is in no page, frame, tab, row, file or line of the log (row 11)."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.attacks.actors import FETCHED, TABS, ask, parameters, provider_add
from tests.attacks.kept import everything_kept
from tests.fakes import EchoKey, FakeUpstream, Http, Plain, Reply, Stream, ToolCall, error_reply, json_reply
from tests.playground.pages import Page
from tests.served import Installation, ServedProcess
from upstream.wire.capture import DOTS

pytestmark = pytest.mark.served

KEY: Final = 'sk-canary/0123456789+"abcdef'
HEADER_SECRET: Final = "canary-header-value-0123456789"
HALVES: Final = (KEY[: len(KEY) // 2], KEY[len(KEY) // 2 :])
SPELLINGS: Final = {KEY, HEADER_SECRET, *HALVES, json.dumps(KEY)[1:-1], quote(KEY, safe="")}
"""What must be nowhere; of a key cut in two not even the halves."""


def events(*documents: object, before: Iterable[bytes] = ()) -> Http:
    """An event stream of any documents."""
    body = [*before, *(f"data: {json.dumps(document)}\n\n".encode() for document in documents)]
    return Http(200, [*body, b"data: [DONE]\n\n"], content_type="text/event-stream")


def delta(**parts: Any) -> dict[str, Any]:
    return {"id": "x", "choices": [{"index": 0, "delta": parts, "finish_reason": None}]}


def called(arguments: str, **more: str) -> dict[str, Any]:
    function = {"arguments": arguments, **more}
    return delta(tool_calls=[{"index": 0, "id": "call_1", "type": "function", "function": function}])


ESCAPED: Final = "".join(f"\\u{ord(character):04x}" for character in KEY)

ECHOES: Final[dict[str, Reply]] = {
    "an error's message and header": EchoKey(),
    "an error of another shape": json_reply({"detail": [{"msg": f"bad key {KEY}", "input": KEY}]}, 422),
    "an error's code and parameter": error_reply(400, "Bad key", code=KEY, param=KEY, type=KEY),
    "an error page": Http(502, [f"<html><title>{KEY}</title>{KEY}</html>".encode()], content_type="text/html"),
    "an error in plain words": Http(500, [KEY.encode()], content_type="text/plain", framing="length"),
    "an error in the stream": events(delta(content="Hi"), {"error": {"message": f"No: {KEY}", "code": KEY}}),
    "response headers": Stream(text=["Hi"], headers=[("X-Echo", f"Bearer {KEY}"), ("X-Org", HEADER_SECRET)]),
    "a cookie": Stream(text=["Hi"], headers=[("Set-Cookie", f"k={KEY}; Path=/")]),
    "a redirect": Http(302, [], headers=[("Location", f"/?key={quote(KEY, safe='')}&k={KEY}")], framing="length"),
    "the text": Stream(text=[f"Your key is {KEY}."]),
    "the text, over two deltas": Stream(text=["Your key is ", *HALVES, "."]),
    "the text, letter by letter": Stream(text=list(f"It is {KEY}.")),
    "the end of the text": Stream(text=["It is ", *HALVES]),
    "the text as a list of parts": events(*(delta(content=[{"type": "text", "text": half}]) for half in HALVES)),
    "a header's value in the text": Stream(text=["It is ", HEADER_SECRET[:9], HEADER_SECRET[9:], "."]),
    "reasoning": Stream(reasoning=["The key: ", *HALVES], text=["Hi"]),
    "a refusal": events(*(delta(refusal=half) for half in HALVES)),
    "a tool's arguments": events(called("", name="f"), *(called(half) for half in ('{"k":"', *HALVES, '"}'))),
    "a tool's name": Stream(tool_calls=[ToolCall(KEY, [json.dumps({"key": KEY})], id=KEY)]),
    "other members": events({**delta(content="Hi"), "model": KEY, "system_fingerprint": KEY, KEY: [KEY]}),
    "a comment": events(delta(content="Hi"), before=[f": {KEY}\n\n".encode()]),
    "the name of an event": events(delta(content="Hi"), before=[f"event: {KEY}\nid: {KEY}\ndata: 1\n\n".encode()]),
    "escapes": Http(
        200,
        [b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n' % ESCAPED.encode()],
        content_type="text/event-stream",
    ),
    "the wire, byte by byte": Http(
        200,
        [bytes([byte]) for byte in f"data: {json.dumps(delta(content=KEY))}\n\n".encode()],
        content_type="text/event-stream",
    ),
    "a plain answer": Plain(text=f"Your key is {KEY}.", reasoning=KEY),
    "a finish reason": Stream(text=["Hi"], finish_reason=KEY),
    "usage": Stream(text=["Hi"], usage={"prompt_tokens": 1, "note": KEY}),
    "compressed": Stream(text=["It is ", *HALVES, "."], encoding="gzip"),
}  # fmt: skip


@pytest.fixture(scope="module")
def process(shared_installation: Installation, upstream: FakeUpstream) -> ServedProcess:
    """A process in which everything is logged."""
    return shared_installation.serve(PLAYGROUND_PRIVATE_HOSTS=upstream.address)


@dataclass(frozen=True, slots=True)
class Telltale:
    """Alice at a provider whose key and header must not come back."""

    page: Page
    upstream: FakeUpstream

    def hears(self, reply: Reply) -> tuple[str, str]:
        """Send a message that is answered so; return the exchange and every frame, as text."""
        page = self.page.conversation_new(model=f"model-{uuid4()}")
        self.upstream.script(page.model, reply)
        frames: list[str] = []
        with page.socket() as socket:
            exchange = page.send("What is my key?", parameters=parameters()).exchange
            followed = socket.follow(exchange)
            while followed.end is None:
                frames.append(json.dumps(socket.read(), ensure_ascii=False))
            socket.follow(exchange, ref=2)  # as kept
            while socket.followed[2].end is None:
                frames.append(json.dumps(socket.read(), ensure_ascii=False))
        return exchange, "\n".join(frames) + self.shown(page, exchange)

    def shown(self, page: Page, exchange: str) -> str:
        below = (*(f"{tab}/" for tab in TABS), *FETCHED)
        paths = [f"/conversations/{page.conversation}/", *(f"/exchanges/{exchange}/{part}" for part in below)]
        answers = [page.client.get(path) for path in paths]
        assert [answer.status_code for answer in answers] == [200] * len(paths)
        return "\n".join(answer.text + str(answer.headers) for answer in answers)


@pytest.fixture(scope="module")
def telltale(alice: Page, upstream: FakeUpstream) -> Iterator[Telltale]:
    """Return Alice's page at a provider of her own."""
    provider = provider_add(
        alice, base_url=upstream.base_url, key=KEY, extra_headers=f"X-Org: {HEADER_SECRET}"
    )
    yield Telltale(replace(alice, provider=provider), upstream)
    for request in upstream.requests:
        assert request.header("authorization") == f"Bearer {KEY}"


def found(text: str) -> set[str]:
    """Return the spellings of the secrets that a text holds, as it is or escaped for HTML."""
    plain = text.replace("&quot;", '"').replace("&#x27;", "'").replace("&amp;", "&").replace('\\"', '"')
    return {secret for secret in SPELLINGS if secret in text or secret in plain}


@pytest.mark.parametrize("reply", ECHOES.values(), ids=ECHOES.keys())
def test_a_repeated_key_is_neither_sent_to_the_page_nor_shown(telltale: Telltale, reply: Reply) -> None:
    exchange, seen = telltale.hears(reply)
    assert found(seen) == set()
    assert DOTS in telltale.page.client.get(f"/exchanges/{exchange}/response/").text  # it was there


@pytest.mark.parametrize("deed", ["test", "models"])
@pytest.mark.parametrize(
    "reply",
    [
        EchoKey(),
        json_reply({"data": [{"id": KEY}, {"id": f"x {KEY} y"}, {"id": "plain"}]}),
        json_reply({"data": [{"id": HEADER_SECRET, "owned_by": KEY}]}),
        Http(200, [KEY.encode()], content_type="text/plain", framing="length"),
        Http(302, [], headers=[("Location", f"/{KEY}")], framing="length"),
    ],
    ids=["error", "names", "header", "no list", "redirect"],
)
def test_a_key_in_the_list_of_models_is_not_shown(telltale: Telltale, deed: str, reply: Reply) -> None:
    telltale.upstream.queue(reply)
    page = telltale.page
    path = f"/settings/providers/{page.provider}/"
    answer = ask(page, "POST", f"{path}{deed}/", {}, **{"HX-Request": "true"})
    assert answer.status_code == 200
    for text in (answer.text, page.client.get(path).text, page.client.get("/").text):
        assert found(text) == set()


def test_the_code_to_send_it_again_names_a_variable_instead_of_the_key(telltale: Telltale) -> None:
    exchange, _seen = telltale.hears(Stream(text=["Hi"]))
    code = telltale.page.client.get(f"/exchanges/{exchange}/code/").text
    assert "$API_KEY" in code
    assert found(code) == set()


def test_nothing_of_all_this_was_kept_or_logged(
    telltale: Telltale, shared_installation: Installation, process: ServedProcess
) -> None:
    """After every test above; run alone it hears each echo itself."""
    for reply in (ECHOES["the text, over two deltas"], ECHOES["an error's message and header"]):
        telltale.hears(reply)
    assert found(everything_kept(shared_installation)) == set()
    assert found(process.output) == set()
