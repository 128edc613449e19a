"""Bad input: a clear message each, the typed text still there, exactly one run."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.house import House, house_open, provider_at
from tests.browser.together import Seat
from tests.fakes import FakeUpstream, Gate
from tests.replies import Http, Stream, error_reply, html_reply
from tests.served import Installation

NOWHERE = "http://127.0.0.1:1/v1"


@pytest.fixture(scope="module")
def house(shared_installation: Installation, shared_upstream: FakeUpstream) -> House:
    providers = provider_at(shared_upstream), {"name": "Nowhere", "base_url": NOWHERE, "models": ["m"]}
    return house_open(shared_installation, *providers, hosts=f"{shared_upstream.address},127.0.0.1:1")


@pytest.fixture
def bench(page: Page, house: House, upstream: FakeUpstream) -> Seat:
    seat = house.enter(page)
    seat.choose("Gateway", "m")
    return seat


def test_an_empty_message_is_not_sent(bench: Seat, house: House) -> None:
    bench.message.fill("   ")
    bench.send_button.click()
    expect(bench.page.get_by_role("alert")).to_contain_text("Write a message first.")
    assert house.runs(bench) == 0


def test_a_message_of_200000_characters_arrives_whole(bench: Seat, upstream: FakeUpstream) -> None:
    text = "Zwölf Boxkämpfer. " * 11_112
    bench.say(text)
    bench.expect_state("completed", timeout=30_000)
    assert upstream.requests[-1].json["messages"][-1]["content"] == text


def test_a_message_past_the_limit_is_refused_and_kept(bench: Seat, house: House) -> None:
    text = "x" * 1_000_001
    bench.attempt(text)
    expect(bench.page.get_by_role("alert")).to_contain_text("at most")
    assert len(bench.message.input_value()) == len(text)
    assert house.runs(bench) == 0


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (error_reply(401, "Incorrect API key provided"), "Incorrect API key provided"),
        (error_reply(429, "Slow down"), "Slow down"),
        (html_reply(502), "502"),
        (Http(200, [b"It works!"], content_type="text/plain", framing="length"), "It works!"),
    ],
    ids=["wrong key", "rate limit", "html", "not json"],
)
def test_what_the_provider_refuses_is_said_with_its_cause(
    bench: Seat, upstream: FakeUpstream, reply: Http, sentence: str
) -> None:
    upstream.queue(reply)
    bench.say("Hello")
    answer = bench.expect_state("failed")
    expect(answer.get_by_role("alert")).to_contain_text(sentence)
    bench.page.reload()
    answer = bench.expect_state("failed")
    expect(answer.get_by_role("alert")).to_contain_text(sentence)


def test_a_host_that_cannot_be_reached_is_said(bench: Seat) -> None:
    bench.choose("Nowhere", "m")
    bench.say("Hello")
    expect(bench.expect_state("failed").get_by_role("alert")).to_contain_text(re.compile("127.0.0.1:1"))


@pytest.mark.parametrize(
    "address",
    ["http://localhost:9/v1", "http://169.254.169.254/", "http://[::ffff:10.0.0.1]/v1", "http://0x7f.1/v1"],
)
def test_a_forbidden_address_is_said_at_its_field_and_kept(bench: Seat, address: str) -> None:
    page = bench.page
    page.goto(f"{bench.server.url}/settings/providers/new/")
    page.get_by_label("Name", exact=True).fill("Inside")
    field = page.get_by_label("Base URL")
    field.fill(address)
    page.get_by_role("button", name=re.compile("^(Add|Save)")).click()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value(address)
    expect(page.get_by_text(re.compile("not allowed|not a public", re.I)).first).to_be_visible()


def test_a_malformed_base_url_is_said_at_its_field_and_kept(bench: Seat) -> None:
    page = bench.page
    page.goto(f"{bench.server.url}/settings/providers/new/")
    page.get_by_label("Name", exact=True).fill("Broken")
    page.get_by_label("Base URL").fill("htp:/example")
    page.get_by_role("button", name=re.compile("^(Add|Save)")).click()
    field = page.get_by_label("Base URL")
    expect(field).to_have_value("htp:/example")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Broken")


def test_a_lost_session_keeps_the_text_and_offers_to_sign_in(page: Page, house: House) -> None:
    bench = house.enter(page, name="wanda")
    page.context.clear_cookies(name="sessionid")
    bench.attempt("Do not lose me")
    expect(page.get_by_role("alert").filter(has_text="signed out").first).to_be_visible()
    expect(bench.message).to_have_value("Do not lose me")
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    assert house.runs(bench) == 0
    bench.sign_in("wanda")
    expect(bench.message).to_have_value("Do not lose me")


def test_a_double_click_is_one_run(bench: Seat, house: House, upstream: FakeUpstream) -> None:
    gate = Gate()
    upstream.script("m", Stream(text=["one", gate]))
    bench.message.fill("Twice?")
    bench.send_button.dblclick()
    bench.expect_state("streaming")
    gate.open()
    bench.expect_state("completed")
    assert house.runs(bench) == 1
    assert bench.questions.count() == 1
    assert len(upstream.requests) == 1


def test_leaving_in_the_middle_of_the_post_is_one_run(
    bench: Seat, house: House, upstream: FakeUpstream
) -> None:
    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    page = bench.page
    page.route("**/runs/**", lose_the_answer)
    bench.attempt("Did you get this?")
    expect(page.get_by_role("alert").filter(has_text="reached").first).to_be_visible()
    expect(bench.message).to_have_value("Did you get this?")
    page.unroute("**/runs/**")
    bench.send_button.click()
    bench.expect_state("completed")
    assert house.runs(bench) == 1
    assert bench.questions.count() == 1
    assert len(upstream.requests) == 1


def test_a_stopped_server_keeps_the_text(page: Page, installation: Installation) -> None:
    bench = house_open(installation).enter(page)
    bench.server.kill()
    bench.attempt("Still here")
    expect(page.get_by_role("alert").filter(has_text="reached").first).to_be_visible()
    expect(bench.message).to_have_value("Still here")
