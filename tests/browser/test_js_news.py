"""What changed elsewhere is brought onto the page in the end, whatever could not be fetched or shown at first."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.lab import CONVERSATION, EXCHANGE, Lab, article, bundle, end_update, lab, workbench
from tests.steps import Gate

__all__ = ["bundle", "lab"]
BASE = f"/conversations/{CONVERSATION}/"
NEWS = f"{BASE}news/"
TIP = "0192f0c1-0000-7000-8000-0000000000aa"
LIVE = f'<div data-live="{CONVERSATION}" data-base="{BASE}" data-seen="s0" data-may-edit="true" hidden></div>'
Answer = tuple[int, str]


def row_of(made: str, version: str = "0.0-") -> str:
    return made.replace("data-message=", f'data-version="{version}" data-message=', 1)


def row(text: str, version: str = "0.0-", *, more: str = "") -> str:
    made = row_of(article(text), version)
    return made.replace('<div class="msg__body">', f'<div class="msg__body">{more}', 1)


def news(rows: str = "", *, keep: int = 1, seen: str = "s1", columns: int = 1) -> Answer:
    told = f'data-keep="{keep}" data-seen="{seen}" data-columns="{columns}" data-may-edit="true"'
    return 200, f"<div data-news {told}>{rows}</div>"


def opened(lab: Lab, page: Page, html: str, answer: Callable[[dict[str, str]], Answer]) -> None:
    """Open a page that watches the conversation."""
    lab.page = html.replace("</main>", f"{LIVE}</main>")
    lab.answers[NEWS] = answer
    page.goto(lab.url)
    watched(lab, "s0")


def watched(lab: Lab, seen: str) -> None:
    lab.wait(lambda: any(said["type"] == "watch" and said["seen"] == seen for said in lab.said))


def changed(lab: Lab, message: str | None = None) -> None:
    lab.send({"type": "changed", "conversation": CONVERSATION, "message": message, "by": "Bob"})


def heard(lab: Lab) -> None:
    """Wait until the page has heard what was said so far: it acknowledges what comes after that."""
    lab.send({"e": 99, "n": 1, "u": []})
    lab.wait(lambda: any(said["type"] == "ack" for said in lab.said))


def asked(lab: Lab) -> list[str]:
    """The branch that each fetch of news asked for, "" for the one that is shown."""
    return [fields.get("tip", "") for path, fields in lab.posts if path == NEWS]


def test_a_branch_that_could_not_be_fetched_is_not_forgotten_for_another_change(lab: Lab, page: Page) -> None:
    answers = [(503, ""), news(), (503, ""), news()]
    opened(lab, page, workbench(row("here")), lambda _fields: answers.pop(0) if answers else news())
    gate = lab.gates[NEWS] = Gate()
    changed(lab, TIP)
    changed(lab)
    heard(lab)
    gate.open()
    lab.wait(lambda: asked(lab)[1:].count(TIP) >= 2)  # refused once more, then asked for again
    assert asked(lab)[:2] == [TIP, ""]
    expect(page.locator("[data-live]")).to_have_attribute("data-seen", "s1")


def test_columns_are_as_new_as_the_one_that_was_fetched_first(lab: Lab, page: Page) -> None:
    """While the second is fetched something else changes: the first one does not show it."""
    columns = "".join(
        f'<section data-column="{number}"><div data-transcript>{row("here")}</div></section>'
        for number in (1, 2)
    )
    html = re.sub(r'<section class="transcript".*?</section>', columns, workbench(), flags=re.DOTALL)
    opened(lab, page, html, lambda fields: news(seen=f"s{fields['column']}", columns=2))
    changed(lab)
    expect(page.locator("[data-live]")).to_have_attribute("data-seen", re.compile("s[12]"))
    lab.hang_up()
    watched(lab, "s1")


def test_words_that_came_while_somebody_edited_are_shown_afterwards(lab: Lab, page: Page) -> None:
    shown: list[str] = []

    def answer(fields: dict[str, str]) -> Answer:
        shown.append(fields["shown"])
        return news(keep=1) if fields["shown"].endswith(":1.0-") else news(row("new words", "1.0-"), keep=0)

    opened(lab, page, workbench(row("old words", more="<form></form>")), answer)
    changed(lab)
    lab.wait(lambda: shown)
    expect(page.locator("[data-live]")).to_have_attribute("data-seen", "s1")
    expect(page.locator("[data-transcript] form")).to_have_count(1)
    page.locator("[data-transcript] form").evaluate("form => form.remove()")
    expect(page.get_by_role("article")).to_contain_text("new words")


def test_a_page_that_may_have_missed_something_says_what_it_shows(lab: Lab, page: Page) -> None:
    opened(lab, page, workbench(row("here")), lambda _fields: news())
    lab.said.clear()
    lab.send({"type": "missed"})
    watched(lab, "s0")


def test_the_end_of_an_answer_that_is_not_shown_any_more_is_told(lab: Lab, page: Page) -> None:
    """The page shows another branch by now; the inspector still shows the exchange, and brings it to its end."""
    lab.page = workbench(article(state="queued"))
    page.goto(lab.url)
    ref = lab.followed()["ref"]
    lab.send({"e": ref, "n": 1, "u": [["c", 0, "So far"]]})
    expect(page.get_by_role("article")).to_contain_text("So far")
    page.evaluate(
        "document.addEventListener('exchange:ended', (event) => { document.title = event.detail.exchange; })"
    )
    page.get_by_role("article").evaluate("article => article.remove()")
    lab.send({"e": ref, "n": 2, "u": [end_update()]})
    expect(page).to_have_title(EXCHANGE)


def test_results_that_the_page_hears_of_before_it_is_answered_stand_there_once(lab: Lab, page: Page) -> None:
    results = f"{BASE}results/"
    call = (
        f'<form data-results="1" data-results-conversation="{CONVERSATION}"><div data-tool-call><div data-result="0">'
        "<label data-result-label>Result</label><textarea data-result-text>noon</textarea></div></div>"
        "<button data-results-send>Send results</button></form>"
    )
    said = article("noon", number=2, role="tool")
    lab.answers[results] = 200, said
    gate = lab.gates[results] = Gate()
    page.clock.install()
    opened(lab, page, workbench(row("What time is it?", more=call)), lambda _fields: news(row_of(said)))
    # Its label leads to it once the script is there that takes the press.
    expect(page.get_by_label("Result")).to_have_value("noon")
    page.get_by_role("button", name="Send results").click()
    lab.wait(lambda: any(path.startswith(results) for path, _fields in lab.posts))
    changed(lab, TIP)
    heard(lab)
    assert asked(lab) == []  # it waits for the answer, though not for ever
    page.clock.run_for(10_000)
    expect(page.get_by_role("article")).to_have_count(2)
    gate.open()
    expect(page.get_by_role("button", name="Send results")).to_have_count(0)
    expect(page.get_by_role("article")).to_have_count(2)
