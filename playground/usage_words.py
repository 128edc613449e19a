"""What the usage page says and draws: counts in; sentences, rows and charts out. No queries."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from conversations.histogram import percentile
from conversations.selectors import Group, Lately, Period, UsageFound
from conversations.tally import Tally
from playground.charts import Chart, Series, Slot, Spark, Value, Words, bar_chart, line_chart, spark
from playground.templatetags import figures

MOST_LINES: Final = 5
"""Groups with a line of their own in a chart; the table has all."""
MOST_STANDINGS: Final = 6
MOST_ROWS: Final = 100
MANY_FAIL: Final = 0.1
"""The share of failed runs from which on a provider counts as failing."""
SLOW: Final = 2.0
SLOW_MS: Final = 300.0
"""Slow is a first token that takes this many times as long as usual, and so much longer."""
ENOUGH: Final = 3
"""Answers of the last hour, and of the time before, without which nobody is called slow."""
TONES: Final = {"bad": 0, "warn": 1, "good": 2, "quiet": 3}


def _plain(show: Callable[[float | None], str]) -> Callable[[Value], str]:
    return lambda value: show(float(value))


def _short_seconds(value: Value) -> str:
    return pgettext("seconds", "%(seconds)s s") % {"seconds": figures.compact(float(value) / 1000)}


_counts: Final = Words(exact=lambda value: figures.whole(int(value)), short=_plain(figures.compact))
_shares: Final = Words(exact=_plain(figures.percent), short=_plain(figures.percent), whole=False)
_times: Final = Words(exact=_plain(figures.seconds), short=_short_seconds, whole=False)
_rates: Final = Words(exact=_plain(figures.one_decimal), short=_plain(figures.compact), whole=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one provider does now. `tone`: bad, warn, good or quiet; `now` is about the last hour, `then` about the period."""

    provider: str
    tone: str
    now: str
    then: str
    runs: Spark | None


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One line of the table. Times in ms; None = not known."""

    provider: str
    model: str
    runs: int
    failed: float
    ttft: float | None
    ttft_most: float | None
    rate: float | None
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """How often runs ended with one kind of error; `share` is of all runs."""

    kind: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart with its heading and a remark."""

    heading: str
    chart: Chart
    note: str = ""


@dataclass(frozen=True, slots=True)
class UsageView:
    """Everything that the page shows of the counts. `hidden`: how many groups are not among `rows`."""

    standings: tuple[Standing, ...]
    total: Tally
    rows: tuple[UsageRow, ...]
    hidden: int
    errors: tuple[ErrorRow, ...]
    panels: tuple[Panel, ...]

    @property
    def failed(self) -> float | None:
        """The share of failed runs."""
        return self.total.failed / self.total.runs if self.total.runs else None


def usage_view(found: UsageFound, *, period: Period, by_model: bool) -> UsageView:
    """Return the page. Lines are drawn for each model where `by_model`, else for each provider."""
    # Adding tallies is what costs here: each is added once to its group and once to its line.
    whole = {group: _sum(tallies.values()) for group, tallies in found.cells.items()}
    total = _sum(whole.values())
    rows = _rows(whole)
    return UsageView(
        standings=_standings(found, whole, period),
        total=total,
        rows=rows[:MOST_ROWS],
        hidden=max(0, len(rows) - MOST_ROWS),
        errors=_errors(total),
        panels=_panels(found, _slots(found.slots, period), by_model=by_model),
    )


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


def _slots(begins: Sequence[datetime], period: Period) -> list[Slot]:
    day = pgettext("day on an axis", "j M")
    if period is not Period.TODAY:
        return [Slot(label, label) for label in (date_format(each, day) for each in begins)]
    hour = timedelta(hours=1)
    return [
        Slot(
            _("%(day)s, %(from)s to %(to)s")
            % {"day": date_format(each, day), "from": f"{each:%H:%M}", "to": f"{each + hour:%H:%M}"},
            f"{each:%H:%M}",
        )
        for each in begins
    ]


# How they do now


def _standings(found: UsageFound, whole: Mapping[Group, Tally], period: Period) -> tuple[Standing, ...]:
    names = {group.provider for group in found.cells} | set(found.lately)
    made = []
    for name in names:
        runs = [0] * len(found.slots)
        for group, tallies in found.cells.items():
            if group.provider == name:
                for n, tally in tallies.items():
                    runs[n] += tally.runs
        then = _sum(tally for group, tally in whole.items() if group.provider == name)
        made.append(_standing(name, found.lately.get(name, Lately()), then, runs, period))
    made.sort(key=lambda pair: pair[0])
    return tuple(standing for _order, standing in made[:MOST_STANDINGS])


def _standing(
    name: str, lately: Lately, whole: Tally, runs: Sequence[int], period: Period
) -> tuple[tuple[float, ...], Standing]:
    """Return a provider's standing after what orders it: the worst first."""
    before = {key: count - lately.began.get(key, 0) for key, count in whole.ttft.items()}
    before = {key: count for key, count in before.items() if count > 0}
    usual = percentile(before, 0.5)
    slow = _is_slow(lately, usual, sum(before.values()))
    share = lately.failed / lately.ended if lately.ended else 0.0
    if share >= MANY_FAIL:
        tone = "bad"
    elif lately.failed or slow:
        tone = "warn"
    else:
        tone = "good" if lately.ended else "quiet"
    standing = Standing(
        provider=name,
        tone=tone,
        now=_now(lately, usual if slow else None),
        then=_then(whole, period),
        runs=spark(title=_("Runs over time"), values=runs),
    )
    return (TONES[tone], -share, -(lately.ttft or 0) if slow else 0.0, -whole.runs), standing


def _is_slow(lately: Lately, usual: float | None, answers: int) -> bool:
    """Whether the last hour is much slower than the `answers` before it."""
    now = lately.ttft
    if now is None or usual is None or min(lately.answered, answers) < ENOUGH:
        return False
    return now >= SLOW * usual and now - usual >= SLOW_MS


def _now(lately: Lately, usual: float | None) -> str:
    """Return a sentence about the last hour; `usual` is given where it is slow."""
    if lately.failed:
        kinds = sorted(lately.errors.items(), key=lambda pair: (-pair[1], pair[0]))
        return ngettext(
            "%(failed)s of %(runs)s run failed in the last hour (%(errors)s).",
            "%(failed)s of %(runs)s runs failed in the last hour (%(errors)s).",
            lately.ended,
        ) % {
            "failed": figures.whole(lately.failed),
            "runs": figures.whole(lately.ended),
            "errors": ", ".join(
                f"{kind or _('unknown')} {figures.whole(count)}" for kind, count in kinds[:3]
            ),
        }
    if usual is not None:
        return _("The first token took %(now)s in the last hour; usually it takes %(usual)s.") % {
            "now": figures.seconds(lately.ttft),
            "usual": figures.seconds(usual),
        }
    if lately.ended:
        return ngettext(
            "%(runs)s run in the last hour, none failed.",
            "%(runs)s runs in the last hour, none failed.",
            lately.ended,
        ) % {"runs": figures.whole(lately.ended)}
    if lately.running:
        return _("No run has ended in the last hour; some are under way.")
    return _("No run in the last hour.")


def _then(whole: Tally, period: Period) -> str:
    """Return a sentence about the period."""
    if not whole.runs:
        return ""
    values = {
        "failed": figures.percent(whole.failed / whole.runs),
        "runs": figures.whole(whole.runs),
        "ttft": figures.seconds(percentile(whole.ttft, 0.5)),
        "days": period.value,
    }
    if period is Period.TODAY:
        if values["ttft"]:
            return _("24 hours: %(failed)s of %(runs)s failed, first token after %(ttft)s.") % values
        return _("24 hours: %(failed)s of %(runs)s failed.") % values
    if values["ttft"]:
        return _("%(days)s days: %(failed)s of %(runs)s failed, first token after %(ttft)s.") % values
    return _("%(days)s days: %(failed)s of %(runs)s failed.") % values


# Tables


def _rows(wholes: Mapping[Group, Tally]) -> tuple[UsageRow, ...]:
    rows = []
    for group, whole in wholes.items():
        rows.append(
            UsageRow(
                provider=group.provider,
                model=group.model,
                runs=whole.runs,
                failed=whole.failed / whole.runs if whole.runs else 0.0,
                ttft=percentile(whole.ttft, 0.5),
                ttft_most=percentile(whole.ttft, 0.95),
                rate=percentile(whole.rate, 0.5),
                tokens_in=whole.tokens_in,
                tokens_out=whole.tokens_out,
            )
        )
    return tuple(sorted(rows, key=lambda row: (-row.runs, row.provider, row.model)))


def _errors(total: Tally) -> tuple[ErrorRow, ...]:
    kinds = sorted(total.errors.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(ErrorRow(kind, count, count / total.runs) for kind, count in kinds)


# Charts


def _panels(found: UsageFound, slots: Sequence[Slot], *, by_model: bool) -> tuple[Panel, ...]:
    grouped: dict[str, list[Tally]] = {}
    for group, tallies in found.cells.items():
        name = group.model if by_model else group.provider
        line = grouped.setdefault(name, [Tally() for _slot in slots])
        for n, tally in tallies.items():
            line[n].add(tally)
    shown = sorted(grouped, key=lambda name: (-sum(tally.runs for tally in grouped[name]), name))[:MOST_LINES]
    lines = [(name, grouped[name]) for name in shown]
    in_slot = [_sum(line[n] for line in grouped.values()) for n in range(len(slots))]
    note = ""
    if len(grouped) > MOST_LINES:
        note = _("The five with the most runs are drawn; the table below has all.")
    return (
        _bars("runs", _("Runs by state"), slots, _states(in_slot)),
        _lines("failed", _("Failed runs"), slots, lines, _failed, _shares, note),
        _lines(
            "ttft", _("First token, half of the answers within (p50)"), slots, lines, _ttft(0.5), _times, note
        ),
        _lines(
            "ttft95",
            _("First token, 95 of 100 answers within (p95)"),
            slots,
            lines,
            _ttft(0.95),
            _times,
            note,
        ),
        _lines("rate", _("Tokens per second (p50)"), slots, lines, _rate, _rates, note),
        _bars("tokens", _("Tokens"), slots, _tokens(in_slot)),
        _bars("errors", _("Errors by kind"), slots, _kinds(in_slot)),
    )


def _bars(name: str, heading: str, slots: Sequence[Slot], series: Sequence[Series]) -> Panel:
    return Panel(heading, bar_chart(name=name, title=heading, slots=slots, series=series, words=_counts))


def _lines(
    name: str,
    heading: str,
    slots: Sequence[Slot],
    groups: Sequence[tuple[str, Sequence[Tally]]],
    value: Callable[[Tally], Value | None],
    words: Words,
    note: str,
) -> Panel:
    series = [
        Series(label, tuple(value(tally) for tally in tallies), tone)
        for tone, (label, tallies) in enumerate(groups, start=1)
    ]
    return Panel(heading, line_chart(name=name, title=heading, slots=slots, series=series, words=words), note)


def _states(in_slot: Sequence[Tally]) -> list[Series]:
    return [
        Series(_("Completed"), tuple(tally.completed for tally in in_slot), 1),
        Series(_("Stopped"), tuple(tally.stopped for tally in in_slot), 5),
        Series(_("Interrupted"), tuple(tally.interrupted for tally in in_slot), 2),
        Series(_("Failed"), tuple(tally.failed for tally in in_slot), 6),
    ]


def _tokens(in_slot: Sequence[Tally]) -> list[Series]:
    return [
        Series(_("In"), tuple(tally.tokens_in for tally in in_slot), 1),
        Series(_("Out"), tuple(tally.tokens_out for tally in in_slot), 3),
    ]


def _kinds(in_slot: Sequence[Tally]) -> list[Series]:
    total = _sum(in_slot).errors
    shown = sorted(total, key=lambda kind: (-total[kind], kind))[: MOST_LINES - 1]
    series = [
        Series(kind, tuple(tally.errors.get(kind, 0) for tally in in_slot), tone)
        for kind, tone in zip(shown, (6, 2, 3, 4), strict=False)
    ]
    if len(total) > len(shown):
        rest = tuple(
            sum(tally.errors.values()) - sum(tally.errors.get(kind, 0) for kind in shown) for tally in in_slot
        )
        series.append(Series(_("Others"), rest, 5))
    return series


def _failed(tally: Tally) -> float | None:
    return tally.failed / tally.runs if tally.runs else None


def _rate(tally: Tally) -> float | None:
    return percentile(tally.rate, 0.5)


def _ttft(share: float) -> Callable[[Tally], float | None]:
    return lambda tally: percentile(tally.ttft, share)
