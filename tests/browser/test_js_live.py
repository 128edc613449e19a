"""The socket and live answers: nothing shown twice, nothing lost, whatever the connection does."""

import json
import random

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.lab import Lab, article, bundle, end_update, lab, watch, workbench

__all__ = ["bundle", "lab"]
PROSE = "[data-markdown]"


def live(lab: Lab, page: Page, *articles: str) -> int:
    """Open a page with a live answer; return the number the page gave its exchange."""
    lab.page = workbench(*(articles or [article(state="queued")]))
    page.goto(lab.url)
    return int(lab.followed()["ref"])


def test_an_answer_streams_reasoning_text_tool_calls_and_figures(lab: Lab, page: Page) -> None:
    _requests, faults = watch(page)
    ref = live(lab, page)
    answer = page.get_by_role("article", name="Assistant message")
    expect(answer).to_have_attribute("data-state", "queued")
    lab.send({"e": ref, "n": 1, "u": [["q", 2]]})
    expect(page.locator("[data-stats]")).to_contain_text("place in queue")
    lab.send({"e": ref, "n": 2, "u": [["s", "streaming"], ["h", {"status": 200, "first_byte_ms": 12.5}]]})
    lab.send({"e": ref, "n": 3, "u": [["r", 0, "Let me see.\n\nYes."]]})
    lab.send({"e": ref, "n": 5, "u": [["c", 0, "The *answer*"], ["c", 0, " is 42."]]})
    expect(answer).to_have_attribute("data-state", "streaming")
    expect(answer).to_have_attribute("aria-busy", "true")
    lab.send({"e": ref, "n": 6, "u": [["t", 0, 0, "call_1", "get_weather", '{"city":']]})
    lab.send(
        {
            "e": ref,
            "n": 8,
            "u": [["t", 0, 0, "", "", ' "Kyoto"}'], ["u", {"completion_tokens": 34}], end_update()],
        }
    )
    expect(answer).to_have_attribute("data-state", "completed")
    assert page.locator(PROSE).inner_text() == "The answer is 42."
    assert page.locator("[data-reasoning-text]").text_content() == "Let me see.\n\nYes."
    assert page.locator("[data-reasoning] summary").inner_text() == "Reasoned for 0.48 s"
    assert page.locator("[data-tool-call]").inner_text().split("\n")[-1] == '{"city": "Kyoto"}'
    assert page.locator("[data-source]").text_content() == "The *answer* is 42."
    assert page.locator("[data-stats]").inner_text().split() == [
        "in",
        "12",
        "out",
        "34",
        "TTFT",
        "0.21",
        "s",
        "tok/s",
        "48.1",
        "total",
        "1.31",
        "s",
    ]
    assert answer.get_attribute("aria-busy") is None
    assert faults == []


def test_choices_stream_side_by_side_by_their_index(lab: Lab, page: Page) -> None:
    two = (
        article(state="queued"),
        article(state="queued", number=2).replace('data-choice="0"', 'data-choice="1"'),
    )
    ref = live(lab, page, *two)
    assert len([said for said in lab.said if said["type"] == "follow"]) == 1
    lab.send(
        {"e": ref, "n": 1, "u": [["c", 1, "second"], ["c", 0, "first"], ["c", 2, "unasked"], ["c", 1, "!"]]}
    )
    lab.send({"e": ref, "n": 2, "u": [end_update()]})
    expect(page.locator('article[data-state="completed"]')).to_have_count(3)
    assert page.locator(PROSE).all_inner_texts() == ["first", "second!", "unasked"]


def test_a_failed_answer_says_why_and_keeps_what_came(lab: Lab, page: Page) -> None:
    ref = live(lab, page)
    error = {
        "kind": "rate_limited",
        "message": "Too many requests.",
        "advice": "Wait 20 s.",
        "status": 429,
        "param": None,
    }
    lab.send({"e": ref, "n": 1, "u": [["c", 0, "Partial"]]})
    lab.send({"e": ref, "n": 2, "u": [end_update("failed", error)]})
    answer = page.locator('article[data-state="failed"]')
    expect(answer.get_by_role("alert")).to_have_text("Too many requests.Wait 20 s.")
    assert answer.locator(PROSE).inner_text() == "Partial"


def test_a_reset_replaces_everything_shown(lab: Lab, page: Page) -> None:
    ref = live(lab, page)
    lab.send({"e": ref, "n": 4, "u": [["r", 0, "old thought"], ["c", 0, "old **text"]]})
    expect(page.locator(PROSE)).to_contain_text("old")
    lab.send({"e": ref, "n": 9, "reset": True, "u": [["c", 0, "new text, "]]})
    lab.send({"e": ref, "n": 9, "u": [["c", 0, "shown twice"]]})
    lab.send({"e": ref, "n": 10, "u": [["c", 0, "once"], end_update("stopped")]})
    expect(page.locator('article[data-state="stopped"]')).to_be_visible()
    assert page.locator(PROSE).inner_text() == "new text, once"
    assert page.locator("[data-reasoning-text]").text_content() == ""
    assert page.locator("[data-source]").text_content() == "new text, once"


def test_after_a_gap_the_page_asks_for_what_it_misses(lab: Lab, page: Page) -> None:
    ref = live(lab, page)
    lab.send({"e": ref, "n": 7, "u": [["c", 0, "before the gap, "]]})
    expect(page.locator(PROSE)).to_contain_text("before")
    lab.hang_up(1012)
    again = lab.followed(times=2)
    assert (again["ref"], again["after"]) == (ref, 7)
    lab.send({"e": ref, "n": 8, "u": [["c", 0, "after it"], end_update()]})
    expect(page.locator('article[data-state="completed"]')).to_be_visible()
    assert page.locator(PROSE).inner_text() == "before the gap, after it"
    lab.hang_up()
    lab.wait(lambda: len(lab.sockets) == 1)
    assert len([said for said in lab.said if said["type"] == "follow"]) == 2, (
        "an ended answer is not followed again"
    )


def test_any_cuts_and_gaps_show_the_same_text(lab: Lab, page: Page) -> None:
    chance = random.Random(4)
    text = "".join(f"Line {number} with **bold** and `code`.\n\n" for number in range(60))
    ref = live(lab, page)
    at = number = gaps = 0
    while at < len(text):
        number, step = number + 1, chance.randint(1, 60)
        lab.send({"e": ref, "n": number, "u": [["c", 0, text[at : at + step]]]})
        at += step
        if chance.random() < 0.05:
            lab.hang_up()
            gaps += 1
            assert lab.followed(times=gaps + 1)["after"] == number
    lab.send({"e": ref, "n": number + 1, "u": [end_update()]})
    expect(page.locator('article[data-state="completed"]')).to_be_visible()
    assert page.locator("[data-source]").text_content() == text
    assert page.locator(f"{PROSE} p").count() == 60


def test_what_was_received_is_acknowledged(lab: Lab, page: Page) -> None:
    ref = live(lab, page)
    message = {"e": ref, "n": 1, "u": [["c", 0, "größer 語 " * 8000]]}
    lab.send(message)
    size = len(json.dumps(message))
    lab.wait(lambda: any(said["type"] == "ack" and said["bytes"] == size for said in lab.said))
    lab.send({"e": ref, "n": 2, "u": [["c", 0, "."]]})
    lab.wait(lambda: any(said["type"] == "ack" and said["bytes"] > size for said in lab.said))


def test_a_lost_connection_is_said_after_two_seconds_and_not_before(
    lab: Lab, page: Page, context: BrowserContext
) -> None:
    live(lab, page)
    line = page.locator("[data-connection]")
    expect(line).to_be_hidden()
    lab.hang_up()
    lab.followed(times=2)
    assert line.is_hidden()
    context.set_offline(True)
    expect(line).to_contain_text("Offline")
    context.set_offline(False)
    lab.followed(times=3)
    expect(line).to_be_hidden()


def test_signed_out_says_so_offers_to_sign_in_and_keeps_the_text(lab: Lab, page: Page) -> None:
    live(lab, page)
    page.get_by_label("Message", exact=True).fill("a long thought")
    lab.send({"type": "bye", "code": "signed_out"})
    lab.hang_up(4401)
    link = page.get_by_role("link", name="Sign in")
    assert link.get_attribute("href") == "/accounts/login/?next=%2F"
    assert page.get_by_label("Message", exact=True).input_value() == "a long thought"
    page.reload()
    assert page.get_by_label("Message", exact=True).input_value() == "a long thought"


def test_an_answer_ends_on_a_page_that_nobody_looks_at(lab: Lab, page: Page, context: BrowserContext) -> None:
    ref = live(lab, page)
    other = context.new_page()
    other.goto("about:blank")
    other.bring_to_front()
    lab.send({"e": ref, "n": 1, "u": [["c", 0, "while nobody looks"], end_update()]})
    page.wait_for_selector('article[data-state="completed"]', state="attached")
    assert page.locator("[data-source]").text_content() == "while nobody looks"


def test_the_transcript_follows_its_end_only_while_the_person_is_there(lab: Lab, page: Page) -> None:
    ref = live(
        lab,
        page,
        *[article(f"Earlier answer {n}. " * 80, number=n + 10) for n in range(6)],
        article(state="queued"),
    )
    page.locator('article[data-state="queued"]').scroll_into_view_if_needed()
    away = """() => {
      const region = document.querySelector('[data-messages]');
      return region.scrollHeight - region.clientHeight - region.scrollTop;
    }"""
    for number in range(1, 40):
        lab.send({"e": ref, "n": number, "u": [["c", 0, f"Paragraph {number}.\n\n"]]})
    expect(page.locator(PROSE).last).to_contain_text("Paragraph 39.")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate(away) < 2
    page.locator("[data-messages]").hover()
    page.mouse.wheel(0, -700)
    jump = page.get_by_role("button", name="Jump to the newest")
    expect(jump).to_be_visible()
    before = page.evaluate("document.querySelector('[data-messages]').scrollTop")
    for number in range(40, 60):
        lab.send({"e": ref, "n": number, "u": [["c", 0, f"Paragraph {number}.\n\n"]]})
    expect(page.locator(PROSE).last).to_contain_text("Paragraph 59.")
    assert page.evaluate("document.querySelector('[data-messages]').scrollTop") == before
    jump.click()
    expect(jump).to_be_hidden()


def test_a_selection_in_the_growing_block_survives(lab: Lab, page: Page) -> None:
    ref = live(lab, page)
    lab.send({"e": ref, "n": 1, "u": [["c", 0, "Select **these words** here"]]})
    expect(page.locator(f"{PROSE} strong")).to_be_visible()
    page.locator(f"{PROSE} strong").dblclick()
    chosen = page.evaluate("document.getSelection().toString()")
    for number in range(2, 30):
        lab.send({"e": ref, "n": number, "u": [["c", 0, " and more"]]})
    expect(page.locator(PROSE)).to_contain_text("here" + " and more" * 28)
    assert page.evaluate("document.getSelection().toString()") == chosen != ""


def tokens(count: int) -> list[str]:
    """Return that many tokens of an answer that holds everything an answer can hold."""
    part = (
        "## Part\n\nThe **p99** rises from about 320 ms to `880 ms` within the hour, "
        "as [the chart](https://example.org) says. "
        "Report the settled figure, not the peak.\n\n- first point with words\n- second point with more words\n\n"
        "```python\ndef settled(values):\n    return sorted(values)[len(values) // 2]  # the median\n```\n\n"
        "| window | p50 | p99 |\n|---|--:|--:|\n| before | 180 | 320 |\n| peak | 185 | 880 |\n\n"
    )
    text = part * (count * 4 // len(part) + 1)
    return [text[at : at + 4] for at in range(0, count * 4, 4)]


WHERE_IT_CHANGES = """() => {
  const prose = document.querySelector('[data-markdown]');
  window.changedIn = new Set();
  new MutationObserver((records) => {
    for (const { target } of records) {
      const element = target instanceof Element ? target : target.parentElement;
      const part = element?.closest('.prose__part');
      if (!element?.closest('[data-source]')) window.changedIn.add([...prose.children].indexOf(part));
    }
  }).observe(prose, { childList: true, characterData: true, subtree: true });
}"""


def test_an_answer_of_20_000_tokens_changes_at_its_end_only(lab: Lab, page: Page) -> None:
    """What that costs is measured by `bench.page`."""
    ref = live(lab, page)
    answer = tokens(20_000)
    for start in range(0, 19_600, 400):
        lab.send({"e": ref, "n": start + 400, "u": [["c", 0, "".join(answer[start : start + 400])]]})
    parts = page.locator(f"{PROSE} > .prose__part")
    expect(page.locator("[data-source]")).to_have_text("".join(answer[:19_600]), use_inner_text=False)
    expect(page.locator(f"{PROSE} h2")).to_have_count("".join(answer[:19_600]).count("## Part\n"))
    expect(page.locator("code[data-language=python]:not(:has(.k))")).to_have_count(0)
    before = parts.count()
    assert before > 10
    contained = parts.evaluate_all("parts => parts.map((part) => getComputedStyle(part).contain)")
    assert set(contained) == {"content"}, "layout, style and paint of a part end at its edge"

    page.evaluate(WHERE_IT_CHANGES)
    lab.stream(answer[19_600:], every=0.005, ref=ref, first=19_601)
    expect(page.locator("[data-source]")).to_have_text("".join(answer), use_inner_text=False)

    # -1: a new part in the answer itself. The source before the parts, and the first blocks, are children, too.
    first = page.locator(f"{PROSE} > *").count() - parts.count() + before - 1
    assert min(page.evaluate("[...window.changedIn].filter((number) => number >= 0)")) >= first

    lab.send({"e": ref, "n": 20_001, "u": [end_update()]})
    expect(page.locator('article[data-state="completed"]')).to_be_visible()
    expect(page.get_by_role("article").last.locator("h2").last).to_be_in_viewport()


def test_older_messages_are_loaded_near_the_top_and_nothing_on_the_screen_moves(lab: Lab, page: Page) -> None:
    def earlier(number: int) -> str:
        return f'<button type="button" data-earlier hx-get="/earlier/{number}/" hx-swap="outerHTML">Earlier</button>'

    def batch(number: int) -> str:
        rows = "".join(
            article(f"Message {number}.{row}.", number=number * 100 + row, exchange="") for row in range(40)
        )
        return (earlier(number + 1) if number < 4 else "") + rows

    for number in range(1, 5):
        lab.answers[f"/earlier/{number}/"] = (200, batch(number))
    lab.page = workbench(batch(0))
    page.goto(lab.url)
    expect(page.locator("article").last).to_be_in_viewport()
    assert [path for path in lab.gets if "earlier" in path] == []
    region = page.locator("[data-messages]")
    marked = page.locator("article", has_text="Message 0.9.")
    marked.scroll_into_view_if_needed()
    place = marked.bounding_box()
    expect(page.locator("article")).to_have_count(80)
    assert place == marked.bounding_box()
    region.focus()
    for count in (120, 160, 200):
        page.keyboard.press("Home")
        expect(page.locator("article")).to_have_count(count)
    assert [path for path in lab.gets if "earlier" in path] == [
        f"/earlier/{number}/" for number in range(1, 5)
    ]
