"""Results that a person has ready for the calls of a tool, and how far a column's loop of answered calls has come."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.models.identity import new_id
from conversations.models.tree import Column


class ToolMock(models.Model):
    """A saved result. `arguments` is the JSON source text that a call's arguments are compared with."""

    class Match(models.TextChoices):
        EXACT = "exact", _("These arguments exactly")
        PARTIAL = "partial", _("At least these arguments")
        ANY = "any", _("Any arguments")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tool_mocks")
    name = models.CharField(max_length=200)
    match = models.CharField(max_length=10, choices=Match, default=Match.ANY)
    arguments = models.TextField(blank=True)
    result = models.TextField(blank=True)
    created = models.DateTimeField(default=timezone.now)
    updated = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name", "created", "id"]
        indexes = [models.Index(fields=["owner", "name"], name="tool_mock_owner_name")]

    def __str__(self) -> str:
        return f"{self.name} ({self.match})"


class ToolLoop(models.Model):
    """Whether saved results answer a column's tool calls by themselves, and where that stands.

    `steps` counts the exchanges it began since the last press of Send; `most` bounds them. `exchange` is the newest one it
    has looked at or begun, `run` the newest run it began, `stopped` an exchange at which a person pressed Stop. `detail`
    names what it waits for, or why it failed.
    """

    class State(models.TextChoices):
        IDLE = "idle", _("Idle")
        ANSWERING = "answering", _("Answering")
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Done")
        LIMIT = "limit", _("At its limit")
        STOPPED = "stopped", _("Stopped")
        FAILED = "failed", _("Failed")

    MOST = 10

    column = models.OneToOneField(Column, on_delete=models.CASCADE, related_name="tool_loop")
    on = models.BooleanField(default=False)
    most = models.PositiveSmallIntegerField(default=MOST)
    steps = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State, default=State.IDLE)
    detail = models.CharField(max_length=300, blank=True)
    exchange = models.UUIDField(null=True)
    run = models.UUIDField(null=True)
    stopped = models.UUIDField(null=True)
    updated = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.column_id}: {self.state} {self.steps}/{self.most}"
