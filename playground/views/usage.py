"""The usage page: what runs came to, per provider and model over time, and who is slow or failing now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from conversations import selectors, storable
from conversations.selectors import Period, UsageFilter
from conversations.selectors.usage import MOST_LATELY
from playground.usage_words import usage_view
from playground.views.signed_in import PersonRequest, signed_in

FIELDS: Final = ("period", "provider", "model", "person", "by")
MOST_CHOICES: Final = 200
"""Values that one filter offers."""


@dataclass(frozen=True, slots=True)
class UsageChoice:
    """One value of a filter."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class UsagePick:
    """A filter with what it offers."""

    name: str
    label: str
    choices: tuple[UsageChoice, ...]


@require_GET
@signed_in
def usage(request: PersonRequest) -> HttpResponse:
    """Show the person's own counts, administrators the team's: the page, or its figures where htmx asks."""
    asked = {name: storable.text(request.GET.get(name, "")) for name in FIELDS}
    wanted = usage_asked(asked)
    now = timezone.now()
    found = selectors.usage_of(user=request.user, wanted=wanted, now=now)
    # One provider's lines would be one line: its models say more.
    by_model = asked["by"] == "model" or (bool(wanted.provider) and asked["by"] != "provider")
    context = {
        "section": "usage",
        "view": usage_view(found, period=wanted.period, by_model=by_model),
        "periods": [UsageChoice(each.value, label, each is wanted.period) for each, label in _periods()],
        "by_model": by_model,
        "picks": _picks(asked, found.providers, found.models, selectors.people_counted(user=request.user)),
        "team": request.user.is_administrator and wanted.person is None,
        "now": now,
        "lately_most": MOST_LATELY if found.lately_cut else 0,
        "cut": found.cut,
    }
    return render(request, f"playground/{'_usage' if request.htmx else 'usage'}.html", context)


def usage_asked(asked: Mapping[str, str]) -> UsageFilter:
    """Read the fields of the form; what makes no sense does not count."""
    person = asked["person"]
    known = {period.value: period for period in Period}
    return UsageFilter(
        period=known.get(asked["period"], Period.TODAY),
        provider=asked["provider"][:200],
        model=asked["model"][:300],
        person=int(person) if person.isdecimal() and person.isascii() and len(person) < 19 else None,
    )


def _periods() -> tuple[tuple[Period, str], ...]:
    return (
        (Period.TODAY, _("24 hours")),
        (Period.WEEK, _("7 days")),
        (Period.MONTH, _("30 days")),
        (Period.QUARTER, _("90 days")),
    )


def _picks(
    asked: Mapping[str, str],
    providers: tuple[str, ...],
    models: tuple[str, ...],
    people: list[tuple[int, str]],
) -> list[UsagePick]:
    rows = [
        ("provider", _("Provider"), [(name, name) for name in providers]),
        ("model", _("Model"), [(name, name) for name in models]),
    ]
    if people:
        rows.append(("person", _("Person"), [(str(pk), name) for pk, name in people]))
    return [UsagePick(name, label, _choices(values, asked[name])) for name, label, values in rows]


def _choices(values: list[tuple[str, str]], chosen: str) -> tuple[UsageChoice, ...]:
    """Return the first values; a chosen one that is not among them stands last: a link may name what is gone."""
    shown = values[:MOST_CHOICES]
    if chosen and all(value != chosen for value, _label in shown):
        shown = [*shown, next((pair for pair in values if pair[0] == chosen), (chosen, chosen))]
    return tuple(UsageChoice(value, label, value == chosen) for value, label in shown)
