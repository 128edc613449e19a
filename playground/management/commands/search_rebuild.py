"""`manage.py search_rebuild`: read all titles and messages into the search again."""

from typing import Any

from django.core.management.base import BaseCommand

from conversations.services import search_rebuild


class Command(BaseCommand):
    """For databases that were restored in parts or written to without the product."""

    help = "Read all titles and messages into the search again. Never needed in ordinary use; safe beside a running server."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Rebuild, and say how much there is."""
        self.stdout.write(f"{search_rebuild()} titles and messages can be found.")
