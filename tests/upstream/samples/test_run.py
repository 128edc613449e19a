"""Every sample is run: the server receives the kept body to the byte, and the key from the environment."""

import json
import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.conftest import missing
from tests.fakes import FakeUpstream, Http
from tests.upstream.samples.toolchains import TOOLCHAINS, sample_run
from upstream.samples import BODY_FILE, LANGUAGES, Language, SampleRequest, sample_request

KEY = "sk-canary-0123456789abcdef"
NASTY = (
    'it\'s "quoted" `ticked` $HOME ${HOME} $(id) %PATH% %s #{1+1} #HOME @x \\n \\\\ \\u0041 \\( ?? ??= ???/ ?> */ */ -->\n'
    "two\tlines\r\n 中文 日本語 é 😀 👩\u200d👧 \u2028\u2029\u202e\ufeff\u00a0 \x7f\x1b {{x}} '''' \"\"\" "
    "<<EOF $$ !! ~ &amp; \ud7ff"
)
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "look_up",
            "description": NASTY,
            "parameters": {"type": "object", "properties": {"ключ": {"type": "string"}}, "required": []},
        },
    }
]
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}


def body_of(*, stream: bool, picture: Mapping[str, object] = IMAGE) -> str:
    """Return a body with everything in it: nasty text, an image, tools, numbers as typed, spaces, unknown members."""
    messages = [
        {"role": "system", "content": NASTY},
        {"role": "user", "content": [{"type": "text", "text": NASTY}, picture]},
    ]
    members = {
        "model": '"model-a"',
        "messages": json.dumps(messages, ensure_ascii=False, separators=(",", ":")),
        "tools": json.dumps(TOOLS),
        "temperature": "0.70",
        "logit_bias": '{ "50256" : -100,\n\t"1":1.0e0 }',
        "stop": "null",
        "x_unknown'$": '["a", {"__proto__": 1}, true]',
        "stream": "true" if stream else "false",
    }
    return "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in members.items()) + "}"


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of body."""

    name: str
    body: str

    def __str__(self) -> str:
        return self.name


LONG = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "QUJD" * 40_000}}
CASES = (
    Case("stream", body_of(stream=True)),
    Case("plain", body_of(stream=False)),
    Case("from a file", body_of(stream=True, picture=LONG)),
    Case("a seed of 20 digits", '{"seed":12345678901234567890,"model":"model-a","messages":[]}'),
)


CHOICE = '{"id":"1","object":"chat.completion","created":1,"model":"model-a","choices":[{"index":0,%s}]}'
EVENT = CHOICE % '"delta":{"content":"Hello there"}'
ANSWERS = {
    "stream": Http(
        200,
        [f"data: {EVENT}\n\ndata: [DONE]\n\n".encode()],
        content_type="text/event-stream",
        framing="close",
    ),
    "plain": Http(
        200, [(CHOICE % '"message":{"role":"assistant","content":"Hello there"}').encode()], framing="close"
    ),
}
"""The connection ends with the answer: PHP's streams wait for that, as they ask for with `Connection: close`."""


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


def request_for(upstream: FakeUpstream, body: str) -> SampleRequest:
    return sample_request(
        method="POST",
        url=f"{upstream.base_url}/chat/completions?version=a%20b&x=%24HOME",
        headers=[
            ("Host", upstream.address),
            ("Content-Type", "application/json"),
            ("Accept", "text/event-stream"),
            ("Authorization", "Bearer ••••cdef"),
            ("X-Title", 'it\'s "my" `$HOME` \\ %s #{1}'),
            ("Content-Length", "1"),
        ],
        body=body,
    )


def runnable() -> list[object]:
    def marks(language: Language) -> list[pytest.MarkDecorator]:
        return [] if TOOLCHAINS[language.id].always else [pytest.mark.toolchains]

    programs = (language for language in LANGUAGES if language.id in TOOLCHAINS)
    return [pytest.param(language, id=language.id, marks=marks(language)) for language in programs]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("language", runnable())
def test_the_sample_sends_the_kept_body(
    language: Language, case: Case, upstream: FakeUpstream, tmp_path: Path
) -> None:
    toolchain = TOOLCHAINS[language.id]
    if toolchain.missing:
        if toolchain.always:
            missing(f"{language.name}: {toolchain.missing}")
        pytest.skip(f"{language.name}: {toolchain.missing}")
    upstream.queue(ANSWERS["stream" if '"stream":true' in case.body else "plain"])
    request = request_for(upstream, case.body)
    if request.in_file:
        (tmp_path / BODY_FILE).write_bytes(case.body.encode())
    source = language.write(request)
    assert KEY not in source
    asked = len(upstream.requests)

    printed = sample_run(toolchain, source, tmp_path, {"API_KEY": KEY})

    received = upstream.requests[asked]
    if language.exact:
        assert received.body == case.body.encode()
        assert received.header("x-title") == 'it\'s "my" `$HOME` \\ %s #{1}'
        assert received.header("content-length") == str(len(case.body.encode()))
    elif "seed" not in case.name or language.id == "openai-python":
        assert json.loads(received.body) == json.loads(case.body)
    assert received.method == "POST"
    # cohttp writes `%24` as `$`, which is the same address; the SDKs write the query anew.
    assert unquote(received.target).replace("+", " ") == "/v1/chat/completions?version=a b&x=$HOME"
    assert received.header("authorization") == f"Bearer {KEY}"
    assert "Hello" in printed


@pytest.mark.parametrize("case", CASES[:2], ids=str)
def test_the_http_file_is_the_request(case: Case, upstream: FakeUpstream) -> None:
    (language,) = (language for language in LANGUAGES if language.id == "http")
    source = language.write(request_for(upstream, case.body))
    filled = source.replace("{{$processEnv API_KEY}}", KEY)
    head, _, body = filled.partition("\n\n")
    asked = len(upstream.requests)
    place = urlsplit(upstream.origin)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=20) as connection:
        lines = re.sub(r"^POST \S+?//[^/]+", "POST ", head).replace("\n", "\r\n")
        connection.sendall(f"{lines}\r\n\r\n{body.removesuffix(chr(10))}".encode())
        connection.recv(1)
    received = upstream.requests[asked]
    assert received.body == case.body.encode()
    assert received.header("authorization") == f"Bearer {KEY}"


def test_every_language_is_run_or_says_why_not() -> None:
    assert set(TOOLCHAINS) | {"http"} == {language.id for language in LANGUAGES}
