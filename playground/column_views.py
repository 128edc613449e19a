"""What the templates of several columns are given, and how a column is called and summed up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from conversations.models import Column
from playground.parameter_extra import EXTRA
from playground.view_models import MessageView
from team.models import Provider

CHIPS: Final = 3
"""Parameters named in a column's head; the others are counted."""
SOURCE_SHOWN: Final = 24  # characters of a value in a column's head


@dataclass(frozen=True, slots=True)
class Setting:
    """A parameter that a column sends; `source` is cut for the head. `differs` from what the first column sends."""

    name: str
    source: str
    differs: bool


@dataclass(frozen=True, slots=True)
class ColumnLabel:
    """A column as its head names it. `more` counts the parameters that are not among `settings`."""

    id: int
    letter: str
    provider: str
    model: str
    settings: tuple[Setting, ...]
    more: int
    system_differs: bool


@dataclass(frozen=True, slots=True)
class ColumnPart:
    """Messages for the transcript of one column: all that it shows, or what a run adds."""

    column: int
    messages: tuple[MessageView, ...]
    earlier_href: str = ""


@dataclass(frozen=True, slots=True)
class ColumnPane:
    """A whole column: its head, its messages, and which ways it can move."""

    label: ColumnLabel
    part: ColumnPart
    chosen: bool
    first: bool
    last: bool


@dataclass(frozen=True, slots=True)
class CompareView:
    """The columns of a conversation that has several. `chosen` is the one whose settings the page edits."""

    conversation: UUID
    panes: tuple[ColumnPane, ...]
    chosen: ColumnLabel
    can_add: bool

    @property
    def labels(self) -> tuple[ColumnLabel, ...]:
        """How the columns are called, from left to right."""
        return tuple(pane.label for pane in self.panes)

    @property
    def one_system(self) -> bool:
        """Whether all columns have the same system prompt."""
        return not any(label.system_differs for label in self.labels)


def letter_of(position: int) -> str:
    """Return what a column at this position is called: A, B, C …"""
    return chr(ord("A") + position)


def column_labels(columns: Sequence[Column], providers: Sequence[Provider]) -> tuple[ColumnLabel, ...]:
    """Return how columns are named and what they send; differences are those from the first of them."""
    names = {str(provider.pk): provider.name for provider in providers}
    return tuple(_label(column, columns[0], names) for column in columns)


def _label(column: Column, first: Column, names: Mapping[str, str]) -> ColumnLabel:
    parameters = {name: source for name, source in column.settings.get("parameters", {}).items() if source}
    others = first.settings.get("parameters", {})
    named = [(name, source) for name, source in parameters.items() if name != EXTRA]
    # What sets a column apart is named before what all have, and how the answer travels last.
    named.sort(key=lambda each: (others.get(each[0]) == each[1], each[0].startswith("stream")))
    settings = tuple(Setting(name, _short(source), others.get(name) != source) for name, source in named)
    return ColumnLabel(
        id=column.pk,
        letter=letter_of(column.position),
        provider=names.get(column.settings.get("provider", ""), ""),
        model=column.settings.get("model", ""),
        settings=settings[:CHIPS],
        more=len(parameters) - len(settings[:CHIPS]),
        system_differs=column.settings.get("system", "") != first.settings.get("system", ""),
    )


def _short(source: str) -> str:
    line = " ".join(source.split())
    return line if len(line) <= SOURCE_SHOWN else line[: SOURCE_SHOWN - 1] + "…"
