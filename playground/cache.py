"""A cache in Redis that goes on in memory while Redis is away: nobody should fail to sign in because of it.

What it holds here are counts of attempts. While Redis is away each process counts for itself.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

logger = logging.getLogger(__name__)


class SharedCache(BaseCache):
    """Django's Redis cache, with one in memory to fall back on."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._redis = RedisCache(server, params)
        self._memory = LocMemCache("shared", params)

    def _do(self, work: Callable[[BaseCache], Any]) -> Any:
        try:
            return work(self._redis)
        except (RedisConnectionError, RedisTimeoutError, OSError) as error:
            logger.warning("Redis is away, the cache is this process's own: %s", error)
            return work(self._memory)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        """Set a value where there is none."""
        return bool(self._do(lambda cache: cache.add(key, value, timeout, version)))

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        """Return a value."""
        return self._do(lambda cache: cache.get(key, default, version))

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> None:
        """Set a value."""
        self._do(lambda cache: cache.set(key, value, timeout, version))

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        """Give a value a new lifetime."""
        return bool(self._do(lambda cache: cache.touch(key, timeout, version)))

    def delete(self, key: Any, version: Any = None) -> bool:
        """Delete a value."""
        return bool(self._do(lambda cache: cache.delete(key, version)))

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> int:
        """Add to a number. Raises ValueError where there is none."""
        return int(self._do(lambda cache: cache.incr(key, delta, version)))

    def has_key(self, key: Any, version: Any = None) -> bool:
        """Whether there is a value."""
        return bool(self._do(lambda cache: cache.has_key(key, version)))

    def clear(self) -> None:
        """Delete everything."""
        self._do(lambda cache: cache.clear())

    def close(self, **kwargs: Any) -> None:
        """Let go of connections at the end of a request."""
        self._redis.close(**kwargs)
