"""HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/), as browsers' developer tools open and save it.

What HAR has no place for stands in members that begin with `_chatPlayground`, as the specification allows.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from upstream.formats.errors import FormatError
from upstream.formats.measures import is_milliseconds, moment_read
from upstream.formats.records import STATES, ExchangeRecord, Headers

OWN: Final = "_chatPlayground"
MOST_ENTRIES: Final = 2_000
_PHASES: Final = (
    ("dns", "dns"),
    ("connect", "connect"),
    ("ssl", "tls"),
    ("send", "request_sent"),
    ("wait", "first_byte"),
)
"""HAR's phases in order, and the mark at which each ends."""


def har_write(exchanges: Iterable[ExchangeRecord]) -> str:
    """Return a HAR document with one entry for each exchange."""
    log = {
        "version": "1.2",
        "creator": {"name": "Chat Playground", "version": "1"},
        "pages": [],
        "entries": [_entry(exchange) for exchange in exchanges],
    }
    return json.dumps({"log": log}, ensure_ascii=False, indent=2) + "\n"


def _entry(exchange: ExchangeRecord) -> dict[str, Any]:
    timings = _timings(exchange)
    return {
        "startedDateTime": exchange.created,
        "time": round(sum(value for value in timings.values() if value > 0) - max(timings["ssl"], 0), 3),
        "request": _request(exchange),
        "response": _response(exchange),
        "cache": {},
        "timings": timings,
        OWN: {
            "provider": exchange.provider,
            "api": exchange.api,
            "model": exchange.model,
            "state": exchange.state,
            "error": exchange.error,
            "timing": dict(exchange.timing),
            "pieces": [list(piece) for piece in exchange.pieces],
        },
    }


def _request(exchange: ExchangeRecord) -> dict[str, Any]:
    query = parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True)
    return {
        "method": exchange.method,
        "url": exchange.url,
        "httpVersion": exchange.http_version or "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(exchange.headers),
        "queryString": _pairs(query),
        "postData": {
            "mimeType": _header(exchange.headers, "content-type"),
            "text": exchange.body,
            "params": [],
        },
        "headersSize": -1,
        "bodySize": len(exchange.body.encode()),
    }


def _response(exchange: ExchangeRecord) -> dict[str, Any]:
    content: dict[str, Any] = {
        "size": len(exchange.raw),
        "mimeType": _header(exchange.response_headers, "content-type"),
    }
    try:
        content["text"] = exchange.raw.decode()
    except UnicodeDecodeError:
        content |= {"text": base64.b64encode(exchange.raw).decode(), "encoding": "base64"}
    return {
        "status": exchange.status or 0,
        "statusText": exchange.reason,
        "httpVersion": exchange.http_version or "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(exchange.response_headers),
        "content": content,
        "redirectURL": _header(exchange.response_headers, "location"),
        "headersSize": -1,
        "bodySize": len(exchange.raw) if exchange.raw else -1,
    }


def _timings(exchange: ExchangeRecord) -> dict[str, float]:
    """Return HAR's durations from our marks, which are ms since the beginning; -1 for a phase that there was not."""
    marks = exchange.timing
    found: dict[str, float] = {"blocked": -1.0}
    before = 0.0
    for phase, mark in _PHASES:
        at = marks.get(mark)
        found[phase] = -1.0 if at is None else round(max(at - before, 0.0), 3)
        before = before if at is None else at
    # HAR counts the TLS handshake into `connect`, and wants these three in any case.
    if found["ssl"] > 0:
        found["connect"] = round(max(found["connect"], 0.0) + found["ssl"], 3)
    found["send"], found["wait"] = max(found["send"], 0.0), max(found["wait"], 0.0)
    found["receive"] = round(max(marks.get("ended", before) - before, 0.0), 3)
    return found


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _header(headers: Headers, wanted: str) -> str:
    return next((value for name, value in headers if name.lower() == wanted), "")


def har_read(document: Mapping[str, Any]) -> tuple[list[ExchangeRecord], int]:
    """Return the entries that send a body, as exchanges, and how many other entries there are.

    Raises FormatError ("field") where the document is no HAR, "too_many".
    """
    log = document.get("log")
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        raise FormatError("field", "log.entries")
    if len(entries) > MOST_ENTRIES:
        raise FormatError("too_many", str(MOST_ENTRIES))
    found = [_exchange(entry, at) for at, entry in enumerate(entries)]
    with_body = [exchange for exchange in found if exchange.body]
    return with_body, len(found) - len(with_body)


def _exchange(entry: Any, at: int) -> ExchangeRecord:
    where = f"log.entries[{at}]"
    request = _object(_object(entry, where).get("request"), f"{where}.request")
    response = _object(entry.get("response") or {}, f"{where}.response")
    own = entry.get(OWN)
    own = own if isinstance(own, dict) else {}
    raw = _raw(_object(response.get("content") or {}, f"{where}.response.content"), where)
    post = request.get("postData")
    status = response.get("status")
    timing = _milliseconds(own.get("timing")) or _marks(_milliseconds(entry.get("timings")))
    return ExchangeRecord(
        id=f"e{at + 1}",
        provider=_text(own.get("provider")),
        api=_text(own.get("api")) or "generic",
        model=_text(own.get("model")),
        state=_state(own.get("state"), status),
        error=own.get("error") if isinstance(own.get("error"), dict) else None,
        method=_text(request.get("method"))[:10] or "POST",
        url=_text(request.get("url")),
        http_version=_text(request.get("httpVersion"))[:10],
        headers=_headers(request.get("headers"), f"{where}.request.headers"),
        body=_text(post.get("text")) if isinstance(post, dict) else "",
        status=status if isinstance(status, int) and 0 < status < 1000 else None,
        reason=_text(response.get("statusText"))[:200],
        response_headers=_headers(response.get("headers") or [], f"{where}.response.headers"),
        timing=timing,
        created=_time(entry.get("startedDateTime")),
        raw=raw,
        pieces=_pieces(own.get("pieces"), raw, timing),
    )


def _state(given: Any, status: Any) -> str:
    if isinstance(given, str) and given in STATES:
        return given
    return "completed" if isinstance(status, int) and 200 <= status < 300 else "failed"


def _marks(timings: Mapping[str, float]) -> dict[str, float]:
    """Return our marks from HAR's durations, each phase after the one before."""
    marks: dict[str, float] = {}
    at = max(timings.get("blocked", 0.0), 0.0)
    tls = max(timings.get("ssl", 0.0), 0.0)
    for phase, mark in (*_PHASES, ("receive", "ended")):
        took = timings.get(phase, -1.0) - (tls if phase == "connect" else 0.0)
        if took >= 0:
            at += took
            marks[mark] = round(at, 3)
    return marks


def _raw(content: Mapping[str, Any], where: str) -> bytes:
    text = _text(content.get("text"))
    if content.get("encoding") != "base64":
        return text.encode("utf-8", "replace")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError("field", f"{where}.response.content.text") from error


def _pieces(given: Any, raw: bytes, timing: Mapping[str, float]) -> tuple[tuple[int, float], ...]:
    """Return the reads as kept, where they add up to the body; else the body as one read at the end."""
    pieces = given if isinstance(given, list) else []
    read = [
        (piece[0], float(piece[1]))
        for piece in pieces
        if isinstance(piece, list)
        and len(piece) == 2
        and isinstance(piece[0], int)
        and is_milliseconds(piece[1])
    ]
    if (
        len(read) == len(pieces)
        and sum(length for length, _ in read) == len(raw)
        and all(length >= 0 for length, _ in read)
    ):
        return tuple(read)
    return ((len(raw), timing.get("ended", timing.get("first_byte", 0.0))),) if raw else ()


def _headers(given: Any, where: str) -> Headers:
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise FormatError("field", where)
    # HTTP/2's pseudo headers say what stands in method and address already.
    pairs = ((_text(each.get("name")), _text(each.get("value"))) for each in given)
    return tuple((name, value) for name, value in pairs if name and not name.startswith(":"))


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise FormatError("field", where)
    return value


def _milliseconds(value: Any) -> dict[str, float]:
    found = value.items() if isinstance(value, dict) else ()
    return {str(name): number for name, number in found if is_milliseconds(number)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _time(value: Any) -> str:
    moment = moment_read(value)
    return moment.isoformat() if moment else ""
