"""Forms of the team page and of the profile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from team import services
from team.forms.widgets import CODE
from team.models import Role, SignupMode, TeamSettings, Theme, User
from upstream.address_guard import InvalidUrl, allowance_parse


class TeamSettingsForm(forms.Form):
    """What administrators decide for everybody."""

    signup_mode = forms.ChoiceField(
        label=_("Who may sign up"), choices=SignupMode.choices, widget=forms.RadioSelect
    )
    private_hosts = forms.CharField(
        label=_("Private hosts"),
        required=False,
        help_text=_(
            "Addresses inside your network that providers may use: host:port, an IP address or a network such as "
            "10.1.0.0/16, one on each line."
        ),
        widget=forms.Textarea(attrs={**CODE, "rows": 4, "placeholder": "vllm.lan:8000"}),
    )
    reference_public = forms.BooleanField(
        label=_("Show the API reference to people without an account"), required=False
    )

    def __init__(self, *args: Any, team_settings: TeamSettings, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "signup_mode": team_settings.signup_mode,
            "private_hosts": "\n".join(team_settings.private_hosts),
            "reference_public": team_settings.reference_public,
        }
        super().__init__(*args, **kwargs)

    def clean_private_hosts(self) -> tuple[str, ...]:
        entries = tuple(dict.fromkeys(str(self.cleaned_data["private_hosts"]).replace(",", " ").split()))
        for entry in entries:
            try:
                allowance_parse(entry)
            except InvalidUrl as problem:
                raise forms.ValidationError(problem.message) from problem
        return entries

    def save(self, *, actor: User) -> None:
        services.team_settings_update(
            actor=actor,
            signup_mode=self.cleaned_data["signup_mode"],
            private_hosts=self.cleaned_data["private_hosts"],
            reference_public=self.cleaned_data["reference_public"],
        )


class InvitationForm(forms.Form):
    """A new invitation link."""

    note = forms.CharField(
        label=_("For whom"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.MEMBER)
    days = forms.IntegerField(
        label=_("Valid for days"), min_value=1, max_value=90, initial=services.INVITATION_DAYS
    )


class PersonForm(forms.Form):
    """What an administrator does with a member."""

    deed = forms.ChoiceField(
        choices=[(name, name) for name in ("administrator", "member", "deactivate", "reactivate")]
    )

    def save(self, *, actor: User, person: User) -> None:
        """Raises TeamError when the team refuses."""
        deeds: dict[str, Callable[[], None]] = {
            "administrator": lambda: services.person_role_set(
                actor=actor, person=person, role=Role.ADMINISTRATOR
            ),
            "member": lambda: services.person_role_set(actor=actor, person=person, role=Role.MEMBER),
            "deactivate": lambda: services.person_deactivate(actor=actor, person=person),
            "reactivate": lambda: services.person_reactivate(actor=actor, person=person),
        }
        deeds[self.cleaned_data["deed"]]()


class ProfileForm(forms.Form):
    """What a person decides about themselves."""

    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=150,
        help_text=_("How others see you. Your username when empty."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("Like my browser")), *settings.LANGUAGES]
    )
    theme = forms.ChoiceField(label=_("Theme"), choices=Theme.choices, widget=forms.RadioSelect)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        kwargs["initial"] = {"name": user.name, "language": user.language, "theme": user.theme}
        super().__init__(*args, **kwargs)

    def save(self) -> None:
        services.profile_update(
            user=self.user,
            name=self.cleaned_data["name"],
            language=self.cleaned_data["language"],
            theme=self.cleaned_data["theme"],
        )
