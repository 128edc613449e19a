"""What of a transcript is new to a page: rows that it shows already, as they are now, are only named."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from conversations.selectors import TreeShape
from playground.view_models import MessageView

MAX_ROWS: Final = 5_000
"""Rows that a page may name; it shows fewer."""


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row of a page's transcript: the id of its message, and in what version it is shown."""

    id: UUID
    version: str


@dataclass(frozen=True, slots=True)
class NewsRow:
    """A row as it should be now: only its `id` where the page has it, in this version, else with what to show."""

    id: UUID
    views: tuple[MessageView, ...] = ()


@dataclass(frozen=True, slots=True)
class News:
    """What a page should show: `keep` rows from its first on as they are, then `rows` and nothing else."""

    keep: int
    rows: tuple[NewsRow, ...]


def rows_read(text: str) -> list[ShownRow]:
    """Return the rows that a page names as `id:version,…`; what makes no sense is left out."""
    rows: list[ShownRow] = []
    for item in text.split(",")[:MAX_ROWS]:
        pk, _colon, version = item.partition(":")
        try:
            rows.append(ShownRow(UUID(pk), version))
        except ValueError:
            continue
    return rows


def path_to_show(
    shape: TreeShape, *, shown: Sequence[UUID], tip: UUID | None, through: UUID | None, leaf: UUID | None
) -> list[UUID]:
    """Return the branch that a page should show now.

    The one to `tip`; the newest one `through` a message; else the one that it shows, up to where it shows it. Where the end
    of that is gone, the newest branch below what is left of it; where nothing is, the column's own.
    """
    if tip is not None and tip in shape:
        return shape.path(tip)
    if through is not None and through in shape:
        return shape.path(shape.end(through))
    if shown and shown[-1] in shape:
        return shape.path(shown[-1])
    left = next((pk for pk in reversed(shown) if pk in shape), None)
    return shape.path(shape.end(left) if left is not None else leaf)


def news_of(shown: Sequence[ShownRow], views: Sequence[MessageView]) -> News:
    """Return what has to be done to a transcript that shows `shown` so that it shows `views`."""
    keep = 0
    for row, view in zip(shown, views, strict=False):
        if (row.id, row.version) != (view.id, view.version):
            break
        keep += 1
    return News(keep, tuple(_rows(shown[keep:], views[keep:])))


def _rows(shown: Sequence[ShownRow], views: Sequence[MessageView]) -> Iterator[NewsRow]:
    known = {row.id: row.version for row in shown}
    for view in views:
        same = known.get(view.id) == view.version
        yield NewsRow(view.id) if same else NewsRow(view.id, (view,))
