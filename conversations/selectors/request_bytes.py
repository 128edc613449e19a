"""The last step before a request is built: where messages name attachments, their bytes.

Reads whole files: never on the event loop.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from conversations.attachment_files import file_base64
from conversations.models import Attachment, AttachmentUse, Conversation
from conversations.parts import PLACES, bytes_of, digest_in
from conversations.selectors.attachments import attachments_in
from upstream.wire.request import InvalidDraft

REQUEST_MAX: Final = 64 * 1024 * 1024
"""Bytes of attachments in one request; no API takes more, and all of them are in memory for a moment."""


class AttachmentMissing(InvalidDraft):
    """A message names an attachment that its conversation does not have."""

    def __init__(self) -> None:
        super().__init__("messages", "An attachment of this conversation is not there any more.")


class RequestTooLarge(InvalidDraft):
    """The attachments of a request have more than REQUEST_MAX bytes together."""

    def __init__(self) -> None:
        super().__init__("messages", f"The attachments have more than {REQUEST_MAX >> 20} MB together.")


class AddressesWanted(InvalidDraft):
    """The model takes base64 only, and these addresses of images have not been fetched for the conversation yet."""

    def __init__(self, urls: Iterable[str]) -> None:
        self.urls = tuple(urls)
        super().__init__("messages", "The model takes no addresses of images.")


def bytes_filled(
    *, conversation: Conversation, messages: Iterable[Mapping[str, Any]], base64_only: bool = False
) -> tuple[Mapping[str, Any], ...]:
    """Return API-shaped messages with each attachment's bytes where the API wants them.

    With `base64_only` an image by URL goes out as the bytes that were fetched from there. Raises `AttachmentMissing`,
    `RequestTooLarge`, `AddressesWanted`.
    """
    shaped = tuple(messages)
    parts = list(_parts_with_bytes(shaped))
    fetched = _fetched(conversation, parts) if base64_only else {}
    wanted = [digest for part in parts if (digest := _digest(part, fetched))]
    if not wanted:
        return shaped
    found = attachments_in(conversation=conversation, digests=wanted)
    if set(wanted) - found.keys():
        raise AttachmentMissing
    if sum(found[digest].size for digest in wanted) > REQUEST_MAX:
        raise RequestTooLarge
    try:
        read = {digest: file_base64(attachment) for digest, attachment in found.items()}
    except FileNotFoundError as error:
        raise AttachmentMissing from error
    return tuple(_message_filled(message, fetched, found, read) for message in shaped)


def _message_filled(
    message: Mapping[str, Any],
    fetched: Mapping[str, str],
    found: Mapping[str, Attachment],
    read: Mapping[str, str],
) -> Mapping[str, Any]:
    if not isinstance(message.get("content"), list):
        return message
    content = []
    for part in message["content"]:
        digest = _digest(part, fetched) if isinstance(part, Mapping) else ""
        content.append(_part_filled(part, found[digest], read[digest]) if digest else part)
    return {**message, "content": content}


def _part_filled(part: Mapping[str, Any], attachment: Attachment, data: str) -> Mapping[str, Any]:
    member, name = PLACES[part["type"]]
    filled = copy.deepcopy(dict(part))
    filled[member][name] = data if member == "input_audio" else f"data:{attachment.mime};base64,{data}"
    return filled


def _parts_with_bytes(messages: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for message in messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if isinstance(part, Mapping) and bytes_of(part):
                yield part


def _digest(part: Mapping[str, Any], fetched: Mapping[str, str]) -> str:
    value = bytes_of(part)
    return digest_in(value) or fetched.get(value, "")


def image_urls(messages: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the addresses of images in API-shaped messages, each once, in order."""
    parts = _parts_with_bytes(messages)
    urls = (bytes_of(part) for part in parts if part.get("type") == "image_url")
    return list(dict.fromkeys(url for url in urls if url.lower().startswith(("http://", "https://"))))


def _fetched(conversation: Conversation, parts: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the digest of what was fetched from each image's address. Raises `AddressesWanted`."""
    urls = image_urls([{"content": list(parts)}])
    uses = AttachmentUse.objects.filter(conversation=conversation, source_url__in=urls).order_by("id")
    known = dict(uses.values_list("source_url", "attachment_id"))
    if wanted := [url for url in urls if url not in known]:
        raise AddressesWanted(wanted)
    return known
