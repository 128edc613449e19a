"""The one row that stands for the team, to wait for where two must not act at once."""

from __future__ import annotations

from team.models import TeamSettings


def team_settings_locked() -> TeamSettings:
    """Return the team's settings, locked until the transaction ends; make them first when they are missing.

    Whoever counts accounts or administrators, or makes something that may exist once, calls this first: on
    PostgreSQL others wait for the row, on SQLite for the whole database (IMMEDIATE).
    """
    TeamSettings.objects.get_or_create(pk=TeamSettings.ONLY_ROW)
    return TeamSettings.objects.select_for_update().get(pk=TeamSettings.ONLY_ROW)
