"""Exchanges that have ended, written into the database as the recorder writes them."""

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from conversations.models import Exchange
from conversations.services import Ending, Progress, ResponseHead, recordings_write
from tests.desk import Desk
from upstream.wire.reader import ResponseReader

STREAM = (("content-type", "text/event-stream"),)
ROW = 500_000
"""Bytes of one stretch of the trace."""


def chunk(content: str = "", **more: Any) -> bytes:
    """One event with content."""
    choice = {"index": 0, "delta": {"content": content} if content else {}, "finish_reason": None} | more
    document = {"id": "x1", "object": "chat.completion.chunk", "choices": [choice]}
    return b"data: " + json.dumps(document, ensure_ascii=False).encode() + b"\n\n"


def exchange_kept(
    desk: Desk,
    reads: Iterable[tuple[bytes, float]],
    *,
    text: str = "Hello",
    headers: Iterable[tuple[str, str]] = STREAM,
    end: bool = True,
    **parameters: Any,
) -> UUID:
    """Send `text` and keep these reads with their times in ms as the response; return the exchange."""
    (opened,) = desk.open(text, **parameters).exchanges
    timing = {"dns": 1.0, "connect": 3.0, "tls": 9.5, "request_sent": 10.0, "first_byte": 40.0}
    head = ResponseHead(
        200, "OK", "HTTP/1.1", tuple(headers), (("content-type", "application/json"),), timing
    )
    reader = ResponseReader(status=200, content_type=dict(headers).get("content-type", ""))
    sequence, pieces, at = 0, [], 0.0
    for data, at in reads:
        reader.feed(data)
        pieces.append((data, at))
        if sum(len(piece) for piece, _at in pieces) > ROW:
            recordings_write(progress=(Progress(opened.id, sequence, tuple(pieces), head),), endings=())
            sequence, pieces = sequence + 1, []
    endings: tuple[Ending, ...] = ()
    if end:
        times = timing | {"ended": at, "added_mean": 0.41, "added_longest": 2.5, "first_content": 50.0}
        endings = (Ending(opened.id, Exchange.State.COMPLETED, reader.close().response, None, times),)
    recordings_write(progress=(Progress(opened.id, sequence, tuple(pieces), head),), endings=endings)
    return opened.id
