"""axe finds nothing on any page, in both themes and on a phone."""

import json

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.accessibility import violations
from tests.browser.workbench import Workbench
from tests.fakes import FakeUpstream
from tests.replies import Stream, html_reply
from tests.served import Installation, ServedProcess

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


@pytest.fixture(params=["light", "dark"])
def themed(request: pytest.FixtureRequest, page: Page) -> Page:
    """Return a page that asks for one of the themes from the beginning."""
    page.emulate_media(color_scheme=request.param, reduced_motion="reduce")
    return page


def check(page: Page, *, what: str) -> None:
    """Fail with what axe says about the page as it is."""
    assert violations(page) == [], what


def test_pages_before_signing_in(themed: Page, served: ServedProcess) -> None:
    for path in ("accounts/login", "accounts/signup", "accounts/password/reset", "nothing-here"):
        themed.goto(f"{served.url}/{path}/")
        check(themed, what=path)


def test_the_settings_pages(themed: Page, served: ServedProcess) -> None:
    Workbench(themed, served).sign_up()
    for path in SETTINGS:
        for size in (DESK, PHONE):
            themed.set_viewport_size(size)
            themed.goto(f"{served.url}/settings/{path}/")
            check(themed, what=f"{path} at {size}")


def test_an_empty_workbench(themed: Page, served: ServedProcess) -> None:
    Workbench(themed, served).sign_up()
    check(themed, what="without a provider")


def test_the_workbench_with_answers_errors_and_the_inspector(
    themed: Page, installation: Installation
) -> None:
    with FakeUpstream() as up:
        provider = {"name": "Gateway", "base_url": up.base_url, "models": ["good", "bad"]}
        served = installation.serve(
            PLAYGROUND_PRIVATE_HOSTS=up.address, PLAYGROUND_PROVIDERS=json.dumps([provider])
        )
        up.script("good", Stream(text=[MARKDOWN], reasoning=["Let me think."]))
        up.script("bad", html_reply())
        bench = Workbench(themed, served)
        bench.sign_up()
        bench.choose("Gateway", "good")
        bench.say("Answer with Markdown.")
        bench.expect_state("completed")
        expect(bench.answers.last.locator("table")).to_be_visible()
        check(themed, what="an answer")
        for tab in ("Request", "Response", "Events", "Timing", "Code"):
            bench.inspect(tab)
            check(themed, what=f"inspector, {tab}")
        bench.choose("Gateway", "bad")
        bench.say("This one fails.")
        bench.expect_state("failed")
        check(themed, what="a failed answer")
        themed.set_viewport_size(PHONE)
        check(themed, what="on a phone")
        for drawer in ("conversations", "panel"):
            themed.locator(f'[data-drawer-toggle="{drawer}"]:visible').first.click()
            check(themed, what=f"{drawer} on a phone")
            themed.keyboard.press("Escape")
