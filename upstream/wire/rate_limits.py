"""What a response's headers say about how much more may be asked, in whichever spelling.

Known spellings: ``x-ratelimit-{limit,remaining,reset}[-what]`` (OpenAI, Azure, SiliconFlow, Groq, Cerebras, Mistral,
Together, OpenRouter), ``anthropic-ratelimit-what-{limit,remaining,reset}``, and the IETF drafts' ``RateLimit-*``,
``RateLimit`` and ``RateLimit-Policy``. Resets come as durations (``6m0s``), seconds, dates or times since 1970; a time of
day is read against the response's own ``Date``, so no clock is needed here.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

_MEMBERS: Final = "limit|remaining|reset"
_NAMES: Final = (
    re.compile(rf"x-ratelimit-(?P<member>{_MEMBERS})(?:-(?P<what>[a-z0-9-]{{1,40}}))?"),
    re.compile(rf"x-(?P<what>token)limit-(?P<member>{_MEMBERS})"),
    re.compile(rf"anthropic-(?:priority-)?ratelimit-(?P<what>[a-z0-9-]{{1,40}})-(?P<member>{_MEMBERS})"),
    re.compile(rf"ratelimit-(?P<member>{_MEMBERS})"),
)
_PIECES: Final = re.compile(r"(?:\d{1,9}(?:\.\d{1,9})?(?:ms|us|µs|ns|[dhms]))+")
_PIECE: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|us|µs|ns|[dhms])")
_UNITS: Final = {
    "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9
}  # fmt: skip
_ITEM: Final = re.compile(r'"(?P<name>[^"]{1,60})"(?P<parameters>(?:\s*;\s*[a-z]+=[^;,]{1,40})*)', re.I)
_PARAMETER: Final = re.compile(r"([a-z]+)\s*=\s*\"?(\d{1,15}(?:\.\d{1,9})?)", re.I)
_SINCE_1970: Final = 1_000_000_000
"""Seconds; a smaller number is a duration."""
_MOST_LIMITS: Final = 20


@dataclass(frozen=True, slots=True)
class RateLimit:
    """One budget. ``what`` it counts, as the provider calls it ("requests", "input-tokens"; "" where it does not say).

    ``reset_s`` is how many seconds after the response the budget is full again, ``window_s`` what it is for.
    """

    what: str
    limit: int | None = None
    remaining: int | None = None
    reset_s: float | None = None
    window_s: float | None = None


def rate_limits_of(headers: Iterable[tuple[str, str]]) -> tuple[RateLimit, ...]:
    """Return the budgets that the headers name, in their order; budgets that say nothing but their reset are left out."""
    pairs = [(name.lower(), value.strip()) for name, value in headers]
    now = _date(next((value for name, value in pairs if name == "date"), ""))
    found: dict[str, RateLimit] = {}
    for name, value in pairs:
        if name in ("ratelimit", "ratelimit-policy"):
            _draft_read(found, value)
            continue
        match = next((match for pattern in _NAMES if (match := pattern.fullmatch(name))), None)
        if match is None or len(found) >= _MOST_LIMITS:
            continue
        what = _what(match.groupdict().get("what") or "")
        known = found.get(what) or RateLimit(what)
        found[what] = _member_set(known, match["member"], value, now)
    return tuple(limit for limit in found.values() if (limit.limit, limit.remaining) != (None, None))


def _what(name: str) -> str:
    return "tokens" if name == "token" else name


def _member_set(known: RateLimit, member: str, value: str, now: datetime | None) -> RateLimit:
    match member:
        case "limit":
            window = re.search(r";\s*w=(\d{1,9})", value)
            return replace(
                known, limit=_count(value), window_s=float(window[1]) if window else known.window_s
            )
        case "remaining":
            return replace(known, remaining=_count(value))
    return replace(known, reset_s=_reset(value, now))


def _draft_read(found: dict[str, RateLimit], value: str) -> None:
    """Read ``"default";r=50;t=30``, ``"default";q=100;w=60`` and the older ``limit=100, remaining=50, reset=5``."""
    items = [(match["name"], match["parameters"]) for match in _ITEM.finditer(value[:2000])]
    for what, parameters in (items or [("", value[:2000])])[:_MOST_LIMITS]:
        numbers = {key.lower(): float(number) for key, number in _PARAMETER.findall(parameters)}
        key = "" if what in ("", "default") else what
        known = found.get(key) or RateLimit(key)
        quota = numbers.get("q", numbers.get("limit"))
        left = numbers.get("r", numbers.get("remaining"))
        found[key] = replace(
            known,
            limit=known.limit if quota is None else int(quota),
            remaining=known.remaining if left is None else int(left),
            reset_s=numbers.get("t", numbers.get("reset", known.reset_s)),
            window_s=numbers.get("w", known.window_s),
        )


def _count(value: str) -> int | None:
    match = re.match(r"\d{1,15}(?!\d)", value)
    return int(match[0]) if match else None


def _reset(value: str, now: datetime | None) -> float | None:
    if re.fullmatch(r"\d{1,15}(?:\.\d{1,9})?", value):
        seconds = float(value)
        if seconds < _SINCE_1970:
            return seconds
        at = seconds / 1000 if seconds > _SINCE_1970 * 100 else seconds
        return None if now is None else max(0.0, at - now.timestamp())
    if _PIECES.fullmatch(value):
        return sum(float(number) * _UNITS[unit] for number, unit in _PIECE.findall(value))
    until = _date(value)
    return None if until is None or now is None else max(0.0, (until - now).total_seconds())


def _date(value: str) -> datetime | None:
    """Return a moment in RFC 3339 or as HTTP writes dates; None for anything else, and without a time zone."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(value)
        except (ValueError, TypeError, IndexError):
            continue
        return moment if moment.tzinfo else None
    return None
