"""What the inspector's tabs are given: plain values, made by views, without queries or decisions left in them.

Times are milliseconds since the exchange began, sizes are bytes; None means not known and shows as nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from playground.json_diff import Diff
from playground.json_tree import Node
from playground.view_models import ErrorView


@dataclass(frozen=True, slots=True)
class BodyView:
    """A body, as a tree and as text. `of`: request, response (assembled) or raw (as received).

    `tree` is None where the text is no JSON, or is too large to be laid out. `raw` is the beginning of the text as sent,
    images folded; `raw_cut` says that there is more. `text_href` gives all of it, `images` counts the pictures in it.
    """

    of: str
    raw: str
    size: int
    text_href: str
    tree: Node | None = None
    raw_cut: bool = False
    images: int = 0
    part_href: str = ""
    image_href: str = ""


@dataclass(frozen=True, slots=True)
class OtherExchange:
    """An exchange that this one may be compared with. `elsewhere` names its conversation where that is another one."""

    id: UUID
    created: datetime
    model: str
    column: int | None
    state: str
    elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class RequestView:
    """The request as it was put on the wire, secrets masked."""

    method: str
    url: str
    http_version: str
    headers: tuple[tuple[str, str], ...]
    body: BodyView
    diff_href: str
    masked: bool = False


@dataclass(frozen=True, slots=True)
class DiffView:
    """What differs from another request. `previous`: the other is the column's run before.

    `others` are those of the conversation, `elsewhere` the newest of others; `unknown` is what was asked for where
    this person sees no such exchange.
    """

    others: tuple[OtherExchange, ...]
    other: OtherExchange | None
    previous: bool
    head: Diff
    body: Diff
    elsewhere: tuple[OtherExchange, ...] = ()
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class LimitView:
    """One budget read out. `label` what it counts, `sentence` how much is left; `share` of it in thousandths, if known."""

    label: str
    sentence: str
    share: int | None = None


@dataclass(frozen=True, slots=True)
class ResponseView:
    """The response. `document` is the assembled response in the shape of a plain one.

    `state` is the exchange's; `status` is None where no response began. `pruned` is when the raw bytes were removed.
    `ids` and `usage` are (name, value). `cost` is in words, "" where there was nothing to pay for; `cost_title` says why it
    is unknown.
    """

    state: str
    status: int | None
    reason: str
    http_version: str
    headers: tuple[tuple[str, str], ...]
    document: BodyView | None = None
    raw: BodyView | None = None
    size: int = 0
    masked: bool = False
    streamed: bool = False
    error: ErrorView | None = None
    ids: tuple[tuple[str, str], ...] = ()
    usage: tuple[tuple[str, str], ...] = ()
    cost: str = ""
    cost_title: str = ""
    limits: tuple[LimitView, ...] = ()
    pruned: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event of the stream. `gap_ms` since the one before; `text` is what it added; `href` fetches its bytes."""

    number: int
    at_ms: float
    gap_ms: float
    kind: str
    size: int
    text: str
    href: str
    stall: bool = False
    opened: bool = False


@dataclass(frozen=True, slots=True)
class TrackBar:
    """How much came in a stretch of time, in a box of 1000 × 100."""

    kind: str
    x: float
    width: float
    y: int


@dataclass(frozen=True, slots=True)
class TrackStall:
    """Nothing came for so long; `x` and `width` as in TrackBar. `number` is the event that ended it."""

    x: float
    width: float
    ms: float
    number: int


@dataclass(frozen=True, slots=True)
class Track:
    """A stream at a glance, on a time axis. `kinds` are those that occur; `ticks` are (x, ms)."""

    total_ms: float
    bars: tuple[TrackBar, ...]
    stalls: tuple[TrackStall, ...]
    kinds: tuple[str, ...]
    ticks: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class EventsView:
    """A stretch of the events: of one kind, or of all where `kind` is "", and with `query` in what they added.

    `kinds` are the kinds that occur with their counts; `href` is the fragment's own address; `earlier_href` and `more_href`
    fetch the rows around, `news_href` those that came since. `replay_href` is "" while the exchange is live. `pruned` is
    when the stream was removed.
    """

    rows: tuple[EventRow, ...]
    total: int
    found: int
    kinds: tuple[tuple[str, int], ...]
    href: str
    kind: str = ""
    query: str = ""
    earlier_href: str = ""
    more_href: str = ""
    news_href: str = ""
    replay_href: str = ""
    live: bool = False
    status: int | None = None
    first_ms: float | None = None
    last_ms: float | None = None
    size: int = 0
    stalls: int = 0
    track: Track | None = None
    pruned: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventBytes:
    """The bytes of one event. `before`, `added` and `after` are them as text, what was added to the answer in the middle.

    Bytes that are no UTF-8 show as \\xe4; then `text` is False. `dump` is (offset, hexadecimal, characters).
    """

    number: int
    size: int
    before: str
    added: str
    after: str
    text: bool
    dump: tuple[tuple[str, str, str], ...]
    dump_cut: bool = False
    shown_cut: bool = False


@dataclass(frozen=True, slots=True)
class Phase:
    """A bar on the time axis. `x` and `width` are thousandths of the whole."""

    label: str
    kind: str
    ms: float
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class RateChart:
    """What came per second over time: SVG paths in a box of 1000 × 100, and the value at the top."""

    line: str
    area: str
    top: float


@dataclass(frozen=True, slots=True)
class Quantiles:
    """How long the stream paused between events, in ms."""

    p50: float
    p95: float
    p99: float
    longest: float
    stall: bool = False


@dataclass(frozen=True, slots=True)
class Added:
    """What our own server added between a read and its frame: the mean over all reads and the longest, in ms."""

    mean_ms: float
    longest_ms: float | None = None


@dataclass(frozen=True, slots=True)
class TimingView:
    """Where the time went. `before` are the phases up to the first byte, `stream` those after it.

    `moments` are (name, ms): when something came first or last. `tokens` and `pieces`: the rate counts tokens, spread evenly
    over the events with text, if the provider told how many there were; else it counts those events. `reused`: the
    connection was open already, so that there was nothing to look up and to shake hands for. `pruned` is when the stream,
    and with it the rate and the gaps, was removed.
    """

    state: str
    before: tuple[Phase, ...]
    before_ms: float
    stream: tuple[Phase, ...]
    total_ms: float
    moments: tuple[tuple[str, float], ...] = ()
    rate: RateChart | None = None
    tokens: int | None = None
    pieces: int = 0
    gaps: Quantiles | None = None
    added: Added | None = None
    reused: bool = False
    queued_ms: float | None = None
    pruned: datetime | None = None


@dataclass(frozen=True, slots=True)
class TokenView:
    """One unit of the heat map. `alternatives` is JSON: lists of text, probability, chosen, may be branched to."""

    number: int
    text: str
    spelled: str
    mark: str
    level: int
    percent: float
    parts: int
    alternatives: str


@dataclass(frozen=True, slots=True)
class TokensView:
    """The heat map of one choice. `continues`: whether the API goes on from a beginning; None where nobody says.

    `message` is the answer beside which a branch would stand, None where this person may not write here.
    """

    state: str
    tokens: tuple[TokenView, ...]
    total: int
    choice: int
    choices: tuple[int, ...]
    href: str
    more_href: str = ""
    prefix_href: str = ""
    message: UUID | None = None
    api: str = ""
    continues: bool | None = None
    perplexity: float | None = None
    unsure: int = 0
    asked: bool = False
    alternatives: bool = False
