"""A person's own page."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from team.choices import choices_apply
from team.forms import ProfileForm
from team.views.access import user_of


@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Name, language and theme; doors to email, password and signing out."""
    user = user_of(request)
    form = ProfileForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        response: HttpResponse = redirect("profile")
        choices_apply(response, user=user)
        return response
    facts = {"form": form, "section": "profile"}
    return render(request, "team/profile.html", facts, status=422 if form.errors else 200)
