"""axe finds nothing on any page, in both themes and on a phone."""

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.accessibility import violations_in_both_themes
from tests.browser.house import House, house_open, provider_at
from tests.fakes import FakeUpstream
from tests.replies import Stream, html_reply
from tests.served import Installation

pytestmark = pytest.mark.looks

PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1440, "height": 900}
SETTINGS = ["profile", "providers", "providers/new", "team", "team/log"]
MARKDOWN = """# A heading

Text with **bold**, `code` and a [link](https://example.com).

```python
print(1)
```

| a | b |
|---|---|
| 1 | 2 |
"""


@pytest.fixture(scope="module")
def house(shared_installation: Installation, shared_upstream: FakeUpstream) -> House:
    """A provider of the team, without a key."""
    provider = provider_at(shared_upstream, models=["good", "bad"])
    return house_open(shared_installation, provider, hosts=shared_upstream.address)


def check(page: Page, *, what: str) -> None:
    """Fail with what axe says about the page as it is, in either theme."""
    assert violations_in_both_themes(page) == [], what


def test_pages_before_signing_in(page: Page, house: House) -> None:
    for path in ("accounts/login", "accounts/signup", "accounts/password/reset", "nothing-here"):
        page.goto(f"{house.server.url}/{path}/")
        check(page, what=path)


@pytest.mark.slow
def test_the_settings_pages(page: Page, house: House) -> None:
    house.seat(page, house.administrator)
    for path in SETTINGS:
        page.goto(f"{house.server.url}/settings/{path}/")
        for size in (DESK, PHONE):
            page.set_viewport_size(size)
            check(page, what=f"{path} at {size}")


def test_an_empty_workbench(page: Page, installation: Installation) -> None:
    house_open(installation).enter(page)
    check(page, what="without a provider")


@pytest.mark.slow
def test_the_workbench_with_answers_errors_and_the_inspector(
    page: Page, house: House, upstream: FakeUpstream
) -> None:
    upstream.script("good", Stream(text=[MARKDOWN], reasoning=["Let me think."]))
    upstream.script("bad", html_reply())
    bench = house.enter(page)
    bench.choose("Gateway", "good")
    bench.say("Answer with Markdown.")
    bench.expect_state("completed")
    expect(bench.answers.last.locator("table")).to_be_visible()
    check(page, what="an answer")
    for tab in ("Request", "Response", "Events", "Timing", "Code"):
        bench.inspect(tab)
        check(page, what=f"inspector, {tab}")
    bench.choose("Gateway", "bad")
    bench.say("This one fails.")
    bench.expect_state("failed")
    check(page, what="a failed answer")
    page.set_viewport_size(PHONE)
    check(page, what="on a phone")
    for drawer in ("conversations", "panel"):
        page.locator(f'[data-drawer-toggle="{drawer}"]:visible').first.click()
        check(page, what=f"{drawer} on a phone")
        page.keyboard.press("Escape")
