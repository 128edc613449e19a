"""One response, read from bytes to its end: ResponseReader.

What arrives is believed, not what was asked for or what the headers say: an event stream, a JSON document, JSON
lines (Ollama), a web page or plain text are told apart by their first characters.
"""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from upstream.wire.answer import Answer
from upstream.wire.capture import NO_SECRETS, Secrets
from upstream.wire.error_bodies import error_from_object, error_from_response, page_error
from upstream.wire.errors import ProtocolViolation, StreamTooLong, UpstreamError
from upstream.wire.events import Update
from upstream.wire.framing import BOM, Framer, normalize
from upstream.wire.jsontext import documents, dumps, loads, raw_decode
from upstream.wire.limits import DEFAULT_LIMITS, Limits
from upstream.wire.repeat import Repeat
from upstream.wire.retry import retry_after_of
from upstream.wire.scrub import RawTrace

_SSE_STARTS: Final = (b"data:", b"event:", b"id:", b"retry:", b":", b"error:")
_LINES_TYPES: Final = ("ndjson", "jsonl", "stream+json", "json-seq")
_CHARSET: Final = re.compile(r"charset=[\"']?([\w.:-]{1,40})", re.I)

Shape = Literal["", "stream", "json", "lines", "text"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a response ended. ``updates`` and ``raw`` are what ``feed`` and ``take_raw`` had not given yet."""

    updates: list[Update]
    response: dict[str, Any]
    error: UpstreamError | None
    raw: bytes


class ResponseReader:
    """Read one response: ``feed`` what arrives, ``take_raw`` what may be kept, ``close`` at the end.

    ``headers`` are the response's (for Retry-After and Location). ``done`` becomes true at ``[DONE]``: no more will
    come, the connection may be closed. Everything given out is masked; raw bytes may lag by one event while it is
    unfinished or while its text may be the beginning of a secret.
    """

    def __init__(
        self,
        *,
        status: int,
        content_type: str,
        secrets: Secrets = NO_SECRETS,
        limits: Limits = DEFAULT_LIMITS,
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        self._status = status
        self._content_type = content_type.lower()
        self._secrets = secrets
        self._masking = bool(secrets)
        self._limits = limits
        self._headers = tuple(headers)
        self._answer = Answer(status=status, secrets=secrets, limits=limits)
        self._repeat = Repeat(self._answer.assembly)
        self._trace = RawTrace(secrets)
        self._framer = Framer(limits)
        self._shape: Shape = ""
        self._body = bytearray()
        self._start = 0
        self._line_end = -1
        self._one_document = False
        self._size = 0
        self._hits = 0
        self._outcome: Outcome | None = None

    @property
    def response(self) -> dict[str, Any]:
        """The response so far, in the shape of a plain response."""
        return self._outcome.response if self._outcome else self._answer.assembly.document()

    @property
    def done(self) -> bool:
        return self._answer.done

    @property
    def plain(self) -> bool:
        """Whether what came is one document and no stream."""
        return self._shape == "json"

    @property
    def masked(self) -> bool:
        """True once a secret was masked in this response."""
        return self._trace.masked

    def feed(self, data: bytes) -> list[Update]:
        """Return what these bytes added.

        Raises StreamTooLong past ``limits``; ``close`` it with that error.
        """
        self._size += len(data)
        if self._size > self._limits.total:
            raise StreamTooLong(
                f"The response is larger than {self._limits.total:,} bytes.", status=self._status
            )
        if self._shape == "stream":
            return self._feed_stream(data)
        return self._feed_other(data)

    def take_raw(self) -> bytes:
        """Return the masked raw bytes that may be kept, since the last time."""
        return self._trace.take()

    def close(self, fault: UpstreamError | None = None) -> Outcome:
        """Return how the response ended; ``fault`` is what ended it, None for a clean end. Idempotent."""
        if self._outcome is None:
            error = self._close(fault)
            updates = self._answer.take(final=True)
            self._settle(final=True)
            error = self._with_wait(self._answer.error or error)
            document = self._answer.assembly.document()
            self._outcome = Outcome(updates, document, error, self._trace.take())
        return self._outcome

    # An event stream

    def _feed_stream(self, data: bytes) -> list[Update]:
        whole = self._framer.feed(data)
        if not self._masking:
            self._trace.add(data)
        if not whole:
            return []
        if self._masking:
            whole = self._trace.add(whole)
        self._read_events(whole.decode("utf-8", "replace"))
        updates = self._answer.take()
        if self._masking:
            self._settle()
        return updates

    def _read_events(self, text: str) -> None:
        """Read whole events. The usual ``data: {…}`` is parsed where it stands, without cutting the text.

        After the first surprise the rest is read block by block: an error message of the JSON parser counts the
        lines before it, which would make many bad events in one read quadratic.
        """
        answer, repeat = self._answer, self._repeat
        text = normalize(text)
        position, length, usual = 0, len(text), True
        while position < length and not answer.done:
            if after := repeat.read(text, position):
                position = after
                continue
            repeat.forget()
            if usual and text.startswith("data: {", position):
                try:
                    document, end = raw_decode(text, position + 6)
                    usual = text.startswith("\n\n", end) and text.find("\n", position, end) < 0
                except ValueError:
                    usual = False
                if usual:
                    if document.get("choices") and "error" not in document:
                        answer.merge(document, text[position + 6 : end])
                        repeat.learn(text, position, end, document)
                    else:
                        answer.document(document, text[position + 6 : end])
                    position = end + 2
                    continue
            stop = text.find("\n\n", position)
            stop = length if stop < 0 else stop
            answer.block(text[position:stop])
            position = stop + 2

    def _settle(self, *, final: bool = False) -> None:
        """Let go of the raw events whose text is clear; take split secrets out of them."""
        watch = self._answer.assembly.watch
        self._trace.settle(hit=watch.hits != self._hits, open=not final and watch.open > 0)
        self._hits = watch.hits

    # Anything else, or not yet known

    def _feed_other(self, data: bytes) -> list[Update]:
        body = self._body
        body += data
        if not self._shape:
            self._shape = self._recognize()
            if self._shape == "stream":
                return self._begin_stream()
            if self._shape and not self._masking:
                self._trace.add(bytes(body))
        elif not self._masking:
            self._trace.add(data)
        if len(body) > self._limits.event:
            raise StreamTooLong(f"The body is larger than {self._limits.event:,} bytes.", status=self._status)
        if self._shape == "json" and not self._one_document:
            self._consider_lines()
        return self._feed_lines() if self._shape == "lines" else []

    def _recognize(self) -> Shape:
        """Return the shape from the first characters that are no white space, "" until they say enough."""
        body = self._body
        if not self._start and BOM.startswith(body[:3]):
            self._start = 3 if len(body) >= 3 else 0
            if len(body) < 3:
                return ""
        rest = bytes(body[self._start :])
        head = rest.lstrip(b" \t\r\n")
        self._start += len(rest) - len(head)
        if head[:1] in (b"{", b"[", b'"'):
            return "json"
        if head.startswith(_SSE_STARTS):
            return "stream"
        if not any(start.startswith(head) for start in _SSE_STARTS):
            streams = "event-stream" in self._content_type and self._status < 300 and head[:1] != b"<"
            return "stream" if streams else "text"
        return ""

    def _begin_stream(self) -> list[Update]:
        body = bytes(self._body)
        self._body = bytearray()
        if body.startswith(BOM):
            self._trace.add(BOM)
            body = body[3:]
        return self._feed_stream(body)

    def _consider_lines(self) -> None:
        """Decide between one document and JSON lines, when something follows a whole first line."""
        body = self._body
        if self._line_end < 0:
            self._line_end = body.find(b"\n", self._start)
        declared = any(name in self._content_type for name in _LINES_TYPES)
        if self._line_end < 0 or not (declared or body[self._line_end :].strip()):
            return
        try:
            first = loads(body[self._start : self._line_end].decode("utf-8", "replace"))
        except ValueError:
            first = None
        if isinstance(first, dict):
            self._shape = "lines"
            self._trace.separator = "\n"
        else:
            self._one_document = True

    def _feed_lines(self) -> list[Update]:
        body = self._body
        end = body.rfind(b"\n") + 1
        if not end:
            return []
        whole = bytes(body[:end])
        del body[:end]
        if self._masking:
            whole = self._trace.add(whole)
        for line in whole.decode("utf-8", "replace").split("\n"):
            self._answer.line(line)
        updates = self._answer.take()
        self._settle()
        return updates

    # The end

    def _close(self, fault: UpstreamError | None) -> UpstreamError | None:
        """Read what is left, and return the error that ends the response unless it reported one itself."""
        if self._shape in ("stream", "lines"):
            self._close_stream()
            return self._judge(fault)
        return self._close_document(fault)

    def _close_stream(self) -> None:
        rest = self._framer.close() or bytes(self._body)
        if rest and self._masking:
            rest = self._trace.add(rest)
        text = normalize(rest.decode("utf-8", "replace")).strip("\n")
        if text and self._shape == "lines":
            self._answer.line(text, last=True)
        elif text:
            self._answer.block(text, last=True)

    def _judge(self, fault: UpstreamError | None) -> UpstreamError | None:
        answer = self._answer
        if self._status >= 300:
            return self._error_response(answer.words, None)
        if fault is not None:
            return None if answer.done else fault
        if (damage := answer.damage()) is not None:
            return damage
        if answer.answered or answer.done:
            return None
        if answer.words:
            return page_error(answer.words, status=self._status)
        return ProtocolViolation("The stream ended without an answer.", status=self._status)

    def _close_document(self, fault: UpstreamError | None) -> UpstreamError | None:
        raw = bytes(self._body)
        found: list[Any] = []
        text = self._decode(self._secrets.bytes(raw))
        whole = True
        if self._shape == "json":
            try:
                found.extend(documents(text))
            except ValueError:
                whole = False
        self._keep_document(raw, found)
        found = self._secrets.tree(found)
        only = found[0] if whole and len(found) == 1 else None
        if self._status >= 300:
            if isinstance(only, dict) and only.get("choices"):
                self._answer.document(only, text)
            return self._error_response(text, only)
        for document in found:
            self._answer.document(document, text)
        if fault is not None:
            return fault
        if not whole:
            return ProtocolViolation("The body is not valid JSON.", status=self._status, raw=text)
        if isinstance(only, str):
            return error_from_object(only, status=self._status, raw=text)
        if not found:
            return page_error(text, status=self._status)
        if not self._answer.answered:
            return ProtocolViolation("The body is JSON, but no answer.", status=self._status, raw=text)
        return None

    def _keep_document(self, raw: bytes, found: list[Any]) -> None:
        """Put the body into the trace: masked by value, and written anew if only the parsed JSON showed a secret."""
        if not self._masking:
            if not self._shape:
                self._trace.add(raw)
            return
        clear = self._secrets.tree(found)
        self._trace.add(raw if clear is found else "\n".join(map(dumps, clear)).encode())

    def _error_response(self, text: str, document: Any) -> UpstreamError:
        headers = self._secrets.headers(self._headers)
        return error_from_response(status=self._status, text=text, document=document, headers=headers)

    def _with_wait(self, error: UpstreamError | None) -> UpstreamError | None:
        """Return the error with what the headers say about waiting, where its own words do not."""
        if error is not None and error.retry_after is None and self._status >= 400:
            error.retry_after = retry_after_of(self._headers)
        return error

    def _decode(self, body: bytes) -> str:
        """Return the body as text, in the charset that the headers name; UTF-8 without or with an unknown one."""
        match = _CHARSET.search(self._content_type)
        body = body.removeprefix(BOM)
        try:
            return body.decode(codecs.lookup(match[1]).name if match else "utf-8", "replace")
        except (LookupError, ValueError):
            return body.decode("utf-8", "replace")
