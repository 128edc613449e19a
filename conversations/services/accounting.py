"""Every ending is accounted for once, in its transaction: what it cost, and where it counts."""

from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from conversations.models import Charge, Exchange
from conversations.services.charging import charges_make
from conversations.services.counting import usage_count

_READ: Final = (
    "run__person", "created", "ended", "provider", "provider_name", "key", "model", "state", "error", "timing",
    "tokens_in", "tokens_out",
)  # fmt: skip
"""What is read of an exchange; nothing of it is loaded later."""


def endings_account(*, ended: Collection[UUID], usages: Mapping[UUID, Any]) -> dict[UUID, Charge]:
    """Keep what exchanges cost that have just ended, and count them; return the charges.

    `usages` maps those with something to pay for to their usage as reported, None where none was. Call it once, at the end
    of the transaction that ends them.
    """
    if not ended:
        return {}
    exchanges = list(Exchange.objects.filter(pk__in=ended).select_related("run").only(*_READ))
    charges = charges_make(exchanges=[each for each in exchanges if each.pk in usages], usages=usages)
    usage_count(exchanges=exchanges)
    return charges


def exchanges_stop(*, of: Collection[UUID]) -> None:
    """End what is live in conversations that go: no process writes for it any more. Call it in a transaction.

    What began to answer is paid for; how much that is nobody tells any more, so its cost is unknown unless it is free.
    """
    live = Exchange.objects.filter(run__conversation__in=of, state__in=Exchange.LIVE)
    states = dict(live.order_by("pk").select_for_update(of=("self",)).values_list("pk", "state"))
    Exchange.objects.filter(pk__in=states).update(state=Exchange.State.STOPPED, ended=timezone.now())
    usages = {pk: None for pk, state in states.items() if state == Exchange.State.STREAMING}
    endings_account(ended=states, usages=usages)
