"""Amounts of money as people read them: as many digits as say something, and never without their currency."""

from decimal import Decimal
from typing import Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conversations.costing import Spent

LEAST: Final = 2
"""Decimals of an amount, and significant digits of one below a tenth."""


def decimals_of(amount: Decimal) -> int:
    """Return how many decimals say something: 0 has none, 1234.5 has 2, 0.00042 has 5, 0.000401 has 4.

    `static/js/stats.js` reckons the same.
    """
    if amount == 0:
        return 0
    if abs(amount) >= Decimal("0.1"):
        return LEAST
    exponent = round(amount, LEAST - 1 - amount.adjusted()).normalize().as_tuple().exponent
    return max(LEAST, -exponent) if isinstance(exponent, int) else LEAST


def money_text(amount: Decimal, currency: str) -> str:
    """Return an amount with its currency: "1,234.50 USD", "0.00042 USD", "0 USD"."""
    decimals = decimals_of(amount)
    number = number_format(round(amount, decimals), decimals, use_l10n=True, force_grouping=True)
    return _("%(amount)s %(currency)s") % {"amount": number, "currency": currency}


def spent_text(spent: Spent) -> str:
    """Return what answers cost together; a sum with unknown parts says so, and nothing known is "unknown"."""
    if not spent.amounts:
        return _("unknown") if spent.unknown else ""
    known = " + ".join(money_text(amount, currency) for currency, amount in spent.amounts)
    if not spent.unknown:
        return known
    sentence = ngettext(
        "at least %(sum)s, %(count)s answer without a price",
        "at least %(sum)s, %(count)s answers without a price",
        spent.unknown,
    )
    return sentence % {
        "sum": known,
        "count": number_format(spent.unknown, use_l10n=True, force_grouping=True),
    }
