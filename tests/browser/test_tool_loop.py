"""A loop of tool calls: by hand and by saved results, over three steps with two calls at once; stopped; after a reload."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests import aimock
from tests.browser.accessibility import violations
from tests.browser.house import House, house_open
from tests.browser.lab import watch
from tests.browser.tools_desk import (
    AIMOCK_STEPS,
    THREE_STEPS,
    TIME,
    WEATHER,
    ToolsDesk,
    provider,
)
from tests.conftest import missing
from tests.fakes import FakeUpstream, Gate
from tests.replies import Stream, ToolCall
from tests.served import Installation


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the base URL of an upstream that nobody here wrote, "" where it cannot be run."""
    if not aimock.is_there():
        yield ""
        return
    with aimock.aimock_run(tmp_path_factory.mktemp("aimock"), AIMOCK_STEPS) as url:
        yield url


@pytest.fixture(scope="module")
def house(shared_installation: Installation, shared_upstream: FakeUpstream, elsewhere: str) -> House:
    providers = [provider("Gateway", shared_upstream.base_url)]
    hosts = [shared_upstream.address]
    if elsewhere:
        providers.append(provider("Elsewhere", elsewhere))
        hosts.append(urlsplit(elsewhere).netloc)
    return house_open(shared_installation, *providers, hosts=",".join(hosts))


@pytest.fixture
def faults(page: Page) -> list[str]:
    return watch(page)[1]


@pytest.fixture
def desk(page: Page, house: House, upstream: FakeUpstream, faults: list[str]) -> ToolsDesk:
    desk = ToolsDesk(house.enter(page))
    desk.choose("Gateway")
    desk.offer(WEATHER, TIME)
    return desk


def test_three_steps_by_hand(desk: ToolsDesk, upstream: FakeUpstream, faults: list[str]) -> None:
    upstream.script("m", *THREE_STEPS)
    desk.bench.say("Weather and time?")
    expect(desk.results.get_by_label("Result of get_weather")).to_have_count(2)
    expect(desk.results.get_by_text("Fits the schema")).to_have_count(2)
    desk.result("get_weather").fill("sunny")
    desk.result("get_weather", nth=1).fill('{"snow": 1.0}')
    desk.page.reload()
    expect(desk.result("get_weather", nth=1)).to_have_value('{"snow": 1.0}')
    desk.send_results()

    expect(desk.tool_messages).to_have_count(2)
    desk.result("get_time").fill("noon")
    desk.send_results()
    expect(desk.bench.answers.last).to_contain_text("Sunny in Paris")
    desk.bench.expect_state("completed")

    messages = upstream.requests[-1].json["messages"]
    assert [message["role"] for message in messages] == [
        "user", "assistant", "tool", "tool", "assistant", "tool",
    ]  # fmt: skip
    assert [(each["tool_call_id"], each["content"]) for each in messages if each["role"] == "tool"] == [
        ("call_1", "sunny"),
        ("call_2", '{"snow": 1.0}'),
        ("call_3", "noon"),
    ]
    assert [call["function"]["arguments"] for call in messages[1]["tool_calls"]] == [
        '{"city": "Paris"}',
        '{"city": "Oslo"}',
    ]
    desk.page.reload()
    expect(desk.tool_messages).to_have_count(3)
    expect(desk.results).to_have_count(0)
    assert faults == []


def auto_mock_on(desk: ToolsDesk) -> None:
    """Switch it on; save a result for each function, and another one for one city, unless that was done."""
    dialog = desk.tools_open()
    dialog.get_by_role("button", name="Saved mocks").click()
    mocks = desk.page.get_by_role("dialog", name="Saved mocks")
    expect(mocks.locator('[data-mock="new"]')).to_be_visible()
    if mocks.locator("summary", has_text="get_time").count() == 0:
        desk.mock_save("get_weather", "cloudy")
        desk.mock_save(
            "get_weather", "sunny", match="At least these arguments", arguments='{"city": "Paris"}'
        )
        desk.mock_save("get_time", "noon", match="These arguments exactly", arguments='{"zone": "CET"}')
    desk.page.keyboard.press("Escape")
    desk.auto_mock(dialog).check()
    expect(dialog.locator('[data-loop-state="idle"]')).to_be_attached()
    desk.page.keyboard.press("Escape")


def test_three_steps_by_saved_results_while_the_page_is_closed(
    desk: ToolsDesk, upstream: FakeUpstream, faults: list[str]
) -> None:
    gate = Gate()
    first, *others = THREE_STEPS
    upstream.script("m", replace(first, gate=gate), *others)
    auto_mock_on(desk)
    desk.bench.say("Weather and time?")
    upstream.wait_for_request(1)
    address = desk.page.url
    desk.page.goto("about:blank")
    gate.open()
    upstream.wait_for_request(3)
    desk.page.goto(address)

    desk.bench.expect_state("completed", nth=2)
    expect(desk.bench.answers.nth(2)).to_contain_text("Sunny in Paris")
    expect(desk.tool_messages).to_have_count(3)
    results = [each["content"] for each in upstream.requests[-1].json["messages"] if each["role"] == "tool"]
    assert results == ["sunny", "cloudy", "noon"]
    assert faults == []


def test_saved_results_appear_on_an_open_page_and_stop_at_once(
    desk: ToolsDesk, upstream: FakeUpstream, faults: list[str]
) -> None:
    gate = Gate()
    calling = THREE_STEPS[0]
    upstream.script("m", calling, calling, replace(calling, gate=gate), calling)
    auto_mock_on(desk)
    desk.bench.say("Go on and on")
    desk.bench.expect_state("streaming", nth=2)
    bar = desk.page.locator("[data-loopbar]")
    expect(bar).to_contain_text("step 2 of 10")
    bar.get_by_role("button", name="Stop auto-mock").click()
    desk.bench.expect_state("stopped", nth=2)
    gate.open()
    expect(desk.page.locator("[data-tool-loop] [data-loop-on]").first).not_to_be_checked()
    assert len(upstream.requests) == 3
    desk.page.reload()
    desk.bench.expect_state("stopped", nth=2)
    expect(desk.results).to_have_count(0)
    assert faults == []


def test_a_call_without_a_saved_result_waits_for_the_person(desk: ToolsDesk, upstream: FakeUpstream) -> None:
    odd = Stream(
        text=(),
        tool_calls=(ToolCall("get_weather", ('{"town": 5}',), "a"), ToolCall("other", ('{"cut": ',), "b")),
    )
    upstream.script("m", odd, Stream(text=["Thanks."]))
    auto_mock_on(desk)
    desk.bench.say("Something else")
    expect(desk.page.locator("[data-loopbar]")).to_contain_text(
        "waits for you: no saved result matches other"
    )
    expect(desk.result("get_weather")).to_have_value("cloudy")
    expect(desk.results.get_by_text("city is missing")).to_be_visible()
    expect(desk.results.get_by_text("town is not in the schema")).to_be_visible()
    expect(desk.results.get_by_text("not valid JSON")).to_be_visible()
    expect(desk.results.get_by_text('{"cut": ')).to_be_visible()
    desk.results.get_by_label("Saved result for get_weather").select_option(
        label='At least these arguments: {"city": "Paris"}'
    )
    expect(desk.result("get_weather")).to_have_value("sunny")
    desk.result("other").fill("by hand")
    desk.page.keyboard.press("Control+Enter")
    expect(desk.bench.answers.last).to_contain_text("Thanks.")
    assert [each["content"] for each in upstream.requests[-1].json["messages"][2:]] == ["sunny", "by hand"]
    assert violations(desk.page) == []


def test_the_loop_against_an_upstream_that_nobody_here_wrote(desk: ToolsDesk, elsewhere: str) -> None:
    if not elsewhere:
        missing("Node or @copilotkit/aimock is missing (npm ci)")
    desk.choose("Elsewhere")
    desk.offer(WEATHER, TIME)
    desk.bench.say("Weather and time?")
    desk.result("get_weather").fill("sunny")
    desk.result("get_weather", nth=1).fill("cloudy")
    desk.send_results()
    desk.result("get_time").fill("noon")
    desk.send_results()
    expect(desk.bench.answers.last).to_contain_text("Sunny in Paris")
    expect(desk.tool_messages).to_have_count(3)

    auto_mock_on(desk)
    desk.bench.say("Weather and time again?")
    expect(desk.bench.answers.nth(5)).to_contain_text("Sunny in Paris")
    expect(desk.tool_messages).to_have_count(6)
