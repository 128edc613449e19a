"""What the fake upstream answers: scripts made of pieces, pauses and faults.

A reply turns one recorded request into *steps*. A step is `bytes` (written and flushed at once), a `Gate` (wait
until the test lets it pass), a `float` (pause in seconds, in the server only) or a fault: `CUT` (reset the
connection), `CLOSE` (end it cleanly in mid-air) or `HANG` (silence until the client leaves). A reset may take
along what was written just before: put a gate there when that matters.
`Stream`, `Plain` and `Answer` speak chat completions; `Http` is any status, headers and body; `Wire` is any
bytes.
"""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from tests.steps import CLOSE, Gate, Step, TextStep

if TYPE_CHECKING:
    from tests.fakes import Received


class Reply(Protocol):
    def steps(self, request: "Received") -> Iterable[Step]:
        """The bytes on the wire, status line included, and what happens between them."""


@dataclass(frozen=True)
class Wire:
    """Exactly these steps, nothing added: garbage, an SSH banner, a hang before the head (`Wire(HANG)`)."""

    script: tuple[Step, ...]

    def __init__(self, *script: Step) -> None:
        object.__setattr__(self, "script", script)

    def steps(self, request: "Received") -> Iterable[Step]:  # noqa: ARG002 - the protocol's signature
        return self.script


@dataclass(frozen=True)
class Http:
    """One HTTP response: each bytes step of `body` is one chunk of a chunked body.

    `framing` is "chunked", "length" (Content-Length of all steps) or "close" (it ends with the connection).
    `encoding` "gzip" or "deflate" compresses the body, flushed at each step as a real server does.
    """

    status: int = 200
    body: Sequence[Step] = ()
    content_type: str = "application/json"
    headers: Sequence[tuple[str, str]] = ()
    framing: str = "chunked"
    encoding: str = ""

    def steps(self, request: "Received") -> Iterator[Step]:  # noqa: ARG002 - the protocol's signature
        body = list(_encoded(self.body, self.encoding))
        phrase = HTTPStatus(self.status).phrase if self.status in set(HTTPStatus) else "Odd"
        head = [f"HTTP/1.1 {self.status} {phrase}"]
        if self.content_type:
            head.append(f"Content-Type: {self.content_type}")
        if self.encoding:
            head.append(f"Content-Encoding: {self.encoding}")
        head += [f"{name}: {value}" for name, value in self.headers]
        match self.framing:
            case "chunked":
                head.append("Transfer-Encoding: chunked")
            case "length":
                head.append(f"Content-Length: {sum(len(step) for step in body if isinstance(step, bytes))}")
            case "close":
                head.append("Connection: close")
        yield ("\r\n".join(head) + "\r\n\r\n").encode("latin-1")
        for step in body:
            if isinstance(step, bytes) and self.framing == "chunked":
                yield b"%x\r\n%b\r\n" % (len(step), step)
            else:
                yield step
        if self.framing == "chunked":
            yield b"0\r\n\r\n"
        if self.framing == "close":
            yield CLOSE


def _encoded(body: Sequence[Step], encoding: str) -> Iterator[Step]:
    if not encoding:
        yield from (step for step in body if step != b"")
        return
    packer = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
    for step in body:
        yield packer.compress(step) + packer.flush(zlib.Z_SYNC_FLUSH) if isinstance(step, bytes) else step
    yield packer.flush()


def json_reply(value: Any, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> Http:
    """A JSON document with a Content-Length."""
    return Http(status, [json.dumps(value).encode()], headers=headers, framing="length")


def error_reply(
    status: int,
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    type: str = "invalid_request_error",  # the field's own name
    headers: Sequence[tuple[str, str]] = (),
) -> Http:
    """An error as OpenAI spells it. Give `headers=[("Retry-After", "2")]` with a 429."""
    return json_reply(
        {"error": {"message": message, "type": type, "param": param, "code": code}}, status, headers
    )


def html_reply(status: int = 502, html: str = "<html><h1>502 Bad Gateway</h1><p>nginx</p></html>") -> Http:
    return Http(status, [html.encode()], content_type="text/html", framing="length")


def redirect_reply(location: str, status: int = 307) -> Http:
    return Http(status, [], content_type="", headers=[("Location", location)], framing="length")


def bomb_reply(size: int = 200_000_000) -> Http:
    """A gzip body of a few hundred kilobytes that unpacks to `size` bytes of spaces."""
    packed = gzip.compress(b" " * size)
    return Http(200, [packed], headers=[("Content-Encoding", "gzip")], framing="length")


@dataclass(frozen=True)
class ToolCall:
    name: str
    arguments: Sequence[str] = ("{}",)  # pieces as they are streamed
    id: str = "call_fake_1"


Usage = Mapping[str, Any]


@dataclass(frozen=True)
class _Chat:
    """What a fake model says. See `Stream` and `Plain` for how it is sent."""

    text: str | Sequence[TextStep] = ("Hello", " from", " the", " fake", " upstream.")
    reasoning: str | Sequence[TextStep] = ()
    tool_calls: Sequence[ToolCall] = ()
    alternatives: Sequence[
        Sequence[str]
    ] = ()  # texts of choices 1, 2 …; more choices asked for repeat `text`
    usage: Usage | None = None  # None: counted, and streamed only when the request asks with include_usage
    finish_reason: str = ""  # "": "tool_calls" if there are any, else "stop"
    headers: Sequence[tuple[str, str]] = ()

    def _finish(self) -> str:
        return self.finish_reason or ("tool_calls" if self.tool_calls else "stop")

    def _text(self, choice: int) -> Sequence[TextStep]:
        if 0 < choice <= len(self.alternatives):
            return self.alternatives[choice - 1]
        return _pieces(self.text)

    def _choices(self, request: "Received") -> int:
        asked = request.json.get("n")
        return max(asked if isinstance(asked, int) else 1, 1 + len(self.alternatives))

    def _usage(self, request: "Received") -> Usage:
        if self.usage is not None:
            return self.usage
        said = [
            step for c in range(self._choices(request)) for step in self._text(c) if isinstance(step, str)
        ]
        prompt = sum(len(str(m.get("content", "")).split()) for m in request.json.get("messages", ()))
        return {
            "prompt_tokens": prompt,
            "completion_tokens": len(said),
            "total_tokens": prompt + len(said),
        }


def _pieces(text: str | Sequence[TextStep]) -> Sequence[TextStep]:
    return [text] if isinstance(text, str) else text


@dataclass(frozen=True)
class Stream(_Chat):
    """An event stream of chat.completion.chunk objects, whatever was asked.

    `text` and `reasoning` may have gates, pauses and faults between their pieces: `["Hel", gate, "lo", CUT]`.
    `gate` guards every piece and the end; `rate` paces them (pieces per second); without `done` there is no
    `[DONE]`.
    """

    gate: Gate | None = None
    rate: float | None = None
    done: bool = True
    encoding: str = ""
    comments: int = 0  # sent before the first piece
    end: Sequence[Step] = field(default=())  # instead of finish_reason, usage and [DONE]

    def steps(self, request: "Received") -> Iterable[Step]:
        http = Http(
            body=list(self._body(request)),
            content_type="text/event-stream; charset=utf-8",
            headers=self.headers,
            encoding=self.encoding,
        )
        return http.steps(request)

    def _body(self, request: "Received") -> Iterator[Step]:
        choices = range(self._choices(request))
        for _ in range(self.comments):
            yield b": PROCESSING\n\n"
        for choice in choices:
            yield self._chunk(request, choice, {"role": "assistant", "content": ""})
        yield from self._said(request, "reasoning_content", [_pieces(self.reasoning) for _ in choices])
        yield from self._said(request, "content", [self._text(choice) for choice in choices])
        for choice in choices:
            yield from self._called(request, choice)
        if self.end:
            yield from self.end
            return
        if self.gate is not None:
            yield self.gate
        for choice in choices:
            yield self._chunk(request, choice, {}, self._finish())
        options = request.json.get("stream_options") or {}
        if self.usage is not None or options.get("include_usage"):
            yield _event(
                {**_envelope(request, "chat.completion.chunk"), "choices": [], "usage": self._usage(request)}
            )
        if self.done:
            yield b"data: [DONE]\n\n"

    def _paced(self) -> Iterator[Step]:
        if self.gate is not None:
            yield self.gate
        if self.rate is not None:
            yield 1 / self.rate

    def _said(self, request: "Received", name: str, texts: Sequence[Sequence[TextStep]]) -> Iterator[Step]:
        """The choices' pieces in turn: first of each, second of each …"""
        for at in range(max(map(len, texts))):
            for choice, pieces in enumerate(texts):
                if at >= len(pieces):
                    continue
                piece = pieces[at]
                if isinstance(piece, str):
                    yield from self._paced()
                    yield self._chunk(request, choice, {name: piece})
                elif choice == 0:
                    yield piece

    def _called(self, request: "Received", choice: int) -> Iterator[Step]:
        for index, call in enumerate(self.tool_calls):
            head = {"index": index, "id": call.id, "type": "function"}
            yield self._chunk(
                request, choice, {"tool_calls": [{**head, "function": {"name": call.name, "arguments": ""}}]}
            )
            for part in call.arguments:
                yield from self._paced()
                delta = {"tool_calls": [{"index": index, "function": {"arguments": part}}]}
                yield self._chunk(request, choice, delta)

    def _chunk(
        self, request: "Received", choice: int, delta: Mapping[str, Any], finish: str | None = None
    ) -> bytes:
        choices = [{"index": choice, "delta": delta, "finish_reason": finish}]
        return _event({**_envelope(request, "chat.completion.chunk"), "choices": choices})


@dataclass(frozen=True)
class Plain(_Chat):
    """One chat.completion document, whatever was asked. Gates in the text come first."""

    def steps(self, request: "Received") -> Iterator[Step]:
        for step in _pieces(self.text):
            if not isinstance(step, str):
                yield step
        choices = [
            {"index": c, "message": self._message(c), "finish_reason": self._finish()}
            for c in range(self._choices(request))
        ]
        document = {
            **_envelope(request, "chat.completion"),
            "choices": choices,
            "usage": self._usage(request),
        }
        yield from json_reply(document, headers=self.headers).steps(request)

    def _message(self, choice: int) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": _joined(self._text(choice))}
        if self.reasoning:
            message["reasoning_content"] = _joined(_pieces(self.reasoning))
        if self.tool_calls:
            message["tool_calls"] = [
                {
                    "id": c.id,
                    "type": "function",
                    "function": {"name": c.name, "arguments": "".join(c.arguments)},
                }
                for c in self.tool_calls
            ]
        return message


@dataclass(frozen=True)
class Answer(Stream):
    """A `Stream` when the request says `"stream": true`, else a `Plain`: what a real upstream does."""

    def steps(self, request: "Received") -> Iterable[Step]:
        if request.json.get("stream") is True:
            return Stream.steps(self, request)
        plain = {name: getattr(self, name) for name in _Chat.__dataclass_fields__}
        return Plain(**plain).steps(request)


@dataclass(frozen=True)
class EchoKey:
    """A careless upstream: it repeats the credentials it got.

    `place` is "error" (401, the key in its message and in the header `X-Echo`) or "stream" (the key in the
    text, cut in two over two deltas).
    """

    place: str = "error"

    def steps(self, request: "Received") -> Iterable[Step]:
        given = request.header("authorization") or request.header("api-key") or ""
        key = given.removeprefix("Bearer ")
        if self.place == "stream":
            half = len(key) // 2
            return Stream(text=["Your key is ", key[:half], key[half:], "."]).steps(request)
        message = f"Incorrect API key provided: {key}"
        return error_reply(401, message, code="invalid_api_key", headers=[("X-Echo", given)]).steps(request)


def _joined(pieces: Sequence[TextStep]) -> str:
    return "".join(piece for piece in pieces if isinstance(piece, str))


def _envelope(request: "Received", kind: str) -> dict[str, Any]:
    return {
        "id": "chatcmpl-fake",
        "object": kind,
        "created": 1700000000,
        "model": request.json.get("model", ""),
    }


def _event(value: Any) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"
