"""What an answer cost is reckoned once, when it ends, and kept; what was unknown then can be filled in later."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from conversations.costing import Counted, counted_of, nano_of
from conversations.models import Charge, Exchange
from team.models import Price, User
from team.selectors.pricing import prices_find

STEP: Final = 500
"""Rows of one transaction: short enough that no run's ending waits for it."""
FIGURES: Final = ("nano", "currency")


@dataclass(frozen=True, slots=True)
class Filled:
    """What a filling-in did. `rest`: more may be left, because it was told to stop after so many."""

    filled: int
    rest: bool = False


def charges_make(*, exchanges: Iterable[Exchange], usages: Mapping[UUID, Any]) -> dict[UUID, Charge]:
    """Keep what ended exchanges cost at the prices of this moment; return the charges by their ids.

    `usages` maps each to its usage as reported, None where none was. Call it in the transaction that ends them.
    """
    rows, now = list(exchanges), timezone.now()
    prices = prices_find(asked=[(row.provider_id, row.model) for row in rows])
    charges = [
        _charge(row, usages[row.pk], prices.get((row.provider_id, row.model)), month_of(row.ended or now))
        for row in rows
    ]
    Charge.objects.bulk_create(charges, ignore_conflicts=True)
    return {charge.exchange_id: charge for charge in charges if charge.exchange_id}


def _charge(exchange: Exchange, usage: Any, price: Price | None, month: date) -> Charge:
    counted = counted_of(usage)
    charge = Charge(
        exchange_id=exchange.pk,
        person_id=exchange.run.person_id,
        provider_id=exchange.provider_id,
        key_id=exchange.key_id,
        provider_name=exchange.provider_name,
        model=exchange.model,
        month=month,
        tokens_in=counted.tokens_in if counted else None,
        tokens_cached=counted.tokens_cached if counted else None,
        tokens_out=counted.tokens_out if counted else None,
    )
    _price(charge, price)
    return charge


def _price(charge: Charge, price: Price | None) -> bool:
    """Put the cost into a charge; False where it stays unknown."""
    nano = None if price is None else nano_of(_counted(charge), price)
    if price is None or nano is None:
        return False
    charge.nano, charge.currency = nano, price.currency
    return True


def _counted(charge: Charge) -> Counted | None:
    if charge.tokens_in is None or charge.tokens_cached is None or charge.tokens_out is None:
        return None
    return Counted(charge.tokens_in, charge.tokens_cached, charge.tokens_out)


def month_of(moment: datetime) -> date:
    """Return the first day of the calendar month of a moment, in the server's time zone: months are the team's, the same
    for everybody."""
    return timezone.localdate(moment, timezone.get_default_timezone()).replace(day=1)


def charges_fill(*, most: int | None = None) -> Filled:
    """Reckon what is unknown so far with the prices of now, in steps; the same again changes nothing.

    What has a cost keeps it, whatever prices say now. Answers from before costs were kept get theirs too. At most about
    `most` rows are looked at.
    """
    filled, seen = _missing_make(most), 0
    last = 0
    while most is None or seen < most:
        with transaction.atomic():
            unknown = Charge.objects.filter(nano=None, pk__gt=last).order_by("pk").select_for_update()
            rows = list(unknown[:STEP])
            if not rows:
                return Filled(filled)
            prices = prices_find(asked=[(row.provider_id, row.model) for row in rows])
            known = [row for row in rows if _price(row, prices.get((row.provider_id, row.model)))]
            Charge.objects.bulk_update(known, FIGURES)
        filled, seen, last = filled + len(known), seen + len(rows), rows[-1].pk
    return Filled(filled, rest=Charge.objects.filter(nano=None, pk__gt=last).exists())


def _missing_make(most: int | None) -> int:
    """Make the charges of answers that ended before costs were kept; return how many got a cost.

    Those of imported conversations were paid elsewhere: they name no provider.
    """
    missing = Exchange.objects.filter(
        charge=None, provider__isnull=False, ended__isnull=False, tokens_in__isnull=False
    ).exclude(state__in=Exchange.LIVE)
    rows = missing.only("provider", "provider_name", "key", "model", "usage", "ended", "run__person")
    filled = made = 0
    while most is None or made < most:
        with transaction.atomic():
            step = list(rows.select_related("run").order_by("pk")[:STEP])
            charges = charges_make(exchanges=step, usages={row.pk: row.usage for row in step})
        if not step:
            break
        made += len(step)
        filled += sum(charge.nano is not None for charge in charges.values())
    return filled


def charges_anonymise(*, user: User) -> int:
    """Take a person's name from what they spent in past months; return from how many answers.

    The sums stay, as the team's account by month, key and model. Those of this month keep the name: a budget is not
    refilled by deleting.
    """
    past = Charge.objects.filter(person=user, month__lt=month_of(timezone.now()))
    return past.update(person=None)
