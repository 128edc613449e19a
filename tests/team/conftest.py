"""Tests of people and providers start with no attempt counted against a rate limit."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _limits_start_fresh() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()
