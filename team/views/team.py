"""What administrators decide: who is here, who may come, and which private hosts may be called."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from team import selectors, services
from team.adapters import public_url
from team.errors import NotFound, TeamError
from team.forms import InvitationForm, PersonForm, TeamSettingsForm
from team.views.access import administrator_required, go_to, user_of

AUDIT_PAGE = 50  # events


@require_GET
@never_cache
@administrator_required
def team(request: HttpRequest) -> HttpResponse:
    """Members, invitations and settings."""
    return _page(request)


@require_POST
@administrator_required
def team_settings(request: HttpRequest) -> HttpResponse:
    """Save who may sign up and which private hosts may be called."""
    form = TeamSettingsForm(request.POST, team_settings=selectors.team_settings())
    if not form.is_valid():
        return _page(request, status=422, settings_form=form)
    form.save(actor=user_of(request))
    messages.success(request, _("Saved."))
    return go_to(request, "team")


@require_POST
@administrator_required
def invitation_create(request: HttpRequest) -> HttpResponse:
    """Make a link and show it, this once."""
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _page(request, status=422, invitation_form=form)
    _invitation, token = services.invitation_create(actor=user_of(request), **form.cleaned_data)
    path = f"{reverse('account_signup')}?{urlencode({'invitation': token})}"
    return _page(request, new_link=public_url(request.build_absolute_uri(path)))


@require_POST
@administrator_required
def invitation_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Make an invitation's link useless."""
    try:
        services.invitation_revoke(actor=user_of(request), invitation=selectors.invitation(pk=pk))
    except TeamError as problem:
        messages.error(request, problem.message)
    else:
        messages.success(request, _("Invitation revoked."))
    return go_to(request, "team")


@require_POST
@administrator_required
def person_update(request: HttpRequest, pk: int) -> HttpResponse:
    """Change somebody's role, lock them out, or let them in again."""
    person = selectors.person(pk=pk)
    form = PersonForm(request.POST)
    if not form.is_valid():
        raise NotFound
    try:
        form.save(actor=user_of(request), person=person)
    except TeamError as problem:
        messages.error(request, problem.message)
    else:
        messages.success(request, _("Saved."))
    return go_to(request, "team")


@require_GET
@never_cache
@administrator_required
def audit_log(request: HttpRequest) -> HttpResponse:
    """What happened to people, providers and keys."""
    page = Paginator(selectors.audit_events(), AUDIT_PAGE).get_page(request.GET.get("page"))
    return render(request, "team/audit_log.html", {"page": page, "section": "team"})


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    """Render the page; a form with errors, or a link shown once, comes in ``more``."""
    facts = {
        "section": "team",
        "people": selectors.people(),
        "invitations": selectors.invitations_shown(),
        "settings_form": TeamSettingsForm(team_settings=selectors.team_settings()),
        "invitation_form": InvitationForm(),
        "events": selectors.audit_events()[:5],
    }
    response = render(request, "team/team.html", facts | more, status=status)
    response["Cache-Control"] = "no-store"
    return response
