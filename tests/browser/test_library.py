"""Finding and keeping: the search dialog, tags and several at once, the trash, comments."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import violations
from tests.browser.house import House, house_open, provider_at
from tests.browser.workbench import Workbench
from tests.chromium import PATIENCE, screenshot_path
from tests.fakes import FakeUpstream
from tests.playground.pages import Page as HttpPage
from tests.served import Installation

QUESTIONS = ("未雨绸缪 means what?", "A recipe with rhubarb", "Straße or street", "The last one of all")


@pytest.fixture(scope="module")
def house(shared_installation: Installation, shared_upstream: FakeUpstream) -> House:
    return house_open(shared_installation, provider_at(shared_upstream), hosts=shared_upstream.address)


@pytest.fixture(scope="module")
def alice(chromium: Browser, house: House) -> HttpPage:
    """Alice, with a few conversations."""
    page = chromium.new_page()
    page.set_default_timeout(PATIENCE)
    bench = house.enter(page, name="alice")
    for question in QUESTIONS:
        page.get_by_role("button", name="New chat").first.click()
        expect(bench.questions).to_have_count(0)
        bench.say(question)
        bench.expect_state("completed")
    page.close()
    return bench.http


@pytest.fixture
def bench(page: Page, house: House, alice: HttpPage) -> Workbench:
    return house.seat(page, alice)


def look(page: Page, name: str) -> None:
    """Keep pictures of this state: both themes, and on a phone."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.screenshot(path=screenshot_path(f"library-{name}-{theme}"), animations="disabled")
    page.set_viewport_size({"width": 390, "height": 844})
    page.screenshot(path=screenshot_path(f"library-{name}-phone"), animations="disabled")
    page.set_viewport_size({"width": 1440, "height": 900})


def test_the_dialog_finds_as_one_types_and_opens_the_place(bench: Workbench) -> None:
    page = bench.page
    page.keyboard.press("Control+k")
    dialog = page.get_by_role("dialog", name="Search")
    field = dialog.get_by_role("searchbox", name="Search conversations")
    expect(field).to_be_focused()
    field.press_sequentially("绸缪")
    hits = dialog.get_by_role("list", name="Messages found")
    expect(hits.locator("mark").first).to_have_text("绸缪")
    look(page, "dialog")
    assert violations(page) == []
    field.fill("strasse")
    expect(hits.get_by_role("link")).to_have_count(1)
    expect(hits).to_contain_text("Straße or street")
    field.fill("zzzzzz")
    expect(dialog).to_contain_text("Nothing was found")
    field.fill("rhubarb")
    expect(hits.get_by_role("link")).to_have_count(1)
    field.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(hits.get_by_role("link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(bench.questions).to_have_text([re.compile("A recipe with rhubarb")])
    expect(page.locator("[data-linked]")).to_be_in_viewport()
    look(page, "at-the-hit")


def test_the_page_filters_what_it_finds(bench: Workbench) -> None:
    page = bench.page
    page.goto(f"{bench.server.url}/search/?q=one")
    results = page.get_by_role("list", name="Messages found")
    expect(results).to_contain_text("The last one of all")
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("State").select_option("failed")
    expect(page.get_by_text("Nothing was found.")).to_be_visible()
    page.get_by_label("State").select_option("")
    page.get_by_label("Model").select_option("m")
    expect(page).to_have_url(re.compile("model=m"))
    look(page, "page")
    assert violations(page) == []


def test_several_are_tagged_archived_and_thrown_away_and_come_back(bench: Workbench) -> None:
    page = bench.page
    side = page.get_by_role("navigation", name="Conversations")
    side.get_by_role("button", name="Select").click()
    side.get_by_role("checkbox", name="Select Straße or street").check()
    side.get_by_role("link", name="The last one of all").click()
    expect(side.get_by_text("2 selected")).to_be_visible()
    look(page, "selecting")
    tags = side.get_by_role("textbox", name="Tags for the selected conversations")
    tags.fill("家, later")
    tags.press("Enter")
    expect(side.get_by_role("button", name="Select")).to_be_visible()
    expect(side.locator(".conv__tag")).to_have_count(2)
    side.locator("summary", has_text="All chats").click()
    side.get_by_role("button", name="later").click()
    expect(side.locator("[data-row]")).to_have_count(2)
    side.get_by_role("button", name="Select").click()
    side.get_by_role("checkbox", name="Select Straße or street").check()
    side.get_by_role("button", name="Move to the trash").click()
    expect(side.locator("[data-row]")).to_have_count(1)
    page.goto(f"{bench.server.url}/trash/")
    row = page.get_by_role("list", name="Trash").get_by_role("listitem")
    expect(row).to_contain_text("Straße or street")
    look(page, "trash")
    assert violations(page) == []
    row.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("The trash is empty.")).to_be_visible()
    page.goto(bench.server.url)
    expect(side.get_by_role("link", name="Straße or street")).to_be_visible()
    page.get_by_label("More about this conversation").click()
    page.get_by_role("button", name="Pin", exact=True).click()
    expect(side.get_by_role("heading", name="Pinned")).to_be_visible()
    look(page, "list")


def test_a_comment_stands_beside_its_message_for_everybody(bench: Workbench, upstream: FakeUpstream) -> None:
    page = bench.page
    page.get_by_role("navigation", name="Conversations").get_by_role(
        "link", name="A recipe with rhubarb"
    ).click()
    answer = bench.answers.last
    answer.hover()
    answer.get_by_role("button", name="Comment").first.click()
    field = answer.get_by_role("textbox", name="Comment")
    expect(field).to_be_focused()
    field.fill("Sour, but <b>good</b>.")
    field.press("Control+Enter")
    comment = answer.get_by_role("article", name="Comment")
    expect(comment).to_contain_text("Sour, but <b>good</b>.")
    page.reload()
    expect(bench.answers.last.get_by_role("article", name="Comment")).to_contain_text("alice")
    look(page, "comment")
    assert violations(page) == []
    bench.say("And then?")
    bench.expect_state("completed")
    assert "Sour" not in upstream.requests[-1].body.decode()
    thread = bench.answers.first.get_by_role("article", name="Comment")
    thread.get_by_role("button", name="Delete comment").click()
    expect(thread).to_have_count(0)


def test_own_data_looks_as_the_other_settings_do(bench: Workbench) -> None:
    page = bench.page
    page.goto(f"{bench.server.url}/settings/data/")
    expect(page.get_by_role("link", name="Download everything")).to_be_visible()
    look(page, "own-data")
    assert violations(page) == []
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download everything").click()
    assert downloading.value.suggested_filename.endswith(".zip")
