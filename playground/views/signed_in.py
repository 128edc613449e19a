"""Who may call a view: signed-in people. A page sends others to sign in; a fragment tells the page to say so."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeAlias, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from playground.runtime import runtime
from playground.views.fragment_pages import page_of_fragment
from team.models import User
from team.selectors import person_signed_in

P = ParamSpec("P")


class PersonRequest(HttpRequest):
    """A request of a signed-in person, as `django_htmx` and the decorators below leave it."""

    htmx: HtmxDetails
    user: User


class Forbidden(Exception):
    """What somebody may see but not do; the text says why, for them to read."""


Page: TypeAlias = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
AsyncPage: TypeAlias = Callable[Concatenate[HttpRequest, P], Coroutine[Any, Any, HttpResponseBase]]


def signed_in(view: Callable[Concatenate[PersonRequest, P], HttpResponseBase]) -> Page[P]:
    """Let only signed-in people through."""

    @wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _sign_in(request)
        if not by_script(request) and (page := page_of_fragment(request, request.user)):
            return redirect(page)
        try:
            return view(cast("PersonRequest", request), *args, **kwargs)
        except Forbidden as error:
            return problem(403, str(error))

    return checked


def signed_in_async(
    view: Callable[Concatenate[PersonRequest, P], Coroutine[Any, Any, HttpResponseBase]],
) -> AsyncPage[P]:
    """Let only signed-in people through, for async views; the view finds the person in `request.user`."""

    @wraps(view)
    async def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        # Not `request.auser`: its thread would hold a database connection for as long as the view takes.
        user = await runtime().in_database(person_signed_in, session=request.session)
        if user is None:
            return _sign_in(request)
        request.user = user
        try:
            return await view(cast("PersonRequest", request), *args, **kwargs)
        except Forbidden as error:
            return problem(403, str(error))

    return checked


def _sign_in(request: HttpRequest) -> HttpResponse:
    """Answer 401 where a script asked, so that the page keeps what is typed; else go to the sign-in page."""
    if not by_script(request):
        return redirect_to_login(request.get_full_path())
    return problem(401, _("You are signed out. Sign in again; what you typed is still here."))


def by_script(request: HttpRequest) -> bool:
    """Whether the page's own code asked: it puts a fragment in its place, where a browser would show it as a page."""
    return request.method != "GET" or request.headers.get("HX-Request") == "true"


def problem(status: int, *messages: object) -> HttpResponse:
    """Return what is wrong as a fragment; the page puts it where the person is."""
    html = render_to_string("playground/_problem.html", {"messages": messages})
    return HttpResponse(html, status=status)
