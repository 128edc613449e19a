"""The page's socket on a served process: what is followed arrives once, whole and in order, whenever one comes."""

import json
from uuid import uuid4

import pytest
from websockets.exceptions import InvalidStatus

from tests.fakes import FakeUpstream, Gate, Stream, ToolCall, error_reply
from tests.playground.pages import PATIENCE, Page, Socket, kept_row, page_open
from tests.served import Installation, ServedProcess

pytestmark = pytest.mark.served
USAGE = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}


def streaming(page: Page, upstream: FakeUpstream, *pieces: str) -> tuple[str, Gate]:
    """Send a message that is answered with these pieces and a gate between them; return the exchange and the gate."""
    gate = Gate()
    text: list[str | Gate] = []
    for piece in pieces:
        text += [piece, gate]
    upstream.script(page.model, Stream(text=text, usage=USAGE))
    before = len(upstream.requests)
    sent = page.send()
    upstream.wait_for_request(before + 1, PATIENCE)  # the next answer of this model may be another one
    return sent.exchange, gate


# Whenever one comes


def test_a_page_that_follows_from_the_start_sees_every_piece_as_it_comes(
    page: Page, upstream: FakeUpstream
) -> None:
    exchange, gate = streaming(page, upstream, "Hel", "lo", " world")
    with page.socket() as socket:
        socket.follow(exchange)
        for text in ("Hel", "Hello", "Hello world"):
            shown = socket.until_text(text)
            gate.release()
        socket.until_end()
    assert shown.end is not None
    assert (shown.state, shown.end["stats"]["tokens_out"]) == ("completed", 3)
    assert shown.numbers == sorted(set(shown.numbers))


def test_a_page_that_comes_late_gets_everything_from_the_first_token(
    page: Page, upstream: FakeUpstream
) -> None:
    exchange, gate = streaming(page, upstream, "Hel", "lo", " world")
    gate.release(2)
    gate.wait_reached(3)
    with page.socket() as socket:
        socket.follow(exchange)
        socket.until_text("Hello world")
        gate.open()
        assert socket.until_end().text == "Hello world"


def test_a_page_that_comes_just_after_the_end_gets_the_whole_answer(
    page: Page, upstream: FakeUpstream
) -> None:
    exchange, gate = streaming(page, upstream, "Hel", "lo")
    gate.open()
    with page.socket() as first, page.socket() as second:
        first.follow(exchange)
        first.until_end()
        second.follow(exchange)
        shown = second.until_end()
    assert (shown.text, shown.ends) == ("Hello", 1)


def test_everything_an_answer_can_hold_arrives(page: Page, upstream: FakeUpstream) -> None:
    call = ToolCall("weather", ['{"city":', '"Paris"}'])
    upstream.script(
        page.model,
        Stream(text=["Yes"], reasoning=["Hm", "m."], tool_calls=[call], alternatives=[["No"]], usage=USAGE),
    )
    sent = page.send(parameters=json.dumps({"stream": "true", "n": "2"}))
    with page.socket() as socket:
        socket.follow(sent.exchange)
        shown = socket.until_end()
    assert shown.texts == {("r", 0): "Hmm.", ("r", 1): "Hmm.", ("c", 0): "Yes", ("c", 1): "No"}
    calls = [update for update in shown.updates if update[0] == "t" and update[1] == 0]
    assert "".join(call[5] for call in calls) == '{"city":"Paris"}'
    assert [call[4] for call in calls if call[4]] == ["weather"]
    assert ["x", 1, "tool_calls"] in shown.updates
    assert ["u", USAGE] in shown.updates


def test_a_failure_arrives_with_its_reason(page: Page, upstream: FakeUpstream) -> None:
    upstream.script(page.model, error_reply(429, "Slow down", headers=[("Retry-After", "7")]))
    with page.socket() as socket:
        socket.follow(page.send().exchange)
        end = socket.until_end().end
    assert end is not None
    assert (end["state"], end["error"]["kind"], end["error"]["retry_after"]) == ("failed", "rate_limited", 7)
    assert set(end["error"]) == {"kind", "message", "advice", "status", "param", "retry_after"}


def test_two_pages_see_the_same_and_one_that_leaves_takes_nothing_along(
    page: Page, upstream: FakeUpstream
) -> None:
    exchange, gate = streaming(page, upstream, "Hel", "lo")
    with page.socket() as stays:
        with page.socket() as leaves:
            stays.follow(exchange)
            leaves.follow(exchange)
            stays.until_text("Hel")
            leaves.until_text("Hel")
        gate.open()
        assert stays.until_end().text == "Hello"


def test_one_page_follows_many_exchanges_at_once(page: Page, upstream: FakeUpstream) -> None:
    gate = Gate()
    upstream.script(page.model, *(Stream(text=[f"{n}", gate, f"-{n}"]) for n in range(8)), Stream())
    exchanges = [page.send().exchange for _ in range(8)]
    with page.socket() as socket:
        for ref, exchange in enumerate(exchanges):
            socket.follow(exchange, ref=ref)
        gate.open()
        socket.until_end(*range(8))
        assert {socket.followed[ref].text for ref in range(8)} == {f"{n}-{n}" for n in range(8)}


# Gaps and wrong numbers


def test_after_a_gap_the_page_goes_on_where_it_was(page: Page, upstream: FakeUpstream) -> None:
    exchange, gate = streaming(page, upstream, "Hel", "lo", " wor", "ld")
    with page.socket() as before:
        before.follow(exchange)
        shown = before.until_text("Hel")
    gate.release(2)
    gate.wait_reached(3)
    with page.socket() as after:
        after.followed[1] = shown
        after.follow(exchange, after=shown.numbers[-1])
        after.until_text("Hello wor")
        gate.open()
        after.until_end()
    assert (shown.text, shown.resets) == ("Hello world", 0)
    assert shown.numbers == sorted(set(shown.numbers))


@pytest.mark.parametrize("wrong", [10**6, 2**60, -1, 10**30])
def test_a_number_that_does_not_exist_starts_over_and_says_so(
    page: Page, upstream: FakeUpstream, wrong: int
) -> None:
    exchange, gate = streaming(page, upstream, "Hel", "lo")
    with page.socket() as socket:
        socket.followed[1] = socket.followed.get(1) or socket.follow(exchange, after=0)
        socket.until_text("Hel")
        socket.follow(exchange, after=wrong)
        socket.until(lambda: socket.followed[1].resets == 1, what="a reset")
        assert socket.followed[1].text == "Hel"
        gate.open()
        shown = socket.until_end()
    assert (shown.text, shown.ends) == ("Hello", 1)


def test_the_last_number_after_the_end_gives_the_whole_answer_again_or_nothing_to_add(
    page: Page, upstream: FakeUpstream
) -> None:
    exchange, gate = streaming(page, upstream, "Hello")
    gate.open()
    with page.socket() as socket:
        socket.follow(exchange)
        shown = socket.until_end()
        socket.follow(exchange, after=shown.numbers[-1] - 1)
        socket.until(lambda: shown.ends == 2, what="the end again")
    assert shown.text == "Hello"


def test_the_same_ref_again_replaces_what_it_followed(page: Page, upstream: FakeUpstream) -> None:
    first, first_gate = streaming(page, upstream, "first", "!")
    second, second_gate = streaming(page, upstream, "second", "!")
    with page.socket() as socket:
        socket.follow(first)
        socket.until_text("first")
        socket.follow(second)
        socket.until_text("second")
        first_gate.open()
        second_gate.open()
        assert socket.until_end().text == "second!"


def test_what_is_unfollowed_is_not_sent(page: Page, upstream: FakeUpstream) -> None:
    exchange, gate = streaming(page, upstream, "Hel", "lo")
    with page.socket() as watcher, page.socket() as socket:
        watcher.follow(exchange)
        socket.follow(exchange)
        socket.until_text("Hel")
        socket.say(type="unfollow", ref=1)
        socket.say(type="ping")
        socket.until_control(type="pong")
        gate.open()
        watcher.until_end()
        socket.say(type="ping")
        socket.until(lambda: len([c for c in socket.controls if c["type"] == "pong"]) == 2)
        assert socket.followed[1].text == "Hel"


# Who may


@pytest.fixture(scope="module")
def charlies_page(shared_process: ServedProcess, alices_page: Page) -> Page:
    """Somebody else, who was invited by Alice."""
    alices_page.process.post(
        alices_page.client, "/settings/team/settings/", {"signup_mode": "open"}
    ).raise_for_status()
    return page_open(shared_process, "charlie")


def test_somebody_elses_exchange_is_unknown_and_never_sent(
    page: Page, charlies_page: Page, upstream: FakeUpstream
) -> None:
    exchange, gate = streaming(page, upstream, "secret")
    with charlies_page.socket() as socket:
        for after in (0, 1, -1):
            socket.follow(exchange, ref=7, after=after)
        gate.open()
        for unknown in (uuid4(), exchange):
            socket.follow(unknown, ref=8)
            socket.until_control(type="error", code="unknown_exchange", ref=8)
            socket.controls.clear()
        socket.say(type="ping")
        socket.until_control(type="pong")
        assert all(not followed.numbers for followed in socket.followed.values())


def test_somebody_else_can_neither_stop_nor_run_nor_read(
    page: Page, charlies_page: Page, upstream: FakeUpstream
) -> None:
    exchange, gate = streaming(page, upstream, "secret", "!")
    gate.wait_reached()
    assert charlies_page.stop(exchange).status_code == 404
    elsewhere = charlies_page.process.post(
        charlies_page.client, page.run_path(uuid4()), charlies_page.fields("Hi")
    )
    assert elsewhere.status_code == 404
    for tab in ("request", "response", "events", "timing", "code"):
        assert charlies_page.client.get(f"/exchanges/{exchange}/{tab}/").status_code == 404
    gate.open()
    with page.socket() as socket:
        socket.follow(exchange)
        assert socket.until_end().text == "secret!"


def test_who_is_not_signed_in_is_told_so_and_closed(shared_process: ServedProcess) -> None:
    with Socket(shared_process.socket(shared_process.client())) as socket:
        assert socket.until_closed() == 4401
        assert socket.controls == [{"type": "bye", "code": "signed_out"}]


def test_signing_out_closes_the_sockets_of_that_session_alone(
    page: Page, shared_process: ServedProcess, charlies_page: Page
) -> None:
    other = shared_process.client()
    fields = {"login": "charlie", "password": "correct horse battery staple"}
    shared_process.post(other, "/accounts/login/", fields).raise_for_status()
    with Socket(shared_process.socket(other)) as leaves, charlies_page.socket() as stays:
        leaves.until_control(type="hello")
        shared_process.post(other, "/accounts/logout/")
        assert leaves.until_closed() == 4401
        assert {"type": "bye", "code": "signed_out"} in leaves.controls
        stays.say(type="ping")
        stays.until_control(type="pong")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None, "http://127.0.0.1:1", "file://"])
def test_a_socket_that_another_page_opens_is_refused(page: Page, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused, page.process.socket(page.client, origin=origin):
        pass
    assert refused.value.response.status_code == 403


# The list of conversations


def test_every_page_of_a_person_hears_that_the_list_changed(page: Page, upstream: FakeUpstream) -> None:
    with page.socket() as elsewhere:
        exchange, gate = streaming(page, upstream, "Hi")
        elsewhere.until_control(type="conversations")
        elsewhere.controls.clear()
        gate.open()
        elsewhere.until_control(type="conversations")  # it is not live any more
    with page.socket() as socket:
        socket.follow(exchange)
        socket.until_end()


def test_what_was_followed_is_what_is_kept(
    page: Page, upstream: FakeUpstream, shared_installation: Installation
) -> None:
    pieces = [f"{n} – ünïcödé 🙂 " for n in range(200)]
    upstream.script(page.model, Stream(text=pieces))
    with page.socket() as socket:
        exchange = page.send().exchange
        socket.follow(exchange)
        shown = socket.until_end()
    assert shown.text == "".join(pieces)
    assert kept_row(shared_installation, exchange).texts == (shown.text,)
