"""Lines that are cut, stall, trickle or lead to another server, between a page and its servers and on the way upstream.

On SQLite a proxy stands before one server process; on PostgreSQL and Redis before two, which take connections in turn.
"""

import time
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.attacks.actors import at_provider, provider_add
from tests.fakes import FakeUpstream, Gate, Stream
from tests.middleman import Middleman
from tests.playground.lines import come_back, led, way_to
from tests.playground.pages import (
    Followed,
    Page,
    kept_row,
    kept_row_ended,
    kept_trace,
    page_open,
    provider_environment,
)
from tests.served import Installation, ServedProcess, wait_for
from tests.servers import BACKENDS

pytestmark = pytest.mark.served
PATIENCE = 40.0
needs_two = pytest.mark.skipif(BACKENDS != "postgres", reason="several processes share PostgreSQL and Redis")


def servers_start(installation: Installation, upstream: FakeUpstream, **more: str) -> list[ServedProcess]:
    """Start as many processes as the backends allow: two, or one on SQLite and memory."""
    environment = provider_environment(upstream) | more
    started = [installation.start(**environment) for _ in range(2 if BACKENDS == "postgres" else 1)]
    return [process.wait_ready() for process in started]


@pytest.fixture(scope="module")
def servers(shared_installation: Installation, upstream: FakeUpstream) -> list[ServedProcess]:
    return servers_start(shared_installation, upstream)


@pytest.fixture(scope="module")
def alice(servers: list[ServedProcess]) -> Page:
    return page_open(servers[0])


@pytest.fixture
def page(alice: Page) -> Page:
    """Alice at a conversation and with a model of the test's own, at the first server."""
    return alice.conversation_new(model=f"model-{uuid4()}")


@pytest.fixture
def way(servers: list[ServedProcess]) -> Iterator[Middleman]:
    with way_to(*servers) as way:
        yield way


# Between the page and its servers


def test_a_page_whose_line_is_cut_again_and_again_misses_and_doubles_nothing(
    page: Page, way: Middleman, upstream: FakeUpstream, shared_installation: Installation
) -> None:
    gate = Gate()
    pieces = [f"{number} " for number in range(300)]
    text: list[str | Gate] = []
    for number, piece in enumerate(pieces):
        text += [piece, gate] if number % 50 == 49 else [piece]
    upstream.script(page.model, Stream(text=text))
    here = led(page, way)
    exchange = here.send().exchange
    shown = Followed()
    for so_far in range(50, 300, 50):
        with here.socket() as socket:
            socket.followed[1] = shown
            socket.follow(exchange, after=shown.numbers[-1] if shown.numbers else 0)
            shown = socket.until_text("".join(pieces[:so_far]))
            way.cut()
            gate.release()
            assert socket.until_closed() is None, "nobody said goodbye"
    gate.open()
    assert come_back(here, exchange, shown).text == "".join(pieces)
    assert (shown.resets, shown.ends) == (0, 1)
    assert shown.numbers == sorted(set(shown.numbers))
    assert kept_row(shared_installation, exchange).texts == ("".join(pieces),)
    assert all(way.served.values()), "each server was one of those that the page came to"


def test_a_stalled_line_holds_up_nobody_else_and_goes_on_where_it_stood(
    page: Page, way: Middleman, upstream: FakeUpstream
) -> None:
    gate = Gate()
    upstream.script(page.model, Stream(text=["Half", gate, " whole"]))
    exchange = page.send().exchange
    with led(page, way).socket() as held, page.socket() as free:
        held.follow(exchange)
        free.follow(exchange)
        held.until_text("Half")
        way.stall()
        gate.open()
        assert free.until_end().text == "Half whole"
        assert held.followed[1].end is None
        way.resume()
        assert held.until_end().text == "Half whole"


def test_a_line_that_trickles_brings_everything_and_slows_nobody_else(
    page: Page, way: Middleman, upstream: FakeUpstream
) -> None:
    whole = "".join(f"{number} – ünïcödé 🙂 " for number in range(2_000))
    upstream.script(page.model, Stream(text=[whole[at : at + 500] for at in range(0, len(whole), 500)]))
    with led(page, way).socket() as slow, page.socket() as fast:
        way.trickle(40_000)
        exchange = page.send().exchange
        slow.follow(exchange)
        fast.follow(exchange)
        assert fast.until_end().text == whole
        shown = slow.followed[1]
        assert shown.end is None
        assert slow.until_end().text == whole
    assert (shown.resets, shown.ends) == (0, 1)


def test_a_press_of_send_whose_answer_is_lost_on_the_way_is_one_run(
    page: Page, way: Middleman, upstream: FakeUpstream
) -> None:
    upstream.script(page.model, Stream(text=["Hello"]))
    here, run = led(page, way), uuid4()
    way.close_door()
    with pytest.raises(Exception, match=r"(?i)reset|disconnected|refused"):
        here.send(run_id=run)
    way.open_door()
    first, again = here.send(run_id=run), here.send(run_id=run)
    assert first.exchange == again.exchange
    with here.socket() as socket:
        socket.follow(first.exchange)
        assert socket.until_end().text == "Hello"
    assert len([each for each in upstream.requests if each.json.get("model") == page.model]) == 1


# One of two servers goes


@needs_two
def test_when_a_server_is_killed_its_pages_go_on_at_the_other_with_all_but_the_last_second(
    installation: Installation, upstream: FakeUpstream
) -> None:
    first, second = servers_start(installation, upstream)
    page = page_open(first)
    pieces = [f"{number} " for number in range(10_000)]
    upstream.script("model-a", Stream(text=pieces, rate=100))
    exchange = page.send().exchange
    with way_to(first, second) as way:
        here = led(page, way)
        with here.socket() as socket:
            socket.follow(exchange)
            socket.until(lambda: "250 " in socket.followed[1].text)
            first.kill()
            killed = time.monotonic()
        received = upstream.requests[-1]
        with here.socket() as socket:  # whichever it was, the other answers
            socket.follow(exchange)
            shown = socket.until_end()
        row = kept_row(installation, exchange)
        assert (row.state, row.texts) == ("interrupted", (shown.text,))
        assert shown.text == kept_trace(installation, exchange)
        assert "".join(pieces).startswith(shown.text)
        # The first piece on the wire names the role; half a second is left for a busy machine to write a checkpoint in.
        told = sum(at < killed - 1.5 for at, _size in received.written) - 2
        assert shown.text.startswith("".join(pieces[:told]))
        upstream.script("model-a", Stream(text=["Hello"]))
        with here.socket() as socket:
            socket.follow(here.send().exchange)
            assert socket.until_end().text == "Hello"


@needs_two
def test_when_a_server_is_told_to_stop_its_run_ends_well_and_its_pages_go_on_at_the_other(
    installation: Installation, upstream: FakeUpstream
) -> None:
    first, second = servers_start(installation, upstream, PLAYGROUND_GRACE_SECONDS="60")
    page = page_open(first)
    gate = Gate()
    upstream.script("model-a", Stream(text=["Half", gate, " whole"]))
    exchange = page.send().exchange
    with way_to(first, second) as way, led(page, way).socket() as socket:
        here = led(page, way)
        socket.follow(exchange)
        socket.until_text("Half")
        first.process.terminate()
        wait_for(lambda: page.send().response.status_code == 503, what="a refusal of new runs")
        gate.open()
        assert socket.until_end().text == "Half whole"
        assert first.wait() == 0
        upstream.script("model-a", Stream(text=["Hello"]))
        with here.socket() as other:
            other.follow(here.send().exchange)
            assert other.until_end().text == "Hello"
    assert kept_row(installation, exchange).state == "completed"


# On the way upstream


@pytest.fixture
def upstream_way(alice: Page, upstream: FakeUpstream) -> Iterator[Middleman]:
    """A proxy before the upstream; the administrator allows its address."""
    with Middleman(upstream.address) as way:
        allowed = {"signup_mode": "closed", "private_hosts": way.address}
        alice.process.post(alice.client, "/settings/team/settings/", allowed).raise_for_status()
        yield way


@pytest.fixture
def far(page: Page, upstream_way: Middleman) -> Page:
    """Alice with a provider behind that proxy, whom a second of silence is too much."""
    address = f"http://{upstream_way.address}/v1"
    return at_provider(page, provider_add(page, base_url=address, auth="none", idle_timeout="1"))


def half_sent(far: Page, upstream: FakeUpstream) -> str:
    """Send a message whose answer stands still after its first half; return the exchange."""
    upstream.script(far.model, Stream(text=["Half", Gate()]))
    exchange = far.send().exchange
    with far.socket() as socket:
        socket.follow(exchange)
        socket.until_text("Half")
    return exchange


@pytest.mark.parametrize(("fault", "kind"), [("cut", "connection_cut"), ("stall", "idle_timeout")])
def test_what_came_before_the_line_upstream_broke_is_kept_with_the_reason(
    far: Page,
    upstream_way: Middleman,
    upstream: FakeUpstream,
    shared_installation: Installation,
    fault: str,
    kind: str,
) -> None:
    exchange = half_sent(far, upstream)
    getattr(upstream_way, fault)()
    with far.socket() as socket:
        socket.follow(exchange)
        shown = socket.until_end()
    row = kept_row(shared_installation, exchange)
    assert row.error is not None
    assert (row.state, row.error["kind"], row.texts) == ("failed", kind, ("Half",))
    assert (shown.text, shown.state) == ("Half", "failed")
    assert kept_trace(shared_installation, exchange) == "Half"


def test_an_answer_that_trickles_in_is_taken_to_its_end(
    far: Page, upstream_way: Middleman, upstream: FakeUpstream, shared_installation: Installation
) -> None:
    pieces = [f"{number} " for number in range(100)]
    upstream.script(far.model, Stream(text=pieces))
    upstream_way.trickle(10_000)
    exchange = far.send().exchange
    row = wait_for(lambda: kept_row_ended(shared_installation, exchange), within=PATIENCE)
    assert (row.state, row.texts) == ("completed", ("".join(pieces),))


def test_an_upstream_that_turns_us_away_is_said_and_asked_again_later(
    far: Page, upstream_way: Middleman, upstream: FakeUpstream, shared_installation: Installation
) -> None:
    upstream.script(far.model, Stream(text=["Hello"]))
    upstream_way.close_door()
    exchange = far.send().exchange
    row = wait_for(lambda: kept_row_ended(shared_installation, exchange), within=PATIENCE)
    assert (row.state, row.texts) == ("failed", ("",))
    assert row.error is not None
    assert row.error["message"]
    upstream_way.open_door()
    with far.socket() as socket:
        socket.follow(far.send().exchange)
        assert socket.until_end().text == "Hello"
