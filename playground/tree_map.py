"""The map of a tree: an outline in which only a fork begins a deeper level, so that a long talk stays a list."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from conversations.selectors import Opening, TreeShape


@dataclass(frozen=True, slots=True)
class MapRow:
    """A line of the map. `number` of `count` alternatives where there are some; `on`: it is on the shown branch."""

    id: UUID
    level: int
    role: str
    text: str
    number: int
    count: int
    on: bool
    current: bool


def map_rows(*, shape: TreeShape, openings: Mapping[UUID, Opening], at: UUID | None) -> tuple[MapRow, ...]:
    """Return every message, each before what is below it; `at` is the end of the shown branch."""
    on = set(shape.path(at))
    rows: list[MapRow] = []
    waiting = [(pk, 1) for pk in reversed(shape.children.get(None, ()))]
    while waiting:
        pk, level = waiting.pop()
        siblings = shape.siblings(pk)
        opening = openings.get(pk) or Opening("", "")
        rows.append(
            MapRow(
                id=pk,
                level=level,
                role=opening.role,
                text=opening.text,
                number=siblings.index(pk) + 1,
                count=len(siblings),
                on=pk in on,
                current=pk == at,
            )
        )
        children = shape.children.get(pk, ())
        deeper = level + 1 if len(children) > 1 else level
        waiting += [(child, deeper) for child in reversed(children)]
    return tuple(rows)
