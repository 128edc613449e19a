"""Accounts, roles, and who may sign up."""

from __future__ import annotations

from functools import partial
from typing import Any

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from team import first_run, signals
from team.errors import LastAdministrator, SignupRefused
from team.models import Invitation, Role, SignupMode, TeamSettings, User
from team.selectors import allowed_hosts_refresh, has_people, invitation_token_hash
from team.services.audit import audit
from team.services.locks import team_settings_locked


def account_create(*, user: User, invitation_token: str = "", first_run_token: str = "") -> User:
    """Save a new person's account, as the team permits it, and return it.

    The first account becomes administrator; where strangers can reach the server it needs the token from the
    console. Later ones are subject to the sign-up mode; an invitation is used up and gives its role. Raises
    SignupRefused. Everybody who signs up waits here for one row, so two cannot both be the first.
    """
    try:
        with transaction.atomic():
            settings = team_settings_locked()
            if settings.first_account_made or has_people():
                invitation = _invitation_use(settings, invitation_token)
                user.role = invitation.role if invitation else Role.MEMBER
            else:
                invitation = None
                _first_account_check(first_run_token)
                user.role = Role.ADMINISTRATOR
            user.is_staff = user.is_superuser = user.role == Role.ADMINISTRATOR
            user.save()
            if not settings.first_account_made:
                TeamSettings.objects.filter(pk=settings.pk).update(first_account_made=True)
            if invitation:
                Invitation.objects.filter(pk=invitation.pk).update(used_by=user)
            audit(actor=user, action="account.create", target=user.username, role=user.role)
    except IntegrityError as problem:
        raise SignupRefused(
            _("This username or email was taken a moment ago. Choose another one.")
        ) from problem
    return user


def _first_account_check(token: str) -> None:
    if first_run.is_token_needed() and not first_run.is_token(token):
        raise SignupRefused(_("The token does not match the one printed on the server's console."))


def _invitation_use(settings: TeamSettings, token: str) -> Invitation | None:
    """Mark the invitation as used and return it; None where none is needed. Raises SignupRefused."""
    if settings.signup_mode == SignupMode.CLOSED:
        raise SignupRefused(_("Sign-up is closed. Ask an administrator of this playground."))
    now = timezone.now()
    invitations = Invitation.objects.filter(token_hash=invitation_token_hash(token))
    if invitations.filter(used__isnull=True, revoked__isnull=True, expires__gt=now).update(used=now):
        return invitations.get()
    if settings.signup_mode == SignupMode.OPEN:
        return None
    if not token:
        raise SignupRefused(_("Sign-up needs an invitation link. Ask an administrator of this playground."))
    raise SignupRefused(_("This invitation link is not valid any more. Ask for a new one."))


def person_role_set(*, actor: User, person: User, role: str) -> None:
    """Make somebody administrator or member. Raises LastAdministrator."""
    with transaction.atomic():
        locked = _person_locked(person)
        if locked.role == role:
            return
        if role != Role.ADMINISTRATOR:
            _other_administrator_check(locked)
        locked.role = Role(role)
        locked.is_staff = locked.is_superuser = role == Role.ADMINISTRATOR
        locked.save(update_fields=["role", "is_staff", "is_superuser"])
        audit(actor=actor, action="person.role", target=locked.username, role=role)


def person_deactivate(*, actor: User, person: User) -> None:
    """Lock somebody out at once, sockets included; their data stays. Raises LastAdministrator."""
    with transaction.atomic():
        locked = _person_locked(person)
        if not locked.is_active:
            return
        _other_administrator_check(locked)
        locked.is_active = False
        locked.save(update_fields=["is_active"])
        audit(actor=actor, action="person.deactivate", target=locked.username)
        transaction.on_commit(
            partial(
                signals.person_signed_out.send, sender=User, user_id=locked.pk, session_key=None, kept=None
            )
        )


def account_delete_check(*, user: User) -> None:
    """Raise LastAdministrator where the team would be left without one."""
    _other_administrator_check(user)


def account_delete(*, user: User) -> None:
    """Delete somebody's own account with their providers and keys; sockets close at once. Raises LastAdministrator.

    What they made elsewhere is deleted before, by those who keep it.
    """
    with transaction.atomic():
        locked = _person_locked(user)
        _other_administrator_check(locked)
        audit(actor=None, action="account.delete", target=locked.username)
        user_id = locked.pk
        locked.delete()
        transaction.on_commit(
            partial(signals.person_signed_out.send, sender=User, user_id=user_id, session_key=None, kept=None)
        )


def person_reactivate(*, actor: User, person: User) -> None:
    """Let somebody in again."""
    with transaction.atomic():
        locked = _person_locked(person)
        if locked.is_active:
            return
        locked.is_active = True
        locked.save(update_fields=["is_active"])
        audit(actor=actor, action="person.reactivate", target=locked.username)


def _person_locked(person: User) -> User:
    """Lock the settings row, which stands for "the set of administrators", then the person."""
    team_settings_locked()
    return User.objects.select_for_update().get(pk=person.pk)


def _other_administrator_check(person: User) -> None:
    if not person.is_administrator:
        return
    others = User.objects.filter(is_active=True, role=Role.ADMINISTRATOR).exclude(pk=person.pk)
    if not others.exists():
        raise LastAdministrator(_("The team needs at least one administrator. Make somebody else one first."))


@transaction.atomic
def email_set(*, user: User, email: str) -> EmailAddress:
    """Give the account another email; links to choose a new password go there from now on."""
    user.email = email.lower()
    user.save(update_fields=["email"])
    EmailAddress.objects.filter(user=user).delete()
    audit(actor=user, action="person.email", target=user.username)
    return EmailAddress.objects.create(user=user, email=user.email, primary=True)


def profile_update(*, user: User, name: str, language: str, theme: str) -> None:
    """Change what a person decides about themselves."""
    user.name, user.language, user.theme = name.strip(), language, theme
    user.save(update_fields=["name", "language", "theme"])


@transaction.atomic
def team_settings_update(
    *, actor: User, signup_mode: str, private_hosts: tuple[str, ...], reference_public: bool
) -> None:
    """Change the team's settings; private hosts count from the next run on."""
    settings = team_settings_locked()
    after: dict[str, Any] = {
        "signup_mode": str(SignupMode(signup_mode)),
        "private_hosts": list(private_hosts),
        "reference_public": reference_public,
    }
    changed = {field: value for field, value in after.items() if getattr(settings, field) != value}
    if not changed:
        return
    TeamSettings.objects.filter(pk=settings.pk).update(**changed)
    audit(actor=actor, action="settings.update", **changed)
    transaction.on_commit(allowed_hosts_refresh)
