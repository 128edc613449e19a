"""Served processes for tests: real `manage.py serve` on free ports, each installation with its own folder and database.

`installation` is one data folder with its database; `installation.serve()` starts a process on it, as many as a test
wants (several share the database, and Redis where the backends have it). What a process said is kept in
`tests/artifacts/` and shown in the report when the test fails.
"""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
import pytest
from redis import Redis
from websockets.sync.client import ClientConnection, connect

from tests.servers import BACKENDS

ROOT: Final = Path(__file__).resolve().parent.parent
ARTIFACTS: Final = ROOT / "tests" / "artifacts"
PASSWORD: Final = "correct horse battery staple"
READY_WITHIN: Final = (
    60.0  # seconds; a start takes about one on an idle machine, thirty where ten others work
)
ANSWER_WITHIN: Final = 30.0  # seconds for one answer of a database server
COMMAND_WITHIN: Final = 180.0  # seconds for one management command, and for the end of what was killed
_numbers = itertools.count(1)
_TEMPLATE: Final = f"served_template_{os.getpid()}"


def environment_make(**variables: str) -> dict[str, str]:
    """Return this run's environment for a process that uses the product's own settings, not those of the tests."""
    environment = dict(os.environ) | {"DJANGO_SETTINGS_MODULE": "playground.settings"} | variables
    environment.pop(
        "PYTHONDONTWRITEBYTECODE", None
    )  # every start would compile all it imports, for two seconds
    return environment


def wait_for(condition: Callable[[], Any], *, within: float = 10.0, what: str = "") -> Any:
    """Return the condition's first true value; fail when none came within so many seconds."""
    ticks = threading.Event()
    for _ in range(int(within / 0.02) + 1):
        if value := condition():
            return value
        ticks.wait(0.02)
    pytest.fail(f"waited {within:g} s in vain for {what or condition}")


class ServedProcess:
    """One `manage.py serve`."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.log = log
        self._ready = threading.Event()
        self._lines: list[str] = []
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = ""
        self._clients: list[httpx.Client] = []
        self._sockets: list[ClientConnection] = []

    def _read(self) -> None:
        with self.log.open("a", encoding="utf-8") as log:
            for line in self.process.stdout or ():
                self._lines.append(line)
                log.write(line)
                log.flush()
                if "is ready at" in line:
                    self.url = line.rpartition(" ")[2].strip()
                    self._ready.set()
        self._ready.set()  # it ended; whoever waits looks why

    @property
    def output(self) -> str:
        """What it has written so far, both streams."""
        return "".join(self._lines)

    def wait_ready(self) -> "ServedProcess":
        """Return once it serves; fail with its output when it ends instead."""
        if not self._ready.wait(READY_WITHIN) or not self.url:
            pytest.fail(f"the server did not become ready:\n{self.output}")
        return self

    def health(self) -> dict[str, Any]:
        """Return what /healthz says."""
        answer: dict[str, Any] = httpx.get(f"{self.url}/healthz", trust_env=False, timeout=30).json()
        return answer

    def client(self) -> httpx.Client:
        """Return a client without an account; its cookies are its session."""
        client = httpx.Client(base_url=self.url, trust_env=False, timeout=30, follow_redirects=True)
        self._clients.append(client)
        return client

    def sign_up(self, name: str) -> httpx.Client:
        """Make an account through the page and return a client that is signed in as it."""
        client = self.client()
        client.get("/accounts/signup/").raise_for_status()
        fields = {"username": name, "email": f"{name}@example.com"}
        answer = self.post(
            client, "/accounts/signup/", fields | {"password1": PASSWORD, "password2": PASSWORD}
        )
        if "sessionid" not in client.cookies:
            pytest.fail(f"{name} could not sign up: {answer.status_code}\n{answer.text}")
        return client

    def post(self, client: httpx.Client, path: str, fields: dict[str, Any] | None = None) -> httpx.Response:
        """Send a form as the page would, with its CSRF token."""
        if "csrftoken" not in client.cookies:
            client.get("/accounts/login/")
        headers = {"X-CSRFToken": client.cookies.get("csrftoken") or "", "Origin": self.url}
        return client.post(path, data=fields or {}, headers=headers)

    def socket(self, client: httpx.Client, **options: Any) -> ClientConnection:
        """Open the page's socket as this client's person. Origin is ours unless `origin` says otherwise."""
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        address = urlsplit(self.url)._replace(scheme="ws", path="/ws/exchanges/")
        options = {"origin": self.url, "proxy": None} | options
        connection = connect(urlunsplit(address), additional_headers={"Cookie": cookies}, **options)
        self._sockets.append(connection)
        return connection

    def close(self) -> None:
        """End it if it still runs, and let go of the connections that lead to it."""
        for client in self._clients:
            client.close()
        for connection in self._sockets:
            connection.socket.close()
        if self.process.poll() is None:
            self.kill()
        self._reader.join(5)

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        self.process.kill()
        self.process.wait(COMMAND_WITHIN)

    def terminate(self, *, within: float = 15.0) -> int:
        """Ask it to stop (SIGTERM); return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait(within=within)

    def wait(self, *, within: float = 15.0) -> int:
        """Return its exit status once it has ended by itself."""
        try:
            status = self.process.wait(within)
        except subprocess.TimeoutExpired:
            pytest.fail(f"the server did not end within {within:g} s:\n{self.output}")
        self._reader.join(5)
        return status


@dataclass
class Installation:
    """One data folder with its database, and the processes that serve it."""

    folder: Path
    environment: dict[str, str]
    processes: list[ServedProcess] = field(default_factory=list)

    def start(self, *options: str, **environment: str) -> ServedProcess:
        """Start one process without waiting for it; arguments are options of serve, keywords environment variables."""
        process = ServedProcess(
            [sys.executable, "manage.py", "serve", *options],
            self.environment | environment,
            self.folder / f"serve-{len(self.processes) + 1}.log",
        )
        self.processes.append(process)
        return process

    def serve(self, **environment: str) -> ServedProcess:
        """Start one more process and return it once it is ready."""
        return self.start(**environment).wait_ready()

    def manage(self, *arguments: str, **environment: str) -> str:
        """Run one management command here; return what it printed. Fails when the command does."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=self.environment | environment, capture_output=True, text=True, check=False,
            timeout=COMMAND_WITHIN,
        )  # fmt: skip
        if done.returncode:
            pytest.fail(f"manage.py {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def close(self) -> None:
        """End whatever still runs."""
        for process in self.processes:
            process.close()


@pytest.fixture(scope="session")
def _collected() -> None:
    """Collect static files unless that has been done since the last of them changed."""
    if not (ROOT / "static" / "build").is_dir():
        pytest.fail("the browser code is not built: run make build", pytrace=False)
    manifest = ROOT / "staticfiles" / "staticfiles.json"
    newest = max(path.stat().st_mtime for path in (ROOT / "static").rglob("*") if path.is_file())
    if not manifest.exists() or manifest.stat().st_mtime < newest:
        _manage_run(environment_make(), "collectstatic", "--noinput", "-v", "0")


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a migrated, empty database that installations copy."""
    folder = tmp_path_factory.mktemp("template")
    environment = environment_make(PLAYGROUND_DATA=str(folder))
    if BACKENDS == "postgres":
        environment["DATABASE_URL"] = _postgres_create(_TEMPLATE)
    _manage_run(environment, "migrate", "-v", "0")
    return environment


@pytest.fixture
def installation(
    request: pytest.FixtureRequest, tmp_path: Path, _migrated: dict[str, str], _collected: None
) -> Iterator[Installation]:
    """Give the test an installation of its own; no process runs on it yet."""
    made = _installation_make(tmp_path / "data", _migrated)
    request.node.stash[_INSTALLATION] = made
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_installation(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    _migrated: dict[str, str],
    _collected: None,
) -> Iterator[Installation]:
    """Give a module one installation for all of its tests, where none of them harms the others."""
    made = _installation_make(tmp_path_factory.mktemp("shared") / "data", _migrated)
    request.node.stash[_INSTALLATION] = made
    yield made
    made.close()


def _installation_make(folder: Path, migrated: dict[str, str]) -> Installation:
    folder.mkdir()
    environment = migrated | {"PLAYGROUND_DATA": str(folder), "PORT": "0", "PYTHONUNBUFFERED": "1"}
    if BACKENDS == "postgres":
        number = next(_numbers)
        name = f"served_{os.getpid()}_{number}"
        environment["DATABASE_URL"] = _postgres_create(name, template=_TEMPLATE)
        environment["REDIS_URL"] = _redis_empty(number)
    else:
        shutil.copy(Path(migrated["PLAYGROUND_DATA"]) / "playground.sqlite3", folder)
    return Installation(folder, environment)


@pytest.fixture
def served(installation: Installation) -> ServedProcess:
    """Give the test one ready process on an installation of its own."""
    return installation.serve()


_INSTALLATION = pytest.StashKey[Installation]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show and keep what the processes of a failed test said."""
    report = yield
    module = item.getparent(pytest.Module)
    made = item.stash.get(_INSTALLATION, None) or (module.stash.get(_INSTALLATION, None) if module else None)
    if report.failed and made is not None:
        kept = ARTIFACTS / "logs" / item.name.replace("/", "_")[:80]
        kept.mkdir(parents=True, exist_ok=True)
        for process in made.processes:
            shutil.copy(process.log, kept)
            report.sections.append((f"{process.log.name} (kept in {kept})", process.output[-4000:]))
    return report


def _manage_run(environment: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=COMMAND_WITHIN)


def _postgres_create(name: str, *, template: str = "template1") -> str:
    """Make a database on the test server and return its URL."""
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _redis_empty(number: int) -> str:
    """Return the URL of an empty database of the test server: what others counted, sign-ups above all, is not in it."""
    url = os.environ["REDIS_URL"]
    with Redis.from_url(url, socket_timeout=ANSWER_WITHIN) as redis:
        databases = int(redis.config_get("databases")["databases"])
    # Number 0 is that of the tests' own process.
    url = urlunsplit(urlsplit(url)._replace(path=f"/{1 + number % (databases - 1)}"))
    with Redis.from_url(url, socket_timeout=ANSWER_WITHIN) as redis:
        redis.flushdb()
    return url
