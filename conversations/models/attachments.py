"""Images, sounds and files of messages: each content is kept once, and says which conversations use it."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from conversations.models.identity import new_id
from conversations.models.tree import Conversation


class Attachment(models.Model):
    """The original bytes of one image, sound or document, kept once per content.

    `digest` is the SHA-256 of the bytes in hex; messages name the attachment by it (`conversations.parts`). `mime` comes
    from the content, never from a name; `width` and `height` are an image's pixels. The bytes are in `stored` below the
    folder of attachments, under a name that was made up; an image's thumbnail (WebP) lies beside it.
    """

    digest = models.CharField(primary_key=True, max_length=64, editable=False)
    mime = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    stored = models.CharField(max_length=100, unique=True)
    created = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.mime} {self.digest[:12]}"


class AttachmentUse(models.Model):
    """Ties an attachment to a conversation: who may see the one may see the other.

    `name` is the file's name as it was uploaded, `source_url` the address it was fetched from; "" where there is none.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    attachment = models.ForeignKey(Attachment, on_delete=models.RESTRICT, related_name="uses")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="attachment_uses")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    name = models.CharField(max_length=200, blank=True)
    source_url = models.TextField(blank=True)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["conversation", "attachment"], name="attachment_use_conversation")]

    def __str__(self) -> str:
        return f"{self.name} {self.attachment_id[:12]}"
