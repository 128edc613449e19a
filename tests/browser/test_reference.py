"""The reference in Chromium: readable for everybody, on any width, and each parameter leads to its row."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.house import House, house_open
from tests.browser.lab import watch
from tests.browser.workbench import Workbench
from tests.served import Installation


@pytest.fixture(scope="module")
def house(shared_installation: Installation) -> House:
    return house_open(shared_installation)


@pytest.fixture
def bench(page: Page, house: House) -> Workbench:
    return house.enter(page)


def test_it_reads_well_everywhere(bench: Workbench) -> None:
    page = bench.page
    faults = watch(page)[1]
    for path in ("/reference/", "/reference/openai-chat/"):
        page.goto(bench.server.url + path)
        for width, theme in ((1440, "light"), (390, "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert faults == []
            assert violations(page) == []
            faults.clear()  # axe's own styles


def test_a_parameter_leads_to_its_row(bench: Workbench) -> None:
    page = bench.page
    page.goto(f"{bench.server.url}/reference/llama-cpp/")
    page.get_by_role("link", name="Try it: min_p", exact=True).click()

    switch = page.get_by_role("switch", name="Send min_p", exact=True)
    expect(switch).to_be_focused()
    expect(switch).not_to_be_checked()
    expect(page).not_to_have_url("parameter=")

    page.goto(f"{bench.server.url}/?parameter=web_search_options")
    expect(page.get_by_text("does not document web_search_options")).to_be_visible()
