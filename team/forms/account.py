"""django-allauth's forms in our words, with our rules."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import AddEmailForm as AllauthAddEmailForm
from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import PasswordField
from allauth.account.forms import ResetPasswordKeyForm as AllauthResetPasswordKeyForm
from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.account.models import EmailAddress
from allauth.core import context
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from team import first_run, services
from team.errors import SignupRefused
from team.forms.widgets import CODE
from team.models import User
from team.selectors import email_is_taken, signup_state


class LoginForm(AllauthLoginForm):  # type: ignore[misc]  # allauth is not typed
    """allauth's form in our words; the page has its own link for a forgotten password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Username or email")
        self.fields["password"].help_text = ""


class SignupForm(AllauthSignupForm):  # type: ignore[misc]  # allauth is not typed
    """allauth's form, with the token that lets somebody in."""

    invitation = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        request = context.request
        self.fields["invitation"].initial = request.GET.get("invitation", "")
        self.is_first = signup_state(invitation_token="") == "first"
        if self.is_first and first_run.is_token_needed():
            self.fields["token"] = forms.CharField(
                label=_("First-run token"),
                help_text=_("Printed on the server's console when it started."),
                initial=request.GET.get("token", ""),
                widget=forms.TextInput(attrs=CODE),
            )

    def clean_token(self) -> str:
        token = str(self.cleaned_data["token"])
        if not first_run.is_token(token):
            raise forms.ValidationError(_("This is not the token printed on the server's console."))
        return token

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Save the account, or return the page that says why not."""
        try:
            user, response = super().try_save(request)
        except SignupRefused as problem:
            return None, get_adapter().respond_signup_refused(request, problem.message)
        return user, response


class EmailForm(AllauthAddEmailForm):  # type: ignore[misc]  # allauth is not typed
    """Another email, at once: the password stands in for a confirmation, since mail may go to the console only.

    allauth's own form takes the old address away before the new one is confirmed, where none ever was.
    """

    field_order = ("email", "password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("New email")
        self.fields["password"] = PasswordField(label=_("Password"), autocomplete="current-password")

    def clean_email(self) -> str:
        email = str(super().clean_email())
        if email_is_taken(user=self.user, email=email):
            raise get_adapter().validation_error("email_taken")
        return email

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if not get_adapter().reauthenticate(self.user, password):
            raise forms.ValidationError(_("This is not your password."))
        return password

    def save(self, request: HttpRequest) -> EmailAddress:
        address = services.email_set(user=self.user, email=self.cleaned_data["email"])
        messages.success(request, _("Saved."))
        return address


class ChangePasswordForm(AllauthChangePasswordForm):  # type: ignore[misc]  # allauth is not typed
    """allauth's form in our words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = _("Current password")
        new_password_words(self)


class ResetPasswordKeyForm(AllauthResetPasswordKeyForm):  # type: ignore[misc]  # allauth is not typed
    """allauth's form in our words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        new_password_words(self)


def new_password_words(form: forms.Form) -> None:
    """Call the two fields of a new password by our names for them."""
    form.fields["password1"].label = _("New password")
    form.fields["password2"].label = _("New password (again)")
