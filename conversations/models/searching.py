"""What searches look through: the text of each message and each title, folded, kept in step with every write of them.

`SearchText` is a table of its own, because the databases hang their indexes on it (`conversations.search_schema`): triggers
on `Message` would be lost whenever SQLite rebuilds that table for another migration.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django.db import models, transaction

from conversations.folding import MAX_INDEXED, fold

if TYPE_CHECKING:
    from uuid import UUID

BATCH = 500
M = TypeVar("M", bound="Searchable")


class SearchText(models.Model):
    """The folded text of one message, or of one conversation's title (`message` is None).

    `subject` is the id of the message or the conversation. `id` rises with the time of the first text: results are read
    from its end. PostgreSQL adds a column `grams`, SQLite a table `conversations_searchindex`; neither is Django's.
    """

    id = models.BigAutoField(primary_key=True)
    subject = models.UUIDField(unique=True)
    conversation = models.ForeignKey("Conversation", on_delete=models.CASCADE, related_name="+")
    message = models.OneToOneField(
        "Message", on_delete=models.CASCADE, null=True, related_name="searched", related_query_name="searched"
    )
    text = models.TextField()
    has_images = models.BooleanField(default=False)
    has_tools = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="searchtext_images", condition=models.Q(has_images=True)),
            models.Index(fields=["id"], name="searchtext_tools", condition=models.Q(has_tools=True)),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.text[:40]}"


class SearchedQuerySet(models.QuerySet[M]):
    """Keeps what searches look through in step with bulk writes."""

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        with transaction.atomic(using=self.db, savepoint=False):
            made = super().bulk_create(objs, *args, **kwargs)
            search_keep(each for each in made if each.search_worthy())
        return made

    def bulk_update(self, objs: Iterable[M], fields: Iterable[str], *args: Any, **kwargs: Any) -> int:
        rows, names = list(objs), list(fields)
        with transaction.atomic(using=self.db, savepoint=False):
            count = super().bulk_update(rows, names, *args, **kwargs)
            if self.model.search_concerned(names):
                search_keep(rows)
        return count

    def update(self, **kwargs: Any) -> int:
        if not self.model.search_concerned(kwargs):
            return super().update(**kwargs)
        with transaction.atomic(using=self.db, savepoint=False):
            ids = list(self.values_list("pk", flat=True))
            count = super().update(**kwargs)
            search_keep(self.model._default_manager.filter(pk__in=ids))
        return count


class SearchedManager(models.Manager[M]):
    """Gives querysets that keep it so."""

    def get_queryset(self) -> SearchedQuerySet[M]:
        return SearchedQuerySet(self.model, using=self._db, hints=getattr(self, "_hints", None))


class Searchable(models.Model):
    """A row whose text can be found."""

    search_fields: ClassVar[frozenset[str]] = frozenset()
    """The fields that the text comes from."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        new = self._state.adding
        fields = kwargs.get("update_fields")
        super().save(*args, **kwargs)
        if (fields is None or self.search_concerned(fields)) and (not new or self.search_worthy()):
            search_keep([self])

    @classmethod
    def search_concerned(cls, fields: Iterable[str]) -> bool:
        """Whether a write of these fields changes what can be found."""
        return not cls.search_fields.isdisjoint(fields)

    def search_worthy(self) -> bool:
        """Whether there is anything to be found yet: most answers begin empty."""
        row = self.search_row()
        return bool(row.text or row.has_images or row.has_tools)

    @abstractmethod
    def search_row(self) -> SearchText:
        """Return what is kept of it, not saved."""


def search_keep(rows: Iterable[Searchable]) -> None:
    """Write what can be found of these rows, whatever was there before."""
    for batch in _batches(row.search_row() for row in rows):
        SearchText.objects.bulk_create(
            batch,
            update_conflicts=True,
            unique_fields=["subject"],
            update_fields=["text", "has_images", "has_tools"],
        )


def _batches(rows: Iterator[SearchText]) -> Iterator[list[SearchText]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def message_row(
    *, message_id: UUID, conversation_id: UUID, text: str, kinds: Collection[str], tools: bool
) -> SearchText:
    """Return what is kept of a message whose content has parts of these `kinds`."""
    return SearchText(
        subject=message_id,
        conversation_id=conversation_id,
        message_id=message_id,
        text=fold(text[:MAX_INDEXED]),
        has_images="image_url" in kinds or "image" in kinds,
        has_tools=tools,
    )


def title_row(*, conversation_id: UUID, title: str) -> SearchText:
    """Return what is kept of a title."""
    return SearchText(subject=conversation_id, conversation_id=conversation_id, text=fold(title))
