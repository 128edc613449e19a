"""manage.py assemble: print what the playground makes of what a provider sent."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from upstream.wire.assemble import NotReadable, assemble, file_read, line_read


class Command(BaseCommand):
    help = "Print the assembled response (or the typed error) of recorded response bodies as JSON."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "file", nargs="*", help="a raw response body or a recorded case; - is standard input"
        )
        parser.add_argument(
            "--jsonl", metavar="FILE", help='lines {"id","status","content_type","body"}; - is standard input'
        )
        parser.add_argument("--status", type=int, default=200, help="HTTP status of raw bodies (200)")
        parser.add_argument("--content-type", default="", help="content type of raw bodies")

    def handle(self, *_args: Any, **options: Any) -> None:
        if bool(options["file"]) == bool(options["jsonl"]):
            raise CommandError(_("Name files, or --jsonl with a file; see --help."))
        if options["jsonl"]:
            for number, line in _lines(options["jsonl"]):
                try:
                    result = assemble(line_read(line))
                except NotReadable as error:
                    message = _("Line %(number)d of %(file)s: %(error)s")
                    raise CommandError(
                        message % {"number": number, "file": options["jsonl"], "error": error}
                    ) from error
                self.stdout.write(json.dumps(result, ensure_ascii=False))
        for name in options["file"]:
            received = file_read(
                name, _bytes(name), status=options["status"], content_type=options["content_type"]
            )
            result = assemble(received)
            shown = result["response"] if result["error"] is None else result
            self.stdout.write(json.dumps(shown, ensure_ascii=False, indent=2))


def _bytes(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise CommandError(
            _("Cannot read %(file)s: %(error)s") % {"file": name, "error": error.strerror}
        ) from error


def _lines(name: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that hold something, with their numbers; LF alone ends a line."""
    if name != "-":
        yield from _numbered(_bytes(name).split(b"\n"))
        return
    yield from _numbered(sys.stdin.buffer)


def _numbered(lines: Any) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield number, line.decode("utf-8", "surrogateescape")
