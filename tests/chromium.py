"""Chromium for tests, of any folder: one process, one fresh context per test.

Debian's `chromium-headless-shell` is the same engine without a window around every context: half of the processor time
of these tests went into windows that nobody sees. `chromium` does where it is missing.
"""

import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.conftest import ARTIFACTS, missing

PATIENCE = 20_000
"""Milliseconds in which a page shows what it should: two busy cores must not fail a test."""
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


NAMES = ["chromium-headless-shell", "chromium", "chromium-browser"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Return a running Chromium; skip, or fail in CI, where none is installed. `CHROMIUM` names another one."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not path:
        missing("Chromium is not installed (apt-get install chromium)")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """Return a browser context of its own: no cookies, 1440 x 900."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Return an empty page; what it showed is kept in tests/artifacts when the test fails."""
    page = context.new_page()
    yield page
    if request.node.stash.get(_FAILED, False) and not page.is_closed():
        path = screenshot_path(request.node.name)
        page.screenshot(path=path, full_page=True)
        request.node.add_report_section("teardown", "screenshot", str(path))


def screenshot_path(name: str) -> Path:
    """Return where a picture of this name goes."""
    folder = ARTIFACTS / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name.replace('/', '_')[:100]}.png"


_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember failures for `page`."""
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report
