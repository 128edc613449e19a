"""Collected static files, served before Django: no middleware, no thread-sensitive executor.

WhiteNoise finds the files once at start and decides everything (compressed variants, validators, ranges); this only
speaks ASGI for it. A name that carries a content hash may be kept for ever.
"""

import asyncio
import re
from pathlib import Path
from typing import Any, BinaryIO, Final

from whitenoise.base import WhiteNoise

from playground.edge.types import App, Receive, Scope, Send

BLOCK: Final = 256 * 1024  # bytes per read and message
HASHED: Final = re.compile(r"\.[0-9a-f]{12}\.|/chunks/[^/]+-[A-Z0-9]{8}\.")  # Django's and esbuild's names


class StaticFiles:
    """Serves the files below `root` at `prefix`; everything else goes to `app`."""

    def __init__(self, app: App, *, root: Path, prefix: str) -> None:
        self._app = app
        self._files: dict[str, Any] = {}
        if root.is_dir():
            noise = WhiteNoise(
                None, root, prefix, max_age=60, allow_all_origins=False, immutable_file_test=HASHED.pattern
            )
            self._files = noise.files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the file, or pass the connection on."""
        static_file = self._files.get(scope["path"]) if scope["type"] == "http" else None
        if static_file is None:
            await self._app(scope, receive, send)
            return
        response = static_file.get_response(scope["method"], _environ(scope))
        headers = [(name.lower().encode(), value.encode()) for name, value in response.headers]
        await send({"type": "http.response.start", "status": int(response.status), "headers": headers})
        if response.file is not None:
            await _send_file(send, response.file)
        await send({"type": "http.response.body", "body": b""})


async def _send_file(send: Send, file: BinaryIO) -> None:
    with file:
        while block := await asyncio.to_thread(file.read, BLOCK):
            await send({"type": "http.response.body", "body": block, "more_body": True})


def _environ(scope: Scope) -> dict[str, str]:
    """Return the headers under the names that WSGI, and so WhiteNoise, gives them."""
    return {
        f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}": value.decode("latin-1")
        for name, value in scope["headers"]
    }
