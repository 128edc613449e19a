"""Two tabs and two people on one conversation: what one does, the other sees at once, and nothing of theirs is disturbed."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.browser.together import Seat, seated
from tests.fakes import FakeUpstream, Gate, Stream
from tests.playground.pages import Page as HttpPage
from tests.playground.pages import provider_environment
from tests.served import Installation, ServedProcess


@pytest.fixture(scope="module")
def up() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(shared_installation: Installation, up: FakeUpstream) -> ServedProcess:
    return shared_installation.serve(**provider_environment(up))


@pytest.fixture(scope="module")
def people() -> dict[str, HttpPage]:
    return {}


@pytest.fixture
def alice(chromium: Browser, server: ServedProcess, people: dict[str, HttpPage]) -> Iterator[Seat]:
    """Alice at a new conversation of her own, with a model that this test alone scripts."""
    with seated(chromium, server, people, "alice") as (signed_in,):
        http = signed_in.http.conversation_new(model=f"model-{uuid4()}")
        seat = replace(signed_in, http=http)
        seat.open(http.conversation)
        seat.choose("Fake", http.model)
        yield seat


@pytest.fixture
def bob(chromium: Browser, server: ServedProcess, people: dict[str, HttpPage], alice: Seat) -> Iterator[Seat]:
    """Bob of the team."""
    with seated(chromium, server, people, "bob") as (seat,):
        yield seat


def show_to_team(alice: Seat, choice: str) -> None:
    alice.page.get_by_label("More about this conversation").click()
    alice.page.get_by_role("button", name="Visibility").click()
    alice.page.locator(f'input[name="visibility"][value="{choice}"]').check()
    expect(alice.page.get_by_text("Saved. Open pages follow at once.")).to_be_visible()
    alice.page.get_by_role("dialog").get_by_role("button", name="Close").click()


def test_two_tabs_show_one_stream_and_what_is_typed_stays(alice: Seat, up: FakeUpstream) -> None:
    other = alice.tab()
    other.message.fill("half a thought")
    other.message.evaluate("field => field.setSelectionRange(2, 5)")
    gate = Gate()
    up.script(alice.http.model, Stream(text=["One, ", gate, "two"]))
    alice.say("Count")
    for tab in (alice, other):
        expect(tab.answers.last).to_contain_text("One,")
        expect(tab.answers.last).to_have_attribute("data-state", "streaming")
    gate.open()
    for tab in (alice, other):
        expect(tab.expect_state("completed")).to_contain_text("One, two")
        tab.expect_texts("Count", "One, two")
    typed = other.message.evaluate("field => [field.value, field.selectionStart, field.selectionEnd]")
    assert typed == ["half a thought", 2, 5]
    assert other.page.evaluate("document.activeElement.id") == "message"
    # Another answer to the same question takes the first one's place in both.
    up.script(alice.http.model, Stream(text=["Uno, due"]))
    alice.answers.last.get_by_role("button", name="Regenerate").click()
    for tab in (alice, other):
        tab.expect_texts("Count", "Uno, due")
        expect(tab.answers.last.get_by_label("Alternative 2 of 2")).to_be_visible()
    title = alice.page.get_by_role("textbox", name="Title")
    title.fill("")
    title.press_sequentially("Counting")
    title.press("Enter")
    expect(other.page).to_have_title("Counting · Chat Playground")


def test_two_people_work_on_one_conversation(alice: Seat, bob: Seat, up: FakeUpstream) -> None:
    up.script(alice.http.model, Stream(text=["For the team"]))
    alice.say("Hello")
    alice.expect_state("completed")
    bob.page.goto(f"{bob.server.url}/")
    show_to_team(alice, "team_edit")
    bob.open(alice.http.conversation)
    bob.expect_texts("Hello", "For the team")
    gate = Gate()
    up.script(alice.http.model, Stream(text=["To ", gate, "Bob"]))
    bob.say("Hi from Bob")
    expect(alice.answers.last).to_contain_text("To")
    # Alice may stop what Bob began.
    expect(alice.stop_button).to_be_visible()
    gate.open()
    for seat in (alice, bob):
        seat.expect_texts("Hello", "For the team", "Hi from Bob", "To Bob")
        expect(seat.questions.first).to_contain_text("alice")
        expect(seat.questions.last).to_contain_text("bob")
    # Bob deletes, Alice sees it go; Bob takes it back, and it is there again for both.
    bob.act(bob.messages.nth(1), "Delete message")
    alice.expect_texts("Hello", "Hi from Bob", "To Bob")
    bob.toast("Message deleted.").get_by_role("button", name="Undo").click()
    for seat in (alice, bob):
        seat.expect_texts("Hello", "For the team", "Hi from Bob", "To Bob")
    # Alice lets the team only look: Bob's page says so, and his menu has nothing that writes.
    show_to_team(alice, "team")
    expect(bob.page.get_by_text("You may only look here from now on.")).to_be_visible()
    bob.page.get_by_role("button", name="Reload").click()
    expect(bob.page.get_by_role("note")).to_contain_text("only alice writes in it")
    expect(bob.page.get_by_role("textbox", name="Message")).to_have_count(0)
    parameters = bob.page.get_by_role("region", name="Parameters")
    expect(parameters.get_by_text("These settings are only to look at.")).to_be_visible()
    expect(parameters.get_by_role("switch", name="Send stream", exact=True)).to_be_disabled()
    expect(parameters.get_by_role("button", name="Reset stream", exact=True)).to_be_hidden()
    parameters.get_by_role("searchbox", name="Find a parameter").fill("temperature")
    parameters.get_by_role("button", name="About temperature").click()
    expect(parameters.get_by_text("How random each choice of a token is.")).to_be_visible()
    expect(bob.page.get_by_role("button", name="Edit as JSON")).to_have_count(0)
    expect(bob.page.get_by_role("combobox", name="Provider")).to_be_disabled()
    show_to_team(alice, "private")
    expect(bob.page.get_by_text("not shown to you any more")).to_be_visible()


def test_two_people_who_send_at_once_lose_nothing(alice: Seat, bob: Seat, up: FakeUpstream) -> None:
    show_to_team(alice, "team_edit")
    up.script(alice.http.model, Stream(text=["begun"]))
    alice.say("Start")
    alice.expect_state("completed")
    bob.open(alice.http.conversation)
    bob.expect_texts("Start", "begun")
    gate = Gate()
    up.script(alice.http.model, Stream(text=["one ", gate, "end"]), Stream(text=["two ", gate, "end"]))
    alice.message.fill("From Alice")
    bob.message.fill("From Bob")
    # Neither has heard of the other's when they press.
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    for seat in (alice, bob):
        seat.page.route("**/runs/**", hold)
        with seat.page.expect_request("**/runs/**"):
            seat.send_button.click()
        seat.page.evaluate("1")  # what the browser said before this has been heard: it is held
    for route in held:
        route.continue_()
    # Each keeps what they sent before their eyes, and is told of the other's.
    for seat in (alice, bob):
        expect(seat.questions.last).to_contain_text(f"From {'Alice' if seat is alice else 'Bob'}")
        expect(seat.questions.last.get_by_label("of 2")).to_be_visible()
    gate.open()
    for seat in (alice, bob):
        seat.expect_state("completed")
    # Who was first is told of the other's alternative in any case; who was second may be.
    first = alice if alice.questions.last.get_by_label("Alternative 1 of 2").is_visible() else bob
    first.page.get_by_role("button", name="Show it").click()
    second = bob if first is alice else alice
    for seat in (alice, bob):
        expect(seat.questions.last).to_contain_text("From Bob" if second is bob else "From Alice")
        expect(seat.questions.last.get_by_label("Alternative 2 of 2")).to_be_visible()
    # What each sent is what they saw.
    sent = [[m["content"] for m in request.json["messages"]] for request in up.requests[-2:]]
    assert sorted(sent) == [["Start", "begun", "From Alice"], ["Start", "begun", "From Bob"]]


@pytest.mark.slow
def test_a_tree_is_changed_by_hand_and_every_deed_can_be_undone(alice: Seat, up: FakeUpstream) -> None:
    up.script(alice.http.model, Stream(text=["A1"]), Stream(text=["A2"]), Stream(text=["A3"]))
    alice.say("Q1")
    alice.expect_texts("Q1", "A1")
    alice.say("Q2")
    alice.expect_texts("Q1", "A1", "Q2", "A2")
    alice.expect_state("completed")
    other = alice.tab()
    alice.act(alice.messages.nth(1), "Insert after")
    alice.fill_words("By the way", role="system")
    for tab in (alice, other):
        tab.expect_texts("Q1", "A1", "By the way", "Q2", "A2")
    alice.toast("Inserted.").get_by_role("button", name="Undo").click()
    other.expect_texts("Q1", "A1", "Q2", "A2")
    # An answer that came is edited beside itself; what followed stays on the old branch.
    alice.act(alice.messages.nth(1), "Edit")
    alice.fill_words("A1, but better", label="Edited message")
    for tab in (alice, other):
        tab.expect_texts("Q1", "A1, but better")
        expect(tab.messages.nth(1).get_by_label("Alternative 2 of 2")).to_be_visible()
    # By keyboard through the alternatives of the message with the focus.
    alice.messages.nth(1).get_by_role("button", name="Copy").focus()
    alice.page.keyboard.press("Alt+ArrowLeft")
    alice.expect_texts("Q1", "A1", "Q2", "A2")
    alice.page.keyboard.press("Alt+ArrowRight")
    alice.expect_texts("Q1", "A1, but better")
    # The next message goes below the first answer instead of what followed it.
    alice.page.keyboard.press("Alt+ArrowLeft")
    alice.expect_texts("Q1", "A1", "Q2", "A2")
    alice.act(alice.messages.nth(1), "Branch from here")
    alice.expect_texts("Q1", "A1")
    alice.say("Q2, differently")
    alice.expect_state("completed")
    for tab in (alice, other):
        tab.expect_texts("Q1", "A1", "Q2, differently", "A3")
    assert [m["content"] for m in up.requests[-1].json["messages"]] == ["Q1", "A1", "Q2, differently"]
    alice.act(alice.messages.nth(2), "Delete branch from here")
    for tab in (alice, other):
        tab.expect_texts("Q1", "A1", "Q2", "A2")
    alice.toast("Branch deleted.").get_by_role("button", name="Undo").click()
    for tab in (alice, other):
        tab.expect_texts("Q1", "A1", "Q2, differently", "A3")
    alice.act(alice.messages.nth(1), "Branch into a new conversation")
    expect(alice.page).to_have_title("Q1 (branch) · Chat Playground")
    alice.expect_texts("Q1", "A1")
    expect(alice.messages.nth(1).get_by_role("button", name="Inspect")).to_be_visible()


def test_who_was_away_sees_what_was_written_meanwhile(alice: Seat, bob: Seat, up: FakeUpstream) -> None:
    show_to_team(alice, "team_edit")
    up.script(alice.http.model, Stream(text=["A1"]), Stream(text=["A2"]))
    alice.say("Q1")
    alice.expect_texts("Q1", "A1")
    bob.open(alice.http.conversation)
    bob.expect_texts("Q1", "A1")
    bob.message.fill("what I was typing")
    bob.page.context.set_offline(True)
    expect(bob.page.get_by_text("Offline. You can read and write")).to_be_visible()
    alice.say("Q2")
    alice.expect_texts("Q1", "A1", "Q2", "A2")
    alice.expect_state("completed")
    bob.expect_texts("Q1", "A1")
    bob.page.context.set_offline(False)
    bob.expect_texts("Q1", "A1", "Q2", "A2")
    expect(bob.message).to_have_value("what I was typing")


def test_a_change_that_cannot_be_fetched_at_once_is_fetched_again(
    alice: Seat, bob: Seat, up: FakeUpstream
) -> None:
    show_to_team(alice, "team_edit")
    up.script(alice.http.model, Stream(text=["A1"]), Stream(text=["A2"]))
    alice.say("Q1")
    alice.expect_texts("Q1", "A1")
    alice.expect_state("completed")
    bob.open(alice.http.conversation)
    bob.expect_texts("Q1", "A1")
    refused: list[str] = []

    def refuse(route: Route) -> None:
        refused.append(route.request.url)
        if len(refused) == 1:
            route.abort()
        elif len(refused) == 2:
            route.fulfill(status=503, body="")
        else:
            route.fallback()

    bob.page.route("**/news/", refuse)
    alice.act(alice.messages.nth(1), "Insert after")
    alice.fill_words("By the way")
    bob.expect_texts("Q1", "A1", "By the way")
    assert len(refused) == 3
    expect(bob.page.locator("[data-toast]")).to_have_count(0)


def test_the_map_leads_to_any_branch_by_keyboard(alice: Seat, up: FakeUpstream) -> None:
    up.script(alice.http.model, Stream(text=["first answer"]), Stream(text=["second answer"]))
    alice.say("Question")
    alice.expect_state("completed")
    alice.answers.last.get_by_role("button", name="Regenerate").click()
    expect(alice.expect_state("completed")).to_contain_text("second answer")
    alice.page.get_by_label("More about this conversation").click()
    alice.page.get_by_role("button", name="Map of the conversation").click()
    tree = alice.page.get_by_role("tree", name="Map of the conversation")
    items = tree.get_by_role("treeitem")
    expect(items).to_have_count(3)
    expect(items.nth(2)).to_be_focused()
    assert items.nth(2).get_attribute("aria-current") == "true"
    assert [items.nth(n).get_attribute("aria-level") for n in range(3)] == ["1", "2", "2"]
    keyboard = alice.page.keyboard
    keyboard.press("Home")
    expect(items.nth(0)).to_be_focused()
    keyboard.press("ArrowRight")
    expect(items.nth(1)).to_be_focused()
    keyboard.press("Enter")
    expect(tree).to_be_hidden()
    alice.expect_texts("Question", "first answer")
    alice.page.reload()
    alice.expect_texts("Question", "first answer")


def test_columns_stream_in_every_tab(alice: Seat, up: FakeUpstream) -> None:
    other = alice.tab()
    alice.page.get_by_role("button", name="Compare").click()
    expect(other.page.get_by_text("The columns of this conversation were changed elsewhere.")).to_be_visible()
    other.page.get_by_role("button", name="Reload").click()
    gate = Gate()
    up.script(alice.http.model, Stream(text=["one ", gate, "x"]), Stream(text=["two ", gate, "y"]))
    alice.message.fill("Compare")
    alice.page.keyboard.press("Enter")
    for tab in (alice, other):
        expect(tab.answers).to_have_count(2)
        expect(tab.answers.first).to_contain_text("one")
    gate.open()
    for tab in (alice, other):
        expect(tab.answers.nth(1)).to_contain_text("y")
        tab.expect_state("completed", nth=0)
