"""Content encodings that come although none was asked for: gzip and deflate, undone piece by piece."""

import zlib
from collections.abc import Iterator

from upstream.wire.errors import ProtocolViolation

MAX_PIECE = 1 << 18
"""Bytes one step may unpack to, so that a small bomb cannot become one huge object."""

_GZIP, _ZLIB, _RAW_DEFLATE = 31, 15, -15  # zlib's window bits


class Inflater:
    """Undo one encoding: compressed bytes in, pieces of at most MAX_PIECE bytes out.

    Raises ProtocolViolation for damaged data. A stream that ends in mid-air is not damaged: servers that flush
    each event often leave the end out.
    """

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._inflate = zlib.decompressobj(_GZIP) if encoding == "gzip" else None

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._inflate is None:
                self._inflate = zlib.decompressobj(_deflate_window(data))
            if self._inflate.eof:  # a gzip file may have several members; padding after the last is ignored
                data = data.lstrip(b"\0")
                if self._encoding != "gzip" or not data.startswith(b"\x1f"):
                    return
                self._inflate = zlib.decompressobj(_GZIP)
            try:
                piece = self._inflate.decompress(data, MAX_PIECE)
            except zlib.error as error:
                raise ProtocolViolation(f"The {self._encoding} encoding of the answer is damaged.") from error
            data = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
            if piece:
                yield piece


def _deflate_window(data: bytes) -> int:
    """RFC 9110 says "deflate" is zlib's format; some servers send it bare. A zlib header tells itself."""
    is_zlib = len(data) > 1 and data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
    return _ZLIB if is_zlib or data == b"\x78" else _RAW_DEFLATE


def inflater_for(content_encoding: str) -> Inflater | None:
    """What undoes this Content-Encoding header, None where nothing is encoded.

    Raises ProtocolViolation for an encoding that cannot be undone here, or for several at once.
    """
    match content_encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return Inflater("gzip")
        case "deflate":
            return Inflater("deflate")
        case other:
            raise ProtocolViolation(
                f"The answer is encoded with {other[:60]!r}, which was not asked for and cannot be read.",
                advice="Remove an Accept-Encoding header from the provider's extra headers, if there is one.",
            )
