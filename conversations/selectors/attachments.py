"""Attachments: who may see them, and which ones messages use."""

from collections.abc import Iterable

from conversations.models import Attachment, AttachmentUse, Conversation, Message
from conversations.parts import digests_of
from conversations.selectors.access import visible_to
from team.models import User


def attachment_for(*, user: User, digest: str) -> Attachment:
    """Return an attachment of a conversation that `user` may see. Raises `Attachment.DoesNotExist`."""
    seen = AttachmentUse.objects.filter(visible_to(user, "conversation"), attachment_id=digest)
    return Attachment.objects.get(pk__in=seen.values("attachment_id")[:1])


def attachments_in(*, conversation: Conversation, digests: Iterable[str]) -> dict[str, Attachment]:
    """Return those of these attachments that the conversation uses, by digest."""
    used = AttachmentUse.objects.filter(conversation=conversation, attachment_id__in=set(digests))
    return Attachment.objects.in_bulk(list(used.values_list("attachment_id", flat=True).distinct()))


def attachments_used(messages: Iterable[Message]) -> dict[str, Attachment]:
    """Return the attachments that the parts of these messages name, by digest. Who may see them is the caller's to know."""
    digests = {digest for message in messages for digest in digests_of(message.content)}
    return Attachment.objects.in_bulk(list(digests)) if digests else {}


def attachment_uses(*, conversation: Conversation, digests: Iterable[str]) -> dict[str, AttachmentUse]:
    """Return how the conversation came by each of these attachments: the first use, by digest."""
    uses = AttachmentUse.objects.filter(conversation=conversation, attachment_id__in=set(digests)).order_by(
        "-id"
    )
    return {use.attachment_id: use for use in uses}
