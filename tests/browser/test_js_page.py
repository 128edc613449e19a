"""The furniture of the real workbench: rooms, tabs, keys, theme, settings that keep themselves, the list of chats."""

import re

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.house import House, house_open, provider_at
from tests.browser.lab import watch
from tests.browser.workbench import Workbench
from tests.fakes import FakeUpstream
from tests.replies import Stream
from tests.served import Installation


@pytest.fixture(scope="module")
def house(shared_installation: Installation, shared_upstream: FakeUpstream) -> House:
    """Two providers that answer."""
    key = {"auth": "bearer", "key": "sk-canary-0123456789abcdef"}
    providers = (
        provider_at(shared_upstream, models=["model-a", "model-b"], **key),
        provider_at(shared_upstream, name="Other", api="siliconflow-chat", models=["model-c"], **key),
    )
    return house_open(shared_installation, *providers, hosts=shared_upstream.address)


@pytest.fixture
def bench(page: Page, house: House, upstream: FakeUpstream) -> Workbench:
    return house.enter(page)


def test_settings_keep_themselves_and_the_preview_follows_every_key(bench: Workbench) -> None:
    page = bench.page
    _requests, faults = watch(page)
    preview = page.get_by_role("region", name="Request preview")
    page.get_by_role("switch", name="Send temperature").check()
    page.get_by_label("temperature", exact=True).fill("0.70")
    expect(preview).to_contain_text('"temperature": 0.70')
    page.get_by_role("textbox", name="System prompt").fill("Be brief.")
    expect(preview).to_contain_text("1 message")
    bench.message.fill("hello")
    expect(preview).to_contain_text("2 messages")

    def of_the_model(answer: Response) -> bool:
        """Not of what was typed before."""
        return answer.url.endswith("/settings/") and "model-b" in (answer.request.post_data or "")

    with page.expect_response(of_the_model) as kept:
        page.get_by_role("combobox", name="Model").fill("model-b")
    assert kept.value.status == 204
    page.reload()
    assert page.get_by_role("combobox", name="Model").input_value() == "model-b"
    assert page.get_by_role("textbox", name="System prompt").input_value() == "Be brief."
    assert page.get_by_label("temperature", exact=True).input_value() == "0.70"
    assert bench.message.input_value() == "hello"
    assert faults == []


def test_another_provider_brings_its_parameters_and_models_and_keeps_what_fits(bench: Workbench) -> None:
    page = bench.page
    page.get_by_role("switch", name="Send temperature").check()
    page.get_by_label("temperature", exact=True).fill("1.1")
    page.get_by_role("combobox", name="Model").fill("model-b")
    page.get_by_role("combobox", name="Provider").select_option(label="Other")
    expect(page.get_by_role("combobox", name="Model")).to_have_value("model-c")
    expect(page.get_by_role("region", name="Request preview")).to_contain_text('"temperature": 1.1')
    expect(page.get_by_label("temperature", exact=True)).to_have_value("1.1")
    page.get_by_role("combobox", name="Provider").select_option(label="Gateway")
    expect(page.get_by_role("combobox", name="Model")).to_have_value("model-b")


def test_the_title_and_the_list_follow_the_first_message_in_every_tab(bench: Workbench) -> None:
    page = bench.page
    second = page.context.new_page()
    second.goto(page.url)
    bench.say("Name three rivers of Asia")
    bench.expect_state("completed")
    for tab in (page, second):
        expect(tab).to_have_title(re.compile("Name three rivers of Asia"))
        expect(tab.get_by_role("navigation", name="Conversations")).to_contain_text("Name three rivers")
        expect(tab.get_by_role("textbox", name="Title")).to_have_value(re.compile("Name three rivers"))
    title = page.get_by_role("textbox", name="Title")
    title.fill("Rivers")
    title.press("Enter")
    expect(
        second.get_by_role("navigation", name="Conversations").get_by_role("link", name="Rivers")
    ).to_be_visible()
    expect(page).to_have_title(re.compile("^Rivers"))


def test_a_conversation_is_deleted_only_after_the_question(bench: Workbench) -> None:
    page = bench.page
    bench.say("To be deleted")
    bench.expect_state("completed")
    gone = page.url
    page.get_by_label("More about this conversation").click()
    page.get_by_role("button", name="Delete conversation").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete this conversation?")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_be_hidden()
    assert page.url == gone
    page.get_by_label("More about this conversation").click()
    page.get_by_role("button", name="Delete conversation").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page).not_to_have_url(gone)
    expect(page.get_by_role("navigation", name="Conversations")).not_to_contain_text("To be deleted")
    expect(bench.message).to_be_visible()


def test_the_inspector_opens_by_the_eye_and_moves_by_arrow_keys(
    bench: Workbench, upstream: FakeUpstream
) -> None:
    page = bench.page
    upstream.script("model-a", Stream(text=["One ", "two."]))
    bench.say("Count")
    answer = bench.expect_state("completed")
    answer.get_by_role("button", name="Inspect").click()
    panel = bench.inspector.get_by_role("tabpanel")
    expect(panel).to_contain_text("chat/completions")
    expect(answer).to_have_attribute("aria-current", "true")
    request = bench.inspector.get_by_role("tab", name="Request")
    request.focus()
    page.keyboard.press("ArrowRight")
    expect(bench.inspector.get_by_role("tab", name="Response")).to_be_focused()
    expect(panel).to_contain_text("200")
    page.keyboard.press("End")
    expect(bench.inspector.get_by_role("tab", name="Code")).to_have_attribute("aria-selected", "true")
    expect(panel).to_contain_text("curl")
    page.keyboard.press("Home")
    expect(request).to_be_focused()
    assert (
        bench.inspector.get_by_role("tab").evaluate_all("(tabs) => tabs.map((tab) => tab.tabIndex)").count(0)
        == 1
    )
    page.get_by_role("button", name="Parameters", exact=True).click()
    expect(bench.inspector).to_be_hidden()
    expect(page.get_by_role("region", name="Parameters")).to_be_visible()


def test_keys_work_everywhere_and_are_listed(bench: Workbench) -> None:
    page = bench.page
    page.keyboard.press("Control+k")
    expect(page.get_by_role("searchbox", name="Search conversations")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+/")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_contain_text("New chat")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    history = page.get_by_role("navigation", name="Conversations")
    page.keyboard.press("Control+b")
    expect(history).to_be_hidden()
    page.keyboard.press("Control+b")
    expect(history).to_be_visible()
    bench.say("Something")
    bench.expect_state("completed")
    before = page.url
    page.keyboard.press("Control+Shift+o")
    expect(page).not_to_have_url(before)


def test_the_theme_is_there_with_the_first_paint_of_the_next_page(bench: Workbench) -> None:
    page = bench.page
    page.locator("[data-menu] > summary.person").click()
    page.get_by_role("button", name="Dark").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.locator("[data-menu] > summary.person").click()
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="As the system").click()
    assert page.locator("html").get_attribute("data-theme") is None
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Dark")).to_be_hidden()
    assert [cookie for cookie in page.context.cookies() if cookie["name"] == "theme"] == []


def test_on_a_phone_the_rooms_are_drawers_that_keep_and_return_the_focus(bench: Workbench) -> None:
    page = bench.page
    page.set_viewport_size({"width": 390, "height": 844})
    history = page.get_by_role("navigation", name="Conversations")
    opener = page.get_by_role("button", name="Show conversations")
    expect(history).to_be_hidden()
    opener.click()
    expect(history).to_be_visible()
    assert page.locator("main").evaluate("(main) => main.inert")
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || !document.querySelector('main').contains(document.activeElement)"
        )
    page.keyboard.press("Escape")
    expect(history).to_be_hidden()
    expect(opener).to_be_focused()
    assert not page.locator("main").evaluate("(main) => main.inert")
    page.get_by_role("button", name="Show the right side").click()
    expect(page.get_by_role("region", name="Parameters")).to_be_visible()
    page.wait_for_function("() => document.getAnimations().every((each) => each.playState !== 'running')")
    page.mouse.click(8, 400)
    expect(page.get_by_role("region", name="Parameters")).to_be_hidden()
    # A closed drawer folds nothing away on the page that becomes wide, as a tablet does when it is turned.
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(history).to_be_visible()
    expect(page.get_by_role("region", name="Parameters")).to_be_visible()


def test_copy_buttons_copy_the_source(bench: Workbench, upstream: FakeUpstream) -> None:
    page = bench.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    text = "A **bold** word\n\n```python\nx = 1\n```\n"
    upstream.script("model-a", Stream(text=[text]))
    bench.say("Write code")
    answer = bench.expect_state("completed")
    answer.get_by_role("button", name="Copy code").click()
    expect(answer.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "x = 1\n"
    answer.get_by_role("button", name="Copy answer").click()
    assert page.evaluate("navigator.clipboard.readText()") == text
    page.reload()
    bench.answers.last.get_by_role("button", name="Copy answer").click()
    assert page.evaluate("navigator.clipboard.readText()") == text


def test_an_example_fills_the_message_and_its_parameters(bench: Workbench) -> None:
    page = bench.page
    page.locator("[data-example]").first.click()
    expect(bench.message).not_to_have_value("")
    expect(bench.message).to_be_focused()
    name = page.locator("[data-example]").first.locator(".try__sets").inner_text()
    expect(page.get_by_role("region", name="Request preview")).to_contain_text(f'"{name}"')
    bench.send_button.click()
    bench.expect_state("completed")
    expect(page.locator("[data-first]")).to_have_count(0)


def test_the_first_page_is_small(page: Page, bench: Workbench) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(page.url)
    page.wait_for_load_state("networkidle")
    assert len(sizes) + 1 <= 12, "the websocket is one more"
    assert sum(sizes) <= 100_000, sizes
