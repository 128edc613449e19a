"""What the inspector's tabs show of an exchange: its request, its response, its events, where the time went, its tokens."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language

from conversations import selectors
from conversations.models import Exchange
from playground import inspection, timing_charts
from playground.body_images import images_folded, images_of
from playground.cost_words import cost_words
from playground.event_index import EventIndex, event_index, raw_of
from playground.inspector_models import (
    BodyView,
    EventRow,
    EventsView,
    RequestView,
    ResponseView,
    TimingView,
    TokensView,
    TokenView,
)
from playground.json_tree import JsonTree
from playground.json_values import Members, NotJson, Value, children, value_read
from playground.rate_words import limit_view
from playground.token_heat import Unit, perplexity, units_of
from playground.views.messages import error_view
from playground.views.signed_in import PersonRequest
from upstream import catalog
from upstream.wire.capture import DOTS
from upstream.wire.rate_limits import rate_limits_of

RAW_SHOWN: Final = 100_000
"""Characters of a body shown at once as text; all of it can be fetched."""
TREE_MOST: Final = 40_000_000
"""Characters of a body that is laid out as a tree."""
EVENTS_PAGE: Final = 200
"""Events in one stretch of the list."""
BEFORE_EVENT: Final = 20
"""Events shown before one that a link leads to."""
TOKENS_PAGE: Final = 600
ID_HEADERS: Final = frozenset(
    {"x-request-id", "request-id", "x-siliconcloud-trace-id", "x-trace-id", "apim-request-id", "cf-ray", "x-groq-id"}
)  # fmt: skip


def kept_index(exchange: Exchange) -> EventIndex:
    """Return the events of an exchange that the reader may see; none once its trace was pruned, whoever remembers them."""
    return EventIndex() if exchange.pruned else event_index(exchange.pk)


def request_view(request: PersonRequest, exchange: Exchange) -> RequestView:
    """Return the request as sent, secrets masked."""
    del request
    headers = pairs(exchange.headers)
    return RequestView(
        method=exchange.method,
        url=exchange.url,
        http_version=exchange.http_version,
        headers=headers,
        body=body_view(exchange, "request", exchange.body, json_value(exchange.body)),
        diff_href=reverse("exchange-diff", args=[exchange.pk]),
        masked=DOTS in exchange.body or any(DOTS in value for _name, value in headers),
    )


def json_value(text: str) -> Value | None:
    """Return a body as values to be laid out; None where it is no JSON, or is too large."""
    if len(text) > TREE_MOST or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return value_read(text)
    except NotJson:
        return None


def body_view(exchange: Exchange, of: str, text: str, value: Value | None) -> BodyView:
    """Return a body as text and, where it has a value, as a tree."""
    tree = None if value is None else JsonTree(text, value).root()
    folded = images_folded(text) if tree is not None or "base64," in text[:RAW_SHOWN] else text
    query = urlencode({"of": of})
    return BodyView(
        of=of,
        raw=folded[:RAW_SHOWN],
        raw_cut=len(folded) > RAW_SHOWN,
        size=len(text.encode()),
        tree=tree,
        images=sum(1 for _image in images_of(text)),
        text_href=f"{reverse('exchange-text', args=[exchange.pk])}?{query}",
        part_href=f"{reverse('exchange-part', args=[exchange.pk])}?{query}",
        image_href=images_href(exchange) if of == "request" else "",
    )


def images_href(exchange: Exchange) -> str:
    """Return the address to which an image's number is added."""
    return reverse("exchange-image", args=[exchange.pk, 0]).removesuffix("0/")


def response_view(request: PersonRequest, exchange: Exchange) -> ResponseView:
    """Return the response: head, what its headers say, assembled document and the beginning of what came."""
    del request
    index = kept_index(exchange)
    raw = raw_of(exchange.pk, index, 0, RAW_SHOWN * 3).decode("utf-8", "backslashreplace")
    headers = pairs(exchange.response_headers)
    document = json_value(exchange.response) if exchange.response else None
    streamed = len(index) > 1
    return ResponseView(
        state=exchange.state,
        status=exchange.status,
        reason=exchange.reason,
        http_version=exchange.http_version,
        headers=headers,
        document=body_view(exchange, "response", exchange.response, document) if document else None,
        raw=_raw_view(exchange, raw, index, streamed=streamed) if raw else None,
        size=index.size,
        masked=DOTS in raw or any(DOTS in value for _name, value in headers),
        streamed=streamed,
        error=error_view(exchange),
        ids=_ids(headers, document, exchange),
        usage=tuple(_flat(exchange.usage)),
        **cost_words(exchange),
        limits=tuple(map(limit_view, rate_limits_of(headers))),
        pruned=exchange.pruned,
    )


def _raw_view(exchange: Exchange, raw: str, index: EventIndex, *, streamed: bool) -> BodyView:
    href = f"{reverse('exchange-text', args=[exchange.pk])}?{urlencode({'of': 'raw'})}"
    text = images_folded(raw) if not streamed else raw
    cut = len(text) > RAW_SHOWN or index.size > RAW_SHOWN * 3
    return BodyView("raw", text[:RAW_SHOWN], index.size, href, raw_cut=cut)


def _ids(
    headers: Sequence[tuple[str, str]], document: Value | None, exchange: Exchange
) -> tuple[tuple[str, str], ...]:
    held = dict(children(document)) if isinstance(document, Members) else {}
    names = ("id", "model", "system_fingerprint", "service_tier")
    found = [(name, str(value)) for name in names if (value := held.get(name)) and value != "null"]
    found += [(name, value) for name, value in headers if name.lower() in ID_HEADERS]
    return (*found, ("exchange", str(exchange.pk)))


def _flat(value: Any, path: str = "", depth: int = 0) -> list[tuple[str, str]]:
    """Return every figure of a usage object under its dotted name."""
    if not isinstance(value, Mapping) or depth > 5:
        return [] if value is None or not path else [(path, json.dumps(value, ensure_ascii=False)[:200])]
    rows: list[tuple[str, str]] = []
    for name, held in list(value.items())[:100]:
        rows += _flat(held, f"{path}.{name}" if path else str(name), depth + 1)
    return rows


# Events


def events_view(request: PersonRequest, exchange: Exchange) -> EventsView:
    """Return a stretch of the events, of one `kind` and with `q` in their text if asked.

    `after` and `before` are numbers that the stretch lies behind or ahead of; `event` is one that it holds, open.
    """
    index = kept_index(exchange)
    kind, query = request.GET.get("kind", ""), request.GET.get("q", "").strip()[:200]
    found = index.numbers(kind=kind, text=query)
    live = exchange.state in Exchange.LIVE
    opened = number_of(request, "event")
    first, last = _stretch(request, found, opened, live=live)
    href = reverse("inspector-tab", args=[exchange.pk, "events"])

    def link(**query_: str | int) -> str:
        return f"{href}?{urlencode({'kind': kind, 'q': query, **query_})}"

    stalls = index.stalls()
    shown = found[first:last]
    return EventsView(
        rows=tuple(_event_row(exchange, index, number, opened) for number in shown),
        total=len(index),
        found=len(found),
        kinds=index.counts(),
        href=href,
        kind=kind,
        query=query,
        earlier_href=link(part="rows", before=shown[0]) if first > 0 and shown else "",
        more_href=link(part="rows", after=shown[-1]) if last < len(found) and shown else "",
        news_href=link(part="news") if live else "",
        replay_href="" if live or not len(index) else reverse("exchange-replay", args=[exchange.pk]),
        live=live,
        status=exchange.status,
        first_ms=exchange.timing.get("first_byte"),
        last_ms=index.times[-1] if len(index) else None,
        size=index.size,
        stalls=len(stalls),
        track=timing_charts.track(index.times, index.kinds, stalls),
        pruned=exchange.pruned,
    )


def _stretch(
    request: PersonRequest, found: Sequence[int], opened: int | None, *, live: bool
) -> tuple[int, int]:
    """Return where the shown stretch begins and ends among the events found."""
    after, before = number_of(request, "after"), number_of(request, "before")
    if after is not None:
        first = sum(1 for number in found if number <= after)
        return first, min(len(found), first + EVENTS_PAGE)
    if before is not None:
        last = sum(1 for number in found if number < before)
        return max(0, last - EVENTS_PAGE), last
    if opened is not None and opened in found:
        first = max(0, found.index(opened) - BEFORE_EVENT)
    else:
        first = max(0, len(found) - EVENTS_PAGE) if live else 0
    return first, min(len(found), first + EVENTS_PAGE)


def _event_row(exchange: Exchange, index: EventIndex, number: int, opened: int | None) -> EventRow:
    entry = index.entry(number)
    return EventRow(
        number=number,
        at_ms=entry.at_ms,
        gap_ms=entry.gap_ms,
        kind=entry.kind,
        size=entry.size,
        text=entry.text[:400],
        href=reverse("exchange-event", args=[exchange.pk, number]),
        stall=entry.stall,
        opened=number == opened,
    )


def number_of(request: PersonRequest, name: str) -> int | None:
    """Return a whole number of the query, None where there is none."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


# Timing


def timing_view(request: PersonRequest, exchange: Exchange) -> TimingView:
    """Return where the time went."""
    del request
    view = inspection.timing_view(
        state=exchange.state,
        timing=exchange.timing,
        index=kept_index(exchange),
        tokens=exchange.tokens_out,
    )
    return replace(view, pruned=exchange.pruned)


# Tokens


def tokens_view(request: PersonRequest, exchange: Exchange) -> TokensView:
    """Return the heat map of one choice, the `choice` asked for or the first with logprobs."""
    found = choices_units(exchange)
    wanted = number_of(request, "choice")
    choice = wanted if wanted in found else next(iter(found), 0)
    units = found.get(choice, [])
    after = number_of(request, "after") or 0
    shown = units[after : after + TOKENS_PAGE]
    href = reverse("inspector-tab", args=[exchange.pk, "tokens"])
    more = after + TOKENS_PAGE < len(units)
    conversation = exchange.run.conversation
    answer = selectors.answer_of(exchange=exchange, choice=choice)
    writable = answer is not None and selectors.may_edit(user=request.user, conversation=conversation)
    api = catalog.apis().get(exchange.api)
    return TokensView(
        state=exchange.state,
        tokens=tuple(map(_token_view, shown)),
        total=len(units),
        choice=choice,
        choices=tuple(found),
        href=href,
        more_href=f"{href}?part=rows&choice={choice}&after={after + TOKENS_PAGE}" if more else "",
        prefix_href=f"{reverse('exchange-prefix', args=[exchange.pk])}?{urlencode({'choice': choice})}",
        message=answer.pk if writable and answer is not None else None,
        api=api.names.in_language(get_language()) if api else exchange.api,
        continues=api.continues if api else None,
        perplexity=perplexity(units),
        unsure=sum(unit.level == 4 for unit in units),
        asked=_asked(exchange),
        alternatives=any(len(unit.alternatives) > 1 for unit in shown),
    )


def choices_units(exchange: Exchange) -> dict[int, list[Unit]]:
    """Return the units of each choice that came with logprobs, by its index."""
    document = selectors.response_document(exchange)
    choices = document.get("choices") if isinstance(document, dict) else None
    found: dict[int, list[Unit]] = {}
    for position, choice in enumerate(choices if isinstance(choices, list) else []):
        index = choice.get("index", position) if isinstance(choice, dict) else None
        if isinstance(index, int) and (units := units_of(choice.get("logprobs"))):
            found[index] = units
    return found


def _asked(exchange: Exchange) -> bool:
    """Whether the request asked for logprobs."""
    return '"logprobs"' in exchange.body


def _token_view(unit: Unit) -> TokenView:
    alternatives = [
        [each.text, round(100 * each.probability, 2), each.chosen, each.whole] for each in unit.alternatives
    ]
    return TokenView(
        number=unit.number,
        text=unit.text,
        spelled=unit.spelled,
        mark=unit.mark,
        level=unit.level,
        percent=100 * unit.probability,
        parts=unit.parts,
        alternatives=json.dumps(alternatives, ensure_ascii=False, separators=(",", ":")),
    )


def pairs(kept: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    """Return kept headers as pairs of strings."""
    return tuple((str(name), str(value)) for name, value in kept)
