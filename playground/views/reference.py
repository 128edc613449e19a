"""The reference of every API, from the catalog; readable without an account where the administrators allow it."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import get_language_info
from django.views.decorators.http import require_safe

from playground.reference import reference_card, reference_page
from team import selectors as team
from upstream import catalog

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, P], HttpResponse]


def _readable(view: Page[P]) -> Page[P]:
    """Let signed-in people through, everybody where the reference is public; speak the language that `language` names."""

    @wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated and not team.team_settings().reference_public:
            return redirect_to_login(request.get_full_path())
        wanted = request.GET.get("language", "")
        language = wanted if wanted in dict(settings.LANGUAGES) else translation.get_language()
        with translation.override(language):
            return view(request, *args, **kwargs)

    return checked


@require_safe
@_readable
def reference_list(request: HttpRequest) -> HttpResponse:
    """List every API."""
    cards = [reference_card(api) for api in catalog.apis().values()]
    return render(request, "playground/reference_list.html", {"cards": cards, **_around(request)})


@require_safe
@_readable
def reference(request: HttpRequest, api: str) -> HttpResponse:
    """Show everything the catalog knows of an API."""
    if api not in catalog.API_IDS:
        raise Http404
    context = {"page": reference_page(catalog.api(api)), "current": api, **_around(request)}
    return render(request, "playground/reference.html", context)


def _around(request: HttpRequest) -> dict[str, object]:
    """Return what every page of the reference shows around its content."""
    chosen = request.GET.get("language", "")
    language = translation.get_language()
    return {
        "apis": [reference_card(api) for api in catalog.apis().values()],
        "languages": [
            (code, get_language_info(code)["name_local"], code == language)
            for code, _name in settings.LANGUAGES
        ],
        "query": f"?language={chosen}" if chosen in dict(settings.LANGUAGES) else "",
    }
