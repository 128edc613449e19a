"""`manage.py serve`: the product's own server process."""

import asyncio
import errno
import os
import resource
import socket
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from conversations.search_schema import EXTENSION_MISSING, trigrams_missing
from playground.environment_values import WILDCARD_HOSTS
from team import first_run
from team.errors import TeamError
from team.selectors import has_people

FILES_WANTED = 65_536


class Command(BaseCommand):
    """Serves HTTP and websockets until SIGTERM or Ctrl+C, then lets running answers finish."""

    help = "Serve Chat Playground (HOST, PORT and the other settings come from the environment)."
    requires_system_checks: list[str] = []  # `make check` runs them; a start should not take longer for it

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --migrate."""
        parser.add_argument("--migrate", action="store_true", help="first bring the database up to date")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Listen first, so that a taken port is the first thing said; then check the database and serve."""
        sockets = self._listen()
        url = self._url(sockets)
        self._check_migrations(apply=options["migrate"])
        if trigrams_missing(connection):
            self.stderr.write(EXTENSION_MISSING)
        status = self._serve(sockets, url)
        if status:
            raise CommandError("The server did not shut down cleanly; the log says why.", returncode=status)

    def _listen(self) -> list[socket.socket]:
        from playground.server_sockets import sockets_listen

        try:
            return sockets_listen(settings.HOST, settings.PORT)
        except OSError as problem:
            raise CommandError(_listen_problem(problem)) from problem

    def _url(self, sockets: list[socket.socket]) -> str:
        if settings.PUBLIC_URL:
            return str(settings.PUBLIC_URL)
        host = "127.0.0.1" if settings.HOST in WILDCARD_HOSTS else settings.HOST
        return f"http://{f'[{host}]' if ':' in host else host}:{sockets[0].getsockname()[1]}"

    def _check_migrations(self, *, apply: bool) -> None:
        try:
            executor = MigrationExecutor(connection)
            missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError as problem:
            reason = str(problem).strip().rstrip(".")
            raise CommandError(f"The database cannot be reached: {reason}. Check DATABASE_URL.") from problem
        if missing and apply:
            self.stdout.write(f"Bringing the database up to date ({len(missing)} migrations)")
            call_command("migrate", verbosity=0, interactive=False)
        elif missing:
            raise CommandError(
                f"The database lacks {len(missing)} migrations. Run: make migrate (or: python manage.py migrate)"
            )

    def _serve(self, sockets: list[socket.socket], url: str) -> int:
        _raise_file_limit()
        _install_uvloop()
        # Tokens must not wait for a thread that queries the database: it gives way after 1 ms instead of 5.
        sys.setswitchinterval(0.001)
        # Autobahn's compiled helpers read what browsers send, a few bytes a second; loading them takes 0.1 s.
        os.environ.setdefault("AUTOBAHN_USE_NVX", "0")
        # After the event loop policy: importing daphne makes the loop and Twisted's reactor.
        from playground.asgi import application
        from playground.lifespan import shut_down, start_up
        from playground.server import PlaygroundServer

        server = PlaygroundServer(application, sockets=sockets, max_body=settings.MAX_BODY_BYTES)

        def ready() -> None:
            self.stdout.write(f"Chat Playground is ready at {url}")
            self.stdout.flush()

        self._say_first_account(url)
        try:
            server.run(
                start_up=start_up,
                shut_down=lambda: shut_down(grace=settings.GRACE_SECONDS),
                ready=ready,
            )
        except TeamError as problem:
            raise CommandError(str(problem)) from problem
        return server.exit_status

    def _say_first_account(self, url: str) -> None:
        if first_run.is_token_needed() and not has_people():
            self.stdout.write(
                "This server can be reached by others. To make the first account, the administrator's, open\n"
                f"  {url}/accounts/signup/?token={first_run.token()}"
            )


def _raise_file_limit() -> None:
    """Allow as many open files as the system lets us: every page and every stream is one, and the usual 1,024 are few."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _listen_problem(problem: OSError) -> str:
    place = f"{settings.HOST}:{settings.PORT}"
    if problem.errno == errno.EADDRINUSE:
        return f"{place} is in use already. Stop what runs there, or choose another port: PORT=8001 make run"
    if problem.errno == errno.EACCES:
        return f"{place} may not be opened by this user. Choose a port above 1023, for example PORT=8000"
    if isinstance(problem, socket.gaierror) or problem.errno == errno.EADDRNOTAVAIL:
        return f"HOST={settings.HOST} is not an address of this machine. Use 127.0.0.1, or 0.0.0.0 for all of them"
    return f"{place} cannot be opened: {problem.strerror}"


def _install_uvloop() -> None:
    try:
        import uvloop
    except ImportError:  # no wheel for this platform: asyncio's own loop does the same, slower
        return
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
