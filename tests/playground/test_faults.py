"""Faults injected for real, one server process: killed, stopped, clicked twice, overrun, its database locked or full."""

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests.fakes import HANG, FakeUpstream, Gate, Step, Stream, Wire
from tests.playground.pages import (
    Page,
    Sent,
    database_held,
    kept_row,
    kept_row_ended,
    kept_trace,
    page_open,
    provider_environment,
)
from tests.served import Installation, wait_for
from tests.servers import BACKENDS
from tests.threads import at_once

pytestmark = pytest.mark.served
PATIENCE = 30.0
SLOW_VIEWS = 12
ANSWERED_WITHIN = 120.0  # seconds; it waits for as long as the test holds the database


@pytest.fixture
def up() -> Iterator[FakeUpstream]:
    with FakeUpstream() as up:
        yield up


def stream_until(page: Page, sent: Sent, text: str) -> None:
    """Wait until the page shows this text."""
    with page.socket() as socket:
        socket.follow(sent.exchange)
        socket.until_text(text)


# 1: the server dies


def test_after_a_kill_the_text_up_to_a_second_before_is_kept_and_the_answer_is_interrupted(
    installation: Installation, up: FakeUpstream
) -> None:
    environment = provider_environment(up)
    page = page_open(installation.serve(**environment))
    pieces = [f"{number} " for number in range(10_000)]
    up.script("model-a", Stream(text=pieces, rate=100))
    sent = page.send()
    with page.socket() as socket:
        socket.follow(sent.exchange)
        socket.until(lambda: "250 " in socket.followed[1].text)
    page.process.kill()
    killed = time.monotonic()
    received = up.requests[-1]
    # The first piece on the wire names the role; half a second is left for a busy machine to write a checkpoint in.
    told = sum(at < killed - 1.5 for at, _size in received.written) - 2
    process = installation.serve(**environment)
    row = wait_for(lambda: kept_row_ended(installation, sent.exchange), within=PATIENCE)
    assert row.state == "interrupted"
    (text,) = row.texts
    assert "".join(pieces).startswith(text)
    assert text.startswith("".join(pieces[:told]))
    assert text == kept_trace(installation, sent.exchange)
    again = page.at(process)
    with again.socket() as socket:  # no endless spinner
        socket.follow(sent.exchange)
        shown = socket.until_end()
    assert (shown.text, shown.state) == (text, "interrupted")
    up.script("model-a", Stream(text=["Hello"]))
    with again.socket() as socket:
        socket.follow(again.send().exchange)
        assert socket.until_end().text == "Hello"


# 12: SIGTERM


def test_a_shutdown_keeps_what_runs_as_interrupted_and_says_goodbye(
    installation: Installation, up: FakeUpstream
) -> None:
    gate = Gate()
    up.script("model-a", Stream(text=["Half", gate]))
    page = page_open(installation.serve(**provider_environment(up), PLAYGROUND_GRACE_SECONDS="0"))
    sent = page.send()
    with page.socket() as socket:
        socket.follow(sent.exchange)
        socket.until_text("Half")
        assert page.process.terminate() == 0
        assert socket.until_closed() == 1012
    assert socket.followed[1].state == "interrupted"
    assert {"type": "bye", "code": "shutdown"} in socket.controls
    row = kept_row(installation, sent.exchange)
    assert (row.state, row.texts) == ("interrupted", ("Half",))


def test_a_shutdown_lets_what_runs_finish_and_takes_nothing_new(
    installation: Installation, up: FakeUpstream
) -> None:
    gate = Gate()
    up.script("model-a", Stream(text=["Half", gate, " whole"]))
    page = page_open(installation.serve(**provider_environment(up), PLAYGROUND_GRACE_SECONDS="60"))
    sent = page.send()
    with page.socket() as socket:
        socket.follow(sent.exchange)
        socket.until_text("Half")
        page.process.process.terminate()
        refused = wait_for(lambda: _refused(page), what="a refusal of new runs")
        assert refused.response.status_code == 503
        gate.open()
        assert socket.until_end().text == "Half whole"
        assert socket.until_closed() == 1012
    assert page.process.wait() == 0
    assert kept_row(installation, sent.exchange).state == "completed"


def _refused(page: Page) -> Sent | None:
    sent = page.send("Too late")
    return sent if sent.response.status_code != 200 else None


# 5: upstream never comes to an end


def test_an_answer_without_end_is_ended_and_what_came_before_is_kept(
    installation: Installation, up: FakeUpstream
) -> None:
    page = page_open(installation.serve(**provider_environment(up)))
    chunk = {"choices": [{"index": 0, "delta": {"content": "Half"}}]}
    endless: list[Step] = [
        f"data: {json.dumps(chunk)}\n\n".encode(),
        b"data: ",
        *[b"x" * 1_048_576] * 33,
        HANG,
    ]
    up.script("model-a", Wire(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", *endless))
    sent = page.send()
    with page.socket() as socket:
        socket.follow(sent.exchange)
        shown = socket.until_end()
    up.wait_for_close()
    row = kept_row(installation, sent.exchange)
    assert (shown.text, row.state, row.texts) == ("Half", "failed", ("Half",))
    assert row.error is not None
    assert row.error["kind"] == "stream_too_long"
    up.script("model-a", Stream(text=["Hello"]))
    with page.socket() as socket:
        socket.follow(page.send().exchange)
        assert socket.until_end().text == "Hello"


# Many at once


def test_a_hundred_runs_at_once_all_finish(installation: Installation, up: FakeUpstream) -> None:
    """On PostgreSQL with a pool of four connections."""
    environment = provider_environment(up)
    if url := installation.environment.get("DATABASE_URL"):
        environment["DATABASE_URL"] = f"{url}{'&' if '?' in url else '?'}pool_max_size=4"
    page = page_open(installation.serve(**environment))
    gate = Gate()
    up.script("model-a", Stream(text=["Half", gate, " whole"]))
    sent: list[Sent] = []
    for _ in range(10):
        sent += at_once(*[page.send] * 10)
    assert {each.response.status_code for each in sent} == {200}
    with page.socket() as socket:
        for ref, each in enumerate(sent):
            socket.follow(each.exchange, ref=ref)
        socket.until(
            lambda: any(socket.followed[ref].places for ref in range(100)), what="a place in the queue"
        )
        gate.open()
        socket.until_end(*range(100))
        assert {socket.followed[ref].text for ref in range(100)} == {"Half whole"}
    assert all(kept_row(installation, each.exchange).texts == ("Half whole",) for each in sent)


def test_after_a_hundred_stops_at_once_the_next_run_succeeds(
    installation: Installation, up: FakeUpstream
) -> None:
    page = page_open(installation.serve(**provider_environment(up), PLAYGROUND_RUNS_PER_PERSON="0"))
    up.script("model-a", Wire(HANG))
    sent: list[Sent] = []
    for _ in range(10):
        sent += at_once(*[page.send] * 10)
    up.wait_for_request(100, timeout=PATIENCE)
    stop = [(lambda exchange=each.exchange: page.stop(exchange).status_code) for each in sent]
    for start in range(0, 100, 10):
        assert set(at_once(*stop[start : start + 10])) == {204}
    up.wait_for_close(100, timeout=PATIENCE)
    up.script("model-a", Stream(text=["Hello"]))
    with page.socket() as socket:
        socket.follow(page.send().exchange)
        assert socket.until_end().text == "Hello"


# 9 and 10: the database is held, or full


def _rename(page: Page, title: str) -> int:
    """Call a view that waits for the database in its thread; return the status it is answered with."""
    headers = {"X-CSRFToken": page.client.cookies["csrftoken"], "Origin": page.process.url}
    path = f"/conversations/{page.conversation}/rename/"
    return page.client.post(path, data={"title": title}, headers=headers, timeout=ANSWERED_WITHIN).status_code


def test_while_views_wait_for_a_locked_database_tokens_flow_and_afterwards_everything_is_kept(
    installation: Installation, up: FakeUpstream
) -> None:
    gate = Gate()
    up.script("model-a", Stream(text=[piece for n in range(20) for piece in (f"{n} ", gate)]))
    page = page_open(installation.serve(**provider_environment(up)))
    sent = page.send()
    with page.socket() as socket:
        socket.follow(sent.exchange)
        socket.until_text("0 ")
        threads = psutil.Process(page.process.process.pid).num_threads
        with ThreadPoolExecutor(SLOW_VIEWS) as slow:
            with database_held(installation):
                before = threads()
                titles = [slow.submit(_rename, page, f"Title {n}") for n in range(SLOW_VIEWS)]
                wait_for(lambda: threads() >= before + SLOW_VIEWS // 2, what="views that wait in threads")
                for number in range(1, 20):
                    gate.release()
                    socket.until_text("".join(f"{n} " for n in range(number + 1)))
                gate.open()
                socket.say(type="ping")
                socket.until_control(type="pong")
            assert all(title.result(ANSWERED_WITHIN) for title in titles), "each has been answered"
        shown = socket.until_end()
    assert shown.state == "completed"
    row = kept_row(installation, sent.exchange)
    assert (row.state, row.texts) == ("completed", (shown.text,))
    assert kept_trace(installation, sent.exchange) == shown.text


@pytest.mark.skipif(BACKENDS != "sqlite", reason="the limit on file sizes is for SQLite's file")
def test_a_full_disk_loses_nothing_once_there_is_room_again(
    installation: Installation, up: FakeUpstream
) -> None:
    gate = Gate()
    up.script("model-a", Stream(text=["Half ", gate, os.urandom(200_000).hex(), gate, " whole"]))
    page = page_open(installation.serve(**provider_environment(up)))
    sent = page.send()
    stream_until(page, sent, "Half ")
    wait_for(lambda: kept_trace(installation, sent.exchange) == "Half ")
    server = psutil.Process(page.process.process.pid)
    no_limit = server.rlimit(psutil.RLIMIT_FSIZE)
    size = (installation.folder / "playground.sqlite3-wal").stat().st_size
    server.rlimit(psutil.RLIMIT_FSIZE, (size + 4096, no_limit[1]))
    gate.release()
    wait_for(lambda: "The database is away" in page.process.output, within=PATIENCE, what="the complaint")
    server.rlimit(psutil.RLIMIT_FSIZE, no_limit)
    gate.open()
    row = wait_for(lambda: kept_row_ended(installation, sent.exchange), within=PATIENCE)
    assert row.state == "completed"
    assert row.texts[0].endswith(" whole")
    assert kept_trace(installation, sent.exchange) == row.texts[0]
