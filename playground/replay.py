"""A kept stream as the page was given it: what each read added, with its time, so that it can be played again."""

from collections.abc import Iterator

from conversations import selectors
from conversations.models import Exchange
from playground import frames
from upstream.wire.errors import UpstreamError
from upstream.wire.events import Update
from upstream.wire.reader import ResponseReader


def replay_encode(exchange: Exchange) -> bytes:
    """Return `{"total": ms, "steps": [[ms, [update, …]], …]}` as JSON; updates are spelled as in the socket's protocol."""
    steps = [f"[{at:.1f},[{body}]]" for at, body in _steps(exchange)]
    total = exchange.timing.get("ended", 0.0)
    text = f'{{"total":{total:.1f},"steps":[{",".join(steps)}]}}'
    return text.encode("utf-8", "replace")


def _steps(exchange: Exchange) -> Iterator[tuple[float, str]]:
    trace = selectors.trace_of(exchange_id=exchange.pk)
    headers = {str(name).lower(): str(value) for name, value in exchange.response_headers}
    reader = ResponseReader(status=exchange.status or 200, content_type=headers.get("content-type", ""))
    position, at = 0, 0.0
    try:
        for length, at in trace.pieces:
            yield from _step(at, reader.feed(trace.raw[position : position + length]))
            position += length
    except UpstreamError as fault:
        yield from _step(at, reader.close(fault).updates)
    else:
        yield from _step(at, reader.close().updates)


def _step(at: float, updates: list[Update]) -> Iterator[tuple[float, str]]:
    if body := frames.updates_encode(updates):
        yield at, body
