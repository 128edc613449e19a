"""Parts of the inspector that are fetched when somebody opens them.

A branch of a tree, a whole text, a picture, a diff, the bytes of one event, a stream to be played again, and where a branch
would begin.
"""

from typing import Any, Final
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
from playground.event_index import event_index, raw_of
from playground.hexdump import event_bytes
from playground.inspector_models import DiffView, OtherExchange
from playground.json_diff import Diff, diff
from playground.json_tree import JsonTree
from playground.json_values import Members, NotJson, value_read
from playground.replay import replay_encode
from playground.token_heat import prefix_of
from playground.views.inspector_tabs import choices_units, images_href, number_of, pairs
from playground.views.signed_in import PersonRequest, signed_in

DIFF_MOST: Final = 2_000_000
"""Characters of a body, its images folded, that is compared as JSON."""


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
        index = event_index(exchange.pk)
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
    index = event_index(exchange.pk)
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
    """Compare a request with another of its conversation: the one named by `with`, else the column's run before it."""
    exchange = exchange_or_404(request, pk)
    beside = selectors.exchanges_beside(exchange=exchange)
    before = selectors.exchange_before(exchange=exchange)
    wanted = request.GET.get("with") or str(before or "")
    other = next((each for each in beside if str(each.pk) == wanted), None)
    view = DiffView(
        others=tuple(map(_other, beside)),
        other=_other(other) if other else None,
        previous=other is not None and other.pk == before,
        head=Diff(()),
        body=Diff(()),
    )
    if other is not None:
        view = _compared(view, exchange_or_404(request, other.pk), exchange)
    return render(request, "playground/inspector/_diff.html", {"view": view, "exchange": exchange.pk})


def _other(exchange: Exchange) -> OtherExchange:
    column = exchange.column
    place = None if column is None else column.position + 1
    return OtherExchange(exchange.pk, exchange.created, exchange.model, place, exchange.state)


def _compared(view: DiffView, old: Exchange, new: Exchange) -> DiffView:
    return DiffView(
        others=view.others,
        other=view.other,
        previous=view.previous,
        head=diff(_head(old), _head(new)),
        body=_body_diff(images_folded(old.body), images_folded(new.body)),
    )


def _head(exchange: Exchange) -> Members:
    line = Members([("method", exchange.method), ("url", exchange.url)])
    # How long a body is follows from the body.
    return Members(
        [*line, *(pair for pair in pairs(exchange.headers) if pair[0].lower() != "content-length")]
    )


def _body_diff(old: str, new: str) -> Diff:
    """Compare two bodies as JSON; what is none, or is too large, as texts."""
    values: list[Any] = [old, new]
    if max(len(old), len(new)) <= DIFF_MOST:
        try:
            values = [value_read(old), value_read(new)]
        except NotJson:
            values = [old, new]
    return diff(*values)
