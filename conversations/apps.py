from django.apps import AppConfig
from django.db.models.signals import post_migrate

from conversations.search_schema import search_schema_keep


class ConversationsConfig(AppConfig):
    """Keeps what the databases search with in place."""

    name = "conversations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Look after it whenever the database is migrated."""
        from conversations import signals  # noqa: F401 - connects its receivers

        post_migrate.connect(search_schema_keep, sender=self, dispatch_uid="conversations.search")
