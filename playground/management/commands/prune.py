"""`manage.py prune`: remove what need not be kept any more, and say how much that was."""

import argparse
import re
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from conversations import services
from conversations.services import Kept, Pruned

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1), "y": timedelta(days=365)}
_SIZES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def age(text: str) -> timedelta:
    """Return the time that "90d", "12h", "8w" or "1y" stands for."""
    found = re.fullmatch(r"(\d{1,5})([hdwy])", text.strip().lower())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no age; write for example 90d, 12h, 8w or 1y")
    return int(found[1]) * _UNITS[found[2]]


def size(text: str) -> int:
    """Return the bytes that "500M", "5G" or "5GB" stands for."""
    found = re.fullmatch(r"(\d{1,15})([kmgt]?)b?", text.strip().lower())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write for example 500M or 5G")
    return int(found[1]) * _SIZES[found[2]]


def words(count: int) -> str:
    """Return a number of bytes for people."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


class Command(BaseCommand):
    """Always empties what is due of the trash and of deleted messages; traces and attachments as the options say."""

    help = (
        "Remove conversations that have lain in the trash for 30 days, messages deleted more than a day ago, and what "
        "the options name. Safe to run daily, beside a running server, and twice at once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Ages are 12h, 90d, 8w, 1y; sizes are 500M, 5G."""
        parser.add_argument(
            "--traces-older-than",
            type=age,
            metavar="AGE",
            help="raw responses of exchanges that ended before that",
        )
        parser.add_argument(
            "--max-size",
            type=size,
            metavar="SIZE",
            help="the oldest raw responses, until the rest is no larger",
        )
        parser.add_argument(
            "--attachments-older-than",
            type=age,
            metavar="AGE",
            help="attachments kept before that which nothing uses, and stray files of the folder uploads",
        )
        parser.add_argument(
            "--attachments-max-size",
            type=size,
            metavar="SIZE",
            help="the oldest attachments that nothing uses, until all are no larger; used ones stay",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="change nothing; say what would be removed"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Remove, then report: one line for each kind, then what is left."""
        dry_run: bool = options["dry_run"]
        now = timezone.now()
        self._say("conversations in the trash", services.trash_prune(dry_run=dry_run), dry_run)
        self._say("deleted messages", services.deleted_messages_prune(dry_run=dry_run), dry_run)
        if (old := options["traces_older_than"]) is not None:
            self._say(
                "trace pieces by age", services.traces_prune(before=now - old, dry_run=dry_run), dry_run
            )
        if (most := options["max_size"]) is not None:
            self._say("trace pieces by size", services.traces_prune_to(size=most, dry_run=dry_run), dry_run)
        if (old := options["attachments_older_than"]) is not None:
            done = services.attachments_prune(before=now - old, dry_run=dry_run)
            self._say("attachments and stray files", done, dry_run)
        if (most := options["attachments_max_size"]) is not None:
            done = services.attachments_prune_to(size=most, dry_run=dry_run)
            self._say("attachments by size", done, dry_run)
        hours = services.usage_prune(dry_run=dry_run)
        self.stdout.write(f"counts by the hour: {hours} {'would be removed' if dry_run else 'removed'}")
        self._say_kept(services.storage_measure())

    def _say(self, kind: str, done: Pruned, dry_run: bool) -> None:
        verb = "would be removed" if dry_run else "removed"
        self.stdout.write(f"{kind}: {done.count} {verb}, {words(done.size)}")

    def _say_kept(self, kept: Kept) -> None:
        self.stdout.write(
            f"kept: {kept.exchanges} exchanges with {words(kept.per_exchange)} each "
            f"(requests {words(kept.requests)}, responses {words(kept.responses)}, "
            f"traces {words(kept.traces)} compressed), attachments {words(kept.attachments)}"
        )
