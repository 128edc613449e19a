"""Removing what need not be kept, in small steps: each is a transaction, so a kill in between loses nothing else.

Safe beside a running server, daily, and twice at once: a step takes rows that are still there, whoever took others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, IntegerField, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Length
from django.utils import timezone

from conversations.attachment_files import THUMBNAIL, folder
from conversations.models import Attachment, Conversation, Exchange, Message, Trace
from conversations.services.attachment import attachments_release
from conversations.services.conversation import conversation_delete
from conversations.services.organising import TRASH_KEPT
from conversations.services.tree_change import changes_purge

STEP = 200
"""Rows that one transaction takes: short enough that a run's recorder does not wait for it."""
FILE_IN_WORK = timedelta(days=1)
"""A file on disk that no row names may belong to an upload that is not committed yet; after this it does not."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """How much of one kind was removed, or would be: rows (or files) and their bytes."""

    count: int = 0
    size: int = 0

    def __add__(self, other: "Pruned") -> "Pruned":
        return Pruned(self.count + other.count, self.size + other.size)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the database and the folder of attachments hold: requests and responses in characters, the rest in bytes."""

    exchanges: int
    requests: int
    responses: int
    traces: int
    attachments: int

    @property
    def per_exchange(self) -> int:
        """Bytes of one exchange: request, response and trace, on average."""
        return (self.requests + self.responses + self.traces) // self.exchanges if self.exchanges else 0


def storage_measure() -> Kept:
    """Return what is kept now. Reads sizes, not contents."""
    sizes = Exchange.objects.aggregate(
        requests=Coalesce(Sum(Length("body")), 0), responses=Coalesce(Sum(Length("response")), 0)
    )
    return Kept(
        exchanges=Exchange.objects.count(),
        requests=sizes["requests"],
        responses=sizes["responses"],
        traces=_bytes(Trace.objects.all()),
        attachments=Attachment.objects.aggregate(size=Coalesce(Sum("size"), 0))["size"],
    )


def traces_prune(*, before: datetime, dry_run: bool = False) -> Pruned:
    """Remove the traces of exchanges that ended before a moment. The exchanges keep their assembled response."""
    old = Trace.objects.filter(exchange__ended__lt=before).exclude(exchange__state__in=Exchange.LIVE)
    return _traces_remove(old, dry_run=dry_run)


def traces_prune_to(*, size: int, dry_run: bool = False) -> Pruned:
    """Remove the oldest traces until those that are left have at most `size` bytes together."""
    excess = _bytes(Trace.objects.all()) - size
    ended = Trace.objects.exclude(exchange__state__in=Exchange.LIVE).values("exchange")
    by_exchange = ended.annotate(count=Count("pk"), size=Sum(Length("data"))).order_by("exchange")
    doomed: list[UUID] = []
    due = Pruned()
    for row in by_exchange.iterator():
        if due.size >= excess:
            break
        doomed.append(row["exchange"])
        due += Pruned(row["count"], row["size"])
    if dry_run:
        return due
    done = Pruned()
    for start in range(0, len(doomed), STEP):
        done += _traces_remove(Trace.objects.filter(exchange__in=doomed[start : start + STEP]), dry_run=False)
    return done


def attachments_prune(*, before: datetime, dry_run: bool = False) -> Pruned:
    """Remove attachments that nothing uses, kept before a moment, and files on disk that no attachment names."""
    found = list(_unused().filter(created__lt=before).values_list("pk", "size"))
    return _attachments_remove(found, dry_run=dry_run) + _strays_remove(dry_run=dry_run)


def attachments_prune_to(*, size: int, dry_run: bool = False) -> Pruned:
    """Remove the oldest attachments that nothing uses until all have at most `size` bytes, or only used ones are left."""
    excess = Attachment.objects.aggregate(size=Coalesce(Sum("size"), 0))["size"] - size
    # What nothing uses yet may belong to a message that is just being written.
    old = _unused().filter(created__lt=timezone.now() - FILE_IN_WORK).order_by("created", "pk")
    doomed: list[tuple[str, int]] = []
    for row in old.values_list("pk", "size").iterator():
        if excess <= 0:
            break
        doomed.append(row)
        excess -= row[1]
    return _attachments_remove(doomed, dry_run=dry_run)


def _unused() -> QuerySet[Attachment]:
    unused = Q()
    for relation in Attachment._meta.related_objects:
        unused &= Q(**{f"{relation.field.related_query_name()}__isnull": True})
    return Attachment.objects.filter(unused)


def _attachments_remove(found: Sequence[tuple[str, int]], *, dry_run: bool) -> Pruned:
    """Remove attachments, given as digest and size, unless they are used by now."""
    if not dry_run:
        for start in range(0, len(found), STEP):
            with transaction.atomic():
                attachments_release(digests=[digest for digest, _size in found[start : start + STEP]])
    return Pruned(len(found), sum(size for _digest, size in found))


def trash_prune(*, dry_run: bool = False) -> Pruned:
    """Delete conversations that have lain in the trash for as long as it keeps them. `size` is that of their traces."""
    due = Conversation.objects.filter(trashed__lt=timezone.now() - TRASH_KEPT)
    done = Pruned()
    for pk in list(due.order_by("trashed").values_list("pk", flat=True)):
        size = _bytes(Trace.objects.filter(exchange__run__conversation=pk))
        with transaction.atomic():
            # Whoever restores it meanwhile, or prunes too, comes first or waits.
            conversation = due.select_for_update().filter(pk=pk).first()
            if conversation is None:
                continue
            if not dry_run:
                conversation_delete(conversation=conversation)
        done += Pruned(1, size)
    return done


def deleted_messages_prune(*, dry_run: bool = False) -> Pruned:
    """Remove messages that were deleted by hand and can be brought back no more."""
    if dry_run:
        before = timezone.now() - timedelta(days=1)
        return Pruned(Message.everything.filter(deleted__lt=before).count())
    with transaction.atomic():
        return Pruned(changes_purge())


def _traces_remove(traces: QuerySet[Trace], *, dry_run: bool) -> Pruned:
    if dry_run:
        return Pruned(traces.count(), _bytes(traces))
    done = Pruned()
    while True:
        with transaction.atomic():
            step = Trace.objects.filter(
                pk__in=list(traces.order_by("pk").values_list("pk", flat=True)[:STEP])
            )
            sizes = step.select_for_update(skip_locked=True) if _can_skip() else step
            found = sizes.annotate(size=Length("data")).values_list("pk", "size", "exchange")
            rows = {pk: size for pk, size, _exchange in found}
            exchanges = {exchange for _pk, _size, exchange in found}
            Exchange.objects.filter(pk__in=exchanges, pruned=None).update(pruned=timezone.now())
            count, _models = Trace.objects.filter(pk__in=list(rows)).delete()
        if not count:
            return done
        done += Pruned(count, sum(rows.values()))


def _can_skip() -> bool:
    """Whether this database passes over rows that another prune has in its hands; SQLite has one writer anyway."""
    from django.db import connection

    return connection.features.has_select_for_update_skip_locked


def _bytes(traces: QuerySet[Trace]) -> int:
    size: int = traces.aggregate(size=Coalesce(Sum(Length(F("data"), output_field=IntegerField())), 0))[
        "size"
    ]
    return size


def _strays_remove(*, dry_run: bool) -> Pruned:
    """Remove files without a row: what a kill between writing the file and committing its row left behind."""
    named = set(Attachment.objects.values_list("stored", flat=True))
    since = (timezone.now() - FILE_IN_WORK).timestamp()
    done = Pruned()
    for path in _files(folder()):
        name = path.relative_to(folder()).as_posix().removesuffix(THUMBNAIL)
        try:
            status = path.stat()
        except FileNotFoundError:  # another prune was here first
            continue
        if name in named or status.st_mtime >= since:
            continue
        done += Pruned(1, status.st_size)
        if not dry_run:
            path.unlink(missing_ok=True)
    return done


def _files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file())
