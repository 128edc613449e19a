"""Ending an exchange whose process is gone: its text is derived from the kept trace, as the run itself would have done."""

from conversations import selectors
from conversations.models import Exchange
from conversations.services.recording import Ending, recordings_write
from upstream.wire.reader import ResponseReader


def exchange_recover(*, exchange: Exchange) -> bool:
    """Mark a silent exchange as interrupted with everything its trace holds; False if it had ended meanwhile."""
    headers = {name.lower(): value for name, value in exchange.response_headers}
    reader = ResponseReader(status=exchange.status or 200, content_type=headers.get("content-type", ""))
    trace = selectors.trace_of(exchange_id=exchange.pk)
    if trace.raw:
        reader.feed(trace.raw)
    outcome = reader.close()
    timing = dict(exchange.timing)
    if trace.pieces:
        timing["ended"] = trace.pieces[-1][1]
    ending = Ending(
        exchange_id=exchange.pk,
        state=Exchange.State.INTERRUPTED,
        response=outcome.response if trace.raw else {"choices": []},
        error=None,
        timing=timing,
    )
    return bool(recordings_write(progress=(), endings=(ending,)))
