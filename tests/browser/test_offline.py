"""A browser that loses its network or its server in mid-answer: that is said quietly, and nothing is missing later."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import House, house_open, provider_at
from tests.browser.together import Seat
from tests.fakes import FakeUpstream, Gate, Stream
from tests.middleman import Middleman
from tests.served import Installation
from tests.servers import BACKENDS


@pytest.fixture(scope="module")
def house(shared_installation: Installation, shared_upstream: FakeUpstream) -> House:
    return house_open(shared_installation, provider_at(shared_upstream), hosts=shared_upstream.address)


@pytest.fixture(scope="module")
def way(house: House) -> Iterator[Middleman]:
    """A proxy before one server process, or on PostgreSQL and Redis before two that take turns."""
    servers = [house.server]
    if BACKENDS == "postgres":
        servers.append(house.twin())
    with Middleman(*(urlsplit(server.url).netloc for server in servers)) as way:
        yield way


@pytest.fixture
def seat(page: Page, house: House, way: Middleman, upstream: FakeUpstream) -> Seat:
    """Somebody whose browser knows the servers by the proxy's address only."""
    way.open_door()
    seat = house.enter(page)
    page.goto(f"http://{way.address}/conversations/{seat.http.conversation}/")
    expect(seat.message).to_be_visible()
    return seat


def text_of(seat: Seat) -> str:
    return seat.answers.last.locator("[data-markdown]").inner_text()


def test_who_was_offline_in_mid_answer_gets_every_word_and_keeps_what_they_typed(
    seat: Seat, way: Middleman, upstream: FakeUpstream
) -> None:
    page, gate = seat.page, Gate()
    upstream.script("m", Stream(text=["One ", gate, "two ", gate, "three."]))
    seat.say("Count")
    expect(seat.answers.last).to_contain_text("One")
    notice = page.locator("[data-connection]")
    expect(notice).to_be_hidden()

    way.close_door()
    way.cut()
    page.context.set_offline(True)
    expect(notice).to_contain_text("Offline")
    seat.message.fill("And then?")
    gate.release()
    gate.wait_reached(2)  # the run goes on without the page
    expect(seat.answers.last).not_to_contain_text("two")

    way.open_door()
    page.context.set_offline(False)
    expect(seat.answers.last).to_contain_text("One two")
    expect(notice).to_be_hidden()
    gate.open()
    seat.expect_state("completed")
    assert text_of(seat) == "One two three."
    page.reload()
    seat.expect_state("completed")
    assert text_of(seat) == "One two three."

    # What cannot be sent now stays to be sent later.
    page.context.set_offline(True)
    expect(seat.message).to_have_value("And then?")
    seat.send_button.click()
    expect(page.get_by_role("alert").filter(has_text="offline").first).to_be_visible()
    expect(seat.message).to_have_value("And then?")
    page.context.set_offline(False)
    upstream.script("m", Stream(text=["Four."]))
    seat.send_button.click()
    seat.expect_texts("Count", "One two three.", "And then?", "Four.")


def test_a_line_that_is_cut_again_and_again_leaves_the_answer_whole_on_the_page(
    seat: Seat, way: Middleman, upstream: FakeUpstream
) -> None:
    gate = Gate()
    words = [f"word{number} " for number in range(40)]
    text: list[str | Gate] = []
    for number, word in enumerate(words):
        text += [word, gate] if number % 10 == 9 else [word]
    upstream.script("m", Stream(text=text))
    seat.say("Many words")
    for last in (9, 19, 29):
        expect(seat.answers.last).to_contain_text(f"word{last} ", use_inner_text=True)
        way.cut()
        gate.release()
    gate.open()
    seat.expect_state("completed")
    assert text_of(seat).split() == [word.strip() for word in words]


def test_a_page_that_lies_stalled_catches_up(seat: Seat, way: Middleman, upstream: FakeUpstream) -> None:
    gate = Gate()
    upstream.script("m", Stream(text=["Half", gate, " whole"]))
    seat.say("Hello")
    expect(seat.answers.last).to_contain_text("Half")
    elsewhere = replace(seat, page=seat.page.context.new_page())
    elsewhere.open(seat.http.conversation)
    way.stall()
    gate.open()
    elsewhere.expect_state("completed")
    expect(elsewhere.answers.last).to_contain_text("Half whole")
    expect(seat.answers.last).to_have_attribute("data-state", "streaming")
    way.resume()
    expect(seat.expect_state("completed")).to_contain_text("Half whole")
