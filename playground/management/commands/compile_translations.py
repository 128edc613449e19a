"""`manage.py compile_translations`: gettext catalogs to the form Django reads, without gettext's own tools."""

import re
from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[#0 +-]*\d*(?:\.\d+)?[sdifgr]|\{\w*\}")


class Command(BaseCommand):
    """Compiles each .po file whose .mo file is older; with --check looks for what is missing instead."""

    help = "Compile locale/*/LC_MESSAGES/*.po with Python alone."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --check."""
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail for missing, fuzzy or broken entries"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Compile, or check."""
        sources = sorted(
            path for folder in settings.LOCALE_PATHS for path in Path(folder).glob("*/LC_MESSAGES/*.po")
        )
        if options["check"]:
            problems = [problem for source in sources for problem in problems_of(source)]
            if problems:
                raise CommandError("\n".join(problems))
            return
        for source in sources:
            target = source.with_suffix(".mo")
            if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
                polib.pofile(str(source)).save_as_mofile(str(target))


def problems_of(source: Path) -> list[str]:
    """Return one line for each entry that is not translated, fuzzy, or has other placeholders than its original."""
    problems = []
    for entry in polib.pofile(str(source)):
        if (
            entry.obsolete or source.parts[-3] == "en"
        ):  # English is the source; its catalog holds exceptions only
            continue
        texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
        fault = ""
        if entry.fuzzy:
            fault = "is fuzzy"
        elif not all(texts):
            fault = "is not translated"
        elif any(not _placeholders(text) <= _placeholders(entry.msgid, entry.msgid_plural) for text in texts):
            fault = "has a placeholder that the original lacks"
        elif not entry.msgid_plural and _placeholders(entry.msgid) != _placeholders(entry.msgstr):
            fault = "lacks a placeholder of the original"
        if fault:
            problems.append(f"{source}:{entry.linenum}: {entry.msgid[:60]!r} {fault}")
    return problems


def _placeholders(*texts: str) -> set[str]:
    return {found for text in texts for found in PLACEHOLDER.findall(text.replace("%%", ""))}
