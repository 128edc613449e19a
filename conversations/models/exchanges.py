"""What was sent and what came back, byte for byte."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.models.identity import new_id
from conversations.models.tree import Column, Conversation, Message


class Run(models.Model):
    """One press of Send. The browser makes the id, so that the same POST again finds the same run."""

    id = models.UUIDField(primary_key=True, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="runs")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.pk)


class Exchange(models.Model):
    """The kept record of one request and its response.

    Headers are lists of `[name, value]` in wire order, masked before they come here. `body` is the text as sent.
    `timing` maps marks to milliseconds since the exchange began; `response` is the JSON text of the assembled document in
    the shape of a plain response (text, because a binary JSON column would reorder its keys); `error` is
    `UpstreamError.to_json()`. `findings` are what the answer did not honour, `[[code, {name: value}], …]`
    (`playground.honoured`). `pruned` is when its trace was removed to save space; what was derived from it stays.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        STREAMING = "streaming", _("Streaming")
        COMPLETED = "completed", _("Completed")
        STOPPED = "stopped", _("Stopped")
        FAILED = "failed", _("Failed")
        INTERRUPTED = "interrupted", _("Interrupted")

    LIVE = (State.QUEUED, State.STREAMING)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="exchanges")
    column = models.ForeignKey(Column, on_delete=models.SET_NULL, null=True, related_name="exchanges")
    parent = models.ForeignKey(Message, on_delete=models.SET_NULL, null=True, related_name="+")
    provider = models.ForeignKey("team.Provider", on_delete=models.SET_NULL, null=True, related_name="+")
    key = models.ForeignKey("team.ApiKey", on_delete=models.SET_NULL, null=True, related_name="+")
    provider_name = models.CharField(max_length=200)
    api = models.CharField(max_length=60)
    model = models.CharField(max_length=300)
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    method = models.CharField(max_length=10)
    url = models.TextField()
    http_version = models.CharField(max_length=10, blank=True)
    headers = models.JSONField(default=list)
    body = models.TextField()
    status = models.PositiveSmallIntegerField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    response_headers = models.JSONField(default=list)
    response = models.TextField(blank=True)
    usage = models.JSONField(null=True)
    error = models.JSONField(null=True)
    timing = models.JSONField(default=dict)
    tokens_in = models.PositiveIntegerField(null=True)
    tokens_out = models.PositiveIntegerField(null=True)
    findings = models.JSONField(default=list)
    process = models.CharField(max_length=60, blank=True)
    beat = models.DateTimeField(default=timezone.now)
    created = models.DateTimeField(default=timezone.now)
    ended = models.DateTimeField(null=True)
    pruned = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["state", "beat"],
                name="exchange_live",
                condition=models.Q(state__in=["queued", "streaming"]),
            ),
            models.Index(fields=["created"], name="exchange_created"),
            models.Index(fields=["id"], name="exchange_with_error", condition=models.Q(error__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.state} {self.pk}"


class Trace(models.Model):
    """A stretch of an exchange's raw response: `data` is zlib-compressed, `pieces` is `[[length, ms], …]` for each read."""

    exchange = models.ForeignKey(Exchange, on_delete=models.CASCADE, related_name="traces")
    sequence = models.PositiveIntegerField()
    data = models.BinaryField()
    pieces = models.JSONField(default=list)

    class Meta:
        ordering = ["exchange", "sequence"]
        constraints = [
            models.UniqueConstraint(fields=["exchange", "sequence"], name="trace_sequence_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.exchange_id}/{self.sequence}"
