"""What was spent: sums over charges. A person sees their own; an administrator sees everybody's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum

from conversations.costing import Cost, Spent
from conversations.models import Charge, Conversation, Exchange
from conversations.models.charges import NANO
from team.models import Budget, User

Dimension = Literal["month", "person", "key", "model"]
_FIELDS: Final[dict[Dimension, tuple[str, ...]]] = {
    "month": ("month",),
    "person": ("person",),
    "key": ("key",),
    "model": ("model",),
}


@dataclass(frozen=True, slots=True)
class CostFilter:
    """Which answers to count; None and "" are all of them. `person` and `key` are ids."""

    since: date
    person: int | None = None
    key: int | None = None
    model: str = ""
    month: date | None = None


def cost_of(exchange: Exchange) -> Cost | None:
    """Return what an exchange cost, None where there was nothing to pay for. Reads a charge that is not loaded yet."""
    charge = getattr(exchange, "charge", None)
    return None if charge is None else _cost(charge)


def _cost(charge: Charge) -> Cost:
    return Cost(charge.amount, charge.currency, counted=charge.tokens_in is not None)


def costs_of(*, exchanges: Iterable[UUID]) -> dict[UUID, Cost]:
    """Return what exchanges cost; those with nothing to pay for are not in the answer. At most one query."""
    ids = list(exchanges)
    rows = Charge.objects.filter(exchange__in=ids) if ids else ()
    return {row.exchange_id: _cost(row) for row in rows if row.exchange_id}


def cost_of_conversation(*, conversation: Conversation) -> Spent:
    """Return what a conversation's answers cost together. One query."""
    found = Charge.objects.filter(exchange__run__conversation=conversation)
    return sum(_sums(found, ()).values(), Spent())


def _visible(user: User) -> Q:
    return Q() if user.is_administrator else Q(person=user)


def _filtered(user: User, chosen: CostFilter) -> QuerySet[Charge]:
    found = Charge.objects.filter(_visible(user), month__gte=chosen.since)
    if chosen.person is not None:
        found = found.filter(person=chosen.person)
    if chosen.key is not None:
        found = found.filter(key=chosen.key)
    if chosen.model:
        found = found.filter(model=chosen.model)
    if chosen.month is not None:
        found = found.filter(month=chosen.month)
    return found


def spent_by(*, user: User, chosen: CostFilter, by: Dimension) -> dict[Any, Spent]:
    """Return what was spent by month, person, key or model (ids and names), as this user may see it. One query.

    None stands for people and keys that are gone, and for answers without a key.
    """
    return {values[0]: spent for values, spent in _sums(_filtered(user, chosen), _FIELDS[by]).items()}


def _sums(found: QuerySet[Charge], fields: Sequence[str]) -> dict[tuple[Any, ...], Spent]:
    """Return sums by the values of `fields`. In two halves: a sum of billionths might be too large for the database."""
    rows = found.values_list(*fields, "currency").annotate(
        whole=Sum(F("nano") / NANO),
        rest=Sum(F("nano") % NANO),
        answers=Count("pk"),
        known=Count("nano"),
    )
    spent: dict[tuple[Any, ...], Spent] = {}
    for *values, currency, whole, rest, answers, known in rows.order_by():
        amounts = ((currency, _amount(whole, rest)),) if known else ()
        key = tuple(values)
        spent[key] = spent.get(key, Spent()) + Spent(amounts, answers, answers - known)
    return spent


def _amount(whole: Any, rest: Any) -> Decimal:
    return Decimal(int(whole or 0)) + Decimal(int(rest or 0)) / NANO


def spent_on(*, budget: Budget, month: date) -> Spent:
    """Return what has been spent in a month on what a budget is for. One query, answered by an index."""
    of = {"person": budget.person_id} if budget.person_id is not None else {"key": budget.key_id}
    return _sums(Charge.objects.filter(**of, month=month), ()).get((), Spent())


def spent_on_budgets(*, budgets: Iterable[Budget], month: date) -> dict[int, Spent]:
    """Return what has been spent in a month on what each of these budgets is for, by the budget's id. Two queries."""
    wanted = list(budgets)
    people = Charge.objects.filter(
        month=month, person__in=[each.person_id for each in wanted if each.person_id]
    )
    keys = Charge.objects.filter(month=month, key__in=[each.key_id for each in wanted if each.key_id])
    by_person, by_key = _sums(people, ("person",)), _sums(keys, ("key",))
    return {
        each.pk: by_person.get((each.person_id,), Spent())
        if each.person_id is not None
        else by_key.get((each.key_id,), Spent())
        for each in wanted
    }


def costs_owned(*, user: User) -> list[dict[str, Any]]:
    """Return what the person spent as plain JSON: a row for each month, provider and model."""
    found = Charge.objects.filter(person=user)
    names = ("month", "provider_name", "model")
    return [
        dict(zip(("month", "provider", "model"), (str(value) for value in values), strict=True))
        | {
            "answers": spent.answers,
            "unknown": spent.unknown,
            "amounts": {currency: f"{amount:f}" for currency, amount in spent.amounts},
        }
        for values, spent in sorted(_sums(found, names).items())
    ]


def charges_unknown() -> int:
    """Return how many answers have no known cost. For administrators."""
    return Charge.objects.filter(nano=None).count()


def key_is_used_by(*, user: User, key: int) -> bool:
    """Whether this user may see what was spent with a key: they own it, used it, or are an administrator."""
    return user.is_administrator or Charge.objects.filter(person=user, key=key).exists()
