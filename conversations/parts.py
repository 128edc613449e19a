"""How content parts are kept: as the API spells them, with `attachment:<digest>` where the API wants bytes as base64.

| kept | sent |
|---|---|
| `{"type": "image_url", "image_url": {"url": "attachment:<digest>"}}` | the same with `data:<mime>;base64,…` |
| `{"type": "input_audio", "input_audio": {"data": "attachment:<digest>", "format": "wav"}}` | the same with base64 |
| `{"type": "file", "file": {"file_data": "attachment:<digest>", "filename": "…"}}` | the same with `data:<mime>;base64,…` |
| `{"type": "audio", "audio": {"data": "attachment:<digest>", "format": "wav"}}` | nothing: it is an answer's own voice |
| `{"type": "output_image", "output_image": {"url": "attachment:<digest>"}}` | nothing: it is an answer's own image |

Every other part, an image by URL among them, is kept and sent as it is.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

SCHEME: Final = "attachment:"
PLACES: Final = {
    "image_url": ("image_url", "url"),
    "input_audio": ("input_audio", "data"),
    "file": ("file", "file_data"),
    "audio": ("audio", "data"),
    "output_image": ("output_image", "url"),
}
"""Part type → where its bytes are: the member that holds them, and their name in it."""
OWN: Final = frozenset({"audio", "output_image"})
"""Parts of answers that no request carries."""
_DIGEST: Final = re.compile(r"[0-9a-f]{64}\Z")


def reference_to(digest: str) -> str:
    """Return how a kept part names an attachment."""
    return SCHEME + digest


def digest_in(value: object) -> str:
    """Return the digest that a value of a part names, "" where it names none."""
    if not isinstance(value, str) or not value.startswith(SCHEME):
        return ""
    digest = value.removeprefix(SCHEME)
    return digest if _DIGEST.match(digest) else ""


def bytes_of(part: Mapping[str, Any]) -> str:
    """Return what stands where a part's bytes belong: a reference, a URL, base64; "" where there is no such place."""
    place = PLACES.get(str(part.get("type")))
    inner = part.get(place[0]) if place else None
    value = inner.get(place[1]) if place and isinstance(inner, Mapping) else None
    return value if isinstance(value, str) else ""


def is_own(part: Mapping[str, Any]) -> bool:
    """Whether a part is one of those that no request carries."""
    return str(part.get("type")) in OWN


def digest_of(part: Mapping[str, Any]) -> str:
    """Return the digest of the attachment that a part names, "" where it names none."""
    return digest_in(bytes_of(part))


def digests_of(parts: Iterable[Any]) -> Iterator[str]:
    """Yield the digests that these parts name, in order."""
    for part in parts:
        if isinstance(part, Mapping) and (digest := digest_of(part)):
            yield digest
