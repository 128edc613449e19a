"""Parts of the inspector that are fetched when somebody opens them.

A branch of a tree, a whole text, a picture, a diff, the bytes of one event, a stream to be played again, and where a branch
would begin.
"""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from conversations import selectors
from conversations.models import Exchange
from playground.body_images import NotAnImage, images_folded, thumbnail_of
from playground.event_index import raw_of
from playground.hexdump import event_bytes
from playground.json_tree import JsonTree
from playground.json_values import NotJson, value_read
from playground.replay import replay_encode
from playground.token_heat import prefix_of
from playground.views.inspector_diff import compared, diff_view
from playground.views.inspector_tabs import choices_units, images_href, kept_index, number_of
from playground.views.signed_in import PersonRequest, signed_in


def exchange_or_404(request: PersonRequest, pk: UUID) -> Exchange:
    """Return an exchange that this person may see; else 404."""
    try:
        return selectors.exchange_for(user=request.user, pk=pk)
    except Exchange.DoesNotExist as error:
        raise Http404 from error


@require_GET
@signed_in
def text(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return a whole body as plain text: `of` request, response or raw; with `images=0` what images hold is left out."""
    exchange = exchange_or_404(request, pk)
    of = request.GET.get("of", "")
    if of == "raw":
        index = kept_index(exchange)
        return _plain(raw_of(exchange.pk, index, 0, index.size), "response.txt")
    held = _text_of(exchange, of)
    return _plain((images_folded(held) if request.GET.get("images") == "0" else held).encode(), f"{of}.json")


def _text_of(exchange: Exchange, of: str) -> str:
    match of:
        case "request":
            return exchange.body
        case "response":
            return exchange.response
    raise Http404


def _plain(body: bytes, name: str) -> HttpResponse:
    """Return bytes that nobody's browser will take for a page."""
    response = HttpResponse(body, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = (
        content_disposition_header(as_attachment=True, filename=name) or ""
    )
    return response


@require_GET
@signed_in
def part(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return what lies at `at` in a body's tree, from child `first` on; with `whole` a string in full."""
    exchange = exchange_or_404(request, pk)
    of, at = request.GET.get("of", ""), request.GET.get("at", "")
    held = _text_of(exchange, of)
    try:
        tree = JsonTree(held, value_read(held))
        if request.GET.get("whole"):
            return HttpResponse(format_html('<span class="s">{}</span>', tree.whole(at)))
        node = tree.part(at, number_of(request, "first") or 0)
    except (NotJson, LookupError) as error:
        raise Http404 from error
    hrefs = {
        "part_href": f"{reverse('exchange-part', args=[exchange.pk])}?of={of}",
        "image_href": images_href(exchange) if of == "request" else "",
    }
    return render(request, "playground/inspector/_json_part.html", {"node": node, **hrefs})


@require_GET
@signed_in
def image(request: PersonRequest, pk: UUID, number: int) -> HttpResponse:
    """Return an image of the request as a small picture made from its pixels."""
    exchange = exchange_or_404(request, pk)
    try:
        data = thumbnail_of(exchange.body, number)
    except (NotAnImage, LookupError) as error:
        raise Http404 from error
    response = HttpResponse(data, content_type="image/png")
    # What was sent does not change.
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


@require_GET
@signed_in
def event(request: PersonRequest, pk: UUID, number: int) -> HttpResponse:
    """Return the bytes of one event."""
    exchange = exchange_or_404(request, pk)
    index = kept_index(exchange)
    if not 1 <= number <= len(index):
        raise Http404
    entry = index.entry(number)
    data = raw_of(exchange.pk, index, entry.start, entry.end)
    context = {"view": event_bytes(number, data, entry.text)}
    return render(request, "playground/inspector/_event_bytes.html", context)


@require_GET
@signed_in
def replay(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return a stream that has ended, to be played again; see `playground.replay`."""
    exchange = exchange_or_404(request, pk)
    if exchange.state in Exchange.LIVE:
        raise Http404
    return HttpResponse(replay_encode(exchange), content_type="application/json")


@require_GET
@signed_in
def prefix(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return the text of a `choice` up to `token` with its `alternative` in that place: where a branch would begin."""
    exchange = exchange_or_404(request, pk)
    choice, token, alternative = (number_of(request, name) for name in ("choice", "token", "alternative"))
    units = choices_units(exchange).get(-1 if choice is None else choice, [])
    try:
        begun = prefix_of(units, token or 0, -1 if alternative is None else alternative)
    except LookupError as error:
        raise Http404 from error
    return HttpResponse(begun, content_type="text/plain; charset=utf-8")


@require_GET
@signed_in
def exchange_diff(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Compare a request with another: the one that `with` names or links to, else the column's run before it."""
    exchange = exchange_or_404(request, pk)
    view, other = diff_view(request.user, exchange, request.GET.get("with", ""))
    if other is not None:
        view = compared(view, exchange_or_404(request, other), exchange)
    return render(request, "playground/inspector/_diff.html", {"view": view, "exchange": exchange.pk})
