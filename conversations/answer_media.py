"""What an answer says besides text: its voice and its images, taken out of a response to be kept as attachments.

Decodes and looks at whole contents: never on the event loop.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from conversations import storable
from conversations.media import MAX_BYTES, Media, MediaRefused, media_read, pcm_as_wav, sound_type

MOST: Final = 32
"""Images of one answer that are kept; the trace has all of them."""


@dataclass(frozen=True, slots=True)
class AnswerMedia:
    """A content that came with an answer, judged; `kind` and `member` say which part it becomes (`conversations.parts`)."""

    data: bytes
    media: Media
    kind: str
    member: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An image of an answer that lies at an address."""

    url: str


Found = AnswerMedia | Elsewhere


def has_media(response: Mapping[str, Any]) -> bool:
    """Whether a response holds a voice or images."""
    messages = (choice.get("message") or {} for choice in response.get("choices") or [])
    return any(message.get("audio") or message.get("images") for message in messages)


def media_of(message: Mapping[str, Any]) -> tuple[Found, ...]:
    """Return what an answer's message holds besides text; what is neither sound nor image stays in the trace alone."""
    return (*_voice(message.get("audio")), *_images(message.get("images")))


def _voice(audio: Any) -> Iterator[AnswerMedia]:
    data = _decoded(audio.get("data")) if isinstance(audio, Mapping) else b""
    if not data:
        return
    mime = sound_type(data)
    if not mime:
        # Streams come as bare 16-bit PCM, the one format that can be cut anywhere.
        mime, data = "audio/wav", pcm_as_wav(data)
    told = {name: audio[name] for name in ("id", "expires_at") if audio.get(name)}
    member = {"format": mime.rpartition("/")[2], **storable.value(told)}
    yield AnswerMedia(data, Media(mime), "audio", member)


def _images(images: Any) -> Iterator[Found]:
    for image in images[:MOST] if isinstance(images, list) else ():
        url = _url_of(image)
        if url.lower().startswith(("http://", "https://")):
            yield Elsewhere(storable.text(url))
            continue
        data = _decoded(url.partition(",")[2] if url.startswith("data:") else url)
        try:
            media = media_read(data)
        except MediaRefused:
            continue
        if media.width is not None:
            yield AnswerMedia(data, media, "output_image", {})


def _url_of(image: Any) -> str:
    """Return where an image lies, or its bytes as base64, whatever shape the part has."""
    inner = image
    for name in ("image_url", "output_image", "image"):
        if isinstance(inner, Mapping) and name in inner:
            inner = inner[name]
    if isinstance(inner, Mapping):
        inner = inner.get("url") or inner.get("b64_json") or inner.get("data")
    return inner if isinstance(inner, str) else ""


def _decoded(text: Any) -> bytes:
    if not isinstance(text, str) or len(text) > MAX_BYTES * 4 // 3 + 4:
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
