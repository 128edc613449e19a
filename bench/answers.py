"""An upstream that gives every question the same answer, a piece at a time, at a rate."""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Sequence

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answers(pieces: Sequence[str], rate: float) -> Handler:
    """Return what serves a connection: `pieces` as deltas, `rate` of them a second, whatever is asked."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
                await reader.readexactly(length)
                await _stream(writer, pieces, rate)
        writer.close()

    return serve


async def _stream(writer: asyncio.StreamWriter, pieces: Sequence[str], rate: float) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    began = time.monotonic()
    for number, piece in enumerate(pieces):
        await asyncio.sleep(max(began + number / rate - time.monotonic(), 0))
        writer.write(_chunk({"delta": {"content": piece}, "index": 0, "finish_reason": None}))
        await writer.drain()
    writer.write(_chunk({"delta": {}, "index": 0, "finish_reason": "stop"}))
    writer.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")


def _chunk(choice: object) -> bytes:
    event = {"id": "x", "object": "chat.completion.chunk", "model": "soak", "choices": [choice]}
    data = b"data: " + json.dumps(event).encode() + b"\n\n"
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"
