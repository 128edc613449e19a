"""Prices as people read them."""

from decimal import Decimal

from django import template
from django.utils.formats import number_format

register = template.Library()


@register.filter
def rate(value: Decimal) -> str:
    """Return a price with the digits it has, at least two decimals: 0.15 is "0.15", 0.0750000 is "0.075", 3 is "3.00"."""
    exponent = value.normalize().as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) else 0
    return number_format(value, max(2, decimals), use_l10n=True, force_grouping=True)
