"""Ending an exchange whose process is gone: its text is derived from the kept trace, as the run itself would have done."""

from conversations import selectors
from conversations.answers import media_of_response
from conversations.models import Exchange
from conversations.services.recording import Ending, recordings_write


def exchange_recover(*, exchange: Exchange) -> bool:
    """Mark a silent exchange as interrupted with everything its trace holds; False if it had ended meanwhile."""
    trace = selectors.trace_of(exchange_id=exchange.pk)
    timing = dict(exchange.timing)
    if trace.pieces:
        timing["ended"] = trace.pieces[-1][1]
    response = selectors.response_so_far(exchange=exchange, trace=trace)
    ending = Ending(
        exchange_id=exchange.pk,
        state=Exchange.State.INTERRUPTED,
        response=response,
        error=None,
        timing=timing,
        media=media_of_response(response),
    )
    return exchange.pk in recordings_write(progress=(), endings=(ending,)).ended
