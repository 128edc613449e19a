"""Share by link, as its owner and its readers see it: preview, read, copy, re-run, revoke; without script, on a phone."""

import re
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.accessibility import violations_in_both_themes
from tests.browser.sharing import ShareDialog, reader
from tests.browser.workbench import Workbench
from tests.fakes import FakeUpstream
from tests.playground.pages import provider_environment
from tests.replies import Stream
from tests.served import Installation

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
ANSWER = """**p99 rises** from 320 ms.

| Window | p99 |
|---|---|
| 09:00 | 320 ms |

```python
print(1)
```
"""
HOSTILE = """<img src="https://evil.example/a" onerror="alert(1)"> <script>alert(1)</script>

![x](https://evil.example/b) [click](javascript:alert(1)) ![y](/attachments/%s) <b hx-get="/settings/" data-shared="/">b</b>
""" % ("0" * 64)


@pytest.fixture(scope="module")
def up() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def alice(shared_installation: Installation, up: FakeUpstream) -> httpx.Client:
    """The first account of a server of the module's own, signed in outside of the browser."""
    return shared_installation.serve(**provider_environment(up)).sign_up("alice")


@pytest.fixture
def bench(page: Page, alice: httpx.Client, shared_installation: Installation) -> Workbench:
    """Alice at a conversation of the test's own."""
    (served,) = shared_installation.processes
    bench = Workbench(page, served)
    cookies = [{"name": key, "value": value, "url": served.url} for key, value in alice.cookies.items()]
    page.context.add_cookies(cookies)  # type: ignore[arg-type]  # Playwright's own dictionaries
    page.goto(str(served.post(alice, "/conversations/").url))
    expect(bench.message).to_be_visible()
    return bench


def talk(bench: Workbench, up: FakeUpstream, *answers: str) -> str:
    """Have a conversation; return the model's name, which is its own."""
    model = f"model-{uuid4()}"
    bench.choose("Fake", model)
    bench.page.get_by_role("textbox", name="System prompt").fill("You are SYSTEMCANARY, and brief.")
    up.script(model, *(Stream(text=[answer], reasoning=["Let me think."]) for answer in answers))
    for number, _answer in enumerate(answers, start=1):
        bench.say(f"Question {number} of mira@example.com")
        expect(bench.answers).to_have_count(number)
        bench.expect_state("completed")
    return model


def overflows(page: Page) -> bool:
    """Whether the page can be scrolled sideways."""
    return bool(
        page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1")
    )


def test_share_read_update_and_revoke(bench: Workbench, up: FakeUpstream, chromium: Browser) -> None:
    talk(bench, up, ANSWER)
    share = ShareDialog(bench.page).open()
    expect(share.preview.locator("table")).to_be_visible()
    expect(share.preview.get_by_text("SYSTEMCANARY")).to_be_visible()
    expect(share.preview.get_by_text("An email address in message 1: mira@example.com")).to_be_visible()
    share.leave_out("System prompt")
    expect(share.preview.get_by_text("SYSTEMCANARY")).to_have_count(0)
    share.put_in("Requests, responses, events and code")
    share.preview.get_by_text("Request, response and events").click()
    share.preview.get_by_role("button", name="Request", exact=True).click()
    expect(share.preview.get_by_role("region", name="Request")).to_contain_text("shortened by the author")
    link = share.create()

    with reader(chromium) as other:
        page = other.page
        page.goto(link)
        expect(page.get_by_role("article", name="Assistant message").locator("table")).to_be_visible()
        expect(page.get_by_text("SYSTEMCANARY")).to_have_count(0)
        page.get_by_text("Request, response and events").click()
        shown = page.get_by_role("region", name="Request")
        expect(shown.get_by_text("/v1/chat/completions").first).to_be_visible()
        expect(shown.get_by_text("shortened by the author")).to_be_visible()
        page.get_by_role("link", name="Events").click()
        expect(page.get_by_role("region", name="Events").get_by_text("reasoning", exact=True)).to_be_visible()
        page.get_by_role("link", name="Code").click()
        expect(page.get_by_role("region", name="Code").get_by_text("$API_KEY").first).to_be_visible()
        assert "SYSTEMCANARY" not in page.content()
        assert other.strangers(bench.server) == []
        assert not any(url.startswith("ws") for url in other.asked)

        bench.page.keyboard.press("Escape")
        expect(share.dialog).to_be_hidden()
        bench.say("LATERQUESTION")
        expect(bench.answers).to_have_count(2)
        bench.expect_state("completed")
        page.reload()
        expect(page.get_by_text("LATERQUESTION")).to_have_count(0)

        share.open()
        share.dialog.get_by_role("button", name="Update", exact=True).click()
        expect(share.preview.get_by_text("LATERQUESTION")).to_be_visible()
        share.dialog.get_by_role("button", name="Update link").click()
        expect(share.dialog.get_by_text("The link shows the newest state now.")).to_be_visible()
        page.reload()
        expect(page.get_by_text("LATERQUESTION")).to_be_visible()
        expect(page.get_by_text("SYSTEMCANARY")).to_have_count(0)

        share.dialog.get_by_role("button", name="Revoke").click()
        bench.page.get_by_role("dialog", name="Revoke this link?").get_by_role(
            "button", name="Revoke"
        ).click()
        expect(share.dialog.get_by_role("button", name="Copy link")).to_have_count(0)
        answer = page.goto(link)
        assert answer is not None
        assert answer.status == 410
        expect(page.get_by_role("heading", name="This link has ended")).to_be_visible()


def test_continue_as_copy_and_re_run_beside_the_original(
    bench: Workbench, up: FakeUpstream, chromium: Browser
) -> None:
    model = talk(bench, up, "The original answer.")
    link = ShareDialog(bench.page).open().create()
    with reader(chromium) as other:
        page = other.page
        page.goto(link)
        page.get_by_role("button", name="Continue as copy").click()
        page.get_by_role("textbox", name=re.compile("Username|Email|Login", re.I)).first.fill("alice")
        page.get_by_label("Password", exact=True).fill("correct horse battery staple")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Continue as copy")).to_be_visible()
        page.get_by_role("button", name="Continue as copy").click()
        theirs = Workbench(page, bench.server)
        expect(theirs.answers.last).to_contain_text("The original answer.")
        theirs.say("And now?")
        expect(theirs.answers).to_have_count(2)
        theirs.expect_state("completed")
        assert [each["role"] for each in up.requests[-1].json["messages"]] == [
            "system", "user", "assistant", "user",
        ]  # fmt: skip

        page.goto(link)
        page.get_by_role("button", name="Continue as copy").click()  # signed in: at once
        expect(theirs.answers.last).to_contain_text("The original answer.")

        page.goto(link)
        page.get_by_role("button", name="Re-run with my key").click()
        expect(page.get_by_label("Model")).to_have_value(model)
        up.script(model, Stream(text=["Another answer."]))
        page.get_by_role("button", name="Run", exact=True).click()
        left = page.get_by_role("region", name="Column A")
        right = page.get_by_role("region", name="Column B")
        expect(right).to_contain_text("Another answer.")
        expect(left).to_contain_text("The original answer.")
        sent = up.requests[-1].json
        assert [each["role"] for each in sent["messages"]] == ["system", "user"]
        assert sent["stream"] is True


def test_password_and_maximum_views_without_script(
    bench: Workbench, up: FakeUpstream, chromium: Browser
) -> None:
    talk(bench, up, "Behind a password.")
    share = ShareDialog(bench.page).open()
    share.dialog.get_by_label("Password").fill("long enough password")
    share.dialog.get_by_label("Maximum views").fill("1")
    share.put_in("Requests, responses, events and code")
    link = share.create()
    with reader(chromium, java_script_enabled=False) as other:
        page = other.page
        page.goto(link)
        assert "Question 1" not in page.content()
        page.get_by_label("Password").fill("not that one at all")
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("alert")).to_have_text("This is not the password of this link.")
        page.get_by_label("Password").fill("long enough password")
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("article", name="Assistant message")).to_contain_text("Behind a password.")
        page.get_by_text("Request, response and events").click()
        page.get_by_role("link", name="Timing").click()
        expect(page.get_by_role("region", name="Timing").get_by_text("First byte")).to_be_visible()
        page.get_by_role("link", name="Back to the conversation").click()
        expect(page.get_by_role("article", name="User message")).to_be_visible()
    with reader(chromium) as late:
        answer = late.page.goto(link)
        assert answer is not None
        assert answer.status == 410


def test_a_hostile_answer_is_inert_behind_a_link(
    bench: Workbench, up: FakeUpstream, chromium: Browser
) -> None:
    talk(bench, up, HOSTILE)
    link = ShareDialog(bench.page).open().create()
    with reader(chromium) as other:
        alerts: list[str] = []
        other.page.on("dialog", lambda dialog: alerts.append(dialog.message))
        other.page.goto(link)
        answer = other.page.get_by_role("article", name="Assistant message")
        expect(answer.get_by_role("link", name="Image: x")).to_be_visible()
        expect(answer.locator("script, [onerror], [hx-get], [data-shared]")).to_have_count(0)
        assert "javascript:" not in str(answer.locator("a").evaluate_all("links => links.map(a => a.href)"))
        assert other.strangers(bench.server) == []
        assert not any("/attachments/" in url for url in other.asked)
        assert alerts == []


def test_columns_stand_beside_each_other_and_below_each_other_on_a_phone(
    bench: Workbench, up: FakeUpstream, chromium: Browser
) -> None:
    talk(bench, up, "From the left.")
    bench.page.get_by_role("button", name="Compare").click()
    expect(bench.page.get_by_role("region", name="Column B")).to_be_visible()
    bench.message.fill("To both")
    bench.page.get_by_role("button", name="Run all").click()
    for letter in "AB":
        expect(
            bench.page.get_by_role("region", name=f"Column {letter}").get_by_text("To both")
        ).to_be_visible()
    for answer in bench.answers.all():
        expect(answer).to_have_attribute("data-state", "completed")
    link = ShareDialog(bench.page).open().create()
    with reader(chromium) as other:
        other.page.goto(link)
        left, right = (other.page.get_by_role("region", name=f"Column {letter}") for letter in "AB")
        expect(right).to_contain_text("To both")
        a, b = left.bounding_box(), right.bounding_box()
        assert a is not None
        assert b is not None
        assert a["x"] < b["x"]
        assert a["y"] == b["y"]
        other.page.set_viewport_size(PHONE)
        below = right.bounding_box()
        assert below is not None
        assert below["y"] > a["y"] + 100
        assert not overflows(other.page)


@pytest.mark.slow
@pytest.mark.looks
def test_axe_finds_nothing_on_any_page_of_it(bench: Workbench, up: FakeUpstream, chromium: Browser) -> None:
    page = bench.page
    talk(bench, up, ANSWER)
    share = ShareDialog(page).open()
    share.put_in("Requests, responses, events and code")
    assert violations_in_both_themes(page) == [], "the dialog"
    link = share.create()
    page.wait_for_load_state("networkidle")
    assert violations_in_both_themes(page) == [], "the dialog with a link"
    share.dialog.get_by_label("Password").fill("long enough password")
    closed = share.create()
    page.set_viewport_size(PHONE)
    assert violations_in_both_themes(page) == [], "the dialog on a phone"
    page.goto(f"{bench.server.url}/settings/shares/")
    assert violations_in_both_themes(page) == [], "the list"
    assert not overflows(page)
    with reader(chromium) as other:
        for size in (DESK, PHONE):
            other.page.set_viewport_size(size)
            other.page.goto(link)
            expect(other.page.locator("table")).to_be_visible()
            other.page.get_by_text("Request, response and events").click()
            for tab in ("Request", "Response", "Events", "Timing", "Code"):
                other.page.get_by_role("link", name=tab, exact=True).click()
                expect(other.page.get_by_role("region", name=tab, exact=True)).to_be_visible()
                assert violations_in_both_themes(other.page) == [], f"{tab} at {size}"
                assert not overflows(other.page), f"{tab} at {size}"
            other.page.goto(f"{link}exchanges/0/code/")
            assert violations_in_both_themes(other.page) == [], f"a tab as a page at {size}"
            assert not overflows(other.page)
            other.page.goto(closed)
            assert violations_in_both_themes(other.page) == [], f"the gate at {size}"
