"""Images by address: fetched through the guarded client, judged and kept like an upload."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from conversations import selectors
from conversations.media import MAX_BYTES, Media, MediaRefused, MediaUnknown, media_read
from conversations.models import Attachment
from conversations.services import attachment_keep
from playground.runtime import Runtime
from team.models import User
from upstream.client import download
from upstream.wire.errors import UpstreamError

AT_ONCE = 4


class NotFetched(Exception):
    """An image could not be had from its address; `message` is a sentence that names both."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


async def attachments_fetch(
    parts: Runtime, *, person: User, conversation_id: UUID, urls: Sequence[str], language: str
) -> list[Attachment]:
    """Fetch images and keep them for a conversation that `person` may write into.

    Raises `NotFetched` for the first that cannot be had, `Conversation.DoesNotExist`.
    """
    turns = asyncio.Semaphore(AT_ONCE)

    async def fetch(url: str) -> Attachment:
        async with turns:
            try:
                data = await download(parts.client, url, limit=MAX_BYTES)
                media = await asyncio.to_thread(_judged, data, language)
            except UpstreamError as error:
                raise NotFetched(_sentence(language, url, f"{error.message} {error.advice}")) from error
            except MediaRefused as error:
                raise NotFetched(_sentence(language, url, error.message)) from error
            return await parts.in_database(_keep, person, conversation_id, url, data, media)

    tasks = [asyncio.create_task(fetch(url)) for url in urls]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


def _judged(data: bytes, language: str) -> Media:
    with translation.override(language):
        media = media_read(data)
        if media.width is None:
            raise MediaUnknown(_("There is no image at this address."))
        return media


def _sentence(language: str, url: str, reason: str) -> str:
    with translation.override(language):
        return _("The image at %(url)s could not be fetched: %(reason)s") % {
            "url": url[:200],
            "reason": reason.strip(),
        }


def _keep(person: User, conversation_id: UUID, url: str, data: bytes, media: Media) -> Attachment:
    conversation = selectors.conversation_editable_for(user=person, pk=conversation_id)
    name = url.split("?", 1)[0].split("#", 1)[0]
    return attachment_keep(
        conversation=conversation, data=data, media=media, name=name, source_url=url, person=person
    )
