"""The record of who did what."""

from __future__ import annotations

from team.models import AuditEvent, User


def audit(*, actor: User | None, action: str, target: str = "", **details: object) -> AuditEvent:
    """Record one deed. ``actor`` None is the server itself. Never pass a secret, masked or not.

    ``action`` is ``thing.verb``, for example ``key.set``; ``details`` must be plain JSON.
    """
    return AuditEvent.objects.create(
        actor=actor,
        actor_name=actor.get_full_name()[:150] if actor else "",
        action=action,
        target=target[:200],
        details=details,
    )
