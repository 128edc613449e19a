"""The application that runs: pages, sockets, runs."""

from django.apps import AppConfig

from playground.nudges import Nudge
from team.signals import person_signed_out


class PlaygroundConfig(AppConfig):
    """Wires what `team` announces to the open sockets."""

    name = "playground"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen for sessions that end."""
        person_signed_out.connect(_sockets_close, dispatch_uid="playground.sockets")


def _sockets_close(
    *, user_id: int, session_key: str | None, kept: str | None = None, **_signal: object
) -> None:
    from playground.runtime import nudge_send

    nudge_send(user_id, Nudge("signed_out", session=session_key, kept=kept))
