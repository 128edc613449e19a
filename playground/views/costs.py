"""What answers cost, by month, model, key and person: everybody their own, administrators everybody's."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from conversations import selectors
from conversations.costing import Spent
from conversations.money_words import spent_text
from conversations.selectors import CostFilter, SpentBy
from conversations.services.charging import month_of
from playground.cost_tables import (
    MONTHS,
    BudgetView,
    CostTable,
    Narrowed,
    budget_view,
    cost_charts,
    cost_rows,
    month_name,
    months_back,
    query_of,
)
from playground.views.signed_in import PersonRequest, signed_in
from team import selectors as team
from team.forms.prices import key_label
from team.models import User
from team.selectors import pricing

MODEL_MAX = 300


@require_GET
@signed_in
@never_cache
def costs(request: PersonRequest) -> HttpResponse:
    """Show what was spent in the last months, narrowed by `person`, `key`, `model` and `month` of the query.

    What belongs to others is not there for a member: neither in the sums nor as a filter.
    """
    user = request.user
    this_month = month_of(timezone.now())
    months = next((each for each in MONTHS if request.GET.get("months") == str(each)), MONTHS[1])
    axis = months_back(this_month, months)
    chosen = _filter(request, axis)
    spent = selectors.spent_by(user=user, chosen=chosen)
    total = sum(spent.month.values(), Spent())
    people, keys = _people(user), _keys(user)
    context = {
        "section": "costs",
        "total": spent_text(total),
        "answers": total.answers,
        "unknown": total.unknown,
        "charts": cost_charts(spent.month, axis),
        "tables": _tables(user, chosen, months, spent, (people, keys)),
        "narrowed": _narrowed(chosen, months, people, keys),
        "spans": [(each, query_of(chosen, each, month=None), each == months) for each in MONTHS],
        "budgets": _budgets(user, this_month),
    }
    return render(request, "playground/costs.html", context)


def _filter(request: PersonRequest, axis: list[date]) -> CostFilter:
    """Return what the query asks for. Raises Http404 for what this person may not see, or cannot exist."""
    user, asked = request.user, request.GET
    person, key = _number(asked.get("person", "")), _number(asked.get("key", ""))
    if person is not None and person != user.pk and not user.is_administrator:
        raise Http404
    if key is not None and not selectors.key_is_used_by(user=user, key=key):
        raise Http404
    month = None
    if asked.get("month"):
        month = next((each for each in axis if f"{each:%Y-%m}" == asked["month"]), None)
        if month is None:
            raise Http404
    model = asked.get("model", "")[:MODEL_MAX].replace("\0", "")
    return CostFilter(since=axis[0], person=person, key=key, model=model, month=month)


def _number(text: str) -> int | None:
    """Return an id of the query, None where none is given. Raises Http404 for what cannot be one."""
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Http404
    return int(text)


def _people(user: User) -> dict[Any, str]:
    """Return the names that this user may read. One query at most."""
    people = team.people() if user.is_administrator else [user]
    return {each.pk: each.get_full_name() for each in people} | {None: _("People who are gone")}


def _keys(user: User) -> dict[Any, str]:
    """Return what keys are called that this user may see: the team's and their own; an administrator, everybody's."""
    keys = [each for each in pricing.keys_all() if user.is_administrator or each.owner_id in (None, user.pk)]
    return {each.pk: key_label(each) for each in keys} | {None: _("No key, or one that is gone")}


def _tables(
    user: User,
    chosen: CostFilter,
    months: int,
    spent: SpentBy,
    names: tuple[Mapping[Any, str], Mapping[Any, str]],
) -> list[CostTable]:
    people, keys = names

    def hrefs(name: str, values: Mapping[Any, Spent]) -> dict[Any, str]:
        if getattr(chosen, name) not in (None, ""):
            return {}
        return {
            value: query_of(chosen, months, **{name: value}) for value in values if value not in (None, "")
        }

    by_model = cost_rows(spent.model, labels={}, hrefs=hrefs("model", spent.model))
    by_key = cost_rows(spent.key, labels=keys, hrefs=hrefs("key", spent.key))
    tables = [CostTable(_("By model"), _("Model"), by_model), CostTable(_("By key"), _("Key"), by_key)]
    if user.is_administrator:
        rows = cost_rows(spent.person, labels=people, hrefs=hrefs("person", spent.person))
        tables.insert(0, CostTable(_("By person"), _("Person"), rows))
    newest = dict(sorted(spent.month.items(), reverse=True))
    links = {
        month: "" if chosen.month else query_of(chosen, months, month=f"{month:%Y-%m}") for month in newest
    }
    labels = {month: month_name(month) for month in newest}
    rows = tuple(
        row for month in newest for row in cost_rows({month: newest[month]}, labels=labels, hrefs=links)
    )
    tables.append(CostTable(_("By month"), _("Month"), rows))
    return [table for table in tables if table.rows]


def _narrowed(
    chosen: CostFilter, months: int, people: Mapping[Any, str], keys: Mapping[Any, str]
) -> list[Narrowed]:
    labels = {
        "person": people.get(chosen.person, "") if chosen.person is not None else "",
        "key": keys.get(chosen.key, _("A key that is gone")) if chosen.key is not None else "",
        "model": chosen.model,
        "month": month_name(chosen.month) if chosen.month else "",
    }
    return [
        Narrowed(label, query_of(chosen, months, **{name: None})) for name, label in labels.items() if label
    ]


def _budgets(user: User, month: date) -> list[BudgetView]:
    """Return the person's own budget with what it has left; the budgets of keys stand on the administrators' page."""
    budget = pricing.budget_of(person=user)
    if budget is None:
        return []
    spent = selectors.spent_on(budget=budget, month=month)
    return [
        budget_view(_("Your budget this month"), amount=budget.amount, currency=budget.currency, spent=spent)
    ]
