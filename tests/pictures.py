"""Contents that people attach, made here."""

import io
import struct
import wave
import zlib

from PIL import Image


def picture(kind: str = "PNG", *, size: tuple[int, int] = (8, 6), colour: str = "#2f93b1") -> bytes:
    """An image of one colour."""
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, kind)
    return written.getvalue()


def sound(*, samples: int = 2400) -> bytes:
    """A WAV file: a tenth of a second of silence."""
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(b"\0\0" * samples)
    return written.getvalue()


def mp3() -> bytes:
    """Two frames of silence, MPEG-1 layer III, 128 kbit/s at 44.1 kHz."""
    return (b"\xff\xfb\x90\x00" + bytes(413)) * 2


def document() -> bytes:
    """The smallest thing that calls itself a PDF."""
    return b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def bomb(side: int = 40_000) -> bytes:
    """A PNG of a few hundred bytes that promises side × side pixels."""
    row = zlib.compress(bytes(1000))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", row) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
