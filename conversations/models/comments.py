"""What people say about a message, beside the conversation: no model is ever sent it."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from conversations.models.identity import new_id
from conversations.models.tree import Message


class Comment(models.Model):
    """One remark on one message. Whoever may see the conversation may read and write remarks.

    `said_by` is whose words an imported remark are, as its file says, "" where they are the author's own; the author
    brought them here and answers for them.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    said_by = models.CharField(max_length=150, blank=True)
    text = models.TextField()
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.author_id}: {self.text[:40]}"
