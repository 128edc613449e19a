"""How django-allauth meets the team's rules."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from team import services
from team.choices import choices_remember
from team.models import User
from team.selectors import signup_state


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is not typed
    """Sign-up, sign-in and mail as the team permits them."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return True, or answer with the page that says kindly why not."""
        state = signup_state(invitation_token=invitation_token_of(request))
        if state in ("first", "open", "invited"):
            return True
        raise ImmediateHttpResponse(_closed(request, state=state))

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Save a new person. Raises SignupRefused."""
        super().save_user(request, user, form, commit=False)
        if not commit:
            return user
        return services.account_create(
            user=user,
            invitation_token=invitation_token_of(request),
            first_run_token=str(form.cleaned_data.get("token", "")),
        )

    def respond_signup_refused(self, request: HttpRequest, reason: str) -> HttpResponse:
        """Return the page that says why no account was made."""
        return _closed(request, reason=reason)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        choices_remember(response, user=user)
        return response

    def is_safe_url(self, url: str) -> bool:
        """Only this site's own pages are followed after signing in, whatever else ALLOWED_HOSTS names."""
        request = context.request
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )

    def can_delete_email(self, email_address: Any) -> bool:  # noqa: ARG002 - allauth's signature
        """An account has one email; another one takes its place, nothing removes it."""
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        """A link in a mail names PUBLIC_URL, not the host that whoever asked for the mail sent along."""
        return public_url(str(super().get_reset_password_from_key_url(key)))

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        return public_url(str(super().get_email_confirmation_url(request, emailconfirmation)))


def invitation_token_of(request: HttpRequest) -> str:
    """Return the token of the invitation link that led to this sign-up."""
    return request.POST.get("invitation") or request.GET.get("invitation") or ""


def public_url(url: str) -> str:
    """Return an absolute URL of this site as strangers reach it."""
    if not settings.PUBLIC_URL:
        return url
    parts = urlsplit(url)
    return f"{settings.PUBLIC_URL}{parts.path}{'?' if parts.query else ''}{parts.query}"


def _closed(request: HttpRequest, **facts: str) -> HttpResponse:
    return render(request, "account/signup_closed.html", facts, status=403)
