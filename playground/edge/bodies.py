"""An upper bound for request bodies, before anything holds them."""

from playground.edge.types import App, Message, Receive, Scope, Send, header_of, respond


class BodyLimit:
    """Answers 413 to a body that is too large, by its declared length or by what really arrives.

    `form_bytes` bounds forms and JSON, `upload_bytes` multipart bodies (attachments).
    """

    def __init__(self, app: App, *, form_bytes: int, upload_bytes: int) -> None:
        self._app = app
        self._form_bytes = form_bytes
        self._upload_bytes = upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on while its body stays within the bound."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        content_type = header_of(scope, b"content-type") or ""
        limit = self._upload_bytes if content_type.startswith("multipart/") else self._form_bytes
        declared = header_of(scope, b"content-length") or "0"
        if not declared.isdigit():
            await respond(send, 400, "The Content-Length header is not a number.")
            return
        if int(declared) > limit:
            await respond(send, 413, too_large(limit))
            return
        await self._count(scope, receive, send, limit)

    async def _count(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        received = 0
        refused = started = False

        async def counting_receive() -> Message:
            nonlocal received, refused
            message = await receive()
            received += len(message.get("body", b""))
            if received <= limit:
                return message
            if not started:
                refused = True
                await respond(send, 413, too_large(limit))
            return {"type": "http.disconnect"}

        async def checking_send(message: Message) -> None:
            nonlocal started
            started = True
            if not refused:
                await send(message)

        await self._app(scope, counting_receive, checking_send)


def too_large(limit: int) -> str:
    """Return the sentence for a body past `limit` bytes."""
    return f"This request is larger than the {limit // (1024 * 1024)} MB that can be sent at once."
