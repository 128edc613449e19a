"""What was spent: sums over charges. A person sees their own; an administrator sees everybody's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum

from conversations.costing import Cost, Spent
from conversations.models import Charge, Conversation, Exchange
from conversations.models.charges import NANO
from team.models import Budget, User

Sums = dict[tuple[Any, ...], Spent]
"""What was spent, by the values of some fields."""


@dataclass(frozen=True, slots=True)
class CostFilter:
    """Which answers to count; None and "" are all of them. `person` and `key` are ids."""

    since: date
    person: int | None = None
    key: int | None = None
    model: str = ""
    month: date | None = None


@dataclass(frozen=True, slots=True)
class SpentBy:
    """The same answers four times: by month, by person and key (ids) and by model.

    None stands for people and keys that are gone, and for answers without a key.
    """

    month: Mapping[date, Spent]
    person: Mapping[int | None, Spent]
    key: Mapping[int | None, Spent]
    model: Mapping[str, Spent]


def cost_of(exchange: Exchange) -> Cost | None:
    """Return what an exchange cost, None where there was nothing to pay for. Reads a charge that is not loaded yet."""
    charge = getattr(exchange, "charge", None)
    return None if charge is None else cost_charged(charge)


def cost_charged(charge: Charge) -> Cost:
    """Return what a charge says."""
    return Cost(charge.amount, charge.currency, counted=charge.tokens_in is not None)


def costs_of(*, exchanges: Iterable[UUID]) -> dict[UUID, Cost]:
    """Return what exchanges cost; those with nothing to pay for are not in the answer. At most one query."""
    ids = list(exchanges)
    rows = Charge.objects.filter(exchange__in=ids) if ids else ()
    return {row.exchange_id: cost_charged(row) for row in rows if row.exchange_id}


def cost_of_conversation(*, conversation: Conversation) -> Spent:
    """Return what a conversation's answers cost together. One query."""
    found = Charge.objects.filter(exchange__run__conversation=conversation)
    return _sums(_rows(found, ())).get((), Spent())


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


def spent_by(*, user: User, chosen: CostFilter) -> SpentBy:
    """Return what was spent, as this user may see it. One query, which one index answers."""
    fields = ("person", "month", "key", "model")
    rows = list(_rows(_filtered(user, chosen), fields))
    by = {name: _sums((row[at], *row[4:]) for row in rows) for at, name in enumerate(fields)}
    return SpentBy(**{name: {value: spent for (value,), spent in sums.items()} for name, sums in by.items()})


def _rows(found: QuerySet[Charge], fields: Sequence[str]) -> QuerySet[Charge, tuple[Any, ...]]:
    """Return sums by the values of `fields` and by currency, in two halves: billionths might be too many for 64 bits."""
    return (
        found.values_list(*fields, "currency")
        .annotate(
            whole=Sum(F("nano") / NANO),
            rest=Sum(F("nano") % NANO),
            answers=Count("pk"),
            known=Count("nano"),
        )
        .order_by()
    )


def _sums(rows: Iterable[tuple[Any, ...]]) -> Sums:
    """Add up what `_rows` says by the values before the currency. Whole numbers until the end: there may be thousands."""
    sums: dict[tuple[Any, ...], dict[str, list[int]]] = {}
    for *values, currency, whole, rest, answers, known in rows:
        of = sums.setdefault(tuple(values), {}).setdefault(currency, [0, 0, 0])
        of[0] += int(whole or 0) * NANO + int(rest or 0)
        of[1] += answers
        of[2] += known
    return {values: _spent(currencies) for values, currencies in sums.items()}


def _spent(currencies: Mapping[str, Sequence[int]]) -> Spent:
    amounts = tuple(
        (currency, Decimal(nano) / NANO) for currency, (nano, _, known) in sorted(currencies.items()) if known
    )
    answers = sum(count for _, count, _ in currencies.values())
    return Spent(amounts, answers, answers - sum(known for *_, known in currencies.values()))


def spent_on(*, budget: Budget, month: date) -> Spent:
    """Return what has been spent in a month on what a budget is for. One query, answered by an index."""
    of = {"person": budget.person_id} if budget.person_id is not None else {"key": budget.key_id}
    return _sums(_rows(Charge.objects.filter(**of, month=month), ())).get((), Spent())


def spent_on_budgets(*, budgets: Iterable[Budget], month: date) -> dict[int, Spent]:
    """Return what has been spent in a month on what each of these budgets is for, by the budget's id. Two queries."""
    wanted = list(budgets)
    people = Charge.objects.filter(
        month=month, person__in=[each.person_id for each in wanted if each.person_id]
    )
    keys = Charge.objects.filter(month=month, key__in=[each.key_id for each in wanted if each.key_id])
    by_person, by_key = _sums(_rows(people, ("person",))), _sums(_rows(keys, ("key",)))
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
        for values, spent in sorted(_sums(_rows(found, names)).items())
    ]


def charges_unknown() -> int:
    """Return how many answers have no known cost. For administrators."""
    return Charge.objects.filter(nano=None).count()


def key_is_used_by(*, user: User, key: int) -> bool:
    """Whether this user may see what was spent with a key: they used it, or are an administrator."""
    return user.is_administrator or Charge.objects.filter(person=user, key=key).exists()
