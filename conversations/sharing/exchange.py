"""What a snapshot holds of one exchange."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from conversations.sharing.choices import ShownEvent, document_shown, events_shown
from conversations.sharing.included import Included
from conversations.sharing.leaks import Hidden
from conversations.sharing.request_body import DATA_URL, UnknownShape, body_without, members_of
from conversations.sharing.source import BranchExchange
from upstream.wire.capture import DOTS

_MASKED: Final = re.compile(re.escape(DOTS) + r"[\w-]{1,4}(?![\w-])")
_TELLING: Final = re.compile(
    r"organi[sz]ation|project|account|tenant|customer|session|cookie|user(?!-agent)", re.I
)
"""Names of headers that say whose account it is."""
_IMAGES: Final = re.compile(r'"(?:images?|image_url|audio|b64_json|file_data|inline_data)"\s*:\s*(?!null|"")')


def exchange_document(
    exchange: BranchExchange,
    *,
    included: Included,
    choices: frozenset[int],
    hidden: Hidden,
) -> dict[str, Any]:
    """Return an exchange as JSON data: nothing in it that is left out, no choice but these, no end of a key.

    A form that cannot be cleared of what is left out is None: `request.body`, or `response.document` with
    `response.events`.
    """
    url = _masked(exchange.url)
    headers = _headers(exchange.headers)
    whole = _masked(exchange.body)
    body = _request_body(exchange.body, included, hidden)
    document, events = _response(exchange, included, choices, hidden)
    return {
        "state": exchange.state,
        "model": exchange.model,
        "timing": dict(exchange.timing),
        "request": {
            "method": exchange.method,
            "url": "" if hidden.is_in(url) else url,
            "http_version": exchange.http_version,
            "headers": [
                pair
                for pair in headers
                if not hidden.is_in(pair[1]) and (body == whole or pair[0].lower() != "content-length")
            ],
            "body": body,
            "changed": body is not None and body != whole,
        },
        "response": {
            "status": exchange.status,
            "reason": exchange.reason if included.all_that_was_sent else "",
            "http_version": exchange.http_version,
            "headers": [pair for pair in _headers(exchange.response_headers) if not hidden.is_in(pair[1])],
            "document": document,
            "events": None if events is None else [event.to_json() for event in events],
            "pruned": exchange.pruned,
        },
    }


def _masked(text: str) -> str:
    """Return the text without the last characters of a key, which a mask shows to its owner."""
    return _MASKED.sub(DOTS, text) if DOTS in text else text


def _headers(headers: Iterable[tuple[str, str]]) -> list[list[str]]:
    return [[name, DOTS if _TELLING.search(name) else _masked(value)] for name, value in headers]


def _request_body(body: str, included: Included, hidden: Hidden) -> str | None:
    try:
        kept = _masked(body_without(body, included))
    except UnknownShape:
        return None
    # What the messages say is shown anyway; in any other member it would be what was left out.
    return None if hidden.looks_for_anything and _other_members_give_away(kept, hidden) else kept


def _other_members_give_away(body: str, hidden: Hidden) -> bool:
    try:
        members = members_of(body)
    except UnknownShape:
        return hidden.is_in(body)
    return hidden.is_in(
        "\n".join(f"{name} {source}" for name, source in members if name not in ("messages", "model"))
    )


def _response(
    exchange: BranchExchange,
    included: Included,
    choices: frozenset[int],
    hidden: Hidden,
) -> tuple[str | None, tuple[ShownEvent, ...] | None]:
    """Return the assembled response as JSON text ("" where there is none) and its events, or None for both."""
    if not included.all_that_was_sent and (
        exchange.error or exchange.status is None or exchange.status >= 400
    ):
        return None, None  # a refusal often quotes what it refuses
    document = document_shown(exchange.response, choices)
    text = _masked(json.dumps(document, ensure_ascii=False, separators=(",", ":"))) if document else ""
    events = tuple(
        replace(event, text=_masked(event.text), added=_masked(event.added)) if DOTS in event.text else event
        for event in events_shown(exchange.raw, exchange.pieces, exchange.response, choices)
    )
    everything = "\n".join([text, *(event.text for event in events)])
    if not included.images and (_IMAGES.search(everything) or DATA_URL.search(everything)):
        return None, None
    return (None, None) if hidden.is_in_answer(everything) else (text, events)


def error_document(error: Mapping[str, Any] | None, *, included: Included) -> dict[str, Any] | None:
    """Return why an exchange failed; in the provider's words only where all that was sent is shown, too."""
    if not error:
        return None
    shown = {"kind": str(error.get("kind") or ""), "status": error.get("status")}
    if included.raw and included.all_that_was_sent:
        shown["message"] = _masked(str(error.get("message") or ""))
    return shown
