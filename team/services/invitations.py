"""Invitation links: made by an administrator, used once, revocable until then."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from team.errors import InvitationRefused
from team.models import Invitation, Role, User
from team.selectors import invitation_token_hash
from team.services.audit import audit

INVITATION_DAYS: Final = 7


@transaction.atomic
def invitation_create(
    *, actor: User, role: str = Role.MEMBER, note: str = "", days: int = INVITATION_DAYS
) -> tuple[Invitation, str]:
    """Make an invitation and return it with its token, which is not kept and cannot be shown again."""
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        token_hash=invitation_token_hash(token),
        role=Role(role),
        note=note.strip()[:120],
        created_by=actor,
        expires=timezone.now() + timedelta(days=days),
    )
    audit(actor=actor, action="invitation.create", target=invitation.note, role=invitation.role, days=days)
    return invitation, token


@transaction.atomic
def invitation_revoke(*, actor: User, invitation: Invitation) -> None:
    """Make the link useless from now on. Raises InvitationRefused when it was used or revoked before."""
    open_ones = Invitation.objects.filter(pk=invitation.pk, used__isnull=True, revoked__isnull=True)
    if not open_ones.update(revoked=timezone.now()):
        raise InvitationRefused(_("This invitation was used or revoked before."))
    audit(actor=actor, action="invitation.revoke", target=invitation.note)
