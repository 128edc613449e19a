"""How long the list, filters, search, usage and cost pages take at 100,000 messages, on SQLite and on PostgreSQL.

`python -m bench.search` makes both databases, fills them with `bench.corpus` and prints one row for each question to the
selector behind the page, for somebody who owns most of it and for somebody who owns a tenth: processor time of one call
(this process and, with PostgreSQL, the session's server process) and the quickest of the calls by the clock, in ms. The
first holds on a machine that is shared with others, too. `--backend sqlite` or `postgres` does one of them;
`--conversations 20000` makes 100,000 exchanges for the usage page; its rows and those of the cost page, which always has
100,000 charges, add what the page makes of the sums.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import psutil

if TYPE_CHECKING:
    from conversations.selectors import Period, SearchFilter
    from team.models import User

BACKENDS: Final = ("sqlite", "postgres")
CALLS: Final = 20
WORDS: Final = (
    ("a word in every second message", "the"),
    ("a rare word", "kubernetes"),
    ("two words", "quorum replication"),
    ("a phrase", '"model data"'),
    ("nothing like it", "zzzzzz"),
    ("four characters, Chinese", "画龙点睛"),
    ("three characters, Chinese", "提示词"),
    ("two characters, Chinese", "仲裁"),
    ("one character, Chinese", "的"),
    ("two letters", "ku"),
    ("one letter", "x"),
    ("two characters, nothing like it", "zq"),
    ("signs", "->>"),
)
FILTERS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("model", {"model": "smollm2-135m"}),
    ("provider", {"provider": "Cluster"}),
    ("state", {"state": "failed"}),
    ("error", {"error": "timed_out"}),
    ("error, none", {"error": "nothing_like_it"}),
    ("has images, none", {"has_images": True}),
    ("has tools, none", {"has_tools": True}),
    ("word and model", {"words": "kubernetes", "model": "smollm2-135m"}),
    ("word and error, none", {"words": "the", "error": "nothing_like_it"}),
)


def main() -> int:
    """Measure each backend in a process of its own; return 1 if one failed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--backend", choices=BACKENDS)
    options.add_argument("--conversations", type=int, default=10_000)
    chosen = options.parse_args()
    if chosen.backend:
        _measure(chosen.backend, chosen.conversations)
        return 0
    failed = 0
    for backend in BACKENDS:
        command = [sys.executable, "-m", "bench.search", "--backend", backend]
        command += ["--conversations", str(chosen.conversations)]
        failed |= subprocess.run(command, check=False).returncode != 0
    return int(failed)


def _measure(backend: str, conversations: int) -> None:
    os.environ["PLAYGROUND_TEST_BACKENDS"] = backend
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    if backend == "sqlite":
        os.environ.pop("DATABASE_URL", None)
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from bench.corpus import corpus_make
    from tests import servers

    try:
        call_command("migrate", verbosity=0)
        begun = time.perf_counter()
        written = corpus_make(conversations=conversations)
        took = time.perf_counter() - begun
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE" if backend == "postgres" else "ANALYZE")
        print(f"\n{backend}: {written:,} messages, written in {took:.0f} s, {_size(backend)} MB\n")
        _table()
    finally:
        connection.close()
        servers.stop()


def _size(backend: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        if backend == "postgres":
            cursor.execute("SELECT pg_database_size(current_database())")
        else:
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return int(cursor.fetchone()[0]) // 1_000_000


def _table() -> None:
    from conversations import selectors
    from conversations.selectors import ListFilter, Period, SearchFilter, Shelf
    from playground.cost_tables import MONTHS
    from team.models import User

    owner, other = User.objects.get(username="alice"), User.objects.get(username="dora")
    print(
        "| question | owns most: processor / quickest | owns a tenth: processor / quickest |\n|---|---|---|"
    )

    def row(label: str, ask: "Callable[[User], object]") -> None:
        print(f"| {label} | {_times(lambda: ask(owner))} | {_times(lambda: ask(other))} |", flush=True)

    row("list, first page", lambda user: selectors.conversation_list(user=user))
    deep = {user.pk: selectors.conversation_list(user=user, limit=400).next for user in (owner, other)}
    row("list, ninth page", lambda user: selectors.conversation_list(user=user, after=deep[user.pk]))
    team = ListFilter(shelf=Shelf.TEAM)
    row("list, from the team", lambda user: selectors.conversation_list(user=user, wanted=team))
    row("titles with 仲裁", lambda user: selectors.search_titles(user=user, words="仲裁"))
    asked = [(f"{label}: `{words}`", SearchFilter(words=words)) for label, words in WORDS]
    asked += [(f"filter: {label}", SearchFilter(**fields)) for label, fields in FILTERS]
    for label, wanted in asked:
        row(label, partial(_search, wanted))
    row("what the filters offer", lambda user: selectors.search_choices(user=user))
    User.objects.filter(pk=owner.pk).update(role="administrator")
    owner.refresh_from_db()
    for period in Period:
        row(f"usage, {period} (administrator, member)", partial(_usage, period))
    for months in MONTHS:
        row(f"cost, {months} months (administrator, member)", partial(_costs, months))


def _search(wanted: "SearchFilter", user: "User") -> object:
    from conversations import selectors

    return selectors.search_messages(user=user, wanted=wanted)


def _usage(period: "Period", user: "User") -> object:
    from bench.corpus import END
    from conversations import selectors
    from conversations.selectors import UsageFilter
    from playground.usage_words import usage_view

    found = selectors.usage_of(user=user, wanted=UsageFilter(period=period), now=END)
    return usage_view(found, period=period, by_model=False)


def _costs(months: int, user: "User") -> object:
    """Return what the page reads and makes of it, without its template."""
    from bench.corpus import END
    from conversations import selectors
    from conversations.selectors import CostFilter
    from playground.cost_tables import cost_charts, cost_rows, months_back

    axis = months_back(END.date().replace(day=1), months)
    spent = selectors.spent_by(user=user, chosen=CostFilter(since=axis[0]))
    tables = [cost_rows(each, labels={}, hrefs={}) for each in (spent.person, spent.key, spent.model)]
    return tables, cost_charts(spent.month, axis)


def _times(call: Callable[[], object]) -> str:
    call()
    taken = []
    begun_processor = _processor()
    for _ in range(CALLS):
        begun = time.perf_counter()
        call()
        taken.append((time.perf_counter() - begun) * 1000)
    processor = (_processor() - begun_processor) / CALLS * 1000
    return f"{processor:.1f} / {min(taken):.1f}"


def _processor() -> float:
    """Return the seconds that this process and its session's server process have computed so far."""
    from django.db import connection

    own = time.process_time()
    if connection.vendor == "sqlite":
        return own
    connection.ensure_connection()
    used = psutil.Process(connection.connection.info.backend_pid).cpu_times()
    return float(own + used.user + used.system)


if __name__ == "__main__":
    sys.exit(main())
