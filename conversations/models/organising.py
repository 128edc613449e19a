"""What a person does with conversations in their own list: tags, and what they have seen."""

from django.conf import settings
from django.db import models

from conversations.models.tree import Conversation


class Tag(models.Model):
    """A word of one person's own, for any conversations that they may see."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=40)
    conversations = models.ManyToManyField(Conversation, related_name="tags")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["person", "name"], name="tag_person_name_unique")]

    def __str__(self) -> str:
        return self.name


class Seen(models.Model):
    """When a person last saw a conversation."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="seen")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "conversation"], name="seen_person_conversation_unique")
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.conversation_id} {self.at}"
