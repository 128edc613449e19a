"""The shapes of ASGI, named once."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def header_of(scope: Scope, name: bytes) -> str | None:
    """Return the last header of this lower-case name, or None."""
    for key, value in reversed(list(scope.get("headers", ()))):
        if key.lower() == name:
            return bytes(value).decode("latin-1")
    return None


async def respond(send: Send, status: int, text: str) -> None:
    """Answer with one plain-text response."""
    body = text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
