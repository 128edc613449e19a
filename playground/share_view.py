"""A snapshot as its page shows it: plain values, made from the document behind a link or from its preview alike."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from playground.stats import stats_of
from playground.view_models import StatsView, ToolCallView

TABS: Final = ("request", "response", "events", "timing", "code")
PLAIN: Final = ("text", "refusal")
EVENTS_PAGE: Final = 500
"""Events shown at once."""


@dataclass(frozen=True, slots=True)
class SharePart:
    """A part that is not text. `href` is where the bytes are, or an address elsewhere that is only ever a link.

    `kind`: "image" (shown), "file" (a link), "elsewhere" (a link to another site), "other" (JSON), "left_out".
    """

    kind: str
    name: str = ""
    href: str = ""
    size: int | None = None
    width: int | None = None
    height: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class ShareExchangeLink:
    """What is kept of the exchange behind an answer; `events` is None where the response is not shown."""

    number: int
    status: int | None
    events: int | None
    tabs: tuple[tuple[str, str, str], ...]  # id, label, address ("" in a preview)


@dataclass(frozen=True, slots=True)
class ShareMessage:
    """One message. `number` counts from 1 within the snapshot."""

    number: int
    role: str
    text: str
    refusal: str = ""
    parts: tuple[SharePart, ...] = ()
    reasoning: str = ""
    tool_calls: tuple[ToolCallView, ...] = ()
    author: str = ""
    created: datetime | None = None
    model: str = ""
    state: str = "completed"
    error: str = ""
    stats: StatsView = field(default_factory=StatsView)
    exchange: ShareExchangeLink | None = None


@dataclass(frozen=True, slots=True)
class ShareColumn:
    """One column. `letter` is "" where there is only one; `parameters` are (name, JSON source text, class of its colour)."""

    letter: str
    model: str
    system: str
    parameters: tuple[tuple[str, str, str], ...]
    messages: tuple[ShareMessage, ...]


@dataclass(frozen=True, slots=True)
class ShareView:
    """A snapshot. `left_out` are sentences about what its author left out; `turns` counts what people said."""

    title: str
    author: str
    made: datetime | None
    turns: int
    images: int
    columns: tuple[ShareColumn, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a snapshot's own pages are; "" throughout in a preview, which has none."""

    base: str = ""

    def exchange(self, number: int, tab: str) -> str:
        """Return the address of one tab of an exchange."""
        return self.page(f"exchanges/{number}/{tab}")

    def page(self, name: str) -> str:
        """Return the address of a page below the snapshot's own."""
        return f"{self.base}{name}/" if self.base else ""

    @property
    def copy(self) -> str:
        """Where it is copied."""
        return self.page("copy")

    @property
    def rerun(self) -> str:
        """Where it is run again."""
        return self.page("rerun")

    @property
    def seen(self) -> str:
        """Where a view is counted."""
        return self.page("seen")

    @property
    def markdown(self) -> str:
        """Where it is had as Markdown."""
        return self.page("export/markdown")

    @property
    def json(self) -> str:
        """Where it is had as JSON."""
        return self.page("export/json")

    def attachment(self, digest: str) -> str:
        """Return the address of an attachment."""
        return f"{self.base}attachments/{digest}/" if self.base else f"/attachments/{digest}/"


def share_view(document: Mapping[str, Any], addresses: Addresses) -> ShareView:
    """Return what the page of a snapshot shows."""
    messages = [
        _message(number, message, addresses) for number, message in enumerate(document["messages"], start=1)
    ]
    several = len(document["columns"]) > 1
    return ShareView(
        title=document["title"],
        author=document["author"],
        made=parse_datetime(document["made"]),
        turns=sum(message.role == "user" for message in messages),
        images=sum(part.kind == "image" for message in messages for part in message.parts),
        columns=tuple(
            ShareColumn(
                letter=chr(ord("A") + at) if several else "",
                model=column["model"],
                system=column["system"],
                parameters=tuple(_parameters(column["parameters"])),
                messages=tuple(messages[number] for number in column["branch"]),
            )
            for at, column in enumerate(document["columns"])
        ),
        left_out=tuple(_left_out(document["included"])),
    )


def _left_out(included: Mapping[str, bool]) -> Iterator[str]:
    if not included["system"]:
        yield _("Its author left out the system prompt.")
    if not included["parameters"]:
        yield _("Its author left out the parameters.")
    if not included["images"]:
        yield _("Its author left out images and files.")
    if not included["raw"]:
        yield _("Its author left out the requests and responses.")


def _parameters(parameters: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for name, source in parameters.items():
        yield name, source, {'"': "s", "{": "", "[": ""}.get(source[:1], "k" if source.isalpha() else "n")


def _message(number: int, message: Mapping[str, Any], addresses: Addresses) -> ShareMessage:
    answer = message.get("answer") or {}
    timing = answer.get("timing") or {}
    figures = stats_of(timing=timing, tokens_in=answer.get("tokens_in"), tokens_out=answer.get("tokens_out"))
    return ShareMessage(
        number=number,
        role=message["role"],
        text="".join(part["text"] for part in message["parts"] if part["type"] == "text"),
        refusal="".join(part["text"] for part in message["parts"] if part["type"] == "refusal"),
        parts=tuple(_part(part, addresses) for part in message["parts"] if part["type"] not in PLAIN),
        reasoning=message["reasoning"],
        tool_calls=tuple(map(ToolCallView.of, message["tool_calls"])),
        author=message["author"],
        created=parse_datetime(message["created"]),
        model=answer.get("model", ""),
        state=answer.get("state", "completed"),
        error=_error(answer.get("error")),
        stats=StatsView(**figures),
        exchange=_exchange(answer.get("exchange"), addresses),
    )


def _error(error: Mapping[str, Any] | None) -> str:
    if not error:
        return ""
    if error.get("message"):
        return str(error["message"])
    if error.get("status"):
        return _("The provider refused this request with status %(status)s.") % {"status": error["status"]}
    return _("The provider gave no answer.")


def _part(part: Mapping[str, Any], addresses: Addresses) -> SharePart:
    if part["type"] == "left_out":
        return SharePart("left_out", name=part["kind"])
    if part["type"] == "file":
        return SharePart(
            "image" if part["mime"].startswith("image/") else "file",
            name=part["name"] or part["mime"],
            href=addresses.attachment(part["digest"]),
            size=part["size"],
            width=part["width"],
            height=part["height"],
        )
    address = _address_in(part["part"])
    if address:
        return SharePart("elsewhere", name=address, href=address)
    return SharePart("other", name=str(part["part"].get("type") or ""), text=str(part["part"])[:2_000])


def _address_in(part: Mapping[str, Any]) -> str:
    """Return the web address that a part names, such as an image by URL; "" where it names none."""
    for inner in part.values():
        url = inner.get("url") if isinstance(inner, Mapping) else None
        if isinstance(url, str) and url.startswith(("https://", "http://")):
            return url
    return ""


def _exchange(summary: Mapping[str, Any] | None, addresses: Addresses) -> ShareExchangeLink | None:
    if summary is None:
        return None
    number = summary["number"]
    return ShareExchangeLink(
        number=number,
        status=summary["status"],
        events=summary["events"],
        tabs=tuple((tab, label, addresses.exchange(number, tab)) for tab, label in tab_labels()),
    )


def tab_labels() -> Sequence[tuple[str, str]]:
    """Return the tabs of an exchange with their names."""
    names = (_("Request"), _("Response"), _("Events"), _("Timing"), _("Code"))
    return tuple(zip(TABS, names, strict=True))


def timing_marks(timing: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Return when what happened, in ms since the exchange began, in the order in which it happens."""
    names = (
        ("dns", _("Name lookup")),
        ("connect", _("Connect")),
        ("tls", _("TLS handshake")),
        ("request_sent", _("Request sent")),
        ("first_byte", _("First byte")),
        ("first_token", _("First token")),
        ("last_token", _("Last token")),
        ("ended", _("End")),
    )
    return tuple((label, timing[mark]) for mark, label in names if mark in timing)


@dataclass(frozen=True, slots=True)
class ShareEvent:
    """One event of a response: `added` is what it added to the answer, `data` its bytes as text; times in ms."""

    number: int
    at_ms: float
    gap_ms: float
    kind: str
    size: int
    added: str
    data: str


def event_rows(exchange: Mapping[str, Any], *, after: int = 0) -> tuple[ShareEvent, ...] | None:
    """Return a stretch of the events of an exchange, from number `after` on; None where they are left out."""
    events = exchange["response"]["events"]
    if events is None:
        return None
    before = [0.0, *(event["at"] for event in events)]
    return tuple(
        ShareEvent(
            number=number,
            at_ms=event["at"],
            gap_ms=event["at"] - before[number - 1],
            kind=event["kind"],
            size=len(event["text"].encode()),
            added=event["added"],
            data=event["text"],
        )
        for number, event in enumerate(events[after : after + EVENTS_PAGE], start=after + 1)
    )
