"""Who may see what. Every read starts here; what somebody may not see does not exist for them (`DoesNotExist`)."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q, QuerySet

from conversations.models import Conversation, Exchange
from team.models import User
from team.prepared import Given


def visible_to(user: User, path: str = "") -> Q:
    """Return the condition under which `user` may see a conversation, or what leads to one by `path`.

    One's own, and what its owner shows to the team, to look at or to work on; nothing that lies in the trash.
    """
    prefix = f"{path}__" if path else ""
    shown = (Conversation.Visibility.TEAM, Conversation.Visibility.TEAM_EDIT)
    whose = Q(**{f"{prefix}owner": user}) | Q(**{f"{prefix}visibility__in": shown})
    return whose & Q(**{f"{prefix}trashed": None})


def editable_by(user: User | Given, path: str = "") -> Q:
    """Return the condition under which `user` may write into a conversation: their own, or the team's to work on."""
    prefix = f"{path}__" if path else ""
    whose = Q(**{f"{prefix}owner": user}) | Q(**{f"{prefix}visibility": Conversation.Visibility.TEAM_EDIT})
    return whose & Q(**{f"{prefix}trashed": None})


def counted_for(user: User) -> Q:
    """Return the condition under which `user` may see counts of runs: their own; an administrator everybody's.

    Counts hold no word of what was said, and no title.
    """
    return Q() if user.is_administrator else Q(person=user)


def conversations_for(*, user: User) -> QuerySet[Conversation]:
    """Return the conversations that `user` may see: their own and the team's."""
    return Conversation.objects.filter(visible_to(user))


def conversation_for(*, user: User, pk: UUID) -> Conversation:
    """Return one conversation that `user` may see. Raises `Conversation.DoesNotExist`."""
    return conversations_for(user=user).get(pk=pk)


def conversation_is_visible(*, user: User, pk: UUID) -> bool:
    """Whether `user` may see this conversation now."""
    return conversations_for(user=user).filter(pk=pk).exists()


def conversation_editable_for(*, user: User, pk: UUID) -> Conversation:
    """Return one conversation that `user` may write into. Raises `Conversation.DoesNotExist`."""
    return Conversation.objects.filter(editable_by(user)).get(pk=pk)


def may_edit(*, user: User, conversation: Conversation) -> bool:
    """Whether `user` may write into this conversation."""
    whose = conversation.owner_id == user.pk or conversation.visibility == Conversation.Visibility.TEAM_EDIT
    return whose and conversation.trashed is None


def trash_of(*, user: User) -> QuerySet[Conversation]:
    """Return what `user` has put into the trash."""
    return Conversation.objects.filter(owner=user, trashed__isnull=False)


def exchange_for(*, user: User, pk: UUID) -> Exchange:
    """Return one exchange of a conversation that `user` may see. Raises `Exchange.DoesNotExist`."""
    return Exchange.objects.select_related("run__conversation", "charge").get(
        visible_to(user, "run__conversation"), pk=pk
    )


def exchange_state_for(*, user: User, pk: UUID) -> Exchange:
    """Like `exchange_for`, without the request and the response."""
    return (
        Exchange.objects.select_related("run__conversation")
        .only(
            "state",
            "process",
            "error",
            "usage",
            "timing",
            "status",
            "tokens_in",
            "tokens_out",
            "run__conversation",
        )
        .get(visible_to(user, "run__conversation"), pk=pk)
    )


def exchange_is_editable(*, user: User, pk: UUID) -> bool:
    """Whether an exchange belongs to a conversation that `user` may write into."""
    return Exchange.objects.filter(editable_by(user, "run__conversation"), pk=pk).exists()


def exchanges_visible(*, user: User, ids: Iterable[UUID]) -> set[UUID]:
    """Return which of these exchanges `user` may see now. One query."""
    return set(
        Exchange.objects.filter(visible_to(user, "run__conversation"), pk__in=list(ids)).values_list(
            "pk", flat=True
        )
    )
