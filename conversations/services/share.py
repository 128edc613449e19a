"""Making, updating and revoking links; counting who opened them."""

import json
import secrets
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from conversations import storable
from conversations.models import Conversation, Share, ShareAttachment, ShareExchange
from conversations.selectors.shares import share_seal, share_source, share_token_hash
from conversations.services.attachment import attachments_release
from conversations.sharing import Included, Snapshot, snapshot_make
from team import vault
from team.models import User
from team.services import audit


@dataclass(frozen=True, slots=True)
class ShareSettings:
    """What an owner decides about a link. `columns` are ids, all of them without any.

    `password` None keeps the one there is, "" takes it away; `max_views` and `expires` None set no bound.
    """

    title: str
    included: Included
    audience: str = Share.Audience.LINK
    columns: tuple[int, ...] = ()
    expires: datetime | None = None
    max_views: int | None = None
    password: str | None = None


def share_preview(*, conversation: Conversation, settings: ShareSettings) -> Snapshot:
    """Return the snapshot that these settings would publish now; nothing is kept."""
    return _snapshot(conversation, settings, timezone.now())


@transaction.atomic
def share_create(*, conversation: Conversation, owner: User, settings: ShareSettings) -> tuple[Share, str]:
    """Publish what the conversation shows now; return the link's row and its token."""
    token = secrets.token_urlsafe(32)
    share = Share(owner=owner, conversation=conversation, token_hash=share_token_hash(token))
    share.token_sealed = vault.seal(token, origin=share_seal(share))
    _publish(share, conversation, settings)
    audit(actor=owner, action="share.create", target=share.title, **_facts(share))
    return share, token


@transaction.atomic
def share_update(*, share: Share, settings: ShareSettings) -> None:
    """Publish what the conversation shows now under the same link, with these settings. Views count on.

    Raises `Share.DoesNotExist` for a link that was revoked or whose conversation is gone.
    """
    locked = Share.objects.select_for_update(of=("self",)).get(pk=share.pk, revoked=None)
    if locked.conversation is None:
        raise Share.DoesNotExist
    digests = _forget(locked)
    _publish(locked, locked.conversation, settings)
    attachments_release(digests=digests)
    audit(actor=locked.owner, action="share.update", target=locked.title, **_facts(locked))


@transaction.atomic
def share_revoke(*, share: Share, actor: User) -> None:
    """End a link for good and forget what it showed. The same again changes nothing."""
    ended = _end(Share.objects.filter(pk=share.pk, revoked=None))
    if ended:
        by_owner = {} if actor.pk == share.owner_id else {"owner": share.owner.get_full_name()}
        audit(actor=actor, action="share.revoke", target=share.title, **by_owner)


@transaction.atomic
def shares_end(*, conversation_ids: Iterable[UUID]) -> None:
    """End the links of conversations that are about to be deleted, and forget what they showed."""
    _end(Share.objects.filter(conversation_id__in=list(conversation_ids), revoked=None))


def share_view_count(*, share: Share) -> bool:
    """Count one view; False, and nothing counted, where the link is used up, closed or gone."""
    within = Q(max_views=None) | Q(views__lt=F("max_views"))
    counted = Share.objects.filter(within, pk=share.pk, revoked=None)
    return bool(counted.update(views=F("views") + 1, viewed=timezone.now()))


def shares_rotate() -> int:
    """Seal every token anew under the first key of the vault; return how many. Raises `VaultError`."""
    shares = Share.objects.select_for_update().only("pk", "token_sealed")
    for share in shares:
        Share.objects.filter(pk=share.pk).update(token_sealed=vault.rotate(share.token_sealed))
    return len(shares)


def _end(shares: Iterable[Share]) -> int:
    pks = [share.pk for share in shares]
    digests = [digest for share in Share.objects.filter(pk__in=pks).only("pk") for digest in _forget(share)]
    ended = Share.objects.filter(pk__in=pks).update(revoked=timezone.now(), snapshot="")
    attachments_release(digests=digests)
    return ended


def _forget(share: Share) -> Sequence[str]:
    """Take away what a snapshot holds beside its document; return the attachments that it used."""
    digests = list(share.attachment_uses.values_list("attachment_id", flat=True))
    share.attachment_uses.all().delete()
    share.exchanges.all().delete()
    return digests


def _publish(share: Share, conversation: Conversation, settings: ShareSettings) -> None:
    now = timezone.now()
    snapshot = _snapshot(conversation, settings, now)
    share.title = snapshot.document["title"]
    share.audience = settings.audience
    share.expires = settings.expires
    share.max_views = settings.max_views
    if settings.password is not None:
        share.password = make_password(settings.password) if settings.password else ""
    share.options = {"included": settings.included.to_json(), "columns": list(settings.columns)}
    share.snapshot = storable.document(snapshot.document)
    share.updated = now
    share.save()
    ShareExchange.objects.bulk_create(
        ShareExchange(share=share, number=number, data=zlib.compress(_json(exchange)))
        for number, exchange in enumerate(snapshot.exchanges)
    )
    ShareAttachment.objects.bulk_create(
        ShareAttachment(share=share, attachment_id=digest) for digest in snapshot.digests
    )


def _snapshot(conversation: Conversation, settings: ShareSettings, now: datetime) -> Snapshot:
    source = share_source(
        conversation=conversation, columns=settings.columns, responses=settings.included.raw
    )
    title = storable.text(settings.title.strip())[:200] or source.title
    return snapshot_make(replace(source, title=title), settings.included, made=now.isoformat())


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _facts(share: Share) -> dict[str, object]:
    """Return what the log says about a link: never its token."""
    left_out = [name for name, kept in share.options["included"].items() if not kept]
    facts: dict[str, object] = {"audience": share.audience, "left_out": left_out}
    if share.password:
        facts["password"] = True
    if share.max_views is not None:
        facts["max_views"] = share.max_views
    if share.expires is not None:
        facts["expires"] = share.expires.isoformat(timespec="minutes")
    return facts


def share_settings(share: Share) -> ShareSettings:
    """Return the settings under which a link was published last; its password stays as it is."""
    return ShareSettings(
        title=share.title,
        included=Included.from_json(share.options.get("included", {})),
        audience=share.audience,
        columns=tuple(share.options.get("columns", ())),
        expires=share.expires,
        max_views=share.max_views,
    )
