"""axe on every page there is: each route of the URLconf that answers with a page, as it is for its owner, in both themes."""

from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page as Tab

from tests.attacks.belongings import ALL_ROUTES, PASSWORD, Belongings, belongings_make
from tests.attacks.conftest import alice, process, upstream
from tests.browser.accessibility import violations_in_both_themes
from tests.fakes import FakeUpstream
from tests.playground.pages import Page
from tests.served import ServedProcess

__all__ = ["alice", "process", "upstream"]  # the fixtures

pytestmark = pytest.mark.looks

BY_ITSELF = {"account_logout", "own-data-archive"}
"""Asked for last or not at all: one ends the session, the other is a download."""
OFTEN_SEEN = {"conversation", "provider", "team", "search", "share-list", "own-data", "import", "trash"}
"""Some that must be among the pages, so that the search for them cannot quietly find none."""


@pytest.fixture(scope="module")
def belongings(alice: Page, upstream: FakeUpstream) -> Belongings:
    return belongings_make(alice, upstream)


def pages_of(client: httpx.Client, belongings: Belongings) -> dict[str, str]:
    """Return name and path of every route that answers this client with a whole page."""
    found = {}
    for name, _pattern in ALL_ROUTES:
        if name in BY_ITSELF:
            continue
        answer = client.get(belongings.path(name), follow_redirects=False)
        if "text/html" in answer.headers.get("content-type", "") and "<html" in answer.text:
            found[name] = belongings.path(name)
    return found


def sign_in(tab: Tab, process: ServedProcess, client: httpx.Client) -> None:
    """Give the browser the client's session."""
    cookies = client.cookies.items()
    tab.context.add_cookies([{"name": name, "value": value, "url": process.url} for name, value in cookies])


def judged(tab: Tab, url: str) -> list[str]:
    """Return what axe says of a page in both themes."""
    tab.goto(url)
    return [f"{urlsplit(url).path}: {line}" for line in violations_in_both_themes(tab)]


def test_axe_finds_nothing_on_any_page_of_its_owner(
    page: Tab, process: ServedProcess, alice: Page, belongings: Belongings
) -> None:
    open_to_all = pages_of(process.client(), belongings)
    paths = {
        name: path for name, path in pages_of(alice.client, belongings).items() if name not in open_to_all
    }
    assert set(paths) >= OFTEN_SEEN, sorted(paths)
    sign_in(page, process, alice.client)
    found = [line for path in paths.values() for line in judged(page, process.url + path)]
    assert found == []


def test_axe_finds_nothing_on_any_page_for_who_is_not_signed_in(
    page: Tab, process: ServedProcess, belongings: Belongings
) -> None:
    stranger = process.client()
    paths = pages_of(stranger, belongings)
    assert set(paths) >= {"account_login", "account_signup", "share"}
    found = [line for path in paths.values() for line in judged(page, process.url + path)]
    share = f"{process.url}{belongings.path('share')}"
    page.goto(share)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button").filter(has_text="Open").click()
    page.wait_for_load_state()
    for name in ("share", "share-copy", "share-rerun", "share-exchange"):
        found += judged(page, process.url + belongings.path(name))
    assert found == []
