"""One of each kind of control, set by hand in Chromium, arrives upstream byte for byte."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.house import House, house_open, provider_at
from tests.browser.workbench import Workbench
from tests.fakes import FakeUpstream
from tests.served import Installation, wait_for

MODEL = "gpt-5-mini"


@pytest.fixture(scope="module")
def house(shared_installation: Installation, shared_upstream: FakeUpstream) -> House:
    """A provider that speaks `openai-chat`."""
    provider = provider_at(shared_upstream, api="openai-chat", models=[MODEL])
    return house_open(shared_installation, provider, hosts=shared_upstream.address)


@pytest.fixture
def bench(page: Page, house: House, upstream: FakeUpstream) -> Workbench:
    bench = house.enter(page)
    page.locator("[data-parameter-panel]").evaluate("panel => panel.dataset.old = ''")
    bench.choose("Gateway", MODEL)
    expect(page.locator("[data-parameter-panel][data-old]")).to_have_count(0)
    return bench


@pytest.fixture
def panel(bench: Workbench) -> Locator:
    return bench.page.get_by_role("region", name="Parameters")


def switch_on(panel: Locator, name: str) -> None:
    panel.get_by_role("searchbox", name="Find a parameter").fill(name)
    panel.get_by_role("switch", name=f"Send {name}", exact=True).check()
    panel.get_by_role("searchbox", name="Find a parameter").fill("")


def test_each_kind_of_control_is_sent_byte_for_byte(
    bench: Workbench, panel: Locator, upstream: FakeUpstream
) -> None:
    for name in (
        "temperature",
        "seed",
        "logprobs",
        "reasoning_effort",
        "user",
        "stop",
        "logit_bias",
        "metadata",
    ):
        switch_on(panel, name)
    panel.get_by_label("temperature", exact=True).fill("0.70")
    panel.get_by_label("seed", exact=True).fill("12345678901234567890")
    panel.get_by_role("radiogroup", name="logprobs").get_by_text("true").click()
    panel.get_by_role("combobox", name="reasoning_effort").fill("low")
    panel.get_by_role("textbox", name="user", exact=True).fill('é "quoted"')
    panel.get_by_label("stop", exact=True).fill("\\n\\n")
    panel.get_by_label("stop", exact=True).press("Enter")
    panel.get_by_label("stop", exact=True).fill("END")
    biases = panel.get_by_role("group", name="logit_bias")
    biases.get_by_label("Key in logit_bias").fill("50256")
    biases.get_by_label("Value in logit_bias").fill("-1.50")
    tags = panel.get_by_role("group", name="metadata")
    tags.get_by_label("Key in metadata").fill("team")
    tags.get_by_label("Value in metadata").fill("7")
    switch_on(panel, "response_format")
    panel.get_by_label("response_format", exact=True).fill('{ "type": "json_object" }')
    switch_on(panel, "top_p")
    panel.get_by_role("button", name="top_p is null").click()
    switch_on(panel, "presence_penalty")
    panel.get_by_role("slider", name="presence_penalty, slider").fill("-0.3")
    panel.locator("[data-parameter-extra] summary").click()
    panel.get_by_label("Extra parameters").fill('{"my_flag": 1e2, "__proto__": {"a": 0.10}}')

    bench.say("Hi")

    body = upstream.wait_for_request().body.decode()
    assert body == (
        '{"model":"gpt-5-mini","messages":[{"role":"user","content":"Hi"}],"stream":true,'
        '"stream_options":{"include_usage": true},'
        '"temperature":0.70,"seed":12345678901234567890,"logprobs":true,"reasoning_effort":"low",'
        '"user":"é \\"quoted\\"","stop":["\\n\\n", "END"],"logit_bias":{"50256": -1.50},"metadata":{"team": "7"},'
        '"response_format":{ "type": "json_object" },"top_p":null,"presence_penalty":-0.3,'
        '"my_flag":1e2,"__proto__":{"a": 0.10}}'
    )


def test_a_doubt_is_sent_as_typed_and_an_error_is_not(
    bench: Workbench, panel: Locator, upstream: FakeUpstream
) -> None:
    page = bench.page
    switch_on(panel, "top_logprobs")
    field = panel.get_by_label("top_logprobs", exact=True)

    field.fill("twenty")
    expect(panel.get_by_text("A whole number is needed here, such as 7.")).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")
    bench.attempt("Hi")
    expect(page.get_by_role("alert").filter(has_text="top_logprobs")).to_be_visible()
    assert bench.message.input_value() == "Hi"
    expect(bench.answers).to_have_count(0)

    field.fill("21")
    expect(panel.get_by_text("Documented: 0 to 20. Sent as typed.")).to_be_visible()
    marked = page.get_by_role("region", name="Request preview").locator(".row--warn")
    expect(marked).to_have_text(re.compile('"top_logprobs": 21'))
    bench.send_button.click()
    assert upstream.wait_for_request().json["top_logprobs"] == 21

    panel.get_by_role("button", name="Use 20").click()
    expect(field).to_have_value("20")
    expect(panel.get_by_text("Sent as typed")).to_have_count(0)


def test_rows_survive_a_reload_with_their_literals_and_their_order(bench: Workbench, panel: Locator) -> None:
    page = bench.page
    for name in ("top_p", "temperature"):
        switch_on(panel, name)
    panel.get_by_label("temperature", exact=True).fill("0.50")
    workbench = page.url
    page.goto("about:blank")  # at once: what was not kept yet goes out with the page
    wait_for(lambda: 'value="0.50"' in page.request.get(workbench).text(), what="0.50 to be kept")
    page.goto(workbench)

    sent = panel.locator("[data-parameter-sent] [data-param]")
    expect(sent).to_have_count(4)
    assert sent.evaluate_all("rows => rows.map(row => row.dataset.param)") == [
        "stream",
        "stream_options",
        "top_p",
        "temperature",
    ]
    expect(panel.get_by_label("temperature", exact=True)).to_have_value("0.50")


def test_a_row_can_be_found_and_switched_with_the_keyboard_alone(bench: Workbench, panel: Locator) -> None:
    page = bench.page
    panel.get_by_role("searchbox", name="Find a parameter").focus()
    page.keyboard.type("presence")
    expect(panel.locator("[data-param]:visible")).to_have_count(1)
    panel.get_by_role("switch", name="Send presence_penalty").focus()
    page.keyboard.press("Space")
    expect(panel.get_by_role("switch", name="Send presence_penalty")).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Tab")  # about, null, slider, number
    expect(panel.get_by_label("presence_penalty", exact=True)).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("-0.5")
    expect(page.get_by_role("region", name="Request preview")).to_contain_text('"presence_penalty": -0.5')
    panel.get_by_role("searchbox", name="Find a parameter").fill("no such thing")
    expect(panel.get_by_text("No parameter by this name.")).to_be_visible()


def test_only_what_is_sent_hides_the_rest(bench: Workbench, panel: Locator) -> None:
    expect(panel.get_by_role("button", name="Only what is sent")).to_contain_text("2")
    panel.get_by_role("button", name="Only what is sent").click()
    expect(panel.locator("details[data-parameter-group]:visible")).to_have_count(0)


KEYS_TO_PREVIEW = """async (field) => {
  const preview = document.querySelector("[data-preview]");
  const patience = AbortSignal.timeout(20000);
  const seen = [];
  for (let digit = 101; digit < 116; digit += 1) {
    const shown = new Promise((done, fail) => {
      patience.onabort = () => fail(new Error(`0.${digit} is not in the preview: ${preview.textContent}`));
      const observer = new MutationObserver(() => {
        if (!preview.textContent.includes(`"temperature": 0.${digit}`)) return;
        observer.disconnect();
        done(digit);
      });
      observer.observe(preview, { childList: true, subtree: true });
    });
    field.value = `0.${digit}`;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    seen.push(await shown);
  }
  return seen;
}"""


def test_the_preview_follows_every_key(bench: Workbench, panel: Locator) -> None:
    """How soon is measured by `bench.page`."""
    switch_on(panel, "temperature")

    seen = panel.get_by_label("temperature", exact=True).evaluate(KEYS_TO_PREVIEW)

    assert seen == list(range(101, 116))
