"""Budgets stop new runs once what was spent this month has reached them; what runs already goes on to its end."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.money_words import money_text
from conversations.selectors.costs import spent_on
from conversations.services.charging import month_of
from team.errors import BudgetSpent
from team.models import Budget, Provider, User
from team.selectors import administrators
from team.selectors.pricing import budgets_on, keys_used

NAMED: Final = 3
"""Administrators whom a message names; more help nobody."""


def keys_charged(*, person: User, providers: Iterable[Provider]) -> dict[UUID, int]:
    """Return with which key the person's requests to each provider go; those without a key are not in the answer.

    Raises `BudgetSpent` where a budget of the person or of one of the keys is used up. Who opens a run at the same moment
    is judged by the same sum: a cost is known when its answer has ended, so what is under way can go past a budget.
    """
    keys = keys_used(person=person, providers=providers)
    month = month_of(timezone.now())
    for budget in budgets_on(person=person, keys=keys.values()):
        spent = spent_on(budget=budget, month=month).of(budget.currency)
        if (spent or 0) >= budget.amount:
            raise BudgetSpent(_sentence(budget, person))
    return keys


def _sentence(budget: Budget, person: User) -> str:
    amount = money_text(budget.amount, budget.currency)
    if budget.person_id is not None:
        said = _("Your budget of %(amount)s for this month is used up.") % {"amount": amount}
    elif budget.key is not None and budget.key.owner_id == person.pk:
        said = _("The budget of %(amount)s for your key of “%(provider)s” is used up for this month.") % {
            "amount": amount,
            "provider": budget.key.provider.name,
        }
    else:
        # What others spend with the team's key is not this person's to know, nor how much they may.
        name = budget.key.provider.name if budget.key else ""
        said = _("The team’s budget for “%(provider)s” is used up for this month.") % {"provider": name}
    return f"{said} {_way_out(person)}"


def _way_out(person: User) -> str:
    if person.is_administrator:
        return _("You can raise it in the settings, under Budgets. Nothing you typed is lost.")
    names = [each.get_full_name() for each in administrators().order_by("username")[:NAMED]]
    return _("An administrator can raise it: %(names)s. Nothing you typed is lost.") % {
        "names": ", ".join(names)
    }
