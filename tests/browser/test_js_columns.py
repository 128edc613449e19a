"""One answer in several places at once, and two answers compared within bounds."""

import random

from playwright.sync_api import Page, expect

from tests.browser.lab import Lab, article, bundle, end_update, lab, workbench

__all__ = ["bundle", "lab"]
PROSE = "[data-markdown]"
JOIN = """html => {
  const transcript = document.querySelector("[data-transcript]");
  transcript.insertAdjacentHTML("beforeend", html);
  transcript.dispatchEvent(new Event("fragment:added", { bubbles: true }));
}"""


def test_two_places_show_one_stream_and_one_that_comes_late_shows_all_of_it(lab: Lab, page: Page) -> None:
    lab.page = workbench(article(state="queued"), article(state="queued", number=2))
    page.goto(lab.url)
    ref = int(lab.followed()["ref"])
    lab.send({"e": ref, "n": 1, "u": [["c", 0, "The first"]]})
    expect(page.locator(PROSE)).to_have_text(["The first", "The first"], use_inner_text=True)
    page.evaluate(JOIN, article(state="streaming", number=3))
    again = lab.followed(times=2)
    assert again["after"] == 0
    lab.send({"e": again["ref"], "n": 1, "u": [["c", 0, "The first"]]})
    lab.send({"e": again["ref"], "n": 3, "u": [["c", 0, " and the second"], end_update()]})
    expect(page.locator(PROSE)).to_have_text(["The first and the second"] * 3, use_inner_text=True)
    expect(page.locator('article[data-state="completed"]')).to_have_count(3)


def test_long_answers_without_a_common_word_are_compared_within_bounds(lab: Lab, page: Page) -> None:
    dice = random.Random(7)
    texts = [" ".join(f"{letter}{dice.random()}" for _ in range(15_000)) for letter in "xy"]
    cards = [
        article(text, number=at).replace("<article", '<article data-picked="true"')
        for at, text in enumerate(texts)
    ]
    row = f'<div data-choices="1"><button data-diff>Diff</button>{"".join(cards)}</div>'
    lab.page = workbench(row)
    page.goto(lab.url)
    page.get_by_role("button", name="Diff").click()
    dialog = page.get_by_role("dialog", name="Differences by words")
    expect(dialog.locator("del")).to_have_count(1)
    expect(dialog.locator("ins")).to_have_text(texts[1])
