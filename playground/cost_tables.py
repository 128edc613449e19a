"""What was spent, as charts and tables show it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conversations.costing import Spent
from conversations.money_words import money_text, spent_text
from conversations.selectors import CostFilter
from playground.charts import Chart, Series, Slot, Value, Words, bar_chart

MOST_ROWS: Final = 50
"""Rows of a table; the rest is one more row."""
MONTHS: Final = (3, 12, 24)


@dataclass(frozen=True, slots=True)
class CostRow:
    """One person, key, model or month. `href` shows it alone, "" where it cannot be."""

    label: str
    cost: str
    answers: int
    href: str = ""


@dataclass(frozen=True, slots=True)
class CostTable:
    """`title` is above the table, `of` heads its first column."""

    title: str
    of: str
    rows: tuple[CostRow, ...]


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A filter that is on, in words; `href` takes it off."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class BudgetView:
    """A budget and what this month has drawn from it; `share` is that in thousandths, at most all."""

    label: str
    amount: str
    spent: str
    share: int
    is_spent: bool


def query_of(chosen: CostFilter, months: int, **changes: Any) -> str:
    """Return the query of the page with some of its filters changed; None takes one off."""
    values: dict[str, Any] = {
        "person": chosen.person,
        "key": chosen.key,
        "model": chosen.model,
        "month": f"{chosen.month:%Y-%m}" if chosen.month else None,
        "months": months if months != MONTHS[1] else None,
    } | changes
    query = urlencode({name: value for name, value in values.items() if value not in (None, "")})
    return f"?{query}" if query else "?"


def month_name(month: date) -> str:
    return date_format(month, "YEAR_MONTH_FORMAT")


def months_back(last: date, count: int) -> list[date]:
    """Return the first days of so many months, the last one `last`."""
    numbers = range(last.year * 12 + last.month - count, last.year * 12 + last.month)
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]


def cost_charts(spent: Mapping[date, Spent], months: Iterable[date]) -> tuple[Chart, ...]:
    """Return one chart for each currency: what is known to have been spent in each month."""
    axis = list(months)
    currencies = sorted({currency for each in spent.values() for currency, _amount in each.amounts})
    slots = [Slot(month_name(month), date_format(month, "M")) for month in axis]
    return tuple(_chart(currency, spent, axis, slots) for currency in currencies)


def _chart(currency: str, spent: Mapping[date, Spent], axis: list[date], slots: list[Slot]) -> Chart:
    def exact(value: Value) -> str:
        return money_text(Decimal(str(value)), currency)

    values = tuple(spent.get(month, Spent()).of(currency) for month in axis)
    title = _("Cost by month in %(currency)s") % {"currency": currency}
    series = [Series(currency, values, 1)]
    # The axis says its currency above the chart; beside each mark there is no room for it.
    words = Words(exact=exact, short=lambda value: exact(value).removesuffix(currency).strip(), whole=False)
    return bar_chart(name=f"cost-{currency}", title=title, slots=slots, series=series, words=words)


def cost_rows(
    spent: Mapping[Any, Spent], *, labels: Mapping[Any, str], hrefs: Mapping[Any, str]
) -> tuple[CostRow, ...]:
    """Return the rows of a table, the dearest first; beyond MOST_ROWS they are one."""
    ordered = sorted(spent.items(), key=lambda item: _weight(item[1]), reverse=True)
    rows = [
        CostRow(labels.get(value, str(value)), spent_text(each), each.answers, hrefs.get(value, ""))
        for value, each in ordered[:MOST_ROWS]
    ]
    if rest := [each for _value, each in ordered[MOST_ROWS:]]:
        total = sum(rest, Spent())
        rows.append(
            CostRow(
                ngettext("%(count)s more", "%(count)s more", len(rest)) % {"count": len(rest)},
                spent_text(total),
                total.answers,
            )
        )
    return tuple(rows)


def _weight(spent: Spent) -> tuple[Decimal, int]:
    """Return what rows are ordered by. Amounts of different currencies are not compared with each other as money: the
    largest number stands first, whatever it is of."""
    return max((amount for _currency, amount in spent.amounts), default=Decimal(-1)), spent.answers


def budget_view(label: str, *, amount: Decimal, currency: str, spent: Spent) -> BudgetView:
    """Return a budget as a line shows it."""
    known = spent.of(currency) or Decimal(0)
    share = 1000 if known >= amount else int(1000 * known / amount)
    return BudgetView(
        label, money_text(amount, currency), money_text(known, currency), share, known >= amount
    )
