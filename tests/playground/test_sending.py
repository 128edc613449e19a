"""One press of Send is one run, which only Stop ends; what is wrong is said by name (one served process)."""

import json
import socket as sockets
from uuid import UUID, uuid4

import httpx
import pytest

from tests.fakes import FakeUpstream, Gate, Stream
from tests.playground.pages import (
    Page,
    database_held,
    exchange_count,
    kept_row,
    kept_row_ended,
    provider_environment,
    providers_offered,
)
from tests.served import Installation, ServedProcess, wait_for
from tests.threads import at_once

pytestmark = pytest.mark.served

with sockets.create_server(("127.0.0.1", 0)) as _taken:
    CLOSED_PORT = _taken.getsockname()[1]


@pytest.fixture(scope="module")
def shared_process(shared_installation: Installation, upstream: FakeUpstream) -> ServedProcess:
    """One served process with more providers, none of which can be reached."""
    environment = provider_environment(upstream)
    unreachable = {
        "name_not_resolved": "https://does-not-exist.invalid/v1",
        "connect_failed": f"http://127.0.0.1:{CLOSED_PORT}/v1",
        "tls_failed": f"https://{upstream.address}/v1",
    }
    providers = json.loads(environment["PLAYGROUND_PROVIDERS"])
    providers += [
        {"name": name, "base_url": url, "key": "sk-key-0123456789"} for name, url in unreachable.items()
    ]
    environment["PLAYGROUND_PROVIDERS"] = json.dumps(providers)
    environment["PLAYGROUND_PRIVATE_HOSTS"] += f",127.0.0.1:{CLOSED_PORT}"
    return shared_installation.serve(**environment)


def requests_for(page: Page, upstream: FakeUpstream) -> int:
    return sum(request.json.get("model") == page.model for request in upstream.requests)


# Stop, and leaving


def test_stop_closes_the_upstream_and_keeps_the_text(
    page: Page, upstream: FakeUpstream, shared_installation: Installation
) -> None:
    gate = Gate()
    upstream.script(page.model, Stream(text=["Half", gate]))
    exchange = page.send().exchange
    with page.socket() as socket:
        socket.follow(exchange)
        socket.until_text("Half")
        assert page.stop(exchange).status_code == 204
        assert socket.until_end().state == "stopped"
    connection = upstream.requests[-1].connection
    wait_for(lambda: connection.closed_at, what="the upstream to be left")
    row = kept_row(shared_installation, exchange)
    assert (row.state, row.texts) == ("stopped", ("Half",))
    assert page.stop(exchange).status_code == 204  # a second click


def test_only_stop_ends_a_run_not_a_page_that_leaves(
    page: Page, upstream: FakeUpstream, shared_installation: Installation
) -> None:
    gate = Gate()
    upstream.script(page.model, Stream(text=["Half", gate, " whole"]))
    exchange = page.send().exchange
    with page.socket() as socket:
        socket.follow(exchange)
        socket.until_text("Half")
    gate.open()
    row = wait_for(lambda: kept_row_ended(shared_installation, exchange))
    assert (row.state, row.texts) == ("completed", ("Half whole",))


# One press of Send is one run


def test_the_same_post_again_answers_the_same_run(
    page: Page, upstream: FakeUpstream, shared_installation: Installation
) -> None:
    run_id = uuid4()
    answers = at_once(*[lambda: page.send("Hi", run_id=run_id)] * 6)
    assert {answer.response.status_code for answer in answers} == {200}
    assert len({answer.exchange for answer in answers}) == 1
    assert page.send("Something else", run_id=run_id).exchange == answers[0].exchange
    with page.socket() as socket:
        socket.follow(answers[0].exchange)
        socket.until_end()
    assert exchange_count(shared_installation, run_id) == 1
    assert requests_for(page, upstream) == 1


def test_a_page_that_leaves_while_its_run_is_being_kept_has_sent_it(
    page: Page, upstream: FakeUpstream, shared_installation: Installation
) -> None:
    run_id = uuid4()
    with database_held(shared_installation):
        page.client.timeout = httpx.Timeout(3.0)  # it is in the middle of the commit by then
        with pytest.raises(httpx.ReadTimeout):
            page.send("Hi", run_id=run_id)
        page.client.timeout = httpx.Timeout(30.0)
        assert exchange_count(shared_installation, run_id) == 0
    wait_for(lambda: requests_for(page, upstream), what="the run nobody waits for")
    sent = page.send("Hi", run_id=run_id)
    with page.socket() as socket:
        socket.follow(sent.exchange)
        assert socket.until_end().state == "completed"
    assert exchange_count(shared_installation, run_id) == 1
    assert requests_for(page, upstream) == 1


@pytest.mark.parametrize("run", ["another conversation", "another person"])
def test_a_run_id_that_was_used_elsewhere_is_not_found(page: Page, alices_page: Page, run: str) -> None:
    run_id = uuid4()
    page.send("Hi", run_id=run_id)
    elsewhere = alices_page.conversation_new(model=page.model)
    assert elsewhere.send("Hi", run_id=run_id).response.status_code == 404


def test_a_run_in_a_conversation_that_is_not_there_is_not_found(page: Page) -> None:
    page.conversation = str(UUID(int=1))
    assert page.send().response.status_code == 404


# Bad input: said, and nothing is sent


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"message": ""}, "Write a message first."),
        ({"message": " \n "}, "Write a message first."),
        ({"message": "x" * 1_000_001}, "1000001 characters"),
        ({"model": ""}, "Choose a model."),
        ({"provider": ""}, "Choose a provider."),
        ({"provider": str(UUID(int=7))}, "not there any more"),
        ({"parameters": "{"}, "could not be read"),
        ({"parameters": json.dumps({"temperature": "0.7.1"})}, "temperature"),
    ],
)
def test_what_cannot_be_sent_is_said_and_nothing_is_made(
    page: Page, shared_installation: Installation, fields: dict[str, str], sentence: str
) -> None:
    run_id = uuid4()
    sent = page.send(run_id=run_id, **fields)
    assert sent.response.status_code == 422
    assert sentence in sent.response.text
    assert "<html" not in sent.response.text
    assert exchange_count(shared_installation, run_id) == 0


def test_a_message_of_200000_characters_is_sent_whole(page: Page, upstream: FakeUpstream) -> None:
    text = "Wörter 🙂 " * 25_000
    with page.socket() as socket:
        socket.follow(page.send(text).exchange)
        assert socket.until_end().state == "completed"
    request = next(request for request in upstream.requests if request.json.get("model") == page.model)
    assert request.json["messages"][-1]["content"] == text


def test_who_is_signed_out_is_told_and_nothing_is_made(page: Page, shared_installation: Installation) -> None:
    run_id = uuid4()
    stranger = page.process.client()
    response = page.process.post(stranger, page.run_path(run_id), page.fields("Hi"))
    assert response.status_code == 401
    assert "signed out" in response.text
    assert exchange_count(shared_installation, run_id) == 0


def test_what_keeps_us_from_a_provider_is_said_by_name(page: Page) -> None:
    html = page.client.get(f"/conversations/{page.conversation}/").text
    unreachable = {name: pk for name, pk in providers_offered(html).items() if name != "Fake"}
    assert len(unreachable) == 3
    with page.socket() as socket:
        for ref, (name, pk) in enumerate(unreachable.items()):
            socket.follow(page.send(provider=pk).exchange, ref=ref)
            end = socket.until_end(ref).end
            assert end is not None
            assert (end["state"], end["error"]["kind"]) == ("failed", name)
            assert end["error"]["message"]
            assert end["error"]["advice"]
