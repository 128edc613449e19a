"""Exchanges and their traces."""

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from conversations.models import Exchange, Run, Trace
from upstream.wire.errors import UpstreamError
from upstream.wire.reader import ResponseReader


def run_find(*, run_id: UUID) -> Run | None:
    """Return the run that the browser already asked for under this id."""
    return Run.objects.filter(pk=run_id).first()


def exchanges_of_run(*, run: Run) -> list[Exchange]:
    """Return the exchanges of a run in the order in which they were opened."""
    return list(Exchange.objects.filter(run=run).order_by("id"))


@dataclass(frozen=True, slots=True)
class KeptTrace:
    """A whole raw response, masked, with the reads it came in: `(length in bytes, ms since the exchange began)`."""

    raw: bytes
    pieces: tuple[tuple[int, float], ...]


def trace_of(*, exchange_id: UUID) -> KeptTrace:
    """Return everything that was kept of an exchange's raw response so far."""
    raw: list[bytes] = []
    pieces: list[tuple[int, float]] = []
    for trace in Trace.objects.filter(exchange_id=exchange_id).order_by("sequence"):
        raw.append(zlib.decompress(bytes(trace.data)))
        pieces += [(int(length), float(at)) for length, at in trace.pieces]
    return KeptTrace(b"".join(raw), tuple(pieces))


def response_so_far(*, exchange: Exchange, trace: KeptTrace) -> Mapping[str, Any]:
    """Return the response as far as its trace reaches, assembled as the run itself would have done."""
    if not trace.raw:
        return {"choices": []}
    headers = {name.lower(): value for name, value in exchange.response_headers}
    reader = ResponseReader(status=exchange.status or 200, content_type=headers.get("content-type", ""))
    try:
        reader.feed(trace.raw)
    except UpstreamError as fault:
        return reader.close(fault).response
    return reader.close().response


def response_document(exchange: Exchange) -> Any:
    """Return the assembled response as data, or None while there is none."""
    return json.loads(exchange.response) if exchange.response else None


def exchanges_state(*, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the state of each of these exchanges that exists. For the server itself, not for a person."""
    return dict(Exchange.objects.filter(pk__in=list(ids)).values_list("pk", "state"))


def exchanges_live(*, but_of: str = "") -> list[Exchange]:
    """Return the exchanges that have not ended, except those of one process. For the server itself, not for a person."""
    live = Exchange.objects.filter(state__in=Exchange.LIVE).exclude(process=but_of)
    return list(live.defer("body", "response"))
