"""The composer: one press is one run, and typed text is given up only once the server has it."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.lab import CONVERSATION, EXCHANGE, Lab, article, bundle, end_update, lab, watch, workbench
from tests.steps import Gate

__all__ = ["bundle", "lab"]
RUNS = f"/conversations/{CONVERSATION}/runs/"


@pytest.fixture
def box(lab: Lab, page: Page) -> Page:
    """Return an empty workbench on whose server a run becomes a question and a queued answer."""

    def run(fields: dict[str, str]) -> tuple[int, str]:
        question = article(fields["message"], role="user", number=7, exchange="")
        return 200, question.replace("data-markdown", "") + article(state="queued", number=8)

    lab.answers[RUNS] = run
    page.goto(lab.url)
    return page


def runs(lab: Lab) -> list[tuple[str, dict[str, str]]]:
    """Return the runs that were posted."""
    return [(path, fields) for path, fields in lab.posts if path.startswith(RUNS)]


def test_enter_sends_and_shift_enter_breaks_the_line(lab: Lab, box: Page) -> None:
    message = box.get_by_role("textbox", name="Message")
    message.press_sequentially("one")
    message.press("Shift+Enter")
    message.press_sequentially("two")
    message.press("Enter")
    expect(box.get_by_role("article", name="Assistant message")).to_have_attribute("data-state", "queued")
    assert [fields["message"] for _path, fields in runs(lab)] == ["one\ntwo"]
    assert message.input_value() == ""
    lab.followed()


def test_enter_in_an_input_method_does_not_send(lab: Lab, box: Page) -> None:
    message = box.get_by_role("textbox", name="Message")
    message.focus()
    session = box.context.new_cdp_session(box)
    session.send("Input.imeSetComposition", {"text": "か", "selectionStart": 1, "selectionEnd": 1})
    for code in (229, 13):
        box.evaluate(
            "(code) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', "
            "{ key: 'Enter', keyCode: code, isComposing: code === 13, bubbles: true, cancelable: true }))",
            code,
        )
    assert runs(lab) == []
    session.send("Input.insertText", {"text": "漢字"})
    message.press("Enter")
    lab.wait(lambda: runs(lab))
    assert runs(lab)[0][1]["message"] == "漢字"


def test_a_double_click_on_send_is_one_run(lab: Lab, box: Page) -> None:
    box.get_by_role("textbox", name="Message").fill("once")
    box.get_by_role("button", name="Send").dblclick()
    expect(box.get_by_role("button", name="Stop")).to_be_visible()
    assert len(runs(lab)) == 1


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (422, '<p class="labelled__error">Choose a model.</p>', "Choose a model."),
        (413, "", "too long"),
        (403, "<!doctype html><title>CSRF</title>", "out of date"),
        (401, "", "signed out"),
        (503, "<p>The server is restarting.</p>", "The server is restarting."),
        (500, "<!doctype html><h1>Server Error</h1>", "could not do this"),
    ],
)
def test_a_refused_run_says_why_keeps_the_text_and_retries_as_the_same_run(
    lab: Lab, box: Page, status: int, body: str, words: str
) -> None:
    works = lab.answers[RUNS]
    lab.answers[RUNS] = (status, body)
    message = box.get_by_role("textbox", name="Message")
    message.fill("precious words")
    box.get_by_role("button", name="Send").click()
    expect(box.get_by_role("alert").first).to_contain_text(words)
    assert message.input_value() == "precious words"
    assert message.get_attribute("aria-invalid") == "true"
    lab.answers[RUNS] = works
    box.get_by_role("button", name="Send").click()
    expect(box.get_by_role("article", name="Assistant message")).to_be_visible()
    assert len({path for path, _fields in runs(lab)}) == 1, "the same text is the same run"
    assert message.input_value() == ""
    assert message.get_attribute("aria-invalid") is None


def test_without_a_network_the_text_stays_and_try_again_sends_the_same_run(
    lab: Lab, box: Page, context: BrowserContext
) -> None:
    box.get_by_role("textbox", name="Message").fill("hello")
    context.set_offline(True)
    box.get_by_role("button", name="Send").click()
    expect(box.get_by_role("alert").first).to_contain_text("offline")
    context.set_offline(False)
    expect(box.get_by_role("alert").first).to_contain_text("The network is back")
    box.get_by_role("button", name="Try again").click()
    expect(box.get_by_role("article", name="Assistant message")).to_be_visible()
    assert box.get_by_role("textbox", name="Message").input_value() == ""


def test_a_page_left_in_the_middle_of_a_post_comes_back_with_the_text_and_the_same_run(
    lab: Lab, box: Page
) -> None:
    gate = lab.gates[RUNS] = Gate()
    box.get_by_role("textbox", name="Message").fill("half sent")
    box.get_by_role("button", name="Send").click()
    gate.wait_reached()
    box.reload()
    gate.open()
    assert box.get_by_role("textbox", name="Message").input_value() == "half sent"
    box.get_by_role("button", name="Send").click()
    expect(box.get_by_role("article", name="Assistant message")).to_be_visible()
    assert len({path for path, _fields in runs(lab)}) == 1


def test_an_empty_message_is_not_sent_but_said(lab: Lab, box: Page) -> None:
    box.get_by_role("textbox", name="Message").fill("  \n ")
    box.get_by_role("button", name="Send").click()
    expect(box.get_by_role("alert").first).to_have_text("Write a message first.")
    assert runs(lab) == []


def test_stop_and_escape_stop_every_live_answer_without_a_socket(lab: Lab, page: Page) -> None:
    other = EXCHANGE.replace("e1", "e2")
    lab.page = workbench(
        article(state="streaming"), article(state="streaming", number=2, exchange=other), socket=False
    )
    page.goto(lab.url)
    page.get_by_role("button", name="Stop").click()
    lab.wait(lambda: len(lab.posts) >= 2)
    assert {path for path, _fields in lab.posts} == {
        f"/exchanges/{EXCHANGE}/stop/",
        f"/exchanges/{other}/stop/",
    }
    page.get_by_role("textbox", name="Message").press("Escape")
    lab.wait(lambda: len(lab.posts) >= 4)


def test_while_an_answer_streams_stop_takes_the_place_of_send(lab: Lab, box: Page) -> None:
    send, stop = box.get_by_role("button", name="Send"), box.get_by_role("button", name="Stop")
    assert stop.is_hidden()
    box.get_by_role("textbox", name="Message").fill("go")
    send.click()
    expect(stop).to_be_visible()
    assert send.is_hidden()
    box.get_by_role("textbox", name="Message").fill("next")
    box.get_by_role("textbox", name="Message").press("Enter")
    expect(box.get_by_role("alert").first).to_contain_text("still streaming")
    lab.send({"e": lab.followed()["ref"], "n": 1, "u": [["c", 0, "done"], end_update()]})
    expect(send).to_be_visible()
    assert stop.is_hidden()
    assert box.get_by_role("textbox", name="Message").input_value() == "next"


def test_arrow_up_recalls_the_last_message_only_in_an_empty_box(lab: Lab, page: Page) -> None:
    lab.page = workbench(article("the last question", role="user"), article("An answer.", number=2))
    page.goto(lab.url)
    message = page.get_by_role("textbox", name="Message")
    message.press("ArrowUp")
    assert message.input_value() == "the last question"
    message.fill("other")
    message.press("ArrowUp")
    assert message.input_value() == "other"


def test_control_enter_runs_from_anywhere_on_the_page(lab: Lab, box: Page) -> None:
    box.get_by_role("textbox", name="Message").fill("from afar")
    box.get_by_role("region", name="Messages").focus()
    box.keyboard.press("Control+Enter")
    lab.wait(lambda: runs(lab))


def test_of_two_hundred_thousand_characters_none_is_lost_and_typing_goes_on(lab: Lab, box: Page) -> None:
    """How long a key takes in it is measured by `bench.page`."""
    _requests, faults = watch(box)
    message = box.get_by_role("textbox", name="Message")
    message.fill("lorem ipsum " * 16_700)
    box.evaluate(
        """() => {
          const field = document.querySelector('#message');
          field.focus();
          for (let n = 0; n < 20; n += 1) {
            field.setRangeText('x', field.value.length, field.value.length, 'end');
            field.dispatchEvent(new InputEvent('input', { bubbles: true }));
          }
        }"""
    )
    message.press("Enter")
    lab.wait(lambda: runs(lab))
    assert len(runs(lab)[0][1]["message"]) == 200_420
    assert faults == []


def test_the_token_of_the_page_goes_with_every_post(lab: Lab, box: Page) -> None:
    with box.expect_request("**/runs/**") as request:
        box.get_by_role("textbox", name="Message").fill("hi")
        box.get_by_role("textbox", name="Message").press("Enter")
    assert request.value.headers["x-csrftoken"] == "token-of-the-page"
    assert request.value.headers["hx-request"] == "true"
