"""Links that show a frozen snapshot of a conversation."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.models.attachments import Attachment
from conversations.models.identity import new_id
from conversations.models.tree import Conversation


class Share(models.Model):
    """A link to a frozen snapshot of shown branches.

    Only the token's hash is looked for; `token_sealed` is the token as `team.vault` keeps it, so that its owner can copy
    the link again. `options` say what the snapshot was made from and what it holds, `snapshot` is its JSON text (text,
    because a binary JSON column would reorder what was sent); see `conversations.sharing.snapshot`.
    """

    class Audience(models.TextChoices):
        LINK = "link", _("Anyone with the link")
        TEAM = "team", _("Signed-in people of the team")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shares")
    conversation = models.ForeignKey(
        Conversation, on_delete=models.SET_NULL, null=True, related_name="shares"
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    token_sealed = models.TextField(editable=False)
    title = models.CharField(max_length=200, blank=True)
    audience = models.CharField(max_length=10, choices=Audience, default=Audience.LINK)
    expires = models.DateTimeField(null=True, blank=True)
    max_views = models.PositiveIntegerField(null=True, blank=True)
    views = models.PositiveIntegerField(default=0)
    viewed = models.DateTimeField(null=True, blank=True)
    password = models.CharField(max_length=200, blank=True)
    options = models.JSONField(default=dict)
    snapshot = models.TextField(blank=True)
    created = models.DateTimeField(default=timezone.now)
    updated = models.DateTimeField(default=timezone.now)
    revoked = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created", "-id"]
        indexes = [models.Index(fields=["owner", "-created"], name="share_owner_created")]

    def __str__(self) -> str:
        return self.title or str(self.pk)

    def state(self, now: datetime | None = None) -> str:
        """Return "open", or why it is closed: "revoked", "deleted", "locked", "expired" or "used_up".

        "deleted": its conversation is, or lies in the trash. "locked": its owner's account is deactivated.
        """
        if self.conversation is None or self.conversation.trashed is not None:
            return "deleted"
        if self.revoked:
            return "revoked"
        if not self.owner.is_active:
            return "locked"
        if self.expires is not None and self.expires <= (now or timezone.now()):
            return "expired"
        return "used_up" if self.max_views is not None and self.views >= self.max_views else "open"


class ShareExchange(models.Model):
    """What a snapshot holds of one exchange: zlib-compressed JSON, apart so that a page without it stays light."""

    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="exchanges")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        ordering = ["share", "number"]
        constraints = [
            models.UniqueConstraint(fields=["share", "number"], name="share_exchange_number_unique")
        ]

    def __str__(self) -> str:
        return f"{self.share_id}/{self.number}"


class ShareAttachment(models.Model):
    """An attachment that a snapshot shows, and keeps."""

    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="attachment_uses")
    attachment = models.ForeignKey(Attachment, on_delete=models.RESTRICT, related_name="share_uses")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["share", "attachment"], name="share_attachment_once")]

    def __str__(self) -> str:
        return f"{self.share_id}/{self.attachment_id[:12]}"
