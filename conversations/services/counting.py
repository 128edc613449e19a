"""The counts of the usage page: each exchange is added once, in the transaction that ends it."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from conversations.models import Exchange, Usage
from conversations.services.charging import charges_make
from conversations.tally import COUNTS, FROM, Place, Span, Tally, tallies_of

STEP: Final = 50
"""Rows that one statement looks for."""
HOURS_KEPT: Final = timedelta(days=8)
"""How long single hours are kept; days stay."""
_SPANS: Final[dict[str, Span]] = {"hour": "hour", "day": "day"}


def usage_count(*, exchanges: Collection[UUID]) -> None:
    """Add exchanges that ended just now to the counts: once for each, at the end of the transaction that ends it."""
    if exchanges:
        _add(tallies_of(Exchange.objects.filter(pk__in=exchanges).values_list(*FROM)))


def exchanges_stop(*, of: Collection[UUID]) -> None:
    """End what is live in conversations that go: no process writes for it any more. Call it in a transaction.

    What began to answer is paid for; how much that is nobody tells any more, so its cost is unknown unless it is free.
    """
    live = Exchange.objects.filter(run__conversation__in=of, state__in=Exchange.LIVE)
    states = dict(live.order_by("pk").select_for_update(of=("self",)).values_list("pk", "state"))
    Exchange.objects.filter(pk__in=states).update(state=Exchange.State.STOPPED, ended=timezone.now())
    charges_make(usages={pk: None for pk, state in states.items() if state == Exchange.State.STREAMING})
    usage_count(exchanges=list(states))


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
    steps = [places[at : at + STEP] for places in [sorted(tallies)] for at in range(0, len(places), STEP)]
    for places in steps:
        Usage.objects.bulk_create((_row(place, Tally()) for place in places), ignore_conflicts=True)
    ids = sorted(pk for places in steps for pk in _at(places).values_list("pk", flat=True))
    for at in range(0, len(ids), STEP):
        locked = Usage.objects.filter(pk__in=ids[at : at + STEP]).order_by("pk").select_for_update()
        for row in locked:
            place = Place(_SPANS[row.span], row.begins, row.person_id, row.provider, row.model)
            tally = tallies[place]
            tally.add_kept([getattr(row, name) for name in COUNTS], row.details)
            _fill(row, tally)
            row.save(update_fields=(*COUNTS, "details"))


def _at(places: Sequence[Place]) -> QuerySet[Usage]:
    named = Q()
    for place in places:
        named |= Q(
            span=place.span,
            begins=place.begins,
            person=place.person,
            provider=place.provider,
            model=place.model,
        )
    return Usage.objects.filter(named)


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
