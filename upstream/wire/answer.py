"""What the documents of one response say together: an answer, an error, or neither."""

import re
from typing import Any, Final

from upstream.wire.assembly import Assembly
from upstream.wire.capture import Secrets
from upstream.wire.error_bodies import error_from_object, error_in
from upstream.wire.errors import ConnectionCut, ProtocolViolation, UpstreamError
from upstream.wire.events import ErrorSeen, Update
from upstream.wire.framing import parse
from upstream.wire.jsontext import documents, loads
from upstream.wire.limits import Limits

_WORDS_LIMIT: Final = 2_000
DONE: Final = "[DONE]"
_JSON_BEGINS: Final = re.compile(r"\s*(?:\{|\[\s*[\[{\"\d-])")
_DATA_AGAIN: Final = re.compile(r"(?:data:[ \t]*)+")
_FAILURE_BEGINS: Final = re.compile(r"\s*(?:\[?error\b\s*[\]:]|<(?:!doctype|html)\b)", re.I)
"""Words that stand for a failure, not for a sign of life: ``Error: …``, ``[ERROR] …``, a proxy's web page."""


class Answer:
    """Documents and odd lines in; the assembly, the first error and ``done`` out.

    ``answered``  a document belonged to an answer
    ``words``     text that was neither JSON nor a field, at most 2,000 characters
    ``broken``    the first piece of JSON that could not be read
    """

    __slots__ = (
        "_error_told",
        "_secrets",
        "_status",
        "answered",
        "assembly",
        "broken",
        "done",
        "error",
        "words",
    )

    def __init__(self, *, status: int, secrets: Secrets, limits: Limits) -> None:
        self._status = status
        self._secrets = secrets
        self._error_told = False
        self.assembly = Assembly(secrets=secrets, limits=limits)
        self.answered = False
        self.done = False
        self.error: UpstreamError | None = None
        self.words = ""
        self.broken: str | None = None

    def document(self, document: Any, raw: str) -> None:
        """Take one JSON value of any shape; ``raw`` is the text it came in."""
        if isinstance(document, dict):
            error = error_in(document)
            if error is not None:
                self.fail(error, raw)
            if error is None or document.get("choices"):
                self.merge(document, raw)
        elif isinstance(document, list):
            for item in document:
                if isinstance(item, dict):
                    self.document(item, raw)
        elif isinstance(document, str):
            self._say(document)

    def merge(self, document: dict[str, Any], raw: str) -> None:
        """Take a document that is no error itself; its choices may hold one."""
        assembly = self.assembly
        if assembly.add(document):
            self.answered = True
        if assembly.errors:
            self.fail(assembly.errors[0], raw)
            assembly.errors.clear()

    def fail(self, error: Any, raw: str) -> None:
        """Take an error object; the first one counts."""
        if self.error is None:
            masked = self._secrets.tree(error)
            self.error = error_from_object(masked, status=self._status, raw=self._secrets.text(raw))

    def block(self, block: str, *, last: bool = False) -> None:
        """Take the lines of one event that was not plain ``data: {…}``."""
        event = parse(block)
        if event.data is not None:
            self._data(event.name, event.data, last=last)
        if event.strays:
            self._strays(event.strays, last=last)

    def line(self, line: str, *, last: bool = False) -> None:
        """Take one line of JSON lines."""
        line = line.strip().removeprefix("data:").strip()
        if line:
            self._data("", [line], last=last)

    def _data(self, name: str, lines: list[str], *, last: bool) -> None:
        data = "\n".join(lines)
        if not data.strip() or self.done:
            return
        if data.strip() == DONE:
            self.done = True
            return
        try:
            document = loads(data)
        except ValueError:
            self._no_document(name, data, lines, last=last)
            return
        if name == "error" and not (isinstance(document, dict) and document.get("choices")):
            self.fail(document, data)
        else:
            self.document(document, data)

    def _no_document(self, name: str, data: str, lines: list[str], *, last: bool) -> None:
        """Take data that is not one JSON value: several lines, several values, ``data:`` twice, or words."""
        if name == "error":
            self.fail(data, data)
        elif len(lines) > 1:
            for line in lines:
                self._data(name, [line], last=last)
        elif again := _DATA_AGAIN.match(data):
            self._data(name, [data[again.end() :]], last=last)
        elif data.startswith("error:"):
            self._strays([data], last=last)
        elif several := _several(data):
            for document in several:
                self.document(document, data)
        else:
            self._odd(data, last=last)

    def _strays(self, lines: list[str], *, last: bool) -> None:
        """Take lines that are no field: a bare ``error: {…}``, JSON without ``data:``, or words."""
        whole = "\n".join(lines)
        if whole.startswith("error:"):
            text = whole[6:].strip()
            try:
                self.fail(loads(text), whole)
            except ValueError:
                self.fail(text, whole)
            return
        try:
            self.document(loads(whole), whole)
        except ValueError:
            if self._is_failure(whole):
                self.fail(whole, whole)
            elif len(lines) > 1:
                for line in lines:
                    self._strays([line], last=last)
            else:
                self._odd(whole, last=last)

    def _odd(self, text: str, *, last: bool) -> None:
        """Keep what is no JSON: cut JSON is damage, anything else (``ping``) is words."""
        if self._is_failure(text):
            self.fail(text, text)
        elif not _JSON_BEGINS.match(text):
            self._say(text)
        elif self.broken is None:
            self.broken = "" if last else text[:200]

    def _is_failure(self, text: str) -> bool:
        """Say whether words in the middle of an answer tell why it ends; without an answer all words do."""
        return self.answered and _FAILURE_BEGINS.match(text) is not None

    def _say(self, text: str) -> None:
        if len(self.words) < _WORDS_LIMIT:
            self.words = (self.words + "\n" + text).strip()[:_WORDS_LIMIT]

    def take(self, *, final: bool = False) -> list[Update]:
        """Return what came since the last time; an error once, when it is first known."""
        assembly = self.assembly
        updates = assembly.take(final=final)
        if self.error is not None and not self._error_told:
            self._error_told = True
            updates.append(ErrorSeen(self.error))
        return updates

    def damage(self) -> UpstreamError | None:
        """Return the error for JSON that could not be read, if there was any."""
        if self.broken is None:
            return None
        if self.broken == "":
            return ConnectionCut("The answer ended in the middle of an event.", status=self._status)
        text = self._secrets.text(self.broken)
        return ProtocolViolation(f"An event is not valid JSON: {text}", status=self._status, raw=text)


def _several(data: str) -> list[dict[str, Any]]:
    """Return the objects that follow one another in one line; none unless all of it is objects."""
    try:
        found = list(documents(data)) if data.startswith("{") else []
    except ValueError:
        return []
    return found if all(isinstance(document, dict) for document in found) else []
