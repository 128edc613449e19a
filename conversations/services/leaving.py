"""Deleting everything that a person made here, in steps: a kill in between leaves the rest to the next time."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from conversations.models import Comment, Conversation, Preset, Seen, Share, Tag, ToolMock, Usage
from conversations.services.accounting import exchanges_stop
from conversations.services.attachment import attachment_digests, attachments_release
from conversations.services.charging import charges_anonymise
from team.models import User

STEP = 50
"""Conversations of one transaction."""


def person_data_delete(*, user: User) -> int:
    """Delete the person's conversations, those in the trash too, with all that hangs on them; then their links, tags,
    remarks, presets, saved tool results and counts. Return how many conversations that was. A run in them stops within a
    second. What they spent stays, of past months without their name.
    """
    count = 0
    while ids := list(Conversation.objects.filter(owner=user).values_list("pk", flat=True)[:STEP]):
        count += _step(ids)
    with transaction.atomic():
        uses = Share.objects.filter(owner=user).values_list("attachment_uses__attachment", flat=True)
        digests = [digest for digest in uses if digest]
        owned = (
            (Share, "owner"),
            (ToolMock, "owner"),
            (Preset, "owner"),
            (Tag, "person"),
            (Seen, "person"),
            (Usage, "person"),
        )
        for model, field in owned:
            model._default_manager.filter(**{field: user}).delete()
        Comment.objects.filter(author=user).delete()
        charges_anonymise(user=user)
        attachments_release(digests=digests)
    return count


@transaction.atomic
def _step(ids: Iterable[UUID]) -> int:
    # Locked, so that no run opens meanwhile; ended first, so that no process writes for what is being deleted.
    locked = Conversation.objects.filter(pk__in=list(ids)).order_by("pk").select_for_update()
    found = list(locked.values_list("pk", flat=True))
    exchanges_stop(of=found)
    digests = attachment_digests(conversation_ids=found)
    Conversation.objects.filter(pk__in=found).delete()
    attachments_release(digests=digests)
    return len(found)
