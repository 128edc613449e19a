"""What the views of the workbench share: whose conversation it is, and what its column calls."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from django.http import Http404
from django.utils.translation import gettext as _

from conversations import selectors
from conversations.models import Column, Conversation
from playground.views.signed_in import Forbidden
from team import selectors as team
from team.models import Provider, User
from upstream import catalog

GENERIC: Final = "generic"
"""The API of a column without a provider."""
NEWEST: Final = 30
"""Messages of a branch on the first page; older ones are loaded when somebody scrolls up to them."""


def conversation_of(user: User, pk: UUID) -> Conversation:
    """Return a conversation this person may see; else 404."""
    try:
        return selectors.conversation_for(user=user, pk=pk)
    except Conversation.DoesNotExist as error:
        raise Http404 from error


def editable_conversation(user: User, pk: UUID) -> Conversation:
    """Return a conversation that this person may write into; 404 where they may not see it, else `Forbidden`."""
    found = conversation_of(user, pk)
    if not selectors.may_edit(user=user, conversation=found):
        raise Forbidden(only_look(found))
    return found


def only_look(found: Conversation) -> str:
    """Return the sentence for somebody who may look at a conversation and not write into it."""
    owner = found.owner.get_full_name()
    return _("You may look at this conversation; only %(owner)s writes in it.") % {"owner": owner}


def own_conversation(user: User, pk: UUID) -> Conversation:
    """Return a conversation that belongs to this person; 404 where they may not see it, else `Forbidden`."""
    found = conversation_of(user, pk)
    if found.owner_id != user.pk:
        owner = found.owner.get_full_name()
        raise Forbidden(_("Only %(owner)s, whose conversation this is, may do that.") % {"owner": owner})
    return found


def column_asked(found: Conversation, values: Mapping[str, str]) -> Column:
    """Return the column that a page names by its id in `column`, the first one where it names none; else 404."""
    named = values.get("column", "")
    if named and not (named.isdecimal() and named.isascii() and len(named) < 19):
        raise Http404
    try:
        return selectors.column_find(conversation=found, pk=int(named) if named else None)
    except Column.DoesNotExist as error:
        raise Http404 from error


def uuid_or_none(text: str | None) -> UUID | None:
    """Return the UUID that a form field holds, or None where it holds none."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def chosen(providers: Sequence[Provider], pk: str) -> Provider | None:
    """Return the provider with this id, None where it is not among them."""
    return next((provider for provider in providers if str(provider.pk) == pk), None)


def provider_of(column: Column, providers: Sequence[Provider]) -> Provider | None:
    """Return the column's provider; where it has none any more, the first one there is."""
    return chosen(providers, column.settings.get("provider", "")) or next(iter(providers), None)


def is_foreign(column: Column, providers: Sequence[Provider]) -> bool:
    """Whether the column names a provider that there is, and that somebody who may use `providers` may not."""
    kept = column.settings.get("provider", "")
    return bool(kept) and chosen(providers, kept) is None and team.provider_exists(pk=kept)


def api_id(provider: Provider | None) -> str:
    """Return the id of the API this provider speaks."""
    return provider.api if provider else GENERIC


def models_of(provider: Provider | None) -> tuple[str, ...]:
    """Return the model names to offer: the provider's own, else those its API documents."""
    if provider is None:
        return ()
    return tuple(provider.models) or catalog.api(provider.api).models
