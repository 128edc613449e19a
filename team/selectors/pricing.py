"""Reads of prices and budgets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db.models import F, Q, QuerySet

from team.errors import NotFound
from team.models import ApiKey, Auth, Budget, Price, Provider, User
from team.prepared import Given, Prepared

Asked = tuple[UUID | None, str]
"""A provider and a model."""


def prices_find(*, asked: Iterable[Asked]) -> dict[Asked, Price]:
    """Return the price of each provider's model now; what has none is not in the answer. One query.

    What is nearest counts: the provider's own price before one for every provider, then a name before a pattern, then the
    pattern that says more.
    """
    wanted = set(asked)
    if not wanted:
        return {}
    mine = Q(provider=None) | Q(provider__in={provider for provider, _model in wanted if provider})
    named = Q(model__in={model for _provider, model in wanted}) | Q(is_pattern=True)
    prices = sorted(Price.objects.filter(mine, named), key=_nearness, reverse=True)
    found = {each: next((price for price in prices if _covers(price, each)), None) for each in wanted}
    return {each: price for each, price in found.items() if price is not None}


def _nearness(price: Price) -> tuple[bool, bool, int, int]:
    return price.provider_id is not None, not price.is_pattern, len(price.model.replace("*", "")), -price.pk


def _covers(price: Price, asked: Asked) -> bool:
    provider, model = asked
    if price.provider_id not in (None, provider):
        return False
    return pattern_matches(price.model, model) if price.is_pattern else price.model == model


def pattern_matches(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern in which each `*` stands for any characters. Linear: each piece is taken where it
    comes first."""
    first, *middle, last = pattern.split("*")
    at, end = len(first), len(text) - len(last)
    if not text.startswith(first) or not text.endswith(last) or at > end:
        return False
    for piece in middle:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def prices_exist() -> bool:
    """Whether this installation has any price: without one it does not look at costs."""
    return Price.objects.exists()


def prices(*, matching: str = "") -> QuerySet[Price]:
    """Return the prices, those whose model or provider holds a text. For administrators."""
    found = Price.objects.select_related("provider")
    if matching:
        found = found.filter(Q(model__icontains=matching) | Q(provider__name__icontains=matching))
    return found.order_by("model", "provider__name", "id")


def price(*, pk: int) -> Price:
    """Return one price. For administrators. Raises NotFound."""
    found = Price.objects.select_related("provider").filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def priced_providers() -> QuerySet[Provider]:
    """Return the providers that a price may be for alone: the team's. People's own have the prices of every provider."""
    return Provider.objects.filter(owner=None)


def budgets() -> QuerySet[Budget]:
    """Return every budget, those of people first. For administrators."""
    return Budget.objects.select_related("person", "key__provider", "key__owner").order_by(
        F("person__username").asc(nulls_last=True), "key__provider__name", "id"
    )


def budget(*, pk: int) -> Budget:
    """Return one budget. For administrators. Raises NotFound."""
    found = budgets().filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def budget_of(*, person: User) -> Budget | None:
    """Return the person's own budget, None where there is none."""
    return Budget.objects.filter(person=person).first()


def budgets_on(*, person: User, keys: Iterable[int]) -> list[Budget]:
    """Return the budgets that a run of this person with these keys draws on, the person's own first. One query."""
    # The key is read with the next query where one is used up, which is when somebody wants to know its provider.
    drawn = set(keys)
    found = [each for each in _BUDGETS.rows(person=person.pk) if each.key_id is None or each.key_id in drawn]
    return sorted(found, key=lambda each: (each.person_id is None, each.pk))


_BUDGETS: Final = Prepared(lambda: Budget.objects.filter(Q(person=Given("person")) | Q(key__isnull=False)))


def keys_used(*, person: User, providers: Iterable[Provider]) -> dict[UUID, int]:
    """Return which key the person's requests to each of these providers go with: their own, else the team's.

    At most one query.
    """
    asked = {provider.pk for provider in providers if provider.auth != Auth.NONE}
    if not asked:
        return {}
    keys = [key for key in _KEYS.rows(person=person.pk) if key.provider_id in asked]
    # The team's first, so that one's own takes its place.
    return {key.provider_id: key.pk for key in sorted(keys, key=lambda key: key.owner_id is not None)}


_KEYS: Final = Prepared(
    lambda: ApiKey.objects.filter(Q(owner=Given("person")) | Q(owner=None)).only("provider", "owner")
)


def keys_all() -> QuerySet[ApiKey]:
    """Return every key, the team's first. For administrators; who sees one sees no more than its last characters."""
    return ApiKey.objects.select_related("provider", "owner").order_by("provider__name", "owner__username")
