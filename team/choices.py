"""A person's language and theme, kept with the browser too, so that the first paint has them."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpResponse

from team.models import Theme, User

THEME_COOKIE: Final = "theme"
_YEAR: Final = 365 * 24 * 3600


def choices_remember(response: HttpResponse, *, user: User) -> None:
    """Bring what the person chose elsewhere to this browser; where they chose nothing, it keeps its own."""
    for name, value in _cookies_of(user).items():
        if value:
            _cookie_set(response, name, value)


def choices_apply(response: HttpResponse, *, user: User) -> None:
    """Make this browser follow what the person chose just now, "like my device" included."""
    for name, value in _cookies_of(user).items():
        if value:
            _cookie_set(response, name, value)
        else:
            response.delete_cookie(name, samesite="Lax")


def _cookies_of(user: User) -> dict[str, str]:
    return {
        settings.LANGUAGE_COOKIE_NAME: user.language if user.language in dict(settings.LANGUAGES) else "",
        THEME_COOKIE: "" if user.theme == Theme.SYSTEM else user.theme,
    }


def _cookie_set(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=_YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
