"""How often something may be tried in a while, counted in the cache that all processes share."""

import ipaddress
from typing import Final

from django.core.cache import cache
from django.http import HttpRequest

WINDOW: Final = 300
"""Seconds in which attempts are counted; the first one begins a window."""
IPV6_NETWORK: Final = 64
"""Whoever has one IPv6 address has the whole network of this size."""


def attempt_begin(*limits: tuple[str, int]) -> bool:
    """Count one attempt under each key; False where that was one too many for its limit."""
    return all(_count(key, 1) <= limit for key, limit in limits)


def attempt_forgive(*limits: tuple[str, int]) -> None:
    """Take an attempt back that was none: it succeeded."""
    for key, _limit in limits:
        _count(key, -1)


def _count(key: str, step: int) -> int:
    name = f"attempts:{key}"
    cache.add(name, 0, WINDOW)
    try:
        return cache.incr(name, step)
    except ValueError:  # it ended between the two
        cache.set(name, max(step, 0), WINDOW)
        return max(step, 0)


def caller_of(request: HttpRequest) -> str:
    """Return who is calling, for counting: an IPv4 address, or an IPv6 network."""
    address = str(request.META.get("REMOTE_ADDR") or "")
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network(f"{address}/{IPV6_NETWORK}", strict=False))
