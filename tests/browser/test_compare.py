"""Columns beside each other: three turns, each its own way; one is stopped, one leads all, two differ by words."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.accessibility import violations
from tests.browser.compare import Compare
from tests.browser.house import House, house_open, provider_at
from tests.browser.workbench import Workbench
from tests.fakes import FakeUpstream, Gate, Received
from tests.replies import Stream, error_reply
from tests.served import Installation


@pytest.fixture(scope="module")
def house(shared_installation: Installation, shared_upstream: FakeUpstream) -> House:
    provider = provider_at(shared_upstream, api="openai-chat", models=["m-1", "m-2", "m-3"])
    return house_open(shared_installation, provider, hosts=shared_upstream.address)


@pytest.fixture
def bench(page: Page, house: House, upstream: FakeUpstream) -> Workbench:
    """Return a page of somebody who has no settings yet."""
    return house.enter(page)


@pytest.fixture
def compare(bench: Workbench) -> Compare:
    return Compare(bench)


def sent_by(upstream: FakeUpstream, model: str) -> list[Received]:
    return [request for request in upstream.requests if request.json.get("model") == model]


def contents(request: Received) -> list[str]:
    return [message["content"] for message in request.json["messages"]]


@pytest.mark.slow
def test_three_columns_for_three_turns(compare: Compare, upstream: FakeUpstream) -> None:
    gates = {model: Gate() for model in ("a", "b", "c")}
    for model, gate in gates.items():
        upstream.script(
            model,
            Stream(text=[f"{model} one ", gate, f"{model} one ends"]),
            Stream(text=[f"{model} two"]),
            Stream(text=[f"{model} three"]),
        )
    compare.open("a", "b", "c")
    page = compare.page

    # The first turn: one question, three answers; a reload in the middle; one column is stopped, the others go on.
    compare.say("First")
    for letter, model in zip("ABC", "abc", strict=True):
        expect(compare.answer(letter)).to_contain_text(f"{model} one")
    page.reload()
    for letter, model in zip("ABC", "abc", strict=True):
        expect(compare.answer(letter)).to_contain_text(f"{model} one")
        expect(compare.questions(letter)).to_have_count(1)
    compare.column("B").get_by_role("button", name="Stop B").click()
    compare.expect_states(B="stopped")
    for gate in gates.values():
        gate.open()
    compare.expect_states(A="completed", B="stopped", C="completed")
    expect(compare.answer("C")).to_contain_text("c one ends")
    expect(compare.answer("B")).not_to_contain_text("b one ends")
    expect(compare.answer("A").get_by_label("Alternative 1 of 3")).to_be_visible()
    expect(compare.answer("A").get_by_label("Statistics")).to_contain_text("TTFT")

    # The second turn: each column goes on from its own answer.
    compare.say("Second")
    compare.expect_states(A="completed", B="completed", C="completed")
    for model, kept in (("a", "a one a one ends"), ("b", "b one "), ("c", "c one c one ends")):
        assert contents(sent_by(upstream, model)[1]) == ["First", kept, "Second"]

    # The third turn: all columns go on from the answer of B, once it stands there as it was kept.
    expect(compare.answer("B").get_by_label("Statistics")).to_contain_text("TTFT")
    lead = compare.column("B").get_by_role("switch", name="Continue all from this answer")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/columns/lead/", hold)
    with page.expect_request("**/columns/lead/"):
        lead.click()
    # What comes into the page meanwhile does not take the wish back.
    page.evaluate("document.dispatchEvent(new Event('fragment:added'))")
    expect(lead).to_be_checked()
    for route in held:
        route.continue_()
    page.unroute("**/columns/lead/")
    for letter in "ABC":
        expect(compare.answer(letter)).to_contain_text("b two")
    compare.say("Third")
    compare.expect_states(A="completed", B="completed", C="completed")
    for letter, model in zip("ABC", "abc", strict=True):
        expect(compare.answer(letter)).to_contain_text(f"{model} three")
        assert contents(sent_by(upstream, model)[2]) == ["First", "b one ", "Second", "b two", "Third"]

    # A reload shows the same, and the inspector opens what a column sent.
    page.reload()
    for letter, model in zip("ABC", "abc", strict=True):
        expect(compare.answer(letter)).to_contain_text(f"{model} three")
        expect(compare.questions(letter)).to_have_count(3)
    compare.answer("C").get_by_role("button", name="Inspect").click()
    expect(compare.bench.inspector.get_by_role("tabpanel")).to_contain_text('"c"')


def test_each_column_keeps_its_own_settings_and_the_page_edits_the_chosen_one(
    compare: Compare, upstream: FakeUpstream
) -> None:
    compare.open("m-1", "m-2")
    page = compare.page
    compare.column("B").get_by_role("button", name="Edit the parameters of column B").click()
    page.get_by_role("switch", name="Send temperature").check()
    page.get_by_label("temperature", exact=True).fill("0.9")
    page.get_by_role("textbox", name="System prompt").fill("Be B.")
    expect(compare.column("B")).to_contain_text("temperature 0.9")
    compare.choose("A")
    expect(compare.model).to_have_value("m-1")
    expect(page.get_by_role("textbox", name="System prompt")).to_have_value("")
    expect(page.get_by_role("switch", name="Send temperature")).not_to_be_checked()
    expect(page.get_by_label("Body to be sent", exact=True)).to_contain_text('"model": "m-1"')
    page.get_by_role("switch", name="Send seed").check()
    page.get_by_label("seed", exact=True).fill("7")
    compare.say("Hello")  # at once: what is typed is sent, kept or not
    compare.expect_states(A="completed", B="completed")
    (first,), (second,) = sent_by(upstream, "m-1"), sent_by(upstream, "m-2")
    assert (first.json.get("seed"), first.json.get("temperature")) == (7, None)
    assert (second.json.get("seed"), second.json.get("temperature")) == (None, 0.9)
    assert contents(second) == ["Be B.", "Hello"]
    compare.choose("B")
    expect(page.get_by_role("textbox", name="System prompt")).to_have_value("Be B.")
    page.reload()
    expect(compare.model).to_have_value("m-2")


def test_one_column_runs_alone_again_and_without_what_was_objected_to(
    compare: Compare, upstream: FakeUpstream
) -> None:
    refusal = error_reply(400, "Unsupported parameter", param="temperature", code="unsupported_parameter")
    upstream.script("picky", refusal, Stream(text=["fine"]))
    compare.open("m-1", "picky")
    page = compare.page
    compare.column("B").get_by_role("button", name="Edit the parameters of column B").click()
    page.get_by_role("switch", name="Send temperature").check()
    page.get_by_label("temperature", exact=True).fill("0.5")
    compare.choose("A")
    compare.say("Hello")
    compare.expect_states(A="completed", B="failed")
    compare.answer("B").get_by_role("button", name="Run again without temperature").click()
    compare.expect_states(B="completed")
    expect(compare.answer("B")).to_contain_text("fine")
    assert [request.json.get("temperature") for request in sent_by(upstream, "picky")] == [0.5, None]
    assert len(sent_by(upstream, "m-1")) == 1
    compare.bench.message.fill("Only A")
    compare.act("A", "Run this column alone")
    expect(compare.questions("A")).to_have_count(2)
    compare.expect_states(A="completed")
    expect(compare.questions("B")).to_have_count(1)
    assert (len(sent_by(upstream, "m-1")), len(sent_by(upstream, "picky"))) == (2, 2)


@pytest.mark.slow
def test_differences_sweep_order_and_scrolling(compare: Compare, upstream: FakeUpstream) -> None:
    page = compare.page
    long = "\n\n".join(f"Paragraph {number} of many." for number in range(80))
    upstream.script("m-1", Stream(text=[f"The quick brown fox.\n\n{long}"]))
    upstream.script("m-2", Stream(text=[f"The quick red fox.\n\n{long}"]))
    compare.open("m-1", "m-2")
    compare.say("Hello")
    compare.expect_states(A="completed", B="completed")

    assert violations(page) == []
    page.get_by_role("button", name="Diff", exact=True).click()
    dialog = page.get_by_role("dialog", name="Differences by words")
    expect(dialog.locator("del")).to_have_text("brown")
    expect(dialog.locator("ins")).to_have_text("red")
    expect(dialog).to_contain_text("1 word removed · 1 word inserted")
    assert violations(page) == []
    page.keyboard.press("Escape")

    first, second = (compare.column(letter).get_by_role("group", name="Messages") for letter in "AB")
    first.hover()
    page.mouse.wheel(0, -100_000)
    expect(first).to_have_js_property("scrollTop", 0)
    expect(second).to_have_js_property("scrollTop", 0)
    page.get_by_role("switch", name="Scroll together").uncheck()
    first.hover()
    page.mouse.wheel(0, 300)
    page.wait_for_function("e => e.scrollTop > 100", arg=first.element_handle())
    expect(second).to_have_js_property("scrollTop", 0)

    compare.act("B", "Move left")
    expect(compare.column("A")).to_contain_text("m-2")
    page.get_by_role("button", name="Sweep").click()
    sweep = page.get_by_role("dialog", name="Sweep")
    sweep.get_by_text("Values of one parameter").click()
    sweep.get_by_label("Parameter", exact=True).fill("temperature")
    sweep.get_by_label("One value on each line").fill("0\nwarm\n1.5")
    sweep.get_by_role("button", name="Make columns").click()
    expect(sweep).to_contain_text("warm: A number is needed here")
    sweep.get_by_label("One value on each line").fill("0\n1\n1.5")
    sweep.get_by_role("button", name="Make columns").click()
    expect(compare.columns).to_have_count(3)
    compare.say("Again")
    compare.expect_states(A="completed", B="completed", C="completed")
    assert sorted(request.json["temperature"] for request in upstream.requests[-3:]) == [0, 1, 1.5]
    compare.act("C", "Remove column")
    expect(compare.columns).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(compare.columns).to_have_count(3)
    expect(compare.answer("C")).to_be_visible()


def test_three_choices_stream_side_by_side_and_one_is_used(bench: Workbench, upstream: FakeUpstream) -> None:
    page, gate = bench.page, Gate()
    upstream.script(
        "three",
        Stream(text=["one ", gate, "ends"], alternatives=[["two "], ["three "]]),
        Stream(text=["on it goes"]),
    )
    page.get_by_role("combobox", name="Model").fill("three")
    page.get_by_role("switch", name="Send n", exact=True).check()
    page.get_by_label("n", exact=True).fill("3")
    bench.say("Three ways")
    row = page.get_by_role("group", name="3 choices")
    cards = row.get_by_role("article", name="Assistant message")
    for card, text in enumerate(("one", "two", "three")):
        expect(cards.nth(card)).to_contain_text(text)
    left, middle = (cards.nth(card).evaluate("e => e.getBoundingClientRect().toJSON()") for card in (0, 1))
    assert left["top"] == middle["top"]
    assert left["right"] < middle["left"]
    cards.nth(1).get_by_role("button", name="Use this answer").click()  # while it streams
    expect(cards.nth(1)).to_contain_text("Goes on from here")
    gate.open()
    expect(cards.nth(0)).to_contain_text("one ends")
    expect(cards.nth(2)).to_have_attribute("data-state", "completed")
    page.reload()
    expect(cards).to_have_count(3)
    expect(cards.nth(1).get_by_label("Alternative 2 of 3")).to_be_visible()
    page.get_by_role("switch", name="Send n", exact=True).uncheck()
    bench.say("Go on")
    expect(bench.answers.last).to_contain_text("on it goes")
    assert contents(upstream.requests[-1]) == ["Three ways", "two ", "Go on"]
    cards.nth(1).get_by_role("button", name="Next alternative").click()
    expect(cards.nth(2)).to_contain_text("Goes on from here")
    expect(bench.answers).to_have_count(3)
    row.get_by_role("button", name="Diff").click()
    expect(page.get_by_role("dialog", name="Differences by words").locator("ins")).to_contain_text("two")


def test_on_a_phone_columns_are_tabs(compare: Compare, upstream: FakeUpstream) -> None:
    compare.open("m-1", "m-2")
    page = compare.page
    page.set_viewport_size({"width": 390, "height": 844})
    compare.say("Hello")
    expect(compare.answer("B")).to_have_attribute("data-state", "completed")
    expect(compare.column("A")).to_be_hidden()
    page.get_by_role("tab", name="Column A").click()
    expect(compare.column("A")).to_be_visible()
    expect(compare.column("B")).to_be_hidden()
    expect(compare.answer("A")).to_have_attribute("data-state", "completed")
    expect(compare.model).to_have_value("m-1")
    page.keyboard.press("ArrowRight")
    expect(compare.column("B")).to_be_visible()
    expect(compare.model).to_have_value("m-2")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert violations(page) == []
