"""Messages of every role written by hand, as JSON too; answers that speak; what was not honoured."""

import base64
import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.attaching import Composer, length_of
from tests.browser.house import House, house_open, provider_at
from tests.browser.workbench import Workbench
from tests.fakes import FakeUpstream
from tests.pictures import picture
from tests.replies import Http, Stream, json_reply
from tests.served import Installation


@pytest.fixture(scope="module")
def house(shared_installation: Installation, shared_upstream: FakeUpstream) -> House:
    provider = provider_at(shared_upstream, api="openai-chat")
    return house_open(shared_installation, provider, hosts=shared_upstream.address)


@pytest.fixture
def bench(page: Page, house: House, upstream: FakeUpstream) -> Workbench:
    bench = house.enter(page)
    bench.choose("Gateway", "m")
    return bench


@pytest.fixture
def composer(bench: Workbench) -> Composer:
    return Composer(bench)


def said(upstream: FakeUpstream) -> list[dict[str, object]]:
    messages: list[dict[str, object]] = upstream.requests[-1].json["messages"]
    return messages


def test_a_conversation_is_built_by_hand_and_the_model_goes_on_from_its_end(
    composer: Composer, upstream: FakeUpstream
) -> None:
    bench, page = composer.bench, composer.page
    requests = len(upstream.requests)
    composer.write("developer", "Be terse.")
    composer.write("user", "What is 6 × 7?")
    composer.write("assistant", "The answer is")
    assert len(upstream.requests) == requests
    upstream.script("m", Stream(text=[" 42."]))
    bench.send_button.click()  # nothing to say: the model goes on from what was begun for it
    answer = bench.expect_state("completed")
    expect(answer).to_contain_text("42.")
    assert said(upstream) == [
        {"role": "developer", "content": "Be terse."},
        {"role": "user", "content": "What is 6 × 7?"},
        {"role": "assistant", "content": "The answer is"},
    ]
    composer.role.select_option("tool")
    page.get_by_label("Id of the tool call").fill("call_7")
    bench.message.fill('{"ok": true}')
    composer.add_button.click()
    expect(page.get_by_role("article", name="Tool message")).to_contain_text("call_7")
    expect(composer.role).to_have_value("user")
    composer.more("Name of the participant")
    page.get_by_role("textbox", name="Name of the participant").fill("ada")
    bench.say("And now?")
    expect(bench.answers).to_have_count(3)
    bench.expect_state("completed")
    assert said(upstream)[4:] == [
        {"role": "tool", "tool_call_id": "call_7", "content": '{"ok": true}'},
        {"role": "user", "name": "ada", "content": "And now?"},
    ]


def test_a_message_is_edited_as_json_and_unknown_members_survive(
    composer: Composer, upstream: FakeUpstream
) -> None:
    bench, page = composer.bench, composer.page
    bench.say("Plain")
    bench.expect_state("completed")
    question = bench.questions.last
    question.hover()
    question.get_by_label("More actions").click()
    question.get_by_role("button", name="Edit as JSON").click()
    dialog = page.get_by_role("dialog", name="Edit as JSON")
    editor = dialog.get_by_role("textbox", name="Message as JSON")
    expect(editor).to_contain_text('"content": "Plain"')
    editor.press("Control+a")
    page.keyboard.insert_text('{"role": "user", "content": ')
    expect(dialog.get_by_role("alert")).to_contain_text("Line 1")
    dialog.get_by_role("button", name="Cancel").click()

    # What is no JSON stays until it is mended.
    question.hover()
    question.get_by_label("More actions").click()
    question.get_by_role("button", name="Edit as JSON").click()
    expect(editor).to_have_text('{"role": "user", "content": ')
    message = {
        "role": "user",
        "content": [{"type": "text", "text": "Cached", "cache_control": {"type": "ephemeral"}}],
        "prefix": True,
    }
    editor.press("Control+a")
    page.keyboard.insert_text(json.dumps(message))
    expect(dialog.get_by_role("alert")).to_be_hidden()
    dialog.get_by_role("button", name="Save and run").click()
    expect(bench.questions.last).to_contain_text("Cached")
    bench.expect_state("completed")
    assert said(upstream) == [message]
    expect(bench.questions.last.get_by_label("Alternative 2 of 2")).to_be_visible()


def test_an_answer_that_speaks_can_be_heard_live_and_after_a_reload(
    bench: Workbench, upstream: FakeUpstream
) -> None:
    pcm = base64.b64encode(bytes(4800)).decode()
    image = "data:image/png;base64," + base64.b64encode(picture(size=(30, 20))).decode()
    deltas = [
        {"role": "assistant", "audio": {"id": "audio_1", "transcript": "Hello "}},
        {"audio": {"data": pcm[:3200]}},
        {"audio": {"data": pcm[3200:], "transcript": "there."}},
        {"images": [{"type": "image_url", "image_url": {"url": image}}]},
    ]
    events = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    upstream.script("m", Http(body=[body.encode()], content_type="text/event-stream"))
    bench.say("Say hello.")
    for _look in range(2):
        answer = bench.expect_state("completed")
        expect(answer.locator("[data-markdown]")).to_contain_text("Hello there.")
        expect(answer.locator("audio")).to_be_visible()
        assert length_of(answer.locator("audio")) == pytest.approx(0.1, abs=0.01)
        expect(answer.get_by_role("img", name="Image")).to_have_count(1)
        bench.page.reload()
    upstream.script("m", Stream(text=["Well."]))
    bench.say("And?")
    expect(bench.answers).to_have_count(2)
    bench.expect_state("completed")
    assert said(upstream)[1] == {"role": "assistant", "content": "Hello there."}


def test_what_was_not_honoured_stands_beside_the_figures(bench: Workbench, upstream: FakeUpstream) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
    upstream.script("m", json_reply({"object": "chat.completion", "model": "m-2", "choices": [choice]}))
    page = bench.page
    page.get_by_role("searchbox", name="Find a parameter").fill("seed")
    page.get_by_role("switch", name="Send seed").check()
    page.get_by_label("seed", exact=True).fill("7")
    bench.say("Hello")
    for _look in range(2):
        answer = bench.expect_state("completed")
        stats = answer.get_by_label("Statistics")
        expect(stats).to_contain_text("model: m asked for, m-2 answered")
        expect(stats).to_contain_text("seed: no system_fingerprint came")
        page.reload()
