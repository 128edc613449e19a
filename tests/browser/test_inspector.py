"""The inspector in a browser: play a stream again, compare requests, read probabilities, follow live events, link."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.house import House, house_open, provider_at
from tests.browser.inspecting import Inspecting, tokens_reply
from tests.browser.workbench import MODEL_PATIENCE, Workbench
from tests.fakes import FakeUpstream, Gate
from tests.replies import Stream
from tests.served import Installation, ServedProcess, wait_for


@pytest.fixture(scope="module")
def house(shared_installation: Installation, shared_upstream: FakeUpstream) -> House:
    provider = provider_at(shared_upstream, models=["replay", "compare", "heat", "live", "link"])
    return house_open(shared_installation, provider, hosts=shared_upstream.address)


@pytest.fixture
def bench(page: Page, house: House, upstream: FakeUpstream) -> Workbench:
    return house.enter(page)


def words(text: str) -> list[str]:
    return re.findall(r"\S+\s*", text)


def test_a_kept_stream_is_dragged_and_played_into_the_answer(
    bench: Workbench, upstream: FakeUpstream
) -> None:
    """By pointer and by keyboard; the answer is whole again afterwards."""
    gate = Gate()
    upstream.script("replay", Stream(reasoning=["Hm. "], text=["One ", gate, "**two** ", gate, "three."]))
    bench.choose("Gateway", "replay")
    bench.say("Count.")
    for text in ("One", "two"):
        expect(bench.answers.last).to_contain_text(text)
        gate.release()
    bench.expect_state("completed")
    inspecting = Inspecting(bench)
    bench.inspect("Events")
    expect(inspecting.events).not_to_have_count(0)
    times = {
        kind: [
            float(row.get_attribute("data-at") or 0)
            for row in inspecting.events.all()
            if kind in row.inner_text()
        ]
        for kind in ("One", "two", "three")
    }
    total = float(inspecting.panel.locator("[data-track]").get_attribute("data-total") or 0)
    between = 1000 * (times["two"][0] + times["three"][0]) / 2 / total
    inspecting.slider.fill(str(round(between)))
    expect(inspecting.shown).to_have_text("One two")
    expect(inspecting.shown.locator("strong")).to_have_text("two")
    expect(inspecting.panel.locator(".event--now")).to_contain_text("two")
    expect(inspecting.slider).to_have_attribute("aria-valuetext", re.compile(r"of \d+\.\d+ seconds"))
    assert violations(bench.page) == []
    inspecting.slider.press("Home")
    expect(inspecting.shown).to_have_text("")
    bench.page.get_by_role("button", name="10×").click()
    inspecting.panel.get_by_role("button", name="Play the stream again").click()
    expect(inspecting.shown).to_have_text("One two three.", use_inner_text=True)
    expect(bench.answers.last.locator("[data-replay]")).to_have_count(0)
    inspecting.slider.fill("1")
    expect(inspecting.shown).to_have_text("")
    inspecting.panel.get_by_role("button", name="Show the whole answer").click()
    expect(inspecting.shown).to_have_text("One two three.", use_inner_text=True)


def test_a_request_is_compared_with_the_run_before_and_with_any_other(
    bench: Workbench, upstream: FakeUpstream
) -> None:
    bench.choose("Gateway", "compare")
    for text, temperature in (("One apple", "0.2"), ("Two apples", "0.2"), ("Three pears", "0.9")):
        bench.page.get_by_role("button", name="Parameters", exact=True).first.click()
        bench.page.get_by_role("switch", name="Send temperature").check()
        bench.page.get_by_label("temperature", exact=True).fill(temperature)
        bench.say(text)
        bench.expect_state("completed")
    request = bench.inspect("Request")
    expect(request).to_contain_text('"temperature": 0.9')
    request.get_by_text("Compare", exact=True).click()
    differences = request.get_by_role("group", name="Differences")
    expect(differences.locator(".jdiff__row--removed")).to_contain_text('"temperature": 0.2')
    expect(differences.locator(".jdiff__row--added").last).to_contain_text('"temperature": 0.9')
    expect(differences).to_contain_text("Three pears")
    assert violations(bench.page) == []
    first = request.get_by_role("combobox", name="Compare with").locator("option").last
    request.get_by_role("combobox", name="Compare with").select_option(first.get_attribute("value"))
    expect(request).to_contain_text("from the chosen request to this one")
    expect(differences).to_contain_text("Two apples")


def test_the_heat_map_tells_how_sure_and_branches(bench: Workbench, upstream: FakeUpstream) -> None:
    tokens = [
        ("Paris", {"Paris": 0.95}),
        (" is", {" is": 0.5, " was": 0.4}),
        (" big", {" big": 0.1, " old": 0.8}),
        ("\n\n", {"\n\n": 0.6, ".": 0.3}),
    ]
    upstream.script("heat", tokens_reply(tokens), Stream(text=[" long ago", " smaller."]))
    bench.choose("Gateway", "heat")
    bench.say("Tell me about Paris.")
    bench.expect_state("completed")
    inspecting = Inspecting(bench)
    bench.inspect("Tokens")
    expect(inspecting.token(" big")).to_have_class(re.compile("tok--4"))
    inspecting.token("Paris").focus()
    bench.page.keyboard.press("ArrowRight")
    card = inspecting.panel.get_by_role("group", name="What could have stood in place of ␣is")
    expect(card).to_contain_text("␣was")
    expect(card).to_contain_text("40 %")
    bench.page.keyboard.press("Enter")
    expect(card.get_by_role("button", name="␣was 40 %")).to_be_focused()
    assert violations(bench.page) == []
    bench.page.keyboard.press("Escape")
    expect(inspecting.token(" is")).to_be_focused()
    inspecting.panel.locator("[data-mark='↵↵']").hover()  # a line end can be pointed at
    expect(inspecting.panel.get_by_role("button", name=". 30 %")).to_be_visible()
    inspecting.token(" is").hover()
    card.get_by_role("button", name="␣was 40 %").click()
    expect(bench.answers.last).to_contain_text("long ago smaller.")
    messages = upstream.requests[-1].json["messages"]
    assert [(message["role"], message["content"]) for message in messages] == [
        ("user", "Tell me about Paris."),
        ("assistant", "Paris was"),
    ]
    expect(bench.answers.first).to_contain_text("Paris was")


def test_live_events_come_in_and_leave_what_is_open_alone(bench: Workbench, upstream: FakeUpstream) -> None:
    gate = Gate()
    upstream.script("live", Stream(text=["first ", gate, "second ", gate, "third"]))
    bench.choose("Gateway", "live")
    bench.say("Go.")
    expect(bench.answers.last).to_contain_text("first")
    inspecting = Inspecting(bench)
    bench.inspect("Events")
    row = inspecting.panel.locator("li.event", has_text="first")
    row.locator("summary").first.click()
    expect(row).to_contain_text("data: {")
    gate.release()
    expect(inspecting.panel.locator("li.event", has_text="second")).to_be_visible()
    expect(row.locator("details").first).to_have_attribute("open", "")
    expect(row.locator("summary").first).to_be_focused()
    gate.release()
    bench.expect_state("completed")
    expect(inspecting.panel.locator("li.event", has_text="third")).to_be_visible()
    expect(row.locator("details").first).to_have_attribute("open", "")
    expect(row).to_contain_text("data: {")
    expect(inspecting.slider).to_be_enabled()


def test_a_link_leads_to_a_tab_and_an_event(bench: Workbench, upstream: FakeUpstream) -> None:
    upstream.script("link", Stream(text=[f"w{number} " for number in range(300)]))
    bench.choose("Gateway", "link")
    bench.say("Many.")
    bench.expect_state("completed")
    inspecting = Inspecting(bench)
    bench.inspect("Events")
    expect(inspecting.events).to_have_count(200)
    inspecting.event(2).locator("summary").first.focus()
    bench.page.keyboard.press("ArrowDown")
    expect(inspecting.event(3).locator("summary").first).to_be_focused()
    bench.page.keyboard.press("Enter")
    expect(bench.page).to_have_url(re.compile(r"\?exchange=[0-9a-f-]{36}&tab=events&event=3$"))
    link = bench.page.url.replace("event=3", "event=250")
    bench.page.goto(link)
    expect(inspecting.event(250)).to_be_visible()
    expect(inspecting.event(250)).to_contain_text('"content":"w248 "')
    expect(bench.inspector.get_by_role("tab", name="Events")).to_have_attribute("aria-selected", "true")
    inspecting.panel.get_by_role("button", name="Show earlier").click()
    expect(inspecting.event(40)).to_be_attached()
    inspecting.panel.get_by_role("searchbox", name="Find in the text of events").fill("W299")
    expect(inspecting.events).to_have_count(1)
    bench.inspector.get_by_role("tab", name="Events").press("ArrowRight")
    expect(bench.page).to_have_url(re.compile(r"tab=timing$"))
    expect(inspecting.panel).to_contain_text("Gaps between events with text")
    bench.page.get_by_role("button", name="Parameters", exact=True).first.click()
    expect(bench.page).not_to_have_url(re.compile("tab="))

    # A newer answer takes the older one's place in the inspector and in the address: a reload shows the same.
    bench.inspect("Request")
    expect(inspecting.panel).to_contain_text("Many.")
    first = bench.page.url
    bench.say("More.")
    expect(bench.page).not_to_have_url(first)
    bench.expect_state("completed")
    bench.page.reload()
    expect(inspecting.panel).to_contain_text("More.")
    expect(bench.answers.last).to_have_attribute("aria-current", "true")
    # What nobody sees is named by no address.
    bench.page.get_by_role("button", name="Hide the right side").click()
    expect(bench.page).not_to_have_url(re.compile("exchange="))


def is_ready(served: ServedProcess) -> bool:
    """Whether the local model is; a busy machine takes its time to say so."""
    health = httpx.get(f"{served.url}/healthz", trust_env=False, timeout=60).json()
    return bool(health["local_model"]["status"] == "ready")


@pytest.mark.slow
@pytest.mark.local_model
def test_the_local_model_tells_how_sure_it_was_and_goes_on_from_an_alternative(
    page: Page, installation: Installation
) -> None:
    served = installation.serve(PLAYGROUND_LOCAL_MODEL="1")
    bench = Workbench(page, served)
    bench.sign_up()
    wait_for(lambda: is_ready(served), within=90, what="the local model")
    page.reload()
    for name, value in (("max_tokens", "12"), ("logprobs", None), ("top_logprobs", "4")):
        page.get_by_role("searchbox", name="Find a parameter").fill(name)
        page.get_by_role("switch", name=f"Send {name}", exact=True).check()
        if value:
            page.get_by_label(name, exact=True).fill(value)
    bench.say("What is the capital of France?")
    bench.expect_state("completed", timeout=MODEL_PATIENCE)
    inspecting = Inspecting(bench)
    panel = bench.inspect("Tokens")
    expect(panel).to_contain_text("choose an alternative to go on from it")
    tokens = panel.locator("[data-token]")
    expect(tokens).not_to_have_count(0)
    tokens.nth(1).focus()
    page.keyboard.press("Enter")
    expect(panel.get_by_title(re.compile("^Branch from here with")).first).to_be_focused()
    said = bench.answers.last.inner_text()
    page.keyboard.press("Enter")
    expect(bench.answers).to_have_count(2)
    bench.expect_state("completed", timeout=MODEL_PATIENCE)
    assert bench.answers.first.inner_text() != said
    assert inspecting.panel.is_visible()
