"""Forms: what a person typed, read and checked; services do what it asks for."""

from team.forms.account import (
    ChangePasswordForm,
    EmailForm,
    LoginForm,
    ResetPasswordKeyForm,
    SignupForm,
)
from team.forms.people import InvitationForm, PersonForm, ProfileForm, TeamSettingsForm
from team.forms.prices import BudgetForm, PriceChoiceForm, PriceForm
from team.forms.provider import KeyForm, ProviderForm

__all__ = [
    "BudgetForm",
    "ChangePasswordForm",
    "EmailForm",
    "InvitationForm",
    "KeyForm",
    "LoginForm",
    "PersonForm",
    "PriceChoiceForm",
    "PriceForm",
    "ProfileForm",
    "ProviderForm",
    "ResetPasswordKeyForm",
    "SignupForm",
    "TeamSettingsForm",
]
