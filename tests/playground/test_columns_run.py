"""One run of several columns on a served process: sent once, queued in sight, stopped one by one."""

import json
import re
from uuid import uuid4

import pytest

from tests.fakes import FakeUpstream, Gate, Stream
from tests.playground.pages import Page, kept_row_ended, provider_environment
from tests.served import Installation, ServedProcess, wait_for

pytestmark = pytest.mark.served


@pytest.fixture(scope="module")
def shared_process(shared_installation: Installation, upstream: FakeUpstream) -> ServedProcess:
    """One served process that lets a person run two exchanges at once."""
    return shared_installation.serve(PLAYGROUND_RUNS_PER_PERSON="2", **provider_environment(upstream))


@pytest.fixture
def columns(page: Page) -> list[str]:
    """Three columns of the page's conversation with a model each; the first one's is the page's."""
    for _ in range(2):
        page.process.post(page.client, f"/conversations/{page.conversation}/columns/")
    html = page.client.get(f"/conversations/{page.conversation}/").text
    columns = re.findall(r'<section class="col"\s+id="column-(\d+)"', html)
    for number, column in enumerate(columns):
        fields = page.fields("", model=f"{page.model}-{number}", column=column)
        path = f"/conversations/{page.conversation}/settings/"
        page.process.post(page.client, path, fields).raise_for_status()
    return columns


def test_a_run_of_three_columns_is_sent_once_queued_in_sight_and_stopped_one_by_one(
    page: Page, columns: list[str], upstream: FakeUpstream, shared_installation: Installation
) -> None:
    gates = [Gate() for _ in columns]
    for number, gate in enumerate(gates):
        upstream.script(f"{page.model}-{number}", Stream(text=[f"Answer {number} ", gate, "ends"]))
    run_id = uuid4()
    asked = {"column": columns[0], "columns": "all", "model": f"{page.model}-0"}
    sent = page.send("Hello", run_id=run_id, **asked)
    again = page.send("Hello", run_id=run_id, **asked)  # a double click
    assert len(sent.exchanges) == 3
    assert again.exchanges == sent.exchanges
    assert re.findall(r'data-column-part="(\d+)"', sent.response.text) == columns
    with page.socket() as socket:
        for ref, exchange in enumerate(sent.exchanges, 1):
            socket.follow(exchange, ref=ref)
        socket.until_text("Answer 0 ", ref=1)
        socket.until_text("Answer 1 ", ref=2)
        socket.until(lambda: socket.followed[3].places == [1], what="the third one's place in the queue")
        assert socket.followed[3].state == "queued"
        assert page.stop(sent.exchanges[0]).status_code == 204
        socket.until_text("Answer 2 ", ref=3)
        for gate in gates:
            gate.open()
        socket.until_end(1, 2, 3)
        states = [socket.followed[ref].state for ref in (1, 2, 3)]
    assert states == ["stopped", "completed", "completed"]
    rows = [kept_row_ended(shared_installation, exchange) for exchange in sent.exchanges]
    assert [row.texts for row in rows if row] == [("Answer 0 ",), ("Answer 1 ends",), ("Answer 2 ends",)]
    bodies = [r.json for r in upstream.requests if str(r.json.get("model")).startswith(page.model)]
    assert sorted(body["model"] for body in bodies) == [f"{page.model}-{number}" for number in range(3)]


def test_one_column_that_cannot_be_sent_stops_the_run_and_is_named(
    page: Page, columns: list[str], upstream: FakeUpstream
) -> None:
    fields = page.fields("", column=columns[1], parameters=json.dumps({"temperature": "{"}))
    path = f"/conversations/{page.conversation}/settings/"
    page.process.post(page.client, path, fields).raise_for_status()
    refused = page.send("Hello", column=columns[0], columns="all").response
    assert refused.status_code == 422
    assert "Column B: temperature" in refused.text
    assert not [r for r in upstream.requests if str(r.json.get("model")).startswith(page.model)]
    alone = page.send("Hello", column=columns[0], columns=columns[2])
    assert len(alone.exchanges) == 1
    wait_for(lambda: [r for r in upstream.requests if r.json.get("model") == f"{page.model}-2"])


def test_a_column_that_is_gone_is_said_and_nothing_is_sent(page: Page, columns: list[str]) -> None:
    gone = page.send("Hello", column=columns[0], columns="987654321").response
    assert gone.status_code == 422
    assert "This column is not there any more." in gone.text
