"""The inspector's tab Code: the kept request in many languages, the key named by an environment variable."""

from typing import Final
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from conversations import selectors
from conversations.models import Exchange
from playground.view_models import CodeView
from playground.views.signed_in import PersonRequest, signed_in
from upstream.samples import (
    BODY_FILE,
    Language,
    SampleRequest,
    languages_for,
    loses_digits,
    sample_request,
)

COOKIE: Final = "code_language"
COOKIE_AGE: Final = 365 * 24 * 3600


@require_GET
@signed_in
def code(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return the request as code in the `language` asked for, else in the one this browser had last."""
    try:
        exchange = selectors.exchange_for(user=request.user, pk=pk)
    except Exchange.DoesNotExist as error:
        raise Http404 from error
    sample = sample_of(exchange)
    asked = request.GET.get("language", "")
    offered = languages_for(sample)
    wanted = asked or request.COOKIES.get(COOKIE, "")
    language = next((each for each in offered if each.id == wanted), offered[0])
    view = CodeView(
        exchange=exchange.pk,
        may_run_again=selectors.may_edit(user=request.user, conversation=exchange.run.conversation),
        language=language.id,
        languages=tuple((each.id, each.name) for each in offered),
        source=language.write(sample),
        colours=language.colours,
        href=reverse("code", args=[exchange.pk]),
        body_href=reverse("exchange-export", args=[exchange.pk, "body"]) if sample.in_file else "",
        notes=tuple(_notes(sample, language)),
    )
    response = render(request, "playground/inspector/_code.html", {"view": view})
    if asked == language.id:
        path = request.path.removesuffix(f"{pk}/code/")
        response.set_cookie(COOKIE, language.id, max_age=COOKIE_AGE, path=path, httponly=True, samesite="Lax")
    return response


def sample_of(exchange: Exchange) -> SampleRequest:
    """Return the kept request of an exchange as samples send it."""
    headers = [(str(name), str(value)) for name, value in exchange.headers]
    return sample_request(method=exchange.method, url=exchange.url, headers=headers, body=exchange.body)


def _notes(sample: SampleRequest, language: Language) -> list[str]:
    notes = [
        _("Set %(name)s in the environment before you run it.") % {"name": name} for name in sample.variables
    ]
    if language.needs:
        notes.append(_("It needs the package %(package)s.") % {"package": language.needs})
    if sample.in_file:
        notes.append(
            _("The body is long: it is read from %(file)s beside the program.") % {"file": BODY_FILE}
        )
    if sample.masked_body:
        notes.append(
            _("The body held a secret; it is masked here, so this sends other bytes than were sent.")
        )
    elif language.exact:
        notes.append(_("It sends the same bytes as the playground did."))
    else:
        notes.append(_("The SDK writes the body anew: the same JSON, not the same bytes."))
        if language.colours == "javascript" and loses_digits(sample):
            notes.append(_("JavaScript cannot hold one of its integers and sends a rounded one."))
    return notes
