"""The inspector's tabs: what was sent, what came back, when, and how sure the model was."""

from collections.abc import Callable
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from conversations.models import Exchange
from playground.views import inspector_tabs as tabs
from playground.views.inspector_parts import exchange_or_404
from playground.views.signed_in import PersonRequest, signed_in

TABS: dict[str, Callable[[PersonRequest, Exchange], object]] = {
    "request": tabs.request_view,
    "response": tabs.response_view,
    "events": tabs.events_view,
    "timing": tabs.timing_view,
    "tokens": tabs.tokens_view,
}
PARTS = ("rows", "news")
"""What can be fetched of a tab instead of all of it: more rows of its list, or what is new while it is live."""


@require_GET
@signed_in
def tab(request: PersonRequest, pk: UUID, tab: str) -> HttpResponse:
    """Return one tab of one exchange, or with `part` a part of it."""
    builder = TABS.get(tab)
    if builder is None:
        raise Http404
    exchange = exchange_or_404(request, pk)
    view = builder(request, exchange)
    part = request.GET.get("part", "")
    if part and (part not in PARTS or tab not in ("events", "tokens")):
        raise Http404
    name = f"_{tab}_{part}" if part else f"_{tab}"
    return render(request, f"playground/inspector/{name}.html", {"view": view, "exchange": exchange.pk})
