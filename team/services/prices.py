"""Prices: typed by an administrator, or taken from a file. A change counts from now on; nothing is reckoned again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from team.errors import InvalidValue, NotFound
from team.models import Price, Provider, User
from team.price_import import CURRENCY, Entry
from team.services.audit import audit

FIELDS: Final = ("input", "cached", "output", "currency")
BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class PriceValues:
    """What somebody says about a model, per million tokens. `cached` None: as other input. No provider: for every one."""

    model: str
    provider: Provider | None
    input: Decimal
    cached: Decimal | None
    output: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class PriceChanges:
    """What taking a list of prices does, or would do: how many are new, changed, and as they are already."""

    new: int
    changed: int
    same: int


def price_set(*, actor: User | None, values: PriceValues, price: Price | None = None) -> Price:
    """Make a price, or change the one given.

    Raises InvalidValue where another one says the same, or a figure is odd; NotFound where it was removed meanwhile.
    """
    row = price or Price()
    before = None if price is None else _figures(row)
    row.model, row.provider = values.model.strip(), values.provider
    row.is_pattern = "*" in row.model
    row.input, row.cached, row.output = values.input, values.cached, values.output
    row.currency = values.currency
    row.since = timezone.now()
    try:
        row.clean_fields()
    except ValidationError as problem:
        field, messages = next(iter(problem.message_dict.items()))
        raise InvalidValue(field, messages[0]) from problem
    try:
        with transaction.atomic():
            if price is not None and not Price.objects.select_for_update().filter(pk=price.pk).exists():
                raise NotFound
            row.save()
            details = (
                _figures(row) if before is None else {"before": _line(before), "now": _line(_figures(row))}
            )
            audit(actor=actor, action="price.set", target=_target(row), **details)
    except IntegrityError as problem:
        raise InvalidValue("model", _("There is a price for this model and provider already.")) from problem
    return row


@transaction.atomic
def price_remove(*, actor: User, price: Price) -> None:
    """Forget a price: what is answered from now on has none. What was reckoned with it stays."""
    audit(actor=actor, action="price.remove", target=_target(price), **_figures(price))
    price.delete()


def prices_import(*, actor: User | None, provider: Provider | None, entries: Iterable[Entry]) -> PriceChanges:
    """Take the prices of a file for one provider's models, or without one for every provider's; all or none of them.

    Prices that the file does not name stay. One entry in the audit log stands for all.
    """
    given = {entry.model: entry for entry in entries}
    try:
        return _import(actor, provider, given)
    except IntegrityError:  # somebody imported at the same moment: what was new is there now
        return _import(actor, provider, given)


@transaction.atomic
def _import(actor: User | None, provider: Provider | None, given: dict[str, Entry]) -> PriceChanges:
    there = _prices_there(provider, given)
    now = timezone.now()
    new = [_price_new(provider, entry, now) for model, entry in given.items() if model not in there]
    changed = [price for model, price in there.items() if _assign(price, given[model], now)]
    Price.objects.bulk_create(new, batch_size=BATCH)
    Price.objects.bulk_update(changed, [*FIELDS, "since"], batch_size=BATCH)
    done = PriceChanges(len(new), len(changed), len(there) - len(changed))
    target = provider.name if provider else ""
    audit(actor=actor, action="price.import", target=target, new=done.new, changed=done.changed)
    return done


def prices_compare(*, provider: Provider | None, entries: Iterable[Entry]) -> PriceChanges:
    """Return what `prices_import` would do now."""
    given = {entry.model: entry for entry in entries}
    there = _prices_there(provider, given)
    changed = sum(_assign(price, given[model], price.since) for model, price in there.items())
    return PriceChanges(len(given) - len(there), changed, len(there) - changed)


def _prices_there(provider: Provider | None, given: dict[str, Entry]) -> dict[str, Price]:
    # Names by the thousand are read past, not asked for: databases bound how many values a query may hold.
    return {price.model: price for price in Price.objects.filter(provider=provider) if price.model in given}


def _price_new(provider: Provider | None, entry: Entry, now: Any) -> Price:
    price = Price(provider=provider, model=entry.model)
    _assign(price, entry, now)
    return price


def _assign(price: Price, entry: Entry, now: Any) -> bool:
    """Give a price the figures of an entry; False where it has them."""
    figures = (entry.input, entry.cached, entry.output, CURRENCY)
    if (price.input, price.cached, price.output, price.currency) == figures:
        return False
    price.input, price.cached, price.output, price.currency = figures
    price.since = now
    return True


def _figures(price: Price) -> dict[str, str]:
    """Return the figures as the audit log keeps them."""
    values = {name: getattr(price, name) for name in FIELDS}
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Decimal | str) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


def _line(figures: dict[str, str]) -> str:
    return " ".join(figures.values())


def _target(price: Price) -> str:
    return f"{price.provider.name} {price.model}" if price.provider else price.model
