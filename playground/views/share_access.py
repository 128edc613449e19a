"""Who may read what a link leads to, and how every answer below `/s/` is kept out of caches and search engines."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, Final, ParamSpec

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.defaults import page_not_found

from conversations.models import Share
from conversations.selectors.shares import share_find
from playground.share_view import Addresses

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Reading:
    """A share that somebody reads, and the addresses below its link."""

    share: Share
    at: Addresses


View = Callable[Concatenate[HttpRequest, Reading, P], HttpResponseBase]

OPENED_FOR: Final = 6 * 3600
"""Seconds for which one press of Open lets the same browser read on."""
_SALT: Final = "playground.share.opened"


class Closed(Exception):
    """The link does not lead anywhere now; `answer` is the page that the reader gets instead."""

    def __init__(self, answer: HttpResponseBase) -> None:
        super().__init__()
        self.answer = answer


def shared(view: View[P]) -> Callable[..., HttpResponseBase]:
    """Find the share that the address names; only who may read it comes through, and nothing is kept on the way.

    404 for a link that never was, 410 with a page for one that has ended, the sign-in page where only the team may read.
    A link that is used up still leads who has opened it in time.
    """

    @wraps(view)
    def checked(request: HttpRequest, /, token: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            at = Addresses(reverse("share", args=[token]))
            answer = view(request, Reading(_readable(request, token, at), at), *args, **kwargs)
        except Closed as closed:
            answer = closed.answer
        except Http404 as error:
            answer = page_not_found(request, error)
        return unlisted(answer)

    return checked


def unlisted(answer: HttpResponseBase) -> HttpResponseBase:
    """Keep an answer out of caches, search engines and the `Referer` of whatever is opened from it."""
    answer["Cache-Control"] = "no-store"
    answer["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    answer.setdefault("Referrer-Policy", "no-referrer")
    return answer


def with_form(answer: HttpResponseBase) -> HttpResponseBase:
    """Let a page's own form be posted: a browser told `no-referrer` names no origin, and Django refuses that.

    Such a page shows nothing of the snapshot and leads nowhere else; other sites are told nothing either way.
    """
    answer["Referrer-Policy"] = "same-origin"
    return answer


def _readable(request: HttpRequest, token: str, at: Addresses) -> Share:
    try:
        share = share_find(token=token)
    except Share.DoesNotExist as error:
        raise Http404 from error
    state = share.state()
    if state != "open" and not (state == "used_up" and is_opened(request, share)):
        raise Closed(render(request, "share/gone.html", {"state": state}, status=410))
    if share.audience == Share.Audience.TEAM and not request.user.is_authenticated:
        raise Closed(redirect_to_login(at.base))
    return share


def needs_opening(share: Share) -> bool:
    """Whether a reader has to press Open first: a password is asked for, or views are counted."""
    return bool(share.password) or share.max_views is not None


def is_opened(request: HttpRequest, share: Share) -> bool:
    """Whether this browser may read: nothing has to be opened, or it was, with the password that there is now."""
    if not needs_opening(share):
        return True
    kept = request.COOKIES.get(_cookie(share), "")
    try:
        return bool(signing.loads(kept, salt=_SALT, max_age=OPENED_FOR) == _mark(share))
    except signing.BadSignature:
        return False


def opened_remember(answer: HttpResponseBase, reading: Reading) -> None:
    """Let this browser read the share for a while."""
    share = reading.share
    answer.set_cookie(
        _cookie(share),
        signing.dumps(_mark(share), salt=_SALT),
        max_age=OPENED_FOR,
        path=reading.at.base,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _cookie(share: Share) -> str:
    return f"share_{share.pk.hex}"


def _mark(share: Share) -> str:
    """Return what an opened share is known by; another password makes it another one."""
    return salted_hmac(_SALT, f"{share.pk}:{share.password}").hexdigest()


def opened(view: View[P]) -> View[P]:
    """Let only browsers through that have opened the share; others go to its page, which asks them to."""

    @wraps(view)
    def checked(
        request: HttpRequest, reading: Reading, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        if not is_opened(request, reading.share):
            return gate(request, reading, status=403)
        return view(request, reading, *args, **kwargs)

    return checked


def gate(request: HttpRequest, reading: Reading, *, problem: str = "", status: int = 200) -> HttpResponseBase:
    """Return the page before a snapshot. It has the title only where no password stands before it."""
    share = reading.share
    context = {
        "at": reading.at,
        "title": _("Shared conversation") if share.password else share.title or _("Shared conversation"),
        "asks_password": bool(share.password),
        "counts": share.max_views is not None,
        "problem": problem,
    }
    return with_form(render(request, "share/gate.html", context, status=status))
