"""How long a provider asks us to wait, in seconds, wherever it says so."""

import re
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final

_IN_WORDS: Final = re.compile(
    r"(?:try again|retry|wait)\D{0,24}?((?:\d{1,6}(?:\.\d{1,9})?\s*(?:ms|[hms]|seconds?|minutes?|hours?)\b\s*)+|"
    r"(?:\d{1,6}(?:\.\d{1,9})?(?:ms|[hms]))+)",
    re.I,
)
_PIECE: Final = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)\s*(ms|[hms])", re.I)
_UNIT: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_MOST: Final = 7 * 24 * 3600.0


def retry_after_of(headers: Iterable[tuple[str, str]]) -> float | None:
    """Return what the headers ask for: ``retry-after-ms``, or ``Retry-After`` in seconds or as a date.

    A date is read against the response's own ``Date``, so no clock is needed here.
    """
    found = {name.lower(): value.strip() for name, value in headers}
    if (wait := _number(found.get("retry-after-ms"))) is not None:
        return wait / 1000
    value = found.get("retry-after")
    if (wait := _number(value)) is not None or not value:
        return wait
    try:
        until, now = parsedate_to_datetime(value), parsedate_to_datetime(found.get("date", ""))
        return min(max((until - now).total_seconds(), 0.0), _MOST)
    except (TypeError, ValueError, IndexError):
        return None


def retry_after_in(error: Mapping[str, Any]) -> float | None:
    """Return what an error object asks for, in a field, a copied header, Google's RetryInfo or its own words."""
    for key in ("retry_after", "retryAfter", "retry_after_seconds"):
        if (wait := _number(error.get(key))) is not None:
            return wait
    metadata = error.get("metadata")
    copied = metadata.get("headers") if isinstance(metadata, dict) else None
    if isinstance(copied, dict):
        wait = retry_after_of([(str(k), v) for k, v in copied.items() if isinstance(v, str)])
        if wait is not None:
            return wait
    details = error.get("details")
    for detail in details if isinstance(details, list) else []:
        if isinstance(detail, dict) and isinstance(detail.get("retryDelay"), str):
            return _duration(detail["retryDelay"])
    message = error.get("message")
    if isinstance(message, str) and (match := _IN_WORDS.search(message[:2000])):
        return _duration(match[1])
    return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return min(seconds, _MOST) if seconds >= 0 else None


def _duration(text: str) -> float | None:
    pieces = _PIECE.findall(text)
    return min(sum(float(n) * _UNIT[unit.lower()] for n, unit in pieces), _MOST) if pieces else None
