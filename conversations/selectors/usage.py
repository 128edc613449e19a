"""What runs came to, over time. Everybody reads their own counts; administrators the team's (`access.counted_for`)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.utils import timezone

from conversations.histogram import percentile, stretch_of
from conversations.models import Exchange, Usage
from conversations.selectors.access import counted_for
from conversations.tally import COUNTS, Span, Tally
from team.models import User

LATELY: Final = timedelta(hours=1)
MOST_LATELY: Final = 2000
"""Exchanges of the last hour that are looked at, the newest ones."""
MOST_ROWS: Final = 50_000
"""Rows of counts that are read at most, the newest ones: far more than a team has in 90 days."""


class Period(StrEnum):
    """How far a page looks back: the last 24 hours by the hour, or so many days with today, by the day. All in UTC."""

    TODAY = "today"
    WEEK = "7"
    MONTH = "30"
    QUARTER = "90"

    @property
    def span(self) -> Span:
        return "hour" if self is Period.TODAY else "day"

    def slots(self, now: datetime) -> tuple[datetime, ...]:
        """Return the beginnings of the stretches of time, the one that runs now last."""
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        last, step, count = (
            (hour, timedelta(hours=1), 24)
            if self is Period.TODAY
            else (hour.replace(hour=0), timedelta(days=1), int(self))
        )
        return tuple(last - step * (count - 1 - n) for n in range(count))


@dataclass(frozen=True, slots=True)
class UsageFilter:
    """What is asked for. `provider` and `model` are names, "" is any; `person` counts for administrators only."""

    period: Period = Period.TODAY
    provider: str = ""
    model: str = ""
    person: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A provider's name and a model's."""

    provider: str
    model: str


@dataclass(slots=True)
class Lately:
    """One provider's runs of the last hour. `running`: not ended yet; `ttft`: the median in ms, if any answer began."""

    ended: int = 0
    failed: int = 0
    running: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    began: dict[str, int] = field(default_factory=dict)

    @property
    def answered(self) -> int:
        """How many answers `ttft` is the median of."""
        return sum(self.began.values())

    @property
    def ttft(self) -> float | None:
        return percentile(self.began, 0.5)


@dataclass(frozen=True, slots=True)
class UsageFound:
    """The counts of a period. `cells` maps a group to its tally in each slot that has one, by the slot's number.

    `providers` and `models` are the names that occur in the period whatever the filter says of them. `lately` maps a
    provider's name to its last hour. `cut`, `lately_cut`: there were more rows than are read, of counts and of that hour.
    """

    slots: tuple[datetime, ...]
    cells: dict[Group, dict[int, Tally]]
    providers: tuple[str, ...]
    models: tuple[str, ...]
    lately: dict[str, Lately]
    cut: bool
    lately_cut: bool


def usage_of(*, user: User, wanted: UsageFilter, now: datetime | None = None) -> UsageFound:
    """Return what `user` may see of the counts. Two queries."""
    now = now or timezone.now()
    slots = wanted.period.slots(now)
    rows = Usage.objects.filter(counted_for(user), span=wanted.period.span, begins__gte=slots[0])
    rows = rows.filter(begins__lte=slots[-1])
    if wanted.person is not None and user.is_administrator:
        rows = rows.filter(person=wanted.person)
    found = list(
        rows.order_by("-begins").values_list("begins", "provider", "model", "details", *COUNTS)[
            : MOST_ROWS + 1
        ]
    )
    cells: dict[Group, dict[int, Tally]] = {}
    names: set[Group] = set()
    number = {begins: n for n, begins in enumerate(slots)}
    for begins, provider, model, details, *counts in found[:MOST_ROWS]:
        group = Group(provider, model)
        names.add(group)
        if wanted.provider in ("", provider) and wanted.model in ("", model):
            slot = cells.setdefault(group, {}).setdefault(number[begins], Tally())
            slot.add_kept(counts, details)
    lately = _lately(user, wanted, now)
    return UsageFound(
        slots=slots,
        cells=cells,
        providers=tuple(sorted({name.provider for name in names})),
        models=tuple(sorted({name.model for name in names})),
        lately=lately,
        cut=len(found) > MOST_ROWS,
        lately_cut=sum(one.ended + one.running for one in lately.values()) >= MOST_LATELY,
    )


def people_counted(*, user: User) -> list[tuple[int, str]]:
    """Return whom an administrator may ask for, by name: people with counts. Nobody for others. One query, or none."""
    if not user.is_administrator:
        return []
    people = User.objects.filter(Exists(Usage.objects.filter(person=OuterRef("pk"))))
    return list(people.order_by("username").values_list("pk", "username"))


def _lately(user: User, wanted: UsageFilter, now: datetime) -> dict[str, Lately]:
    runs: QuerySet[Exchange, Any] = Exchange.objects.filter(created__gt=now - LATELY, created__lte=now)
    if not user.is_administrator:
        runs = runs.filter(run__person=user)
    elif wanted.person is not None:
        runs = runs.filter(run__person=wanted.person)
    named = {"provider_name": wanted.provider, "model": wanted.model}
    runs = runs.filter(**{name: value for name, value in named.items() if value})
    rows = (
        runs.annotate(kind=KeyTextTransform("kind", "error"))
        .order_by("-created")
        .values_list("provider_name", "state", "kind", "timing")[:MOST_LATELY]
    )
    found: dict[str, Lately] = {}
    for provider, *ended in rows:
        _lately_count(found.setdefault(provider, Lately()), ended)
    return found


def _lately_count(lately: Lately, ended: Sequence[Any]) -> None:
    state, kind, timing = ended
    lately.running += state in Exchange.LIVE
    lately.ended += state not in Exchange.LIVE
    if state == Exchange.State.FAILED:
        lately.failed += 1
        lately.errors[kind or ""] = lately.errors.get(kind or "", 0) + 1
    if (ttft := timing.get("first_token")) is not None:
        stretch = stretch_of(ttft)
        lately.began[stretch] = lately.began.get(stretch, 0) + 1
