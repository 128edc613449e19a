"""A conversation of 2,000 messages: the newest at once, older ones on the way up, in one unbroken row.

How long that takes is measured where the machine is quiet: `make bench`.
"""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import unreadable
from tests.browser.house import House, house_open, provider_at
from tests.browser.together import Seat
from tests.fakes import FakeUpstream, Stream
from tests.playground.test_carrying import importing, made
from tests.served import Installation

COUNT = 2_000
AT_ONCE = 30


@pytest.fixture(scope="module")
def house(shared_installation: Installation, shared_upstream: FakeUpstream) -> House:
    return house_open(shared_installation, provider_at(shared_upstream), hosts=shared_upstream.address)


@pytest.fixture
def seat(page: Page, house: House, upstream: FakeUpstream) -> Seat:
    """Somebody at a conversation of 2,000 messages, which they imported."""
    seat = house.enter(page)
    messages = [
        {"role": "assistant" if number % 2 else "user", "content": f"Message **{number}** of many."}
        for number in range(COUNT)
    ]
    path = made(importing(seat.http, json.dumps({"messages": messages})))
    seat.open(path.strip("/").rpartition("/")[2])
    return seat


def numbers(seat: Seat) -> list[int]:
    """Return the numbers of the messages that are there, from above."""
    found: list[int] = seat.messages.evaluate_all(
        r"all => all.map((each) => Number(/Message \**(\d+)/.exec(each.textContent)?.[1]))"
    )
    return found


def test_the_newest_messages_come_first_older_ones_on_the_way_up_and_typing_goes_on(
    seat: Seat, upstream: FakeUpstream
) -> None:
    expect(seat.messages.last).to_be_in_viewport()
    expect(seat.messages.last.locator("strong")).to_have_text(str(COUNT - 1))
    assert numbers(seat) == list(range(COUNT - AT_ONCE, COUNT))
    seat.message.press_sequentially("typed while older ones come")
    for times in range(2, 6):
        seat.page.get_by_role("region", name="Messages").evaluate("region => { region.scrollTop = 0 }")
        expect(seat.messages).to_have_count(times * AT_ONCE)
    assert numbers(seat) == list(range(COUNT - 5 * AT_ONCE, COUNT))
    expect(seat.message).to_have_value("typed while older ones come")
    # What is far from the screen costs little, and is read out all the same.
    expect(seat.page.locator("[data-far]").last).to_be_attached()
    assert unreadable(seat.page, "article") == (5 * AT_ONCE, 0)

    # What is sent is the whole conversation, whatever of it the page shows.
    upstream.script("m", Stream(text=["An answer."]))
    seat.choose("Gateway", "m")
    seat.send_button.click()
    expect(seat.messages.last).to_contain_text("An answer.")
    seat.expect_state("completed")
    sent = [message["content"] for message in upstream.requests[-1].json["messages"]]
    assert len(sent) == COUNT + 1
    assert (sent[0], sent[-1]) == ("Message **0** of many.", "typed while older ones come")
    expect(seat.messages.last).to_be_in_viewport()
