"""The upstream refuses a parameter: its row is marked, and one press runs again without it or within its limit."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.house import House, house_open, provider_at
from tests.browser.workbench import Workbench
from tests.fakes import FakeUpstream, error_reply
from tests.served import Installation


@pytest.fixture(scope="module")
def house(shared_installation: Installation, shared_upstream: FakeUpstream) -> House:
    provider = provider_at(shared_upstream, api="openai-chat", models=["gpt-5-mini"])
    return house_open(shared_installation, provider, hosts=shared_upstream.address)


@pytest.fixture
def bench(page: Page, house: House, upstream: FakeUpstream) -> Workbench:
    bench = house.enter(page)
    page.locator("[data-parameter-panel]").evaluate("panel => panel.dataset.old = ''")
    bench.choose("Gateway", "gpt-5-mini")
    expect(page.locator("[data-parameter-panel][data-old]")).to_have_count(0)
    return bench


def set_parameter(page: Page, name: str, value: str) -> None:
    panel = page.get_by_role("region", name="Parameters")
    panel.get_by_role("searchbox", name="Find a parameter").fill(name)
    panel.get_by_role("switch", name=f"Send {name}", exact=True).check()
    panel.get_by_role("searchbox", name="Find a parameter").fill("")
    panel.get_by_label(name, exact=True).fill(value)


def test_it_runs_again_without_what_was_refused(bench: Workbench, upstream: FakeUpstream) -> None:
    page = bench.page
    set_parameter(page, "temperature", "0.70")
    upstream.queue(error_reply(400, "Unsupported value: 'temperature' does not support 0.7 with this model."))
    bench.say("Hi")
    answer = bench.expect_state("failed")
    row = page.locator('[data-param="temperature"]')
    expect(row.get_by_text("The provider objected to this in the last run.")).to_be_visible()
    assert violations(page) == []

    page.reload()
    expect(row.get_by_text("The provider objected to this in the last run.")).to_be_visible()
    row.get_by_label("temperature", exact=True).fill("0.71")
    expect(row.get_by_text("The provider objected")).to_have_count(0)
    row.get_by_label("temperature", exact=True).fill("0.70")
    expect(row.get_by_text("The provider objected")).to_be_visible()

    answer.get_by_role("button", name="Run again without temperature").click()
    bench.expect_state("completed")
    expect(row).to_have_attribute("data-state", "unset")
    assert "temperature" not in upstream.requests[-1].json
    assert upstream.requests[-1].json["messages"] == [{"role": "user", "content": "Hi"}]


def test_it_runs_again_with_the_documented_limit(bench: Workbench, upstream: FakeUpstream) -> None:
    set_parameter(bench.page, "temperature", "3")
    upstream.queue(error_reply(400, "temperature is too high"))
    bench.say("Hi")
    answer = bench.expect_state("failed")

    answer.get_by_role("button", name="Run again with the documented 2").click()
    bench.expect_state("completed")
    assert upstream.requests[-1].json["temperature"] == 2


def test_an_extra_parameter_goes_while_the_others_keep_their_digits(
    bench: Workbench, upstream: FakeUpstream
) -> None:
    panel = bench.page.get_by_role("region", name="Parameters")
    panel.locator("[data-parameter-extra] summary").click()
    extra = panel.get_by_label("Extra parameters")
    extra.fill('{"own_flag": {"a": [1, "}"]}, "kept": 1.50}')
    upstream.queue(error_reply(400, "Unrecognized request argument supplied: own_flag"))
    bench.say("Hi")

    bench.expect_state("failed").get_by_role("button", name="Run again without own_flag").click()
    bench.expect_state("completed")
    expect(extra).to_have_value('{\n  "kept": 1.50\n}')
    assert upstream.requests[-1].body.decode().endswith('"kept":1.50}')
