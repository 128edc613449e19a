"""Keeping attachments: each content once, on disk before its row exists, gone with the last conversation that uses it."""

import hashlib
from collections.abc import Iterable
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from conversations import storable
from conversations.attachment_files import file_write, files_remove
from conversations.media import Media, media_read
from conversations.models import Attachment, AttachmentUse, Conversation
from team.models import User

NAME_MAX = 200
TRIES = 3
"""Somebody may remove the last use of a content just while somebody else keeps it anew."""


def attachment_create(
    *,
    conversation: Conversation,
    data: bytes,
    name: str = "",
    source_url: str = "",
    person: User | None = None,
) -> Attachment:
    """Keep a content and tie it to a conversation; a content that is kept already is not written again.

    What it is, its bytes alone say. Raises `MediaRefused`. Who may write into the conversation is the caller's to know.
    """
    return attachment_keep(
        conversation=conversation,
        data=data,
        media=media_read(data),
        name=name,
        source_url=source_url,
        person=person,
    )


def attachment_keep(
    *,
    conversation: Conversation,
    data: bytes,
    media: Media,
    name: str = "",
    source_url: str = "",
    person: User | None = None,
) -> Attachment:
    """Like `attachment_create`, for a content that has been judged already."""
    digest = hashlib.sha256(data).hexdigest()
    for last in (False,) * (TRIES - 1) + (True,):
        # On disk first: no row names bytes that are not there, and no lock is held while they are written.
        known = Attachment.objects.filter(pk=digest).exists()
        stored = "" if known else file_write(data, thumbnail=media.thumbnail)
        try:
            with transaction.atomic():
                attachment = _kept(digest, stored, len(data), media)
                _use(attachment, conversation, name=name, source_url=source_url, person=person)
        except IntegrityError:
            files_remove([stored] if stored else [])
            if last:
                raise
        except BaseException:
            files_remove([stored] if stored else [])
            raise
        else:
            return attachment
    raise AssertionError("the last try returns or raises")


def _kept(digest: str, stored: str, size: int, media: Media) -> Attachment:
    """Return the row of a content: a new one for the file `stored`, the one there is for ""."""
    if not stored:
        found = Attachment.objects.filter(pk=digest).first()
        if found is None:
            raise IntegrityError("the attachment was removed a moment ago")
        return found
    return Attachment.objects.create(
        digest=digest, mime=media.mime, size=size, width=media.width, height=media.height, stored=stored
    )


def _use(
    attachment: Attachment, conversation: Conversation, *, name: str, source_url: str, person: User | None
) -> None:
    name = storable.text(_last_part(name))[:NAME_MAX]
    source_url = storable.text(source_url)
    known = attachment.uses.filter(conversation=conversation, name=name, source_url=source_url)
    if not known.exists():
        AttachmentUse.objects.create(
            attachment=attachment,
            conversation=conversation,
            person=person,
            name=name,
            source_url=source_url,
        )


def _last_part(name: str) -> str:
    """Return a file's name without the folders that some browsers and every attacker put before it."""
    return name.replace("\\", "/").rsplit("/", 1)[-1].strip()


def attachments_reuse(*, source: Conversation, target: Conversation, digests: Iterable[str]) -> None:
    """Tie attachments of one conversation to another one too, as when its messages are copied there."""
    uses = AttachmentUse.objects.filter(conversation=source, attachment_id__in=set(digests))
    AttachmentUse.objects.bulk_create(
        AttachmentUse(
            attachment_id=use.attachment_id,
            conversation=target,
            person_id=use.person_id,
            name=use.name,
            source_url=use.source_url,
        )
        for use in uses
    )


def attachment_digests(*, conversation_ids: Iterable[UUID]) -> list[str]:
    """Return what these conversations use, to be given to `attachments_release` once they are deleted."""
    uses = AttachmentUse.objects.filter(conversation_id__in=list(conversation_ids))
    return list(uses.values_list("attachment_id", flat=True).distinct())


def attachments_release(*, digests: Iterable[str]) -> None:
    """Delete those of these attachments that nothing uses any more; their files go once that is committed.

    Call it inside the transaction that deleted the uses. Whatever refers to an attachment keeps it, models that are
    yet to come among it.
    """
    unused = Q()
    for relation in Attachment._meta.related_objects:
        unused &= Q(**{f"{relation.field.related_query_name()}__isnull": True})
    candidates = Attachment.objects.filter(pk__in=set(digests))
    locked = list(candidates.select_for_update().values_list("pk", flat=True))
    gone = list(Attachment.objects.filter(unused, pk__in=locked).values_list("pk", "stored"))
    Attachment.objects.filter(pk__in=[pk for pk, _ in gone]).delete()
    stored = [name for _, name in gone]
    transaction.on_commit(lambda: files_remove(stored))
