"""What the templates are given: plain values, made by views, without queries or decisions left in them.

Each template names its context in its first lines. Times are milliseconds since the exchange began, sizes are bytes;
None means not known and shows as nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from conversations.tool_calls import call_of
from playground.part_views import Block, PartView

if TYPE_CHECKING:
    from playground.column_views import CompareView

LIVE_STATES: Final = ("queued", "streaming")


# History


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """One line of the history. `live`: an answer is on its way; `unread`: something came since the person looked."""

    id: UUID
    title: str
    updated: datetime
    current: bool
    live: bool
    href: str
    pinned: bool = False
    team: bool = False
    unread: bool = False
    tags: tuple[str, ...] = ()
    own: bool = True
    owner: str = ""


@dataclass(frozen=True, slots=True)
class ListChoice:
    """Something that the list can show: one's own, what is archived, a tag …"""

    key: str
    label: str
    current: bool
    is_tag: bool = False


@dataclass(frozen=True, slots=True)
class ConversationGroup:
    """Rows under one heading ("Pinned", "Today", …). `key` is an HTML id part, unique in the list."""

    key: str
    label: str
    rows: tuple[ConversationRow, ...]


@dataclass(frozen=True, slots=True)
class ConversationList:
    """The history as shown, or its next page.

    `view` is what it shows, one of `choices`; `begun` is the group in which the page before ended; `next_href` fetches more.
    """

    groups: tuple[ConversationGroup, ...]
    query: str = ""
    view: str = "own"
    choices: tuple[ListChoice, ...] = ()
    next_href: str = ""
    begun: str = ""

    @property
    def shown(self) -> ListChoice | None:
        """The choice that is shown."""
        return next((choice for choice in self.choices if choice.current), None)


# Head and column


@dataclass(frozen=True, slots=True)
class ProviderChoice:
    """A provider that may be chosen; `ready` is False while its key is missing."""

    id: UUID
    name: str
    selected: bool
    ready: bool = True


@dataclass(frozen=True, slots=True)
class LocalModelView:
    """The built-in model. `state`: ready, starting, failed or off."""

    state: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class RightsView:
    """Whose conversation it is, to whom it is shown, and what the person at the page may do.

    `several`: more than one person wrote in it. `seen` names the state shown (`watch` in docs/protocol.md). `only_look` is
    the sentence for somebody who may not write.
    """

    own: bool = True
    owner: str = ""
    visibility: str = "private"
    only_look: str = ""
    several: bool = False
    seen: str = ""


@dataclass(frozen=True, slots=True)
class ConversationView:
    """The open conversation and where its forms go."""

    id: UUID
    title: str
    run_url: str
    rename_url: str
    delete_url: str
    settings_url: str
    rights: RightsView = field(default_factory=RightsView)
    keeping_url: str = ""


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column's settings as the page edits them. `parameters` is a JSON object: name → JSON source text as typed.

    `foreign`: its provider is one that the person at the page may not use; which one is not theirs to know.
    """

    providers: tuple[ProviderChoice, ...]
    model: str
    models: tuple[str, ...]
    system: str
    parameters: str = "{}"
    foreign: bool = False

    @property
    def provider(self) -> ProviderChoice | None:
        """The chosen provider, if any."""
        return next((choice for choice in self.providers if choice.selected), None)


@dataclass(frozen=True, slots=True)
class Example:
    """A way to begin. Choosing it writes `text` and sets `parameters` (a JSON object: name → JSON source text).

    `sets` is what it teaches, in the API's words: "temperature", "stop".
    """

    title: str
    text: str
    sets: str
    parameters: str = "{}"
    system: str = ""


# Messages


@dataclass(frozen=True, slots=True)
class StatsView:
    """The figures of an answer: those under it, and how long it reasoned.

    `notes`: what the answer did not honour, in short sentences.
    `cost` is its cost in words, "" where there was nothing to pay for; `cost_title` says why it is unknown.
    """

    tokens_in: int | None = None
    tokens_out: int | None = None
    ttft_ms: float | None = None
    tokens_per_second: float | None = None
    total_ms: float | None = None
    reasoning_ms: float | None = None
    cost: str = ""
    cost_title: str = ""
    notes: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there is anything to show under it."""
        figures = (self.tokens_in, self.tokens_out, self.ttft_ms, self.tokens_per_second, self.total_ms)
        return bool(self.notes or self.cost) or any(figure is not None for figure in figures)


@dataclass(frozen=True, slots=True)
class ErrorView:
    """Why a run failed. `settings_href` leads to the provider's page where the key or the address is the trouble.

    `retry_after` is how many seconds the provider asks to wait.
    """

    kind: str
    message: str
    advice: str = ""
    status: int | None = None
    settings_href: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class ToolCallView:
    """A function the model wants called; `arguments` is JSON text as it came, complete or not."""

    id: str
    name: str
    arguments: str

    @classmethod
    def of(cls, kept: object) -> ToolCallView:
        """Return one kept tool call, whatever upstream made of it."""
        call = call_of(kept)
        return cls(call.id, call.name, call.arguments)


@dataclass(frozen=True, slots=True)
class AlternativesView:
    """Where a message stands among its siblings, and the addresses that show the one before and the one after."""

    number: int
    count: int
    previous_href: str = ""
    next_href: str = ""


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message. `role` as the API spells it; answers name their exchange and choice.

    `blocks` are texts and what stands between them, `media` all that is no text; `written` is what an editor starts from
    (`part_views.written_json`). `column` is set where several columns may show the message. `choices` are all answers of
    its exchange, this one among them, where there are several.
    """

    id: UUID
    role: str
    text: str
    state: str = "completed"
    conversation: UUID | None = None
    exchange: UUID | None = None
    choice: int = 0
    model: str = ""
    created: datetime | None = None
    reasoning: str = ""
    refusal: str = ""
    tool_calls: tuple[ToolCallView, ...] = ()
    stats: StatsView = field(default_factory=StatsView)
    error: ErrorView | None = None
    parent: UUID | None = None
    alternatives: AlternativesView | None = None
    author: str = ""
    revision: int = 0
    column: int | None = None
    choices: tuple[MessageView, ...] = ()
    name: str = ""
    tool_call_id: str = ""
    blocks: tuple[Block, ...] = ()
    media: tuple[PartView, ...] = ()
    written: str = ""

    @property
    def live(self) -> bool:
        """Whether more may come."""
        return self.state in LIVE_STATES

    @property
    def has_one_text(self) -> bool:
        """Whether there is exactly one text, and so one place that shows it."""
        return sum(not block.parts for block in self.blocks) == 1

    @property
    def version(self) -> str:
        """In which version a page shows it: its own words and choices, then where it stands among its alternatives."""
        at = self.alternatives
        return f"{self.revision}.{len(self.choices)}-{at.number}.{at.count}" if at else f"{self.revision}.0-"


# Inspector


@dataclass(frozen=True, slots=True)
class InspectorView:
    """Which exchange the inspector shows, and which tab. `linked`: the address names it, and perhaps an `event`."""

    exchange: UUID | None = None
    tab: str = "request"
    linked: bool = False
    event: int | None = None


@dataclass(frozen=True, slots=True)
class CodeView:
    """The request as code. `languages` are (id, name); the fragment is fetched again with `?language=`.

    `colours` is the highlighter's name of the language; `body_href` leads to the body where the code reads it from a file.
    """

    exchange: UUID
    may_run_again: bool
    language: str
    languages: tuple[tuple[str, str], ...]
    source: str
    colours: str
    href: str
    body_href: str = ""
    notes: tuple[str, ...] = ()


# Page


@dataclass(frozen=True, slots=True)
class WorkbenchView:
    """Everything of the page but the parameter rows, which come as their own context."""

    conversation: ConversationView
    conversations: ConversationList
    column: ColumnView
    messages: tuple[MessageView, ...]
    inspector: InspectorView
    local_model: LocalModelView
    examples: tuple[Example, ...] = ()
    earlier_href: str = ""
    compare: CompareView | None = None

    @property
    def first(self) -> bool:
        """Whether nothing was said yet."""
        return not self.messages and self.compare is None
