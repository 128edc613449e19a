from django.apps import AppConfig


class TeamConfig(AppConfig):
    name = "team"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from team import signals  # noqa: F401 - connects its receivers
