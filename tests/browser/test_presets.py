"""Presets in the workbench: saved, changed, taken back, and applied by "/" with a value for a variable."""

import json

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import violations
from tests.browser.house import House, house_open
from tests.browser.lab import watch
from tests.browser.tools_desk import ToolsDesk, provider
from tests.fakes import FakeUpstream
from tests.replies import Stream
from tests.served import Installation


@pytest.fixture(scope="module")
def house(shared_installation: Installation, shared_upstream: FakeUpstream) -> House:
    return house_open(
        shared_installation, provider("Gateway", shared_upstream.base_url), hosts=shared_upstream.address
    )


def presets(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Presets")


def test_a_preset_is_saved_changed_reverted_and_applied_by_slash(
    page: Page, house: House, upstream: FakeUpstream
) -> None:
    faults = watch(page)[1]
    desk = ToolsDesk(house.enter(page))
    desk.choose("Gateway")
    desk.parameter("temperature", "0.7")
    page.get_by_role("textbox", name="System prompt").fill("You know {{city}}.")
    dialog, message = presets(page), desk.bench.message

    # Saved, with what its variable takes.
    page.locator(".panel__ways").get_by_role("button", name="Presets").click()
    expect(dialog.get_by_text("No preset yet")).to_be_visible()
    dialog.get_by_role("button", name="Save as preset").click()
    dialog.get_by_label("Name", exact=True).fill("Guide")
    dialog.get_by_label("Message for the composer").fill("Say {{greeting}}")
    city = dialog.get_by_role("group", name="city")
    city.get_by_label("Takes").select_option(label="Choice")
    city.get_by_label("Choices").fill("Paris\nOslo")
    dialog.get_by_role("group", name="greeting").get_by_label("Default").fill("hello")
    assert violations(page) == []
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(
        dialog.get_by_role("button", name="Guide m").or_(dialog.locator("[data-preset-use]"))
    ).to_have_count(1)

    # Changed: a second version, which says what differs.
    dialog.get_by_role("button", name="Versions of Guide").click()
    dialog.get_by_role("button", name="New version from this page").click()
    expect(dialog.get_by_label("System prompt")).to_have_value("You know {{city}}.")
    dialog.get_by_label("System prompt").fill("You love {{city}}.")
    expect(city.get_by_label("Takes")).to_have_value("choice")
    dialog.get_by_role("button", name="Save version").click()
    versions = dialog.get_by_role("list", name="Versions")
    expect(versions.get_by_role("listitem")).to_have_count(2)
    expect(versions.locator("ins")).to_have_text("love")
    assert violations(page) == []

    # Taken back: a third one that is the first again.
    dialog.get_by_role("button", name="Revert to version 1").click()
    expect(versions.get_by_role("listitem")).to_have_count(3)
    dialog.get_by_role("button", name="Close").click()

    # Applied by "/" in an empty box, with other settings on the page.
    desk.parameter("temperature", "0.1")
    page.get_by_role("textbox", name="System prompt").fill("Something else")
    message.press("/")
    dialog.get_by_role("searchbox").fill("gui")
    page.keyboard.press("Enter")
    dialog.get_by_label("city").select_option("Oslo")
    expect(dialog.get_by_label("greeting")).to_have_value("hello")
    assert violations(page) == []
    dialog.get_by_role("button", name="Apply").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("textbox", name="System prompt")).to_have_value("You know Oslo.")
    expect(message).to_have_value("Say hello")
    expect(message).to_be_focused()
    upstream.script("m", Stream(text=["Hello"]))
    message.press("Enter")
    desk.bench.expect_state("completed")
    sent = json.loads(upstream.requests[-1].body)
    assert sent["temperature"] == 0.7
    assert [each["content"] for each in sent["messages"]] == ["You know Oslo.", "Say hello"]

    # The settings of that answer again, after the page has others.
    desk.parameter("temperature", "0.2")
    page.get_by_role("textbox", name="System prompt").fill("")
    desk.bench.answers.last.hover()
    desk.bench.answers.last.get_by_label("More actions").click()
    page.get_by_role("button", name="Take over settings").click()
    expect(page.get_by_role("textbox", name="System prompt")).to_have_value("You know Oslo.")
    assert json.loads(page.locator("input[data-parameters]").input_value())["temperature"] == "0.7"

    # "/" that no preset answers is text.
    message.press("/")
    dialog.get_by_role("searchbox").fill("etc")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(message).to_have_value("/etc")

    # The address that the dialog fetches its list from, opened as a page.
    page.goto(f"{house.server.url}/presets/")
    expect(dialog.get_by_text("Guide")).to_be_visible()
    assert "open=" not in page.url
    assert faults == []
