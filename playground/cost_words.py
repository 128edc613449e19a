"""What an answer cost, in words."""

from typing import Final, TypedDict

from django.utils.translation import gettext as _

from conversations import selectors
from conversations.costing import Cost
from conversations.models import Exchange
from conversations.money_words import money_text


class CostWords(TypedDict):
    """`cost` is "" where there was nothing to pay for; `cost_title` says why a cost is unknown."""

    cost: str
    cost_title: str


NOTHING: Final = CostWords(cost="", cost_title="")


def cost_words(exchange: Exchange | None) -> CostWords:
    """Return the cost of an exchange in words; of one that is None, or had nothing to pay for, nothing."""
    cost = selectors.cost_of(exchange) if exchange is not None else None
    if cost is None:
        return NOTHING
    if cost.amount is None:
        return CostWords(cost=_("unknown"), cost_title=unknown_reason(cost))
    return CostWords(cost=money_text(cost.amount, cost.currency), cost_title="")


def unknown_reason(cost: Cost) -> str:
    """Return why a cost is unknown."""
    if cost.counted:
        return _("No price was set for this model.")
    return _("The provider reported no usage that could be priced.")
