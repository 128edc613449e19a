"""`manage.py costs_fill`: reckon what is unknown so far with the prices of now."""

from typing import Any

from django.core.management.base import BaseCommand

from conversations import services


class Command(BaseCommand):
    """The button of the prices page, without its bound."""

    help = (
        "Give answers whose cost is unknown the cost that the prices of now make it; what has a cost keeps it. Works in "
        "small steps, beside a running server; the same again changes nothing."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Fill in, and say how many."""
        done = services.charges_fill()
        self.stdout.write(f"{done.filled} answers have a cost now.")
