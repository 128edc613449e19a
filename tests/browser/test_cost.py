"""What answers cost, from an uploaded list of prices to a budget that stops the next run, and on again."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import violations_in_both_themes
from tests.browser.house import House, house_open, provider_at
from tests.browser.together import Seat
from tests.chromium import PATIENCE, screenshot_path
from tests.fakes import FakeUpstream, Stream
from tests.served import Installation

SIZES = {"desk": (1440, 900), "tablet": (1024, 768), "phone": (390, 844)}
PRICES = {
    "sample_spec": {"mode": "one of chat, embedding, …"},
    "m": {
        "input_cost_per_token": 2e-6,
        "output_cost_per_token": "4e-4",
        "cache_read_input_token_cost": 5e-7,
        "litellm_provider": "openai",
        "mode": "chat",
    },
    **{
        f"vendor/model-{number}": {
            "input_cost_per_token": 1e-7 * (number + 1),
            "output_cost_per_token": 3e-7 * (number + 1),
            "litellm_provider": "vendor",
        }
        for number in range(30)
    },
    "embedder": {"input_cost_per_token": 1e-8, "output_cost_per_token": 0, "mode": "embedding"},
    "dall-e": {"input_cost_per_pixel": 2e-8, "litellm_provider": "openai", "mode": "chat"},
}
USAGE = {
    "prompt_tokens": 1000,
    "completion_tokens": 25,
    "total_tokens": 1025,
    "prompt_tokens_details": {"cached_tokens": 400},
}
# 600 × 2 + 400 × 0.5 + 25 × 400 = 11,400 millionths
ONE = "0.011 USD"


@pytest.fixture(scope="module")
def house(shared_installation: Installation, shared_upstream: FakeUpstream) -> House:
    return house_open(shared_installation, provider_at(shared_upstream), hosts=shared_upstream.address)


@pytest.fixture
def administrator(chromium: Browser, house: House) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    context.set_default_timeout(PATIENCE)
    tab = context.new_page()
    house.seat(tab, house.administrator)
    yield tab
    context.close()


def look(page: Page, name: str) -> None:
    """Keep pictures of a page at each size in both themes, after axe has seen it; nothing scrolls sideways."""
    assert violations_in_both_themes(page) == []
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), size
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.screenshot(path=screenshot_path(f"cost-{name}-{size}-{theme}"), animations="disabled")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})


def prices_import(page: Page, house: House) -> None:
    page.goto(f"{house.server.url}/settings/prices/")
    expect(page.get_by_text("No price is set: the cost of every answer is unknown.")).to_be_visible()
    page.get_by_label("Price list").set_input_files(
        {"name": "prices.json", "mimeType": "application/json", "buffer": json.dumps(PRICES).encode()}
    )
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.get_by_role("heading", name="What would change")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="no chat model")).to_have_text("1 × no chat model")
    look(page, "import")
    page.get_by_role("button", name="Import these prices").click()
    expect(page.get_by_text("Imported: 31 new prices, 0 changed.")).to_be_visible()


def budget_set(page: Page, house: House, person: str, amount: str) -> None:
    page.goto(f"{house.server.url}/settings/budgets/")
    page.get_by_label("For", exact=True).select_option(label=person)
    page.get_by_label("Each month").fill(amount)
    page.get_by_role("button", name="Save budget").click()
    expect(page.get_by_text("Saved. It counts from the next run on.")).to_be_visible()


def cost_of(seat: Seat) -> str:
    """Return what the last answer says it cost, in the words that stand there."""
    return re.sub(
        r".*(cost .*)", r"\1", re.sub(r"\s+", " ", seat.answers.last.locator("[data-stats]").inner_text())
    )


def test_from_a_price_list_to_a_budget_and_on(
    page: Page, administrator: Page, house: House, upstream: FakeUpstream
) -> None:
    upstream.script("m", *[Stream(text=["It ", "costs"], usage=USAGE)] * 4)
    seat = house.enter(page, name="bob")
    seat.choose("Gateway", "m")
    seat.say("Before there are prices")
    seat.expect_state("completed")
    before = seat.answers.first.locator("[data-stats]").get_by_text("unknown", exact=True)
    expect(before).to_have_count(1)
    expect(before).to_be_hidden()  # where there is no price at all, the inspector says it
    page.reload()
    expect(before).to_have_count(1)
    expect(before).to_be_hidden()
    reason = "No price was set for this model."
    expect(seat.inspect("Response").locator("dd").filter(has_text=reason)).to_be_visible()
    prices_import(administrator, house)
    page.reload()
    expect(before).to_be_visible()

    seat.say("What does this cost?")
    seat.expect_state("completed")
    expect(seat.answers.last.locator("[data-stats]")).to_contain_text(ONE)
    live = cost_of(seat)
    page.reload()
    expect(seat.answers.last.locator("[data-stats]")).to_contain_text(ONE)
    assert cost_of(seat) == live == f"cost {ONE}"
    seat.answers.last.get_by_role("button", name="Inspect", exact=True).click()
    expect(seat.inspect("Response").locator("dd").filter(has_text=ONE)).to_be_visible()
    page.get_by_label("More about this conversation").click()
    expect(page.get_by_text(f"Cost: at least {ONE}, 1 answer without a price")).to_be_visible()
    page.keyboard.press("Escape")

    budget_set(administrator, house, "bob", "0.01")
    expect(administrator.get_by_text("used up", exact=True)).to_be_visible()
    seat.attempt("One more, and this text stays")
    stopped = page.get_by_text("Your budget of 0.01 USD for this month is used up.").first
    expect(stopped).to_contain_text("An administrator can raise it: administrator.")
    expect(seat.message).to_have_value("One more, and this text stays")
    expect(seat.questions).to_have_count(2)
    page.screenshot(path=screenshot_path("cost-stopped-desk-light"), animations="disabled")

    budget_set(administrator, house, "bob", "1")
    seat.send_button.click()
    expect(seat.questions).to_have_count(3)
    seat.expect_state("completed")

    administrator.goto(f"{house.server.url}/settings/prices/")
    administrator.get_by_role("button", name="Fill in what is unknown").click()
    expect(administrator.get_by_text("1 answer has a cost now.")).to_be_visible()
    administrator.goto(f"{house.server.url}/costs/")
    expect(administrator.get_by_role("img", name="Cost by month in USD")).to_be_visible()
    administrator.get_by_role("link", name="bob").click()
    expect(administrator.get_by_role("link", name="Without the filter bob")).to_be_visible()
    look(administrator, "team")
    page.goto(f"{house.server.url}/costs/")
    expect(page.get_by_text("Your budget this month")).to_be_visible()
    expect(page.get_by_role("heading", name="By person")).to_have_count(0)
    look(page, "own")
