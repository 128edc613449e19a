"""Budgets: how much a person, or whoever uses a key, may spend in a month."""

from __future__ import annotations

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction

from team.errors import InvalidValue
from team.models import ApiKey, Budget, User
from team.services.audit import audit


def budget_set(*, actor: User | None, of: User | ApiKey, amount: Decimal, currency: str) -> Budget:
    """Set or change the monthly budget of a person or a key; it counts from the next run on. Raises InvalidValue."""
    place = {"person": of} if isinstance(of, User) else {"key": of}
    with transaction.atomic():
        budget = Budget.objects.select_for_update().filter(**place).first() or Budget(**place)
        before = str(budget) if budget.pk else "–"
        budget.amount, budget.currency = amount, currency
        try:
            budget.clean_fields()
        except ValidationError as problem:
            field, messages = next(iter(problem.message_dict.items()))
            raise InvalidValue(field, messages[0]) from problem
        # Two at once: the later one changes what the earlier one made.
        budget, _made = Budget.objects.update_or_create(
            **place, defaults={"amount": amount, "currency": currency}
        )
        audit(actor=actor, action="budget.set", target=_target(budget), before=before, now=str(budget))
    return budget


@transaction.atomic
def budget_remove(*, actor: User, budget: Budget) -> None:
    """Let a person or a key spend without a budget."""
    audit(actor=actor, action="budget.remove", target=_target(budget), before=str(budget))
    budget.delete()


def _target(budget: Budget) -> str:
    if budget.person is not None:
        return budget.person.username
    key = budget.key
    assert key is not None  # the table has a budget belong to one of the two
    return f"{key.provider.name} {key}" + (f" ({key.owner.username})" if key.owner else "")
