"""What can be done when an upstream objects to a parameter."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from conversations import selectors
from conversations.models import Exchange
from playground.objection import objection_of
from playground.views.signed_in import PersonRequest, signed_in
from upstream import catalog


@require_GET
@signed_in
def objection(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return ways to run again without what the error of an exchange names; empty where it names nothing."""
    try:
        exchange = selectors.exchange_for(user=request.user, pk=pk)
    except Exchange.DoesNotExist as error:
        raise Http404 from error
    api = exchange.api if exchange.api in catalog.API_IDS else "generic"
    found = objection_of(api=catalog.api(api), error=exchange.error, body=exchange.body)
    return render(request, "playground/_objection.html", {"objection": found})
