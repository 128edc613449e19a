"""What is kept: conversations as trees of messages, and the exchanges that made them.

Words as in the design: a *conversation* holds *messages* (a tree) and *columns* (leaves with settings); a *run* is one press
of Send and holds one *exchange* for each column; an exchange keeps its request, its response and its *trace*.
"""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7


def new_id() -> uuid.UUID:
    """Return a time-ordered UUID (version 7), so that primary keys sort by creation."""
    return uuid7()


class Conversation(models.Model):
    """A tree of messages with one or more columns; belongs to one person."""

    class Visibility(models.TextChoices):
        PRIVATE = "private", _("Private")
        TEAM = "team", _("Team")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations"
    )
    title = models.CharField(max_length=200, blank=True)
    visibility = models.CharField(max_length=10, choices=Visibility, default=Visibility.PRIVATE)
    pinned = models.BooleanField(default=False)
    archived = models.BooleanField(default=False)
    created = models.DateTimeField(default=timezone.now)
    updated = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["owner", "-updated"], name="conversation_owner_updated")]

    def __str__(self) -> str:
        return self.title or str(self.pk)


class Message(models.Model):
    """One node of a conversation's tree; children of one parent are alternatives.

    `content` is a list of content parts as the API spells them, for example `[{"type": "text", "text": "Hello"}]`.
    """

    class Role(models.TextChoices):
        SYSTEM = "system"
        DEVELOPER = "developer"
        USER = "user"
        ASSISTANT = "assistant"
        TOOL = "tool"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="children"
    )
    role = models.CharField(max_length=10, choices=Role)
    content = models.JSONField(default=list)
    reasoning = models.TextField(blank=True)
    tool_calls = models.JSONField(default=list)
    tool_call_id = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=200, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    exchange = models.ForeignKey(
        "Exchange", on_delete=models.SET_NULL, null=True, blank=True, related_name="messages"
    )
    choice = models.PositiveIntegerField(null=True, blank=True)
    finish_reason = models.CharField(max_length=100, blank=True)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["conversation", "id"], name="message_conversation")]

    def __str__(self) -> str:
        return f"{self.role} {self.pk}"

    @property
    def text(self) -> str:
        """The text parts, joined."""
        return self._joined("text")

    @property
    def refusal(self) -> str:
        """The refusal parts, joined."""
        return self._joined("refusal")

    def _joined(self, kind: str) -> str:
        return "".join(part.get(kind, "") for part in self.content if part.get("type") == kind)


class Column(models.Model):
    """A leaf of the tree with its own settings.

    `settings` holds `provider` (id or ""), `model`, `system` (the system prompt) and `parameters`: a map from a parameter's
    name to its JSON source text as typed, so that `0.70` stays `0.70`, null is `"null"` and unset is absent.
    """

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="columns")
    position = models.PositiveSmallIntegerField(default=0)
    leaf = models.ForeignKey(Message, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    settings = models.JSONField(default=dict)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "position"], name="column_position_unique")
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id}/{self.position}"


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
    `UpstreamError.to_json()`.
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
    process = models.CharField(max_length=60, blank=True)
    beat = models.DateTimeField(default=timezone.now)
    created = models.DateTimeField(default=timezone.now)
    ended = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["state", "beat"],
                name="exchange_live",
                condition=models.Q(state__in=["queued", "streaming"]),
            )
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
