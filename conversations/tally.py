"""Counting ended exchanges: values in, one tally for each hour and each day (UTC), person, provider and model out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple

import orjson

from conversations.histogram import histogram_add, stretch_of
from conversations.speed import tokens_per_second

STATES: Final = ("completed", "stopped", "failed", "interrupted")
COUNTS: Final = (*STATES, "tokens_in", "tokens_out", "uncounted")
"""Fields of a tally that are plain sums."""
FROM: Final = (
    "created", "run__person", "provider_name", "model", "state", "error", "timing", "tokens_in", "tokens_out",
)  # fmt: skip
"""What is read of an exchange, in the order that `tallies_of` takes."""
COUNTED: Final = attrgetter("created", "run.person_id", *FROM[2:])
"""The same of an exchange that is loaded, with its run."""
MOST_ERRORS: Final = 100
"""Kinds of errors in one tally; they are our own names, so there are far fewer."""
Span = Literal["hour", "day"]


class Place(NamedTuple):
    """What a tally is about. Places are ordered, so that everybody locks them in one order."""

    span: Span
    begins: datetime
    person: int
    provider: str
    model: str


@dataclass(slots=True)
class Tally:
    """What some exchanges came to. Histograms as in `conversations.histogram`: `ttft` in ms, `rate` in tokens per second."""

    completed: int = 0
    stopped: int = 0
    failed: int = 0
    interrupted: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    uncounted: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    ttft: dict[str, int] = field(default_factory=dict)
    rate: dict[str, int] = field(default_factory=dict)

    @property
    def runs(self) -> int:
        """How many exchanges these are."""
        return self.completed + self.stopped + self.failed + self.interrupted

    @property
    def details(self) -> str:
        """What is kept as JSON text."""
        kept = {"errors": self.errors, "ttft": self.ttft, "rate": self.rate}
        return orjson.dumps({name: counts for name, counts in kept.items() if counts}).decode()

    def add(self, more: "Tally") -> None:
        """Add another tally to this one."""
        self._add_counts(
            (
                more.completed,
                more.stopped,
                more.failed,
                more.interrupted,
                more.tokens_in,
                more.tokens_out,
                more.uncounted,
            )
        )
        histogram_add(self.errors, more.errors)
        histogram_add(self.ttft, more.ttft)
        histogram_add(self.rate, more.rate)

    def add_kept(self, counts: Sequence[int], details: str) -> None:
        """Add a kept row: its `COUNTS` and its details."""
        self._add_counts(counts)
        if details != "{}":
            kept = orjson.loads(details)
            histogram_add(self.errors, kept.get("errors", {}))
            histogram_add(self.ttft, kept.get("ttft", {}))
            histogram_add(self.rate, kept.get("rate", {}))

    def _add_counts(self, counts: Sequence[int]) -> None:
        # Spelled out: a page adds thousands.
        completed, stopped, failed, interrupted, tokens_in, tokens_out, uncounted = counts
        self.completed += completed
        self.stopped += stopped
        self.failed += failed
        self.interrupted += interrupted
        self.tokens_in += tokens_in
        self.tokens_out += tokens_out
        self.uncounted += uncounted

    def count(
        self, state: str, error: Any, timing: Mapping[str, float], tokens: tuple[int | None, int | None]
    ) -> None:
        """Add one exchange."""
        setattr(self, state, getattr(self, state) + 1)
        tokens_in, tokens_out = tokens
        self.tokens_in += tokens_in or 0
        self.tokens_out += tokens_out or 0
        self.uncounted += tokens_in is None and tokens_out is None
        kind = error.get("kind") if isinstance(error, dict) else None
        if isinstance(kind, str) and (kind in self.errors or len(self.errors) < MOST_ERRORS):
            histogram_add(self.errors, {kind: 1})
        if (ttft := timing.get("first_token")) is not None:
            histogram_add(self.ttft, {stretch_of(ttft): 1})
        if (rate := tokens_per_second(timing=timing, tokens_out=tokens_out)) is not None:
            histogram_add(self.rate, {stretch_of(rate): 1})


def tallies_of(rows: Iterable[tuple[Any, ...]], into: dict[Place, Tally] | None = None) -> dict[Place, Tally]:
    """Count exchanges by place; each of `rows` holds what `FROM` names. Live ones and those of nobody do not count."""
    tallies = {} if into is None else into
    for created, person, provider, model, state, error, timing, *tokens in rows:
        if person is None or state not in STATES:
            continue
        hour = created.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        for place in (
            Place("hour", hour, person, provider, model),
            Place("day", hour.replace(hour=0), person, provider, model),
        ):
            tallies.setdefault(place, Tally()).count(state, error, timing, (tokens[0], tokens[1]))
    return tallies
