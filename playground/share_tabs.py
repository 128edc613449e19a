"""One tab of an exchange of a snapshot: the same for its reader and in the preview of its author."""

from collections.abc import Mapping, Sequence
from typing import Any

from playground.share_view import ShareEvent, event_rows, tab_labels, timing_marks
from upstream.samples import languages_for, sample_request


def tab_context(
    exchange: Mapping[str, Any], *, number: int, tab: str, after: int = 0, path: str = ""
) -> dict[str, Any]:
    """Return what `share/_tab.html` shows of an exchange's document; events from number `after` on.

    `path` is the tab's own address, below which more events are had; "" in a preview.
    """
    events = event_rows(exchange, after=after) if tab == "events" else ()
    return {
        "exchange": exchange,
        "number": number,
        "tab": tab,
        "tabs": tab_labels(),
        "events": events,
        "more_href": _more_href(path, events or (), exchange) if path else "",
        "timing": timing_marks(exchange["timing"]),
        "samples": _samples(exchange["request"]) if tab == "code" else (),
        "panel": f"share/_tab_{tab}.html",
    }


def _more_href(path: str, events: Sequence[ShareEvent], exchange: Mapping[str, Any]) -> str:
    more = events and events[-1].number < len(exchange["response"]["events"])
    return f"{path}?after={events[-1].number}" if more else ""


def _samples(sent: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return the request in every language that can send it: id, name, source; nothing where the body is left out."""
    if sent["body"] is None:
        return []
    sample = sample_request(
        method=sent["method"],
        url=sent["url"],
        headers=tuple((name, value) for name, value in sent["headers"]),
        body=sent["body"],
    )
    return [(language.id, language.name, language.write(sample)) for language in languages_for(sample)]
