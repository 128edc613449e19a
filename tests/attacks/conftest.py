"""Alice, Bob and Charlie at one served process; the upstream is the test's own. Each module has its own installation."""

from collections.abc import Iterator

import pytest

from tests.attacks.actors import sign_up_open
from tests.fakes import FakeUpstream
from tests.playground.pages import Page, page_open, provider_environment
from tests.served import Installation, ServedProcess


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeUpstream]:
    """The team's provider, which everybody may call."""
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[FakeUpstream]:
    """Another server, which modules allow or do not."""
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def process(shared_installation: Installation, upstream: FakeUpstream) -> ServedProcess:
    """One served process; only `upstream` may be called."""
    return shared_installation.serve(**provider_environment(upstream))


@pytest.fixture(scope="module")
def alice(process: ServedProcess) -> Page:
    """The administrator, whose things are attacked."""
    page = page_open(process, "alice")
    sign_up_open(page)
    return page


@pytest.fixture(scope="module")
def bob(process: ServedProcess, alice: Page) -> Page:
    """A member of the team."""
    return page_open(process, "bob")


@pytest.fixture(scope="module")
def charlie(process: ServedProcess, alice: Page) -> Page:
    """Another member, to whom nothing of Alice's and Bob's belongs."""
    return page_open(process, "charlie")
