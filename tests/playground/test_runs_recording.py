"""The database goes away, refuses, comes back: nothing that came is lost, and no run harms another."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from uuid import UUID

import pytest
import pytest_asyncio
from channels.db import database_sync_to_async
from django.db import DataError, InterfaceError, OperationalError

from conversations import selectors
from conversations.services import Ending, Progress
from team.models import User
from tests.desk import Desk, desk_make
from tests.fakes import FakeUpstream, Gate, Stream
from tests.playground.stage import PATIENCE, Stage, kept, stage_set

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def up() -> Iterator[FakeUpstream]:
    with FakeUpstream() as up:
        yield up


@pytest.fixture
def desk(alice: User, up: FakeUpstream, settings: object) -> Desk:
    settings.PRIVATE_HOSTS = ["127.0.0.1"]  # type: ignore[attr-defined]  # pytest-django's wrapper
    return desk_make(alice, base_url=up.base_url)


@pytest_asyncio.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setattr("playground.recorder.PERIOD", 0.05)
    monkeypatch.setattr("playground.recorder.BACK_OFF", (0.01,))
    async with stage_set("127.0.0.1") as stage:
        yield stage


@database_sync_to_async
def trace_text(exchange: UUID) -> str:
    """Put together what the kept trace says."""
    raw = selectors.trace_of(exchange_id=exchange).raw.decode()
    chunks = [json.loads(line[6:]) for line in raw.splitlines() if line.startswith("data: {")]
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)


@pytest.mark.parametrize("fault", [OperationalError("gone"), InterfaceError("connection already closed")])
async def test_while_the_database_is_away_tokens_flow_and_nothing_is_lost(
    stage: Stage, desk: Desk, up: FakeUpstream, fault: Exception
) -> None:
    gate = Gate()
    up.script("model-a", Stream(text=["one ", "two ", gate, "three ", gate, "four"]))
    exchange = await stage.start(desk)
    await stage.until(exchange, lambda: stage.text(exchange) == "one two ")
    stage.ledger.faults = [fault] * 20
    gate.release()
    await stage.until(exchange, lambda: stage.text(exchange) == "one two three ")
    gate.release()
    assert (await stage.end(exchange))["state"] == "completed"
    assert stage.ledger.faults == []
    found = await kept(exchange)
    assert (found.row.state, found.texts) == ("completed", ("one two three four",))
    assert await trace_text(exchange) == "one two three four"


async def test_the_end_is_told_once_it_is_kept(stage: Stage, desk: Desk, up: FakeUpstream) -> None:
    states: list[str] = []

    def look(_progress: Sequence[Progress], endings: Sequence[Ending]) -> None:
        if endings:
            states.append(stage.updates(endings[0].exchange_id)[-1][0])

    stage.ledger.refuse = look
    await stage.end(await stage.start(desk))
    assert states == ["x"]


async def test_checkpoints_grow_the_trace_while_the_run_goes_on(
    stage: Stage, desk: Desk, up: FakeUpstream
) -> None:
    gate = Gate()
    up.script("model-a", Stream(text=["one ", gate, "two"]))
    exchange = await stage.start(desk)
    await stage.until(exchange, lambda: stage.text(exchange) == "one ")
    before = stage.ledger.calls
    gate_reader = stage.journal.frames(exchange)
    assert gate_reader is not None
    async with asyncio.timeout(PATIENCE):
        while stage.ledger.calls < before + 2:
            await database_sync_to_async(lambda: None)()
    assert await trace_text(exchange) == "one "
    assert (await kept(exchange)).row.state == "streaming"
    gate.open()
    await stage.end(exchange)
    assert await trace_text(exchange) == "one two"


async def test_one_refused_row_does_not_take_others_with_it(
    stage: Stage, desk: Desk, up: FakeUpstream
) -> None:
    gates = [Gate(), Gate()]
    up.script("model-a", *(Stream(text=["Half", gate, " whole"]) for gate in gates))
    bad, good = await stage.start(desk), await stage.start(desk)
    for exchange in (bad, good):
        await stage.until(exchange, lambda exchange=exchange: stage.text(exchange) == "Half")  # type: ignore[misc]  # mypy cannot infer a bound default

    def refuse(progress: Sequence[Progress], _endings: Sequence[Ending]) -> Exception | None:
        return DataError("no") if any(item.exchange_id == bad and item.pieces for item in progress) else None

    stage.ledger.refuse = refuse
    for gate in gates:
        gate.open()
    for exchange in (bad, good):
        assert (await stage.end(exchange))["state"] == "completed"
        assert (await kept(exchange)).texts == ("Half whole",)
    assert await trace_text(good) == "Half whole"


@pytest.mark.parametrize("error", [DataError("no"), RecursionError("ours"), KeyError("ours")])
async def test_an_ending_that_is_refused_is_kept_in_a_plainer_way_and_said_to_have_failed(
    stage: Stage, desk: Desk, up: FakeUpstream, error: Exception
) -> None:
    def refuse(_progress: Sequence[Progress], endings: Sequence[Ending]) -> Exception | None:
        return error if any(ending.response.get("object") for ending in endings) else None

    stage.ledger.refuse = refuse
    up.script("model-a", Stream(text=["The text"]))
    exchange = await stage.start(desk)
    end = await stage.end(exchange)
    assert (end["state"], end["error"]["kind"]) == ("failed", "upstream_failed")
    found = await kept(exchange)
    assert (found.row.state, found.texts) == ("failed", ("The text",))
    assert stage.runs.live_count == 0


async def test_an_ending_that_can_never_be_kept_still_ends_on_the_page(
    stage: Stage, desk: Desk, up: FakeUpstream
) -> None:
    stage.ledger.refuse = lambda _progress, endings: DataError("never") if endings else None
    exchange = await stage.start(desk)
    assert (await stage.end(exchange))["state"] == "failed"
    async with asyncio.timeout(PATIENCE):
        while stage.runs.live_count:
            await database_sync_to_async(lambda: None)()
    stage.ledger.refuse = lambda *_: None
    again = await stage.start(desk)
    assert (await stage.end(again))["state"] == "completed"


async def test_a_hundred_runs_that_end_together_share_a_few_writes(
    stage: Stage, desk: Desk, up: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.recorder.PERIOD", 5.0)
    gate = Gate()
    up.script("model-a", Stream(text=["Hi", gate]))
    opened = [await stage.open(desk) for _ in range(100)]
    stage.send(*opened)
    await up.requested(100)
    before = stage.ledger.calls
    gate.open()
    for each in opened:
        assert (await stage.end(each.id))["state"] == "completed"
    assert stage.ledger.calls - before < 50
