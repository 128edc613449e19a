"""The frame of an event stream, sans-IO: bytes in, whole events out (WHATWG "server-sent events").

UTF-8; LF, CR or CRLF end a line, mixed ones too; U+2028 and U+0085 are text. A blank line ends an event. Beyond the
standard, a last event without its blank line counts, and lines that are no field are kept: some providers send
``error: {…}`` or bare JSON between events.
"""

from dataclasses import dataclass, field
from typing import Final

from upstream.wire.errors import StreamTooLong
from upstream.wire.limits import DEFAULT_LIMITS, Limits

BOM: Final = b"\xef\xbb\xbf"
_FIELDS: Final = frozenset({"data", "event", "id", "retry"})


@dataclass(slots=True)
class ServerSentEvent:
    """One event. ``data`` is None where no data line came; ``strays`` are the lines that are no field."""

    name: str = ""
    data: list[str] | None = None
    id: str = ""
    retry: int | None = None
    comments: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)


class Framer:
    """Gather bytes into whole events; what is not yet whole is kept.

    Memory: at most one unfinished event, bounded by ``limits.event``. Time: linear, whatever the read sizes.
    """

    __slots__ = ("_buffer", "_cr", "_limit")

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._buffer = bytearray()
        self._limit = limits.event
        self._cr = False

    def feed(self, data: bytes) -> bytes:
        """Return the events that these bytes complete, as the bytes they were sent as; keep the rest.

        Raises StreamTooLong when one event grows past the bound, so a hostile server cannot fill memory.
        """
        buffer = self._buffer
        if not buffer and not self._cr and b"\r" not in data:
            end = data.rfind(b"\n\n") + 2
            if end > 1:
                if end == len(data):
                    return data
                buffer += data[end:]
                return data[:end]
        before = len(buffer)
        buffer += data
        if not self._cr and b"\r" in data:
            self._cr = True
        end = self._last_end(max(before - 2, 0))
        if end:
            whole = bytes(memoryview(buffer)[:end])
            del buffer[:end]
        else:
            whole = b""
        if len(buffer) > self._limit:
            raise StreamTooLong(f"One event of the stream is larger than {self._limit:,} bytes.")
        return whole

    def close(self) -> bytes:
        """Return what is left: an event without its blank line, or b""."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest

    @property
    def pending(self) -> int:
        """Bytes of the event that has begun and not ended."""
        return len(self._buffer)

    def _last_end(self, start: int) -> int:
        """Return where the last blank line at or after ``start`` ends, 0 if there is none."""
        buffer = self._buffer
        end = buffer.rfind(b"\n\n", start) + 2
        if self._cr:
            end = max(end, buffer.rfind(b"\n\r", start) + 2, buffer.rfind(b"\r\r", start) + 2)
            if end > 1 and buffer[end - 1 : end + 1] == b"\r\n":
                end += 1
        return end if end > 1 else 0


def normalize(text: str) -> str:
    """Return the text with every line end as LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def parse(block: str) -> ServerSentEvent:
    """Return the event in the lines of a block; the lines end with LF."""
    event = ServerSentEvent()
    for line in block.split("\n"):
        if not line:
            continue
        name, colon, value = line.partition(":")
        if value[:1] == " ":
            value = value[1:]
        if not name and colon:
            event.comments.append(value)
        elif name not in _FIELDS:
            event.strays.append(line)
        elif name == "data":
            if event.data is None:
                event.data = []
            event.data.append(value)
        elif name == "event":
            event.name = value
        elif name == "id":
            event.id = event.id if "\0" in value else value
        elif value.isascii() and value.isdigit():
            event.retry = int(value[:9])
    return event
