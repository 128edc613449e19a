"""Prices and budgets, for administrators: typed, taken from a file, and filled in where a cost was unknown."""

from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from conversations import selectors, services
from conversations.services.charging import month_of
from playground.cost_tables import budget_view
from team import services as team_services
from team.errors import InvalidValue
from team.forms import BudgetForm, PriceChoiceForm, PriceForm
from team.forms.prices import held_read, held_seal, key_label
from team.models import Budget, Price
from team.price_import import MAX_BYTES, PricesUnreadable, prices_read
from team.selectors import pricing
from team.views.access import administrator_required, go_to, user_of

PAGE: Final = 50
FILL_MOST: Final = 10_000
"""Answers that one press fills in: some seconds."""


@require_http_methods(["GET", "POST"])
@never_cache
@administrator_required
def prices(request: HttpRequest) -> HttpResponse:
    """Show the prices, with a form for a new one or for the one that `edit` names; POST keeps it."""
    number = request.GET.get("edit", "")
    edited = _price(number) if number else None
    if request.method != "POST":
        return _page(request, form=PriceForm(price=edited), edited=edited)
    form = PriceForm(request.POST, price=edited)
    if not form.is_valid() or not form.save(actor=user_of(request)):
        return _page(request, status=422, form=form, edited=edited)
    messages.success(request, _("Saved. It counts for answers from now on."))
    return redirect("prices")


def _price(number: str) -> Price:
    return pricing.price(
        pk=int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else -1
    )


@require_POST
@administrator_required
def price_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a price."""
    team_services.price_remove(actor=user_of(request), price=pricing.price(pk=pk))
    messages.success(request, _("Price removed. Costs that were reckoned with it stay."))
    return go_to(request, "prices")


@require_POST
@administrator_required
def prices_import(request: HttpRequest) -> HttpResponse:
    """Read an uploaded file and show what would come of it."""
    upload = request.FILES.get("file")
    if upload is None:
        return _page(request, status=422, form=PriceForm(), import_error=_("Choose a file first."))
    try:
        file = prices_read(upload.read(MAX_BYTES + 1))
    except PricesUnreadable as problem:
        return _page(request, status=422, form=PriceForm(), import_error=_unreadable(problem.code))
    form = PriceChoiceForm({"held": held_seal(file)}, file=file)
    form.is_valid()  # nothing is chosen yet, and nothing need be
    return _preview(request, form)


def _unreadable(code: str) -> str:
    return {
        "too_large": _("This file is too large: the list of prices has about 2 MB."),
        "too_many": _("This file has too many entries to be the list of prices."),
        "not_text": _("This is no text file in UTF-8."),
        "not_json": _("This is no JSON that can be read."),
        "not_prices": _(
            "This JSON is no list of prices: an object with a model in each member was expected."
        ),
    }[code]


@require_POST
@administrator_required
def prices_import_apply(request: HttpRequest) -> HttpResponse:
    """Take the prices of a preview (`deed` "apply"), or show it for other choices."""
    try:
        file = held_read(request.POST.get("held", ""))
    except InvalidValue as problem:
        return _page(request, status=422, form=PriceForm(), import_error=problem.message)
    form = PriceChoiceForm(request.POST, file=file)
    if not form.is_valid():
        return _page(request, status=422, form=PriceForm(), import_error=_("Choose the file again."))
    if request.POST.get("deed") != "apply":
        return _preview(request, form)
    if form.cleaned_data["seen"] != form.choices_made:
        messages.info(request, _("These are other choices: look at what they would change first."))
        return _preview(request, form)
    done = team_services.prices_import(
        actor=user_of(request), provider=form.chosen_provider, entries=form.chosen.entries
    )
    said = ngettext("%(count)s new price", "%(count)s new prices", done.new) % {"count": done.new}
    changed = ngettext("%(count)s changed", "%(count)s changed", done.changed) % {"count": done.changed}
    messages.success(request, _("Imported: %(new)s, %(changed)s.") % {"new": said, "changed": changed})
    return redirect("prices")


def _preview(request: HttpRequest, form: PriceChoiceForm) -> HttpResponse:
    chosen = form.chosen
    context = {
        "section": "prices",
        "form": form,
        "changes": team_services.prices_compare(provider=form.chosen_provider, entries=chosen.entries),
        "skipped": [
            (count, reason) for code, reason in _reasons().items() if (count := chosen.skipped.get(code, 0))
        ],
        "specimens": sorted(chosen.entries, key=lambda entry: entry.model)[:20],
        "count": len(chosen.entries),
    }
    return render(request, "team/price_import.html", context)


def _reasons() -> dict[str, str]:
    """Return why an entry of a file is passed over, by its code."""
    return {
        "ambiguous": _("different prices in the file: choose one vendor"),
        "free": _("a price of 0, which may say that nobody knew"),
        "kind": _("no chat model"),
        "price": _("no usable price per token for input and output"),
        "name": _("a name that no model can have here"),
        "odd": _("not written as the list’s other entries"),
    }


@require_POST
@administrator_required
def prices_fill(request: HttpRequest) -> HttpResponse:
    """Reckon what is unknown so far with the prices of now."""
    done = services.charges_fill(most=FILL_MOST)
    said = ngettext("%(count)s answer has a cost now.", "%(count)s answers have a cost now.", done.filled)
    messages.success(request, said % {"count": done.filled})
    if done.rest:
        messages.info(request, _("There are more: press the button again."))
    return redirect("prices")


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    matching = request.GET.get("q", "").replace("\0", "")[:200]
    facts = {
        "section": "prices",
        "q": matching,
        "page": Paginator(pricing.prices(matching=matching), PAGE).get_page(request.GET.get("page")),
        "unknown": selectors.charges_unknown(),
    }
    return render(request, "team/prices.html", facts | more, status=status)


# Budgets


@require_http_methods(["GET", "POST"])
@never_cache
@administrator_required
def budgets(request: HttpRequest) -> HttpResponse:
    """Show every budget with what this month has drawn from it; POST sets one."""
    if request.method != "POST":
        return _budgets_page(request, BudgetForm())
    form = BudgetForm(request.POST)
    if not form.is_valid():
        return _budgets_page(request, form, status=422)
    form.save(actor=user_of(request))
    messages.success(request, _("Saved. It counts from the next run on."))
    return redirect("budgets")


@require_POST
@administrator_required
def budget_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a budget away."""
    team_services.budget_remove(actor=user_of(request), budget=pricing.budget(pk=pk))
    messages.success(request, _("Budget removed."))
    return redirect("budgets")


def _budgets_page(request: HttpRequest, form: BudgetForm, *, status: int = 200) -> HttpResponse:
    month = month_of(timezone.now())
    found = list(pricing.budgets())
    spent = selectors.spent_on_budgets(budgets=found, month=month)
    rows = [
        (
            each,
            budget_view(_budget_of(each), amount=each.amount, currency=each.currency, spent=spent[each.pk]),
        )
        for each in found
    ]
    context = {"section": "budgets", "form": form, "rows": rows}
    return render(request, "team/budgets.html", context, status=status)


def _budget_of(budget: Budget) -> str:
    if budget.person is not None:
        return budget.person.get_full_name()
    return key_label(budget.key) if budget.key is not None else ""
