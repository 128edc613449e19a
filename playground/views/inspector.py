"""The inspector's tabs: what was sent, what came back, when, and how to do it again."""

import json
from collections.abc import Callable, Sequence
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from conversations import selectors
from conversations.models import Exchange
from playground import inspection
from playground.view_models import EventsView, RequestView, ResponseView, TimingView
from playground.views.messages import error_view
from playground.views.signed_in import PersonRequest, signed_in
from upstream.wire.capture import DOTS

RAW_LIMIT = 200_000
"""Characters of a raw response shown at once."""
EVENTS_PAGE = 200
"""Events in one stretch of the table."""


@require_GET
@signed_in
def tab(request: PersonRequest, pk: UUID, tab: str) -> HttpResponse:
    """Return one tab of one exchange."""
    builder = TABS.get(tab)
    if builder is None:
        raise Http404
    try:
        exchange = selectors.exchange_for(user=request.user, pk=pk)
    except Exchange.DoesNotExist as error:
        raise Http404 from error
    view = builder(request, exchange)
    return render(request, f"playground/inspector/_{tab}.html", {"view": view, "exchange": exchange.pk})


def request_view(request: PersonRequest, exchange: Exchange) -> RequestView:
    """Return the request as sent, secrets masked."""
    del request
    headers = _headers(exchange.headers)
    return RequestView(
        method=exchange.method,
        url=exchange.url,
        http_version=exchange.http_version,
        headers=headers,
        body=exchange.body,
        size=len(exchange.body.encode()),
        masked=DOTS in exchange.body or any(DOTS in value for _name, value in headers),
    )


def response_view(request: PersonRequest, exchange: Exchange) -> ResponseView:
    """Return the response: head, assembled document and raw text."""
    del request
    trace = selectors.trace_of(exchange_id=exchange.pk)
    raw = trace.raw[: RAW_LIMIT * 4].decode("utf-8", "replace")
    document = selectors.response_document(exchange)
    headers = _headers(exchange.response_headers)
    return ResponseView(
        state=exchange.state,
        status=exchange.status,
        reason=exchange.reason,
        http_version=exchange.http_version,
        headers=headers,
        document=json.dumps(document, ensure_ascii=False, indent=2) if document else "",
        raw=raw[:RAW_LIMIT],
        raw_cut=len(raw) > RAW_LIMIT or len(trace.raw) > RAW_LIMIT * 4,
        size=len(trace.raw),
        masked=DOTS in raw or any(DOTS in value for _name, value in headers),
        error=error_view(exchange),
    )


def events_view(request: PersonRequest, exchange: Exchange) -> EventsView:
    """Return a stretch of the events, of one `kind` if asked, from number `after` on."""
    trace = selectors.trace_of(exchange_id=exchange.pk)
    events = inspection.timed_events(trace)
    kind = request.GET.get("kind", "")
    after = int(text) if (text := request.GET.get("after", "0")).isdecimal() and len(text) < 10 else 0
    wanted = [timed for timed in events if timed.number > after and kind in ("", timed.event.kind)]
    typical = inspection.typical_gap(events)
    rows = tuple(inspection.event_row(timed, trace.raw, typical=typical) for timed in wanted[:EVENTS_PAGE])
    stalls = inspection.stall_count(events)
    href = reverse("inspector-tab", args=[exchange.pk, "events"])
    more = urlencode({"kind": kind, "after": str(rows[-1].number)}) if len(wanted) > EVENTS_PAGE else ""
    return EventsView(
        rows=rows,
        total=len(events),
        kinds=inspection.kinds_of(events),
        href=href,
        kind=kind,
        more_href=f"{href}?{more}" if more else "",
        live=exchange.state in Exchange.LIVE,
        status=exchange.status,
        first_ms=exchange.timing.get("first_byte"),
        last_ms=events[-1].at_ms if events else None,
        size=len(trace.raw),
        stalls=stalls,
    )


def timing_view(request: PersonRequest, exchange: Exchange) -> TimingView:
    """Return where the time went."""
    del request
    events = inspection.timed_events(selectors.trace_of(exchange_id=exchange.pk))
    return inspection.timing_view(state=exchange.state, timing=exchange.timing, events=events)


def _headers(kept: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(value)) for name, value in kept)


TABS: dict[str, Callable[[PersonRequest, Exchange], object]] = {
    "request": request_view,
    "response": response_view,
    "events": events_view,
    "timing": timing_view,
}
