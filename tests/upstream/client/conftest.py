"""Fixtures: a scripted upstream and a client that may reach it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.certificates import Authority, authority_make
from tests.fakes import FakeUpstream
from upstream.address_guard import AddressGuard
from upstream.client import UpstreamClient


@pytest.fixture
def up() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture
async def client(up: FakeUpstream) -> AsyncIterator[UpstreamClient]:
    client = UpstreamClient(guard=AddressGuard([up.address]))
    yield client
    await client.aclose()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority_make(tmp_path_factory.mktemp("certificates"))
