"""The counts of the usage page: each exchange is added once, in the transaction that ends it."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from conversations.models import Exchange, Usage
from conversations.tally import COUNTED, COUNTS, FROM, Place, Span, Tally, tallies_of

STEP: Final = 50
"""Rows that one statement makes."""
HOURS_KEPT: Final = timedelta(days=8)
"""How long single hours are kept; days stay."""
_SPANS: Final[dict[str, Span]] = {"hour": "hour", "day": "day"}


def usage_count(*, exchanges: Iterable[Exchange]) -> None:
    """Add exchanges that ended just now to the counts: once for each, at the end of the transaction that ends it."""
    _add(tallies_of(COUNTED(exchange) for exchange in exchanges))


@transaction.atomic
def usage_recount() -> int:
    """Count again from the exchanges that are kept; what was counted for others is lost. Return how many there are.

    For a database whose exchanges came past the services, with nobody at work. Bounded by the number of places, not of
    exchanges.
    """
    Usage.objects.all().delete()
    rows = Exchange.objects.values_list(*FROM).iterator(chunk_size=2000)
    tallies = tallies_of(rows)
    Usage.objects.bulk_create((_row(place, tally) for place, tally in tallies.items()), batch_size=500)
    return Exchange.objects.count()


def usage_prune(*, dry_run: bool = False) -> int:
    """Remove single hours that no page shows any more; return how many rows that is."""
    old = Usage.objects.filter(span=Usage.Span.HOUR, begins__lt=timezone.now() - HOURS_KEPT)
    return old.count() if dry_run else old.delete()[0]


def _add(tallies: dict[Place, Tally]) -> None:
    """Add tallies to the kept rows. All make rows in one order, then lock them in one order: nobody waits in a circle."""
    if not tallies:
        return
    places = sorted(tallies)
    Usage.objects.bulk_create(
        (_row(place, Tally()) for place in places), batch_size=STEP, ignore_conflicts=True
    )
    # One statement, though it may find others between them, too: in steps they would not be locked in one order.
    spans, begins, people, providers, models = (set(values) for values in zip(*places, strict=True))
    near = Usage.objects.filter(
        span__in=spans, begins__in=begins, person__in=people, provider__in=providers, model__in=models
    )
    for row in near.order_by("pk").select_for_update():
        tally = tallies.get(Place(_SPANS[row.span], row.begins, row.person_id, row.provider, row.model))
        if tally is not None:
            tally.add_kept([getattr(row, name) for name in COUNTS], row.details)
            _fill(row, tally)
            row.save(update_fields=(*COUNTS, "details"))


def _row(place: Place, tally: Tally) -> Usage:
    row = Usage(
        span=place.span,
        begins=place.begins,
        person_id=place.person,
        provider=place.provider,
        model=place.model,
    )
    _fill(row, tally)
    return row


def _fill(row: Usage, tally: Tally) -> None:
    for name in COUNTS:
        setattr(row, name, getattr(tally, name))
    row.details = tally.details
