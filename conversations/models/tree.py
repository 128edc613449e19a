"""Conversations as trees of messages, with columns that lead to their leaves."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.models.identity import new_id
from conversations.models.ordered_json import OrderedJSONField
from conversations.models.searching import (
    Searchable,
    SearchedManager,
    SearchedQuerySet,
    SearchText,
    message_row,
    title_row,
)


class ConversationsKept(SearchedManager["Conversation"]):
    """All conversations, those in the trash among them."""


class Conversation(Searchable):
    """A tree of messages with one or more columns; belongs to one person. `trashed`: since when it waits to be deleted."""

    search_fields = frozenset({"title"})

    class Visibility(models.TextChoices):
        PRIVATE = "private", _("Private")
        TEAM = "team", _("The team may look")
        TEAM_EDIT = "team_edit", _("The team may look and write")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations"
    )
    title = models.CharField(max_length=200, blank=True)
    visibility = models.CharField(max_length=10, choices=Visibility, default=Visibility.PRIVATE)
    pinned = models.BooleanField(default=False)
    archived = models.BooleanField(default=False)
    trashed = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(default=timezone.now)
    updated = models.DateTimeField(default=timezone.now)

    objects: ClassVar[ConversationsKept] = ConversationsKept()

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-updated"], name="conversation_owner_updated"),
            models.Index(fields=["owner", "-pinned", "-updated", "-id"], name="conversation_list"),
            models.Index(
                fields=["trashed"], name="conversation_trash", condition=models.Q(trashed__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.title or str(self.pk)

    def search_row(self) -> SearchText:
        return title_row(conversation_id=self.pk, title=self.title)


class MessagesThere(SearchedManager["Message"]):
    """The messages that nobody has deleted."""

    def get_queryset(self) -> SearchedQuerySet["Message"]:
        return super().get_queryset().filter(deleted=None)


class MessagesKept(SearchedManager["Message"]):
    """All messages, deleted ones among them."""


class Message(Searchable):
    """One node of a conversation's tree; children of one parent are alternatives.

    `content` is a list of content parts as the API spells them, for example `[{"type": "text", "text": "Hello"}]`. Where
    the API wants bytes (base64), a kept part names an attachment instead: `attachment:<digest>`; `conversations.parts`
    has the spelling. A single plain text is sent as a string unless `as_parts`. `extra` holds the members of a message
    that have no field here, name → value; they are sent as they are.

    A deleted one is out of the tree: nothing that is there hangs below it, no column leads to it, and `objects` does not
    have it. It can come back for a day (`TreeChange`), then it is gone. `revision` counts changes in place. `origin` is the
    exchange behind a message that was copied here from another conversation.
    """

    search_fields = frozenset({"content", "tool_calls"})

    class Role(models.TextChoices):
        SYSTEM = "system"
        DEVELOPER = "developer"
        USER = "user"
        ASSISTANT = "assistant"
        TOOL = "tool"
        FUNCTION = "function"  # the result of a legacy function_call

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="children"
    )
    role = models.CharField(max_length=10, choices=Role)
    content = OrderedJSONField(default=list)
    reasoning = models.TextField(blank=True)
    tool_calls = OrderedJSONField(default=list)
    tool_call_id = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=200, blank=True)
    as_parts = models.BooleanField(default=False)
    extra = OrderedJSONField(default=dict)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    exchange = models.ForeignKey(
        "Exchange", on_delete=models.SET_NULL, null=True, blank=True, related_name="messages"
    )
    origin = models.ForeignKey(
        "Exchange", on_delete=models.SET_NULL, null=True, blank=True, related_name="copies"
    )
    choice = models.PositiveIntegerField(null=True, blank=True)
    finish_reason = models.CharField(max_length=100, blank=True)
    revision = models.PositiveIntegerField(default=0)
    created = models.DateTimeField(default=timezone.now)
    deleted = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[MessagesThere] = MessagesThere()
    everything: ClassVar[MessagesKept] = MessagesKept()

    class Meta:
        indexes = [models.Index(fields=["conversation", "id"], name="message_conversation")]

    def __str__(self) -> str:
        return f"{self.role} {self.pk}"

    def search_row(self) -> SearchText:
        return message_row(
            message_id=self.pk,
            conversation_id=self.conversation_id,
            text=self.text + self.refusal,
            kinds={str(part.get("type")) for part in self.content},
            tools=bool(self.tool_calls) or self.role in (self.Role.TOOL, self.Role.FUNCTION),
        )

    @property
    def text(self) -> str:
        """The text parts, joined."""
        return self._joined("text")

    @property
    def refusal(self) -> str:
        """The refusal parts, joined."""
        return self._joined("refusal")

    def _joined(self, kind: str) -> str:
        found = (part.get(kind) for part in self.content if part.get("type") == kind)
        return "".join(text for text in found if isinstance(text, str))


class ColumnsThere(models.Manager["Column"]):
    """The columns that nobody has removed."""

    def get_queryset(self) -> "models.QuerySet[Column]":
        return super().get_queryset().filter(removed=None)


class Column(models.Model):
    """A leaf of the tree with its own settings.

    `settings` holds `provider` (id or ""), `model`, `system` (the system prompt) and `parameters`: a map from a parameter's
    name to its JSON source text as typed, so that `0.70` stays `0.70`, null is `"null"` and unset is absent.

    A removed one is out of the conversation: `objects` does not have it. It can come back for a day (`TreeChange`), with
    what ran in it.
    """

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="columns")
    position = models.PositiveSmallIntegerField(default=0)
    leaf = models.ForeignKey(Message, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    settings = OrderedJSONField(default=dict)
    removed = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[ColumnsThere] = ColumnsThere()
    everything: ClassVar["models.Manager[Column]"] = models.Manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "position"],
                name="column_position_unique",
                condition=models.Q(removed=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id}/{self.position}"
