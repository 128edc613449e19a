"""What an address says about the inspector: `?exchange=…&tab=events&event=17`."""

from uuid import UUID

from conversations import selectors
from conversations.models import Conversation, Exchange
from playground.view_models import InspectorView
from playground.views.desk import uuid_or_none
from playground.views.inspector import TABS
from playground.views.inspector_tabs import number_of
from playground.views.signed_in import PersonRequest

OTHER_TABS = ("code",)
"""Tabs that are made elsewhere."""


def inspector_view(request: PersonRequest, conversation: Conversation, newest: UUID | None) -> InspectorView:
    """Return what the inspector begins with: the exchange that the address names, if it is of this conversation."""
    tab = request.GET.get("tab", "")
    shown = tab if tab in TABS or tab in OTHER_TABS else "request"
    named = uuid_or_none(request.GET.get("exchange"))
    if named is None:
        return InspectorView(exchange=newest, tab=shown)
    try:
        exchange = selectors.exchange_state_for(user=request.user, pk=named)
    except Exchange.DoesNotExist:
        return InspectorView(exchange=newest, tab=shown)
    if exchange.run.conversation_id != conversation.pk:
        return InspectorView(exchange=newest, tab=shown)
    return InspectorView(exchange=named, tab=shown, linked=True, event=number_of(request, "event"))
