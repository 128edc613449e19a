"""Figures as people read them: localised, with units, always the same number of decimals so that columns stand still."""

from typing import Final

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext, pgettext

register = template.Library()

_LARGE: Final = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_SIZES: Final = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))


def _number(value: float, decimals: int = 0) -> str:
    return number_format(value, decimals, use_l10n=True, force_grouping=True)


@register.filter
def whole(value: int | None) -> str:
    """Return a count: 1418 is "1,418"."""
    return "" if value is None else _number(value)


@register.filter
def compact(value: float | None) -> str:
    """Return a count in little room: 1418 is "1.4k", 25,000,000 is "25M", 0.25 is "0.25"."""
    if value is None:
        return ""
    for unit, name in _LARGE:
        if value >= unit:
            scaled = value / unit
            return _number(scaled, 1 if scaled < 10 and scaled != int(scaled) else 0) + name
    decimals = 0 if value == int(value) else 1 if round(value * 10, 6) == int(value * 10) else 2
    return _number(value, decimals)


@register.filter
def percent(share: float | None) -> str:
    """Return a share: 0.0214 is "2.1 %", 1 is "100 %"."""
    if share is None:
        return ""
    points = round(share * 100, 6)
    figure = _number(points, 0 if points == int(points) else 1)
    return pgettext("percent", "%(figure)s %%") % {"figure": figure}


@register.filter
def one_decimal(value: float | None) -> str:
    """Return a figure with one decimal: 48.12 is "48.1"."""
    return "" if value is None else _number(value, 1)


@register.filter
def two_decimals(value: float | None) -> str:
    """Return a figure with two decimals: 1.5 is "1.50"."""
    return "" if value is None else _number(value, 2)


@register.filter
def seconds(ms: float | None) -> str:
    """Return milliseconds as seconds: 612.4 is "0.61 s"; longer than ten minutes as minutes."""
    if ms is None:
        return ""
    if ms >= 600_000:
        return gettext("%(minutes)s min") % {"minutes": _number(ms / 60_000, 1)}
    return pgettext("seconds", "%(seconds)s s") % {"seconds": _number(ms / 1000, 2)}


@register.filter
def milliseconds(ms: float | None) -> str:
    """Return milliseconds, with a decimal below a hundred: 21.34 is "21.3 ms", 1204.3 is "1,204 ms"."""
    if ms is None:
        return ""
    return gettext("%(ms)s ms") % {"ms": _number(ms, 1 if abs(ms) < 100 else 0)}


@register.filter
def milliseconds_fine(ms: float | None) -> str:
    """Return a short time with two decimals: 0.414 is "0.41 ms"."""
    return "" if ms is None else gettext("%(ms)s ms") % {"ms": _number(ms, 2)}


@register.filter
def size(count: int | None) -> str:
    """Return a size: 168234 is "168.2 kB"."""
    if count is None:
        return ""
    for unit, name in _SIZES:
        if count >= unit:
            return f"{_number(count / unit, 1)} {name}"
    return gettext("%(count)s B") % {"count": _number(count)}
