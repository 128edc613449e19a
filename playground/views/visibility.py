"""To whom a conversation is shown: what a page says about it, and the owner's choice."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from conversations import selectors, services
from conversations.models import Conversation
from playground.view_models import RightsView
from playground.views.desk import only_look, own_conversation
from playground.views.signed_in import PersonRequest, problem, signed_in
from playground.watching import rights_changed, seen_of
from team.models import User


def rights_view(found: Conversation, user: User) -> RightsView:
    """Return what this person may do with a conversation that they may see."""
    private = found.visibility == Conversation.Visibility.PRIVATE
    return RightsView(
        own=found.owner_id == user.pk,
        owner=found.owner.get_full_name(),
        visibility=found.visibility,
        only_look="" if selectors.may_edit(user=user, conversation=found) else only_look(found),
        several=not private or selectors.authors_count(conversation_id=found.pk) > 1,
        seen=seen_of(found),
    )


@require_POST
@signed_in
def visibility(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show one's own conversation to the team, or to nobody else; answers with the form as it is now."""
    found = own_conversation(request.user, pk)
    try:
        changed = services.visibility_set(conversation=found, visibility=request.POST.get("visibility", ""))
    except ValueError:
        return problem(422, _("Choose who may see this conversation."))
    if changed:
        rights_changed(found)
    rights = rights_view(found, request.user)
    return render(request, "playground/_visibility_form.html", {"rights": rights, "id": pk, "saved": True})
