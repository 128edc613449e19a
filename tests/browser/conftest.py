"""What the tests of this folder share; Chromium itself is in `tests/chromium.py`."""

from collections.abc import Iterator

import pytest

from tests.fakes import FakeUpstream


@pytest.fixture(scope="module")
def shared_upstream() -> Iterator[FakeUpstream]:
    """Give a module one upstream on loopback for all of its tests."""
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture
def upstream(shared_upstream: FakeUpstream) -> FakeUpstream:
    """Return the module's upstream, as if it were new."""
    shared_upstream.forget()
    return shared_upstream
