"""What an uploaded or fetched content is, judged by its bytes alone: an image, a sound, a document; or why it is refused.

MediaRefused
├── MediaTooLarge  more bytes or pixels than are taken
├── MediaUnknown   no kind of content that any API takes
└── MediaCorrupt   begins like one, but cannot be read
"""

import io
import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

MAX_BYTES: Final = 20 * 1024 * 1024
"""Of one attachment; the APIs take 20 MB of image, and a whole request of 50 MB at most."""
MAX_PIXELS: Final = 50_000_000
"""Of one image: 200 MB while it is looked at."""
THUMBNAIL_SIDE: Final = 640  # pixels; twice what a message shows
IMAGE_TYPES: Final = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",  # what Pillow calls a JPEG with more pictures behind it, as telephones write it
    "GIF": "image/gif",
    "WEBP": "image/webp",
}
FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP")
AUDIO_FORMATS: Final = {"audio/wav": "wav", "audio/mpeg": "mp3"}
"""What `input_audio` takes: type of the content → `format`."""
_HEAD: Final = 1024
_PDF_WITHIN: Final = 1024
_PICTURES_AT_ONCE: Final = BoundedSemaphore(2)


class MediaRefused(Exception):
    """A content is not taken; `message` is a sentence for whoever offered it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class MediaTooLarge(MediaRefused):
    """It has more bytes or pixels than are taken."""


class MediaUnknown(MediaRefused):
    """It is no kind of content that any API takes."""


class MediaCorrupt(MediaRefused):
    """It begins like a kind that is taken, but cannot be read."""


@dataclass(frozen=True, slots=True)
class Media:
    """A content that is taken. `width`, `height` (pixels) and `thumbnail` (WebP) where it is an image."""

    mime: str
    width: int | None = None
    height: int | None = None
    thumbnail: bytes = b""


def media_read(data: bytes) -> Media:
    """Return what these bytes are. Raises `MediaRefused`."""
    if len(data) > MAX_BYTES:
        raise MediaTooLarge(too_large())
    if (mime := sound_type(data)) in AUDIO_FORMATS:
        return Media(mime)
    if b"%PDF-" in data[:_PDF_WITHIN]:
        return Media("application/pdf")
    if data[:8] == b"\x89PNG\r\n\x1a\n" or data[:3] == b"\xff\xd8\xff" or data[:6] in (b"GIF87a", b"GIF89a"):
        return _image(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _image(data)
    raise MediaUnknown(_("This is no PNG, JPEG, GIF or WebP image, no WAV or MP3 sound and no PDF document."))


def too_large() -> str:
    """Return the sentence for a content past MAX_BYTES."""
    return _("This is larger than %(size)s MB, the most that one attachment may have.") % {
        "size": number_format(MAX_BYTES // (1024 * 1024))
    }


def _image(data: bytes) -> Media:
    with _PICTURES_AT_ONCE, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            _opened(data).verify()
            return _looked_at(_opened(data))
        except MediaRefused:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise MediaTooLarge(_too_many_pixels()) from error
        except MemoryError as error:
            raise MediaTooLarge(_too_many_pixels()) from error
        except (
            Exception
        ) as error:  # Pillow raises whatever its decoders meet: OSError, SyntaxError, struct.error …
            raise MediaCorrupt(_("This image is damaged: it cannot be read to its end.")) from error


def _opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    if image.width * image.height > MAX_PIXELS:
        raise MediaTooLarge(_too_many_pixels())
    return image


def _looked_at(image: Image.Image) -> Media:
    """Decode the (first) picture whole, which finds what is cut off, and make the thumbnail from it."""
    mime, width, height = IMAGE_TYPES[str(image.format)], image.width, image.height
    image.draft("RGB", (THUMBNAIL_SIDE * 2, THUMBNAIL_SIDE * 2))  # a JPEG: decode it to less memory
    image.load()
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    turned = ImageOps.exif_transpose(image)
    plain = turned.convert("RGBA" if turned.has_transparency_data else "RGB")
    written = io.BytesIO()
    plain.save(written, "WEBP", quality=80)
    return Media(mime, width, height, written.getvalue())


def _too_many_pixels() -> str:
    return _("This image has more than %(count)s million pixels, the most that is taken.") % {
        "count": number_format(MAX_PIXELS // 1_000_000)
    }


# Sounds

_SOUNDS: Final[tuple[tuple[str, Callable[[bytes], bool]], ...]] = (
    ("audio/wav", lambda head: head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE"),
    ("audio/flac", lambda head: head[:4] == b"fLaC"),
    ("audio/ogg", lambda head: head[:4] == b"OggS"),
    ("audio/aac", lambda head: len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0),
    ("audio/mpeg", lambda head: head[:3] == b"ID3" or _is_mp3_frame(head)),
)


def sound_type(data: bytes) -> str:
    """Return the type of a sound with a header of its own; "" for anything else, bare PCM among it."""
    head = data[:_HEAD]
    return next((mime for mime, is_it in _SOUNDS if is_it(head)), "")


def _is_mp3_frame(head: bytes) -> bool:
    """Whether an MPEG audio frame of layer III begins here, with a bit rate and a sampling rate that exist."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    rate, sampling = head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer == 1 and rate not in (0, 15) and sampling != 3


def pcm_as_wav(data: bytes, *, rate: int = 24_000) -> bytes:
    """Return bare 16-bit mono PCM (what APIs stream as `pcm16`: 24,000 samples a second) as a WAV file."""
    head = struct.pack("<4sI4s", b"RIFF", 36 + len(data), b"WAVE")
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return head + form + struct.pack("<4sI", b"data", len(data)) + data
