"""What upstream sent → what we make of it: the pure part of ``manage.py assemble``, for bug reports and tests."""

import json
from dataclasses import dataclass
from typing import Any

from upstream.wire.errors import StreamTooLong, UpstreamError
from upstream.wire.jsontext import loads
from upstream.wire.reader import ResponseReader


class NotReadable(ValueError):
    """The input is not what the command reads; the message says why."""


@dataclass(frozen=True, slots=True)
class Received:
    """One response as it was received. ``id`` is whatever the caller named it by."""

    id: Any
    status: int
    content_type: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def assemble(received: Received) -> dict[str, Any]:
    """Return ``{"id", "response", "error"}``.

    ``response`` has the shape of a plain response, partial text of a failed one included. ``error`` is None or holds
    type (the provider's own, else the name of ours), message, status, code, param, and our kind, advice and
    retry_after.
    """
    reader = ResponseReader(
        status=received.status, content_type=received.content_type, headers=received.headers
    )
    fault: UpstreamError | None = None
    try:
        reader.feed(received.body)
    except StreamTooLong as too_long:
        fault = too_long
    outcome = reader.close(fault)
    error = outcome.error
    said = None if error is None else {
        "type": error.type or type(error).__name__, "message": error.message, "status": error.status,
        "code": error.code, "param": error.param, "kind": error.kind, "advice": error.advice,
        "retry_after": error.retry_after,
    }  # fmt: skip
    return {"id": received.id, "response": outcome.response, "error": said}


def line_read(line: str) -> Received:
    """Return the response in a line ``{"id","status","content_type","body"}``. Raises NotReadable."""
    try:
        value = loads(line)
    except ValueError as error:
        raise NotReadable(f"not JSON: {error}") from error
    if not isinstance(value, dict) or "body" not in value:
        raise NotReadable('not an object with "id", "status", "content_type" and "body"')
    return _received(value.get("id"), value, value["body"])


def file_read(name: str, data: bytes, *, status: int = 200, content_type: str = "") -> Received:
    """Return the response in a file: a raw response body, or a recorded case (JSON with "status" and a body)."""
    try:
        value = loads(data.decode("utf-8"))
    except ValueError:
        value = None
    if isinstance(value, dict) and type(value.get("status")) is int:
        for key in ("sse", "body_text", "body"):
            if key in value:
                return _received(value.get("id", name), value, value[key])
    return Received(name, status, content_type, (), data)


def _received(id: Any, value: dict[str, Any], body: Any) -> Received:
    headers = value.get("headers")
    pairs = tuple((str(k), str(v)) for k, v in headers.items()) if isinstance(headers, dict) else ()
    content_type = value.get("content_type") or next((v for k, v in pairs if k.lower() == "content-type"), "")
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body, ensure_ascii=False)
    return Received(
        id=id,
        status=_status(value.get("status")),
        content_type=str(content_type),
        headers=pairs,
        body=text.encode("utf-8", "surrogatepass"),
    )


def _status(value: Any) -> int:
    """Return an HTTP status given as a number or in digits; 200 where there is none."""
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isdigit():
        return int(value)
    return value if type(value) is int else 200
