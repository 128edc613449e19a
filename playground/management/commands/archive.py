"""`manage.py archive`: a person's data as one file, and back, for archives larger than a browser may upload."""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations import services
from conversations.services import ArchiveRefused
from playground.views.export import secrets_of
from team.errors import NotFound
from team.models import User
from team.selectors import person_named


class Command(BaseCommand):
    """`archive write alice alice.zip`, `archive read alice alice.zip`."""

    help = (
        "Write everything that a person owns into a ZIP file, or make what such a file holds theirs. Reading the same "
        "file again brings nothing twice, so an interrupted reading is simply repeated."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """A deed, a person, a file."""
        parser.add_argument("deed", choices=("write", "read"))
        parser.add_argument("person", help="username")
        parser.add_argument("file", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the whole file or none; or read it and say what became of it."""
        try:
            person = person_named(username=options["person"])
        except NotFound as problem:
            raise CommandError(f"There is nobody called {options['person']!r}.") from problem
        if options["deed"] == "write":
            self._write(person, options["file"])
        else:
            self._read(person, options["file"])

    def _write(self, person: User, path: Path) -> None:
        unfinished = path.with_name(f".{path.name}.part")
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for piece in services.archive_write(user=person, mask=secrets_of(person).text):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        self.stdout.write(f"{path}: {path.stat().st_size:,} bytes")

    def _read(self, person: User, path: Path) -> None:
        try:
            with path.open("rb") as file:
                done = services.archive_read(user=person, file=file)
        except OSError as problem:
            raise CommandError(f"{path} cannot be opened: {problem.strerror}") from problem
        except ArchiveRefused as problem:
            raise CommandError(f"{path} cannot be read: {problem}") from problem
        self.stdout.write(f"{done.made} conversations made, {done.there} were there already")
        for line in done.refused:
            self.stderr.write(f"refused: {line}")
