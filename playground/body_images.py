"""Images that lie in a body as base64 data URLs: found, folded away, and shown as small pictures made anew.

Nothing of such an image reaches a browser as it came: it is decoded by Pillow and a thumbnail is encoded from its pixels.
"""

import base64
import binascii
import hashlib
import io
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _
from PIL import Image

from playground.templatetags.figures import size as size_words

FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP")
THUMBNAIL: Final = (320, 240)
MAX_PIXELS: Final = 60_000_000
MAX_BYTES: Final = 40_000_000
"""Decoded bytes of an image that is looked at; nothing larger can be sent to the APIs known."""
MIN_FOLDED: Final = 200
"""Characters of base64 that are folded away; fewer are shown."""

_URL: Final = re.compile(
    r"data:(?P<mime>image\\?/[a-z0-9.+-]{1,30});base64,(?P<data>(?:[A-Za-z0-9+/=_-]|\\/)+)"
)


@dataclass(frozen=True, slots=True)
class BodyImage:
    """One image of a body, counted from 1. `size` is its decoded bytes; `start` and `end` are where its base64 lies."""

    number: int
    mime: str
    size: int
    start: int
    end: int


class NotAnImage(Exception):
    """The bytes are no raster image that may be shown."""


def images_of(text: str) -> Iterator[BodyImage]:
    """Yield the data URLs of images in a text, in order."""
    for number, match in enumerate(_URL.finditer(text), start=1):
        start, end = match.span("data")
        length = end - start - text.count("\\", start, end) - text.count("=", max(start, end - 2), end)
        yield BodyImage(number, match["mime"].replace("\\", ""), length * 3 // 4, start, end)


def images_folded(text: str) -> str:
    """Return the text with what each image holds replaced by its size and a short hash: JSON stays JSON."""
    parts: list[str] = []
    position = 0
    for image in images_of(text):
        if image.end - image.start < MIN_FOLDED:
            continue
        held = text[image.start : image.end]
        mark = hashlib.sha256(held.encode()).hexdigest()[:8]
        note = _("%(size)s left out, %(hash)s") % {"size": size_words(image.size), "hash": mark}
        parts += [text[position : image.start], f"…({note})"]
        position = image.end
    return "".join([*parts, text[position:]])


def thumbnail_of(text: str, number: int) -> bytes:
    """Return image `number` of a text as a small PNG made from its pixels. Raises NotAnImage, LookupError."""
    found = next((image for image in images_of(text) if image.number == number), None)
    if found is None:
        raise LookupError(number)
    if found.size > MAX_BYTES:
        raise NotAnImage("too large")
    held = text[found.start : found.end].replace("\\", "").translate(str.maketrans("-_", "+/"))
    try:
        return _small(base64.b64decode(held + "=" * (-len(held) % 4)))
    except (binascii.Error, OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning) as error:
        raise NotAnImage(type(error).__name__) from error


def _small(data: bytes) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise NotAnImage("too many pixels")
            image.draft("RGB", THUMBNAIL)
            image.thumbnail(THUMBNAIL)
            small = image.convert("RGBA" if image.has_transparency_data else "RGB")
    out = io.BytesIO()
    small.save(out, "PNG")
    return out.getvalue()
