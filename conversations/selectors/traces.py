"""The raw response of an exchange in the stretches it was kept in, so that a large one need not be read whole."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from conversations.models import Trace


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One kept stretch: its masked bytes, and the reads in it as `(length in bytes, ms since the exchange began)`."""

    sequence: int
    raw: bytes
    pieces: tuple[tuple[int, float], ...]


def trace_rows(*, exchange_id: UUID, after: int = -1, until: int | None = None) -> Iterator[TraceRow]:
    """Yield the stretches of an exchange in order: those with a sequence number above `after`, up to `until`."""
    rows = Trace.objects.filter(exchange_id=exchange_id, sequence__gt=after).order_by("sequence")
    if until is not None:
        rows = rows.filter(sequence__lte=until)
    for sequence, data, pieces in rows.values_list("sequence", "data", "pieces").iterator(chunk_size=50):
        reads = tuple((int(length), float(at)) for length, at in pieces)
        yield TraceRow(sequence, zlib.decompress(bytes(data)), reads)
