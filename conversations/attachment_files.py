"""The bytes of attachments on disk: written whole or not at all, under names that say nothing and that nobody chose."""

import base64
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from django.conf import settings

from conversations.models import Attachment

THUMBNAIL: Final = ".webp"
"""What a thumbnail's name has behind the original's."""


def folder() -> Path:
    """Return the folder of attachments in the data folder."""
    return Path(settings.MEDIA_ROOT)


def file_write(data: bytes, *, thumbnail: bytes = b"") -> str:
    """Keep bytes, and an image's thumbnail, durably under a new name; return the name."""
    name = secrets.token_hex(16)
    stored = f"{name[:2]}/{name}"
    place = folder() / stored
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if thumbnail:
        _write(place.with_name(name + THUMBNAIL), thumbnail)
    _write(place, data)
    return stored


def _write(place: Path, data: bytes) -> None:
    unfinished = place.with_name(f".{place.name}.part")
    try:
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(place)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    _folder_sync(place.parent)


def _folder_sync(path: Path) -> None:
    """Make the new name durable, where the system knows that (Windows does not)."""
    with suppress(OSError, AttributeError):
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def file_open(attachment: Attachment) -> BinaryIO:
    """Open the original bytes. Raises FileNotFoundError where the data folder lost them."""
    return (folder() / attachment.stored).open("rb")


def thumbnail_open(attachment: Attachment) -> BinaryIO:
    """Open an image's thumbnail. Raises FileNotFoundError."""
    return (folder() / (attachment.stored + THUMBNAIL)).open("rb")


def file_base64(attachment: Attachment) -> str:
    """Return the original bytes as base64. Raises FileNotFoundError."""
    with file_open(attachment) as file:
        return base64.b64encode(file.read()).decode()


def files_remove(stored: Iterable[str]) -> None:
    """Remove originals and thumbnails; those that are gone already are as good as removed."""
    for name in stored:
        (folder() / name).unlink(missing_ok=True)
        (folder() / (name + THUMBNAIL)).unlink(missing_ok=True)
