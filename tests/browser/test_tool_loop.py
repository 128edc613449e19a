"""A loop of tool calls: by hand and by saved results, over three steps with two calls at once; stopped; after a reload."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import watch
from tests.browser.tools_desk import THREE_STEPS, TIME, WEATHER, ToolsDesk, bench_open
from tests.fakes import FakeUpstream
from tests.served import Installation


@pytest.fixture
def up() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture
def faults(page: Page) -> list[str]:
    return watch(page)[1]


@pytest.fixture
def desk(page: Page, installation: Installation, up: FakeUpstream, faults: list[str]) -> ToolsDesk:
    desk = ToolsDesk(bench_open(page, installation, up))
    desk.offer(WEATHER, TIME)
    return desk


def test_three_steps_by_hand(desk: ToolsDesk, up: FakeUpstream, faults: list[str]) -> None:
    up.script("m", *THREE_STEPS)
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

    messages = up.requests[-1].json["messages"]
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
