"""What a page fetches when its conversation changed elsewhere, and the map of its tree."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from conversations import selectors
from conversations.models import Column, Conversation
from playground.news import news_of, path_to_show, rows_read
from playground.tree_map import map_rows
from playground.views.desk import NEWEST, column_asked, conversation_of, uuid_or_none
from playground.views.messages import message_views
from playground.views.signed_in import PersonRequest, signed_in
from playground.watching import seen_of


@require_POST
@signed_in
def conversation_news(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return what is new for a page that shows the rows in `shown`: of the branch to `tip`, `through` a message, or its own.

    With `mirror` it follows its column, wherever that leads.
    """
    found = conversation_of(request.user, pk)
    asked = request.POST
    column = column_asked(found, asked)
    named = column.pk if "column" in asked else None
    shown = rows_read(asked.get("shown", ""))
    path = _path(found, column, request, [row.id for row in shown])
    first = next((row.id for row in shown), None)
    start = path.index(first) if first in path else max(0, len(path) - NEWEST)
    wanted = path[start:]
    messages = selectors.branch(
        conversation_id=found.pk, leaf_id=path[-1] if path else None, newest=len(wanted)
    )
    whole = first is not None and first not in path
    context = {
        "news": news_of([] if whole else shown, message_views(messages, column=named)),
        "whole": whole,
        "earlier_href": _earlier_href(found, wanted[0]) if first not in path and start else "",
        "conversation": found,
        "columns": len(selectors.column_list(conversation=found)),
        "seen": seen_of(found),
        "may_edit": selectors.may_edit(user=request.user, conversation=found),
        "several": selectors.authors_count(conversation_id=found.pk) > 1,
    }
    return render(request, "playground/_news.html", context)


def _path(found: Conversation, column: Column, request: PersonRequest, shown: list[UUID]) -> list[UUID]:
    shape = selectors.tree_shape(conversation_id=found.pk)
    if "mirror" in request.POST:
        return shape.path(column.leaf_id)
    return path_to_show(
        shape,
        shown=shown,
        tip=uuid_or_none(request.POST.get("tip")),
        through=uuid_or_none(request.POST.get("through")),
        leaf=column.leaf_id,
    )


def _earlier_href(found: Conversation, first: UUID) -> str:
    return reverse("messages-earlier", args=[found.pk, first])


@require_GET
@signed_in
def conversation_map(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return the whole tree as an outline; `at` is the last message of the branch that the page shows."""
    found = conversation_of(request.user, pk)
    at = uuid_or_none(request.GET.get("at"))
    rows = map_rows(
        shape=selectors.tree_shape(conversation_id=found.pk),
        openings=selectors.message_openings(conversation_id=found.pk),
        at=at,
    )
    return render(request, "playground/_map.html", {"rows": rows, "conversation": found})
