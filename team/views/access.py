"""Who may open a settings page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from team.errors import NotFound
from team.models import User

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def user_of(request: HttpRequest) -> User:
    """Return who is signed in. For views behind ``login_required``."""
    assert isinstance(request.user, User)
    return request.user


def administrator_required(view: View[P]) -> View[P]:
    """Let administrators in; for everybody else the page does not exist."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not user_of(request).is_administrator:
            raise NotFound
        return view(request, *args, **kwargs)

    return guarded


def go_to(request: HttpRequest, name: str, **kwargs: object) -> HttpResponse:
    """Send the browser to another page, whether htmx or a plain form asked."""
    url = reverse(name, kwargs=kwargs)
    return HttpResponseClientRedirect(url) if getattr(request, "htmx", False) else redirect(url)
