"""Fixtures for every test. The cast (Alice, Bob, Charlie) is in `tests/cast.py`, served processes in `tests/served.py`."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psycopg
import pytest
from django.conf import settings as django_settings
from xdist.workermanage import WorkerController

from tests import servers

pytest_plugins = ["tests.cast", "tests.served", "tests.chromium"]

# A busy machine is slow, not wrong.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "tests" / "artifacts"
_WORKER_DIED = pytest.StashKey[bool]()
LONG = 4  # so many tests of the usual length a slow one takes


def pytest_report_header() -> str:
    """Say in the report's head which backends these tests run on."""
    return f"backends: {'PostgreSQL + Redis' if servers.BACKENDS == 'postgres' else 'SQLite + memory'}"


def pytest_unconfigure() -> None:
    """Stop the servers that the settings started."""
    servers.stop()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: WorkerController, error: object) -> None:
    """Note that a worker died: tests it should have run were not run."""
    if error:
        node.config.stash[_WORKER_DIED] = True


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell a run that a dead worker cut short from one in which every test ran and some failed."""
    if session.config.stash.get(_WORKER_DIED, False):
        session.exitstatus = pytest.ExitCode.INTERNAL_ERROR


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that use Chromium and run them last: Playwright keeps an event loop running on this thread,
    which asynchronous tests after it could not stand. On PostgreSQL and Redis, leave out what knows no backend: it has
    run on SQLite. So does what judges the look of pages, which are the same on either."""
    if servers.BACKENDS != "sqlite":
        config.hook.pytest_deselected(items=[item for item in items if not _knows_backend(item)])
        items[:] = filter(_knows_backend, items)

    def in_browser(item: pytest.Item) -> bool:
        return "chromium" in getattr(item, "fixturenames", ())

    files: dict[Path, set[bool]] = {}
    for item in items:
        files.setdefault(item.path, set()).add(in_browser(item))
        if in_browser(item):
            item.add_marker(pytest.mark.browser)
    if mixed := [str(path) for path, kinds in files.items() if len(kinds) > 1]:
        # Workers get whole files, so that the tests of one share what its module set up.
        raise pytest.UsageError(f"tests with Chromium need files of their own: {', '.join(mixed)}")
    # The longest files of the browser first, so that no worker sits on one of them alone at the end.
    sizes: Counter[Path] = Counter()
    for item in filter(in_browser, items):
        sizes[item.path] += LONG if item.get_closest_marker("slow") else 1
    items.sort(
        key=lambda item: (in_browser(item), -sizes[item.path], item.path if in_browser(item) else Path())
    )


def _knows_backend(item: pytest.Item) -> bool:
    """Whether a test uses a database, or a served process with one, for more than to have pages to look at."""
    if item.get_closest_marker("looks"):
        return False
    fixtures = {"db", "transactional_db", "_migrated"} & set(getattr(item, "fixturenames", ()))
    return bool(fixtures) or item.get_closest_marker("django_db") is not None


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep SQLite's test database in a file: in memory, threads would meet table locks that no file has."""
    database = django_settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database.setdefault("TEST", {})["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Before PostgreSQL's test database is dropped, end the sessions of threads that are still at home in it."""
    yield
    database = django_settings.DATABASES["default"]
    if servers.BACKENDS == "postgres":
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [database["NAME"]],
            )


@pytest.fixture(scope="session")
def streams() -> Path:
    """Return the folder of recorded streams; skip without it, except in CI."""
    return needed_folder("PLAYGROUND_STREAMS", "streams")


@pytest.fixture(scope="session")
def seeds() -> Path:
    """Return the folder of reference documents; skip without it, except in CI."""
    return needed_folder("PLAYGROUND_SEEDS", "seeds")


def needed_folder(variable: str, name: str) -> Path:
    """Return the folder that `variable` names, or ../shared/<name> beside the repository."""
    folder = Path(os.environ.get(variable) or ROOT.parent / "shared" / name)
    if not folder.is_dir():
        missing(f"{folder} is not there; set {variable} to the folder that holds the {name}")
    return folder


def missing(reason: str) -> None:
    """Skip the test; fail it where everything has to be there."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
