"""People, invitations, providers and their API keys, and what happened to them.

Secrets are in these tables only as ciphertext made by ``team.vault``; nothing here can read them.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from team.cost_models import Budget as Budget
from team.cost_models import Price as Price


class Role(models.TextChoices):
    """What a person may do: an administrator runs the team, a member uses it."""

    ADMINISTRATOR = "administrator", _("Administrator")
    MEMBER = "member", _("Member")


class Theme(models.TextChoices):
    """Colours of the pages."""

    SYSTEM = "system", _("Like my device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class UserManager(DjangoUserManager["User"]):
    """Keeps ``createsuperuser`` and the role in step."""

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **extra_fields: Any
    ) -> User:
        return super().create_superuser(
            username, email, password, **{"role": Role.ADMINISTRATOR, **extra_fields}
        )


class User(AbstractUser):
    """A person with an account. ``role`` decides; Django's staff flags follow it."""

    first_name = None  # type: ignore[assignment]  # one name field serves every culture
    last_name = None  # type: ignore[assignment]
    name = models.CharField(_("name"), max_length=150, blank=True)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices, default=Role.MEMBER)
    language = models.CharField(_("language"), max_length=20, blank=True)
    theme = models.CharField(_("theme"), max_length=10, choices=Theme.choices, default=Theme.SYSTEM)

    objects: ClassVar[UserManager] = UserManager()

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(Lower("username"), name="team_user_username_once"),
            models.UniqueConstraint(Lower("email"), condition=~Q(email=""), name="team_user_email_once"),
        ]

    def __str__(self) -> str:
        return self.get_full_name()

    @property
    def is_administrator(self) -> bool:
        return self.is_active and self.role == Role.ADMINISTRATOR

    def get_full_name(self) -> str:
        return self.name or self.username

    def get_short_name(self) -> str:
        return self.name or self.username


class SignupMode(models.TextChoices):
    """Who may make an account once the first one exists."""

    CLOSED = "closed", _("Nobody")
    INVITATION = "invitation", _("People with an invitation link")
    OPEN = "open", _("Everybody who reaches this page")


class TeamSettings(models.Model):
    """The one row of settings that administrators change while the server runs."""

    ONLY_ROW = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY_ROW, editable=False)
    signup_mode = models.CharField(
        _("who may sign up"), max_length=20, choices=SignupMode.choices, default=SignupMode.INVITATION
    )
    private_hosts = models.JSONField(_("private hosts"), default=list, blank=True)
    reference_public = models.BooleanField(_("reference readable without an account"), default=False)
    first_account_made = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = _("team settings")
        verbose_name_plural = _("team settings")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="team_settings_one_row")]

    def __str__(self) -> str:
        return "team settings"


class Invitation(models.Model):
    """A link that lets one person sign up. Only the token's hash is kept."""

    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.MEMBER)
    note = models.CharField(max_length=120, blank=True)
    created = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        "team.User", on_delete=models.SET_NULL, null=True, related_name="invitations_made"
    )
    expires = models.DateTimeField()
    used = models.DateTimeField(null=True, blank=True)
    used_by = models.ForeignKey(
        "team.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="invitations_used"
    )
    revoked = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created", "-id"]
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")

    def __str__(self) -> str:
        return f"invitation {self.pk}"

    def state(self, now: datetime | None = None) -> str:
        """Return "used", "revoked", "expired" or "open"."""
        if self.used:
            return "used"
        if self.revoked:
            return "revoked"
        return "expired" if self.expires <= (now or timezone.now()) else "open"


class Auth(models.TextChoices):
    """How a provider wants the key."""

    BEARER = "bearer", _("Bearer token (Authorization header)")
    HEADER = "header", _("A header of its own")
    NONE = "none", _("No key")


class Provider(models.Model):
    """A base URL that somebody may call, speaking one API. Without an owner it serves the whole team."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        "team.User", on_delete=models.CASCADE, null=True, blank=True, related_name="providers"
    )
    name = models.CharField(_("name"), max_length=80)
    base_url = models.CharField(_("base URL"), max_length=500)
    api = models.CharField(_("API"), max_length=40, default="generic")
    auth = models.CharField(_("authentication"), max_length=10, choices=Auth.choices, default=Auth.BEARER)
    auth_header = models.CharField(_("header name"), max_length=80, blank=True)
    extra_headers_ciphertext = models.TextField(blank=True, editable=False)
    model_names = models.JSONField(_("models"), default=list, blank=True)
    models_refreshed = models.DateTimeField(null=True, blank=True)
    first_byte_timeout = models.FloatField(
        _("time-out until the first byte"),
        default=120,
        validators=[MinValueValidator(1), MaxValueValidator(3600)],
    )
    idle_timeout = models.FloatField(
        _("time-out between bytes"), default=120, validators=[MinValueValidator(1), MaxValueValidator(3600)]
    )
    is_local = models.BooleanField(default=False, editable=False)
    is_ready = models.BooleanField(default=True, editable=False)
    from_environment = models.BooleanField(default=False, editable=False)
    position = models.PositiveIntegerField(default=0)
    created = models.DateTimeField(default=timezone.now, editable=False)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["position", F("owner").asc(nulls_first=True), Lower("name"), "id"]
        verbose_name = _("provider")
        verbose_name_plural = _("providers")
        constraints = [
            models.UniqueConstraint(
                "owner", Lower("name"), condition=Q(owner__isnull=False), name="team_provider_name_once"
            ),
            models.UniqueConstraint(
                Lower("name"), condition=Q(owner__isnull=True), name="team_provider_team_name_once"
            ),
            models.UniqueConstraint("is_local", condition=Q(is_local=True), name="team_provider_one_local"),
            models.CheckConstraint(
                condition=Q(is_local=False) | Q(owner__isnull=True), name="team_provider_local_is_team"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_team(self) -> bool:
        return self.owner_id is None

    @property
    def models(self) -> list[str]:
        """The names of this provider's models, as a person or the upstream gave them."""
        return [name for name in self.model_names if isinstance(name, str)]


class ApiKey(models.Model):
    """A secret for one provider's origin: a person's own, or (without an owner) granted to the team for use.

    ``origin`` is scheme, host and port when the key was typed; it is sealed into the ciphertext too, so
    a key cannot follow its provider to another host whoever edits the row.
    """

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="keys")
    owner = models.ForeignKey(
        "team.User", on_delete=models.CASCADE, null=True, blank=True, related_name="api_keys"
    )
    ciphertext = models.TextField(editable=False)
    last4 = models.CharField(max_length=4, blank=True, editable=False)
    origin = models.CharField(max_length=300, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = [
            models.UniqueConstraint(
                "provider", "owner", condition=Q(owner__isnull=False), name="team_key_one_per_person"
            ),
            models.UniqueConstraint(
                "provider", condition=Q(owner__isnull=True), name="team_key_one_for_team"
            ),
        ]

    def __str__(self) -> str:
        return f"…{self.last4}"


class AuditEvent(models.Model):
    """Who did what to people, providers and keys. Holds no secret, and outlives the account."""

    created = models.DateTimeField(default=timezone.now, db_index=True, editable=False)
    actor = models.ForeignKey("team.User", on_delete=models.SET_NULL, null=True, related_name="+")
    actor_name = models.CharField(max_length=150, blank=True)
    action = models.CharField(max_length=40, db_index=True)
    target = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-created", "-id"]
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")

    def __str__(self) -> str:
        return f"{self.action} {self.target}".strip()

    @property
    def details_text(self) -> str:
        """The details in one line: ``role: member, days: 7``."""
        return ", ".join(f"{name}: {_shown(value)}" for name, value in self.details.items())


def _shown(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
