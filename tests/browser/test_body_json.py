"""The request edited as JSON in Chromium: the form follows, the text follows the form, nothing typed is lost."""

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.accessibility import violations
from tests.browser.house import House, house_open, provider_at
from tests.browser.lab import watch
from tests.browser.workbench import Workbench
from tests.fakes import FakeUpstream
from tests.served import Installation

MODEL = "gpt-5-mini"


@pytest.fixture(scope="module")
def house(shared_installation: Installation, shared_upstream: FakeUpstream) -> House:
    """One provider for each of two APIs."""
    providers = (
        provider_at(shared_upstream, api="openai-chat", models=[MODEL]),
        provider_at(shared_upstream, name="Silicon", api="siliconflow-chat", models=["Qwen/QwQ-32B"]),
    )
    return house_open(shared_installation, *providers, hosts=shared_upstream.address)


@pytest.fixture
def faults(page: Page) -> list[str]:
    """Return what goes wrong in the page; a violation of its policy is among it."""
    return watch(page)[1]


@pytest.fixture
def bench(page: Page, house: House, upstream: FakeUpstream, faults: list[str]) -> Workbench:
    bench = house.enter(page)
    bench.choose_provider("Gateway")
    expect(page.get_by_role("combobox", name="Model")).to_have_value(MODEL)
    return bench


@pytest.fixture
def panel(bench: Workbench) -> Locator:
    return bench.page.get_by_role("region", name="Parameters")


@pytest.fixture
def editor(bench: Workbench) -> Locator:
    """Open the editor and return what is typed into."""
    bench.page.get_by_role("button", name="Edit as JSON").click()
    editor = bench.page.get_by_role("textbox", name="Body as JSON")
    expect(editor).to_contain_text('"model"')
    return editor


def write_all(editor: Locator, text: str) -> None:
    """Put a text in the place of everything, as pasting does."""
    editor.focus()
    editor.page.keyboard.press("Control+a")
    editor.page.keyboard.insert_text(text)


def append_member(editor: Locator, text: str) -> None:
    """Type before the last brace."""
    editor.focus()
    editor.page.keyboard.press("Control+End")
    editor.page.keyboard.press("ArrowLeft")
    editor.page.keyboard.press("ArrowLeft")
    editor.page.keyboard.insert_text(text)


def test_the_form_follows_the_text_and_the_text_the_form(
    bench: Workbench, panel: Locator, editor: Locator, upstream: FakeUpstream, faults: list[str]
) -> None:
    page = bench.page
    append_member(editor, ',\n  "temperature": 0.70,\n  "my_flag": 1e2')

    expect(panel.get_by_label("temperature", exact=True)).to_have_value("0.70")
    expect(panel.get_by_label("Extra parameters")).to_have_value('{\n  "my_flag": 1e2\n}')

    panel.get_by_label("temperature", exact=True).fill("0.500")
    expect(editor).to_contain_text('"temperature": 0.500')
    page.get_by_role("combobox", name="Model").fill("gpt-5")
    expect(editor).to_contain_text('"model": "gpt-5"')

    bench.say("Hi")
    body = upstream.wait_for_request().body.decode()
    assert body == (
        '{"model":"gpt-5","messages":[{"role":"user","content":"Hi"}],"stream":true,'
        '"stream_options":{"include_usage": true},"temperature":0.500,"my_flag":1e2}'
    )
    bench.expect_state("completed")
    expect(editor.get_by_role("button", name="2 messages")).to_be_visible()
    assert faults == []


def test_a_pasted_body_sets_everything_and_runs_at_once(
    bench: Workbench, panel: Locator, editor: Locator, upstream: FakeUpstream
) -> None:
    write_all(
        editor, '{"model": "o3", "n": 1.0, "stop": null, "logprobs": "yes", "seed": 12345678901234567890}'
    )
    bench.message.fill("Hi")
    editor.press("Control+Enter")

    request = upstream.wait_for_request()
    assert request.body.decode() == (
        '{"model":"o3","messages":[{"role":"user","content":"Hi"}],"n":1.0,"stop":null,"logprobs":"yes",'
        '"seed":12345678901234567890}'
    )
    row = panel.locator('[data-param="logprobs"]')
    expect(row).to_have_attribute("data-control", "json")
    expect(row.locator("[data-param-input]")).to_have_value('"yes"')
    expect(panel.locator('[data-param="stop"]')).to_have_attribute("data-state", "null")
    expect(panel.locator('[data-param="stream"]')).to_have_attribute("data-state", "unset")


def test_lists_and_pairs_keep_their_numbers_and_their_order(
    bench: Workbench, panel: Locator, editor: Locator, upstream: FakeUpstream
) -> None:
    write_all(
        editor,
        '{"model": "o3", "stop": ["a", "\\u0041"], "logit_bias": {"50256": -1.0, "5": 12345678901234567890}}',
    )
    biases = panel.locator('[data-param="logit_bias"] [data-pair]')
    expect(biases).to_have_count(2)
    biases.first.locator("[data-pair-value]").fill("-1.50")
    panel.locator('[data-param="stop"]').locator("[data-token-remove]").first.click()

    bench.say("Hi")
    body = upstream.wait_for_request().body.decode()
    assert body.endswith('"stop":["\\u0041"],"logit_bias":{"50256": -1.50, "5": 12345678901234567890}}'), body


def test_what_cannot_be_read_is_kept_and_stops_a_run_until_it_is_put_right(
    bench: Workbench, panel: Locator, editor: Locator, upstream: FakeUpstream
) -> None:
    page = bench.page
    broken = '{\n  "model": "o3",\n  "temperature": oops\n}'
    write_all(editor, broken)

    problem = page.get_by_role("alert").filter(has_text="not valid JSON")
    expect(problem).to_contain_text("Line 3:")
    expect(page.get_by_role("combobox", name="Model")).to_have_value(MODEL)
    expect(panel.get_by_role("switch", name="Send stream", exact=True)).to_be_checked()
    bench.attempt("Hi")
    expect(page.get_by_text("The body as JSON cannot be read.")).to_be_visible()
    expect(bench.answers).to_have_count(0)

    page.reload()
    expect(editor).to_contain_text("oops")
    expect(problem).to_contain_text("Line 3:")
    problem.get_by_role("button", name=re.compile("Line 3")).click()
    expect(editor).to_be_focused()

    problem.get_by_role("button", name="Take the form’s").click()
    expect(editor).not_to_contain_text("oops")
    expect(problem).to_be_hidden()
    page.reload()
    expect(page.get_by_role("button", name="Edit as JSON")).to_have_attribute("aria-pressed", "false")


def test_messages_are_folded_and_cannot_be_changed_here(bench: Workbench, editor: Locator) -> None:
    page = bench.page
    bench.message.fill("Why?")
    fold = editor.get_by_role("button", name="1 message")
    expect(fold).to_have_attribute("aria-expanded", "false")
    expect(editor).not_to_contain_text("Why?")

    fold.click()
    expect(editor).to_contain_text("Why?")
    editor.get_by_text("Why?").dblclick()
    page.keyboard.type("Other")
    expect(editor).to_contain_text("Why?")
    expect(editor).not_to_contain_text("Other")


def test_the_catalog_completes_and_judges(bench: Workbench, panel: Locator, editor: Locator) -> None:
    page = bench.page
    append_member(editor, ",\n  ")
    page.keyboard.type('"reasoning_e')
    # Every letter filters the list anew: it is settled when only this one is left.
    expect(page.locator(".cm-tooltip-autocomplete").get_by_role("option")).to_have_count(1)
    page.get_by_role("option", name=re.compile("reasoning_effort")).click()
    expect(editor).to_contain_text('"reasoning_effort"')
    page.keyboard.type("l")
    page.keyboard.press("Control+Space")
    page.get_by_role("option", name=re.compile('"low"')).click()
    expect(panel.get_by_role("combobox", name="reasoning_effort")).to_have_value("low")

    append_member(editor, ',\n  "temperature": 3')
    expect(editor.locator(".cm-lintRange-warning")).to_be_visible()
    expect(panel.get_by_text("Documented: 0 to 2. Sent as typed.")).to_be_visible()


def test_it_is_within_reach_of_everybody(bench: Workbench, editor: Locator, faults: list[str]) -> None:
    append_member(editor, ',\n  "temperature": 3,\n  "own": 1')
    expect(editor.locator(".cm-lintRange-warning")).to_be_visible()
    write_all(editor, "{ oops")
    expect(bench.page.get_by_role("alert").filter(has_text="not valid JSON")).to_be_visible()
    assert faults == [], "the policy refuses nothing of the editor"  # axe writes styles of its own
    assert violations(bench.page) == []
    editor.press("Control+z")
    expect(editor.locator(".cm-lintRange-warning")).to_be_visible()
    for theme in ("light", "dark"):
        bench.page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        assert violations(bench.page) == []


def test_what_is_set_while_another_provider_answers_is_kept(bench: Workbench, panel: Locator) -> None:
    page = bench.page
    held: list[Route] = []

    def hold_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route("**/parameters/", hold_first)
    page.locator("[data-parameter-panel]").evaluate("panel => panel.dataset.old = ''")
    with page.expect_request("**/parameters/"):
        page.get_by_role("combobox", name="Provider").select_option(label="Silicon")
    panel.get_by_role("switch", name="Send temperature").check()
    panel.get_by_label("temperature", exact=True).fill("0.25")
    panel.get_by_role("searchbox", name="Find a parameter").fill("top_p")
    panel.get_by_role("switch", name="Send top_p").check()
    held[0].continue_()
    expect(page.locator("[data-parameter-panel][data-old]")).to_have_count(0)
    expect(panel.get_by_role("searchbox", name="Find a parameter")).to_have_value("top_p")
    expect(panel.get_by_role("switch", name="Send top_p")).to_be_checked()
    panel.get_by_role("searchbox", name="Find a parameter").fill("")
    expect(panel.get_by_label("temperature", exact=True)).to_have_value("0.25")
    expect(panel.get_by_role("switch", name="Send temperature")).to_be_checked()


def test_another_provider_says_what_it_changes(bench: Workbench, panel: Locator) -> None:
    page = bench.page
    panel.get_by_role("searchbox", name="Find a parameter").fill("reasoning_effort")
    panel.get_by_role("switch", name="Send reasoning_effort").check()
    panel.get_by_role("combobox", name="reasoning_effort").fill("low")
    page.get_by_role("combobox", name="Model").fill("my-own")

    bench.choose_provider("Silicon")
    expect(page.get_by_role("combobox", name="Model")).to_have_value("Qwen/QwQ-32B")
    said = page.locator("[data-toasts]")
    expect(said).to_contain_text("Qwen/QwQ-32B instead of my-own")
    expect(said).to_contain_text(re.compile("does not document it: .*reasoning_effort"))

    bench.choose_provider("Gateway")
    expect(page.get_by_role("combobox", name="Model")).to_have_value("my-own")
    expect(panel.locator('[data-param="stream_options"]')).to_have_attribute("data-state", "value")
