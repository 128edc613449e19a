"""Which conversations came from an archive, so that reading it again brings none of them twice."""

from django.conf import settings
from django.db import models

from conversations.models.tree import Conversation


class ArchiveEntry(models.Model):
    """A conversation that a person read from an archive; `original` is the id under which the archive has it."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    original = models.UUIDField()
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "original"], name="archive_entry_person_original_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.original}"
