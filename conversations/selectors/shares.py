"""Shares: whose they are, what a link leads to, and what a snapshot is made from."""

import hashlib
import json
import zlib
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from conversations.models import Attachment, Conversation, Exchange, Message, Share, ShareExchange
from conversations.parts import digests_of
from conversations.selectors.attachments import attachment_uses, attachments_in
from conversations.selectors.columns import ColumnBranch, columns_whole
from conversations.selectors.exchanges import KeptTrace, response_document, trace_of
from conversations.sharing import Branch, BranchExchange, BranchImage, BranchMessage, SnapshotSource
from team import vault
from team.models import User

LATER = ("snapshot",)
"""Fields that lists do not read."""


def share_token_hash(token: str) -> str:
    """Return what is kept of a link's token. It has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def share_seal(share: Share) -> str:
    """Return what a share's token is sealed for: no other row can use the ciphertext."""
    return f"share:{share.pk}"


def share_token(share: Share) -> str:
    """Return the token of a link, for its owner to copy. Raises `VaultError` where the vault's key is gone."""
    return vault.unseal(share.token_sealed, origin=share_seal(share))


def share_find(*, token: str) -> Share:
    """Return the share that a link leads to, open or not, with its owner and conversation. Raises `Share.DoesNotExist`."""
    found = Share.objects.select_related("owner", "conversation").defer(*LATER)
    return found.get(token_hash=share_token_hash(token))


def shares_for(*, user: User) -> QuerySet[Share]:
    """Return the links that `user` made, the newest first."""
    return _listed().filter(owner=user)


def shares_of(*, user: User, conversation: Conversation) -> QuerySet[Share]:
    """Return the links that `user` made of one conversation and that were not revoked, the newest first."""
    return _listed().filter(owner=user, conversation=conversation, revoked=None)


def shares_all() -> QuerySet[Share]:
    """Return everybody's links, the newest first. For administrators."""
    return _listed()


def _listed() -> QuerySet[Share]:
    return Share.objects.select_related("owner", "conversation").defer(*LATER)


def share_for(*, user: User, pk: UUID) -> Share:
    """Return a link that `user` made. Raises `Share.DoesNotExist`."""
    return shares_for(user=user).get(pk=pk)


def share_revocable_for(*, user: User, pk: UUID) -> Share:
    """Return a link that `user` may revoke: their own, or as an administrator any. Raises `Share.DoesNotExist`."""
    return (shares_all() if user.is_administrator else shares_for(user=user)).get(pk=pk)


def share_document(share: Share) -> Any:
    """Return a snapshot's document."""
    return json.loads(share.snapshot)


def share_exchange(*, share: Share, number: int) -> Any:
    """Return what a snapshot holds of one exchange. Raises `ShareExchange.DoesNotExist`."""
    return json.loads(zlib.decompress(bytes(share.exchanges.get(number=number).data)))


def share_exchanges(*, share: Share) -> list[Any]:
    """Return what a snapshot holds of all its exchanges, in order."""
    rows = ShareExchange.objects.filter(share=share).order_by("number")
    return [json.loads(zlib.decompress(bytes(data))) for data in rows.values_list("data", flat=True)]


def share_attachment(*, share: Share, digest: str) -> Attachment:
    """Return an attachment that a snapshot shows. Raises `Attachment.DoesNotExist`."""
    return Attachment.objects.get(share_uses__share=share, pk=digest)


def share_source(
    *, conversation: Conversation, columns: Collection[int] = (), responses: bool = True
) -> SnapshotSource:
    """Return what a snapshot of these columns (ids; all without any) would be made from.

    Without `responses` what came back is not read, which may be much.
    """
    found = columns_whole(conversation=conversation, responses=responses)
    shown = [each for each in found if not columns or each.column.pk in columns]
    messages = {message.pk: message for each in shown for message in each.messages}
    exchanges = {message.exchange.pk: message.exchange for message in messages.values() if message.exchange}
    return SnapshotSource(
        title=conversation.title,
        author=conversation.owner.get_full_name(),
        branches=tuple(map(_branch, shown)),
        exchanges={str(pk): _exchange(exchange, responses=responses) for pk, exchange in exchanges.items()},
        images=_images(conversation, messages.values()),
    )


def _branch(shown: ColumnBranch) -> Branch:
    settings = shown.column.settings
    return Branch(
        messages=tuple(map(_message, shown.messages)),
        model=settings.get("model", ""),
        system=settings.get("system", ""),
        parameters=settings.get("parameters", {}),
    )


def _message(message: Message) -> BranchMessage:
    return BranchMessage(
        key=str(message.pk),
        role=message.role,
        content=message.content,
        reasoning=message.reasoning,
        tool_calls=message.tool_calls,
        tool_call_id=message.tool_call_id,
        name=message.name,
        author=message.author.get_full_name() if message.author else "",
        created=message.created.isoformat(),
        finish_reason=message.finish_reason,
        exchange=str(message.exchange_id or ""),
        choice=message.choice or 0,
        as_parts=message.as_parts,
        extra=message.extra,
    )


def _exchange(exchange: Exchange, *, responses: bool) -> BranchExchange:
    trace = trace_of(exchange_id=exchange.pk) if responses else KeptTrace(b"", ())
    return BranchExchange(
        state=exchange.state,
        model=exchange.model,
        method=exchange.method,
        url=exchange.url,
        http_version=exchange.http_version,
        headers=_pairs(exchange.headers),
        body=exchange.body,
        status=exchange.status,
        reason=exchange.reason,
        response_headers=_pairs(exchange.response_headers),
        response=response_document(exchange) if responses else None,
        raw=trace.raw,
        pieces=trace.pieces,
        pruned=exchange.pruned.isoformat() if exchange.pruned else "",
        error=exchange.error,
        timing=exchange.timing,
        tokens_in=exchange.tokens_in,
        tokens_out=exchange.tokens_out,
    )


def _pairs(kept: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(value)) for name, value in kept)


def _images(conversation: Conversation, messages: Iterable[Message]) -> dict[str, BranchImage]:
    digests = {digest for message in messages for digest in digests_of(message.content)}
    if not digests:
        return {}
    uses = attachment_uses(conversation=conversation, digests=digests)
    return {
        digest: BranchImage(
            mime=kept.mime,
            size=kept.size,
            width=kept.width,
            height=kept.height,
            name=uses[digest].name if digest in uses else "",
        )
        for digest, kept in attachments_in(conversation=conversation, digests=digests).items()
    }
