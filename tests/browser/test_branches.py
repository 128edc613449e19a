"""Alternatives: answer again, say it differently, wait as long as the provider asks; nothing that was said goes away."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import House, house_open, provider_at
from tests.browser.workbench import Workbench
from tests.fakes import FakeUpstream
from tests.replies import Stream, error_reply
from tests.served import Installation


@pytest.fixture(scope="module")
def house(shared_installation: Installation, shared_upstream: FakeUpstream) -> House:
    return house_open(shared_installation, provider_at(shared_upstream), hosts=shared_upstream.address)


@pytest.fixture
def bench(page: Page, house: House, upstream: FakeUpstream) -> Workbench:
    return house.enter(page)


def contents(upstream: FakeUpstream) -> list[str]:
    return [message["content"] for message in upstream.requests[-1].json["messages"]]


def test_an_answer_again_stands_beside_the_first_one(bench: Workbench, upstream: FakeUpstream) -> None:
    upstream.script("m", Stream(text=["first"]), Stream(text=["second"]))
    bench.say("Say a number.")
    expect(bench.expect_state("completed")).to_contain_text("first")
    bench.answers.last.get_by_role("button", name="Regenerate").click()
    expect(bench.answers.last).to_contain_text("second")
    answer = bench.expect_state("completed")
    expect(bench.answers).to_have_count(1)
    expect(bench.questions).to_have_count(1)
    assert contents(upstream) == ["Say a number."]
    expect(answer.get_by_label("Alternative 2 of 2")).to_be_visible()
    answer.get_by_role("button", name="Previous alternative").click()
    expect(bench.answers.last).to_contain_text("first")
    bench.page.reload()
    expect(bench.answers.last).to_contain_text("first")
    expect(bench.answers.last.get_by_label("Alternative 1 of 2")).to_be_visible()


def test_an_edited_question_begins_a_branch_and_keeps_the_old_one(
    bench: Workbench, upstream: FakeUpstream
) -> None:
    bench.say("One")
    bench.expect_state("completed")
    bench.say("Two")
    bench.expect_state("completed")
    question = bench.questions.first
    question.hover()
    question.get_by_role("button", name="Edit").click()
    question.get_by_role("textbox", name="Edited message").fill("Uno")
    question.get_by_role("button", name="Save and run").click()
    expect(bench.questions).to_have_count(1)
    bench.expect_state("completed")
    assert contents(upstream) == ["Uno"]
    bench.questions.first.hover()
    bench.questions.first.get_by_role("button", name="Previous alternative").click()
    expect(bench.questions).to_have_count(2)
    expect(bench.questions.nth(1)).to_contain_text("Two")


def test_a_refusal_with_retry_after_counts_down_and_runs_again(
    bench: Workbench, upstream: FakeUpstream
) -> None:
    upstream.queue(error_reply(429, "Slow down", headers=[("Retry-After", "2")]))
    bench.say("Hello")
    answer = bench.expect_state("failed")
    button = answer.get_by_role("button", name="Try again")
    button.click()
    cancel = answer.get_by_role("button", name="Trying again in 2 s · press to cancel")
    cancel.click()
    expect(answer.get_by_role("button", name="Try again", exact=True)).to_be_visible()
    answer.get_by_role("button", name="Try again", exact=True).click()
    bench.expect_state("completed")
    assert len(upstream.requests) == 2
