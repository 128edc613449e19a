"""Providers and keys: one's own, and for administrators the team's."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from team import selectors, services
from team.errors import TeamError
from team.forms import KeyForm, ProviderForm
from team.models import Provider, User
from team.services import ProbeResult
from team.views.access import go_to, user_of

MODELS_SHOWN = 200  # names; a gateway may list thousands


@require_GET
@never_cache
@login_required
def provider_list(request: HttpRequest) -> HttpResponse:
    """Every provider this person may use, and the state of its key."""
    cards = selectors.provider_cards(user=user_of(request))
    return render(request, "team/provider_list.html", {"cards": cards, "section": "providers"})


@sensitive_post_parameters("key", "extra_headers")
@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def provider_create(request: HttpRequest) -> HttpResponse:
    """A form for a new provider."""
    form = ProviderForm(request.POST or None, user=user_of(request))
    if request.method == "POST" and form.is_valid() and (provider := form.save()):
        messages.success(request, _("Provider added. Test it now, or refresh its models."))
        return go_to(request, "provider", pk=provider.pk)
    facts = {"form": form, "section": "providers"}
    return render(request, "team/provider_new.html", facts, status=422 if form.errors else 200)


@sensitive_post_parameters("key", "extra_headers")
@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def provider(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One provider: a form for who may change it, the facts for others."""
    user = user_of(request)
    if request.method == "GET":
        return _page(request, selectors.provider_for(user=user, pk=pk))
    found = selectors.provider_editable_for(user=user, pk=pk)
    form = ProviderForm(request.POST, user=user, provider=found)
    if not (form.is_valid() and form.save()):
        return _page(request, selectors.provider_for(user=user, pk=pk), status=422, form=form)
    messages.success(request, _("Saved."))
    return go_to(request, "provider", pk=pk)


@require_POST
@login_required
def provider_delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Delete a provider and all keys for it."""
    user = user_of(request)
    services.provider_delete(actor=user, provider=selectors.provider_editable_for(user=user, pk=pk))
    messages.success(request, _("Provider deleted."))
    return go_to(request, "provider-list")


@sensitive_post_parameters("key")
@require_POST
@never_cache
@login_required
def key_set(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Keep a person's own key for a provider of the team."""
    user = user_of(request)
    found = selectors.provider_for(user=user, pk=pk)
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _page(request, found, status=422, key_form=form)
    services.key_set(actor=user, provider=found, key=form.cleaned_data["key"], owner=user)
    messages.success(request, _("Key stored, encrypted."))
    return go_to(request, "provider", pk=pk)


@require_POST
@login_required
def key_remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Forget a person's own key, or with ``scope=team`` the one granted to the team."""
    user = user_of(request)
    if request.POST.get("scope") == "team":
        found, owner = selectors.provider_editable_for(user=user, pk=pk), None
    else:
        found, owner = selectors.provider_for(user=user, pk=pk), user
    services.key_remove(actor=user, provider=found, owner=owner)
    messages.success(request, _("Key removed."))
    return go_to(request, "provider", pk=pk)


@require_POST
@login_required
async def provider_test(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask the provider for its models, and say what came of it."""
    user = await sync_to_async(user_of)(request)
    found = await sync_to_async(selectors.provider_for)(user=user, pk=pk)
    facts = await _probe(user, found)
    return await sync_to_async(_probed)(request, found, facts)


@require_POST
@login_required
async def provider_models(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask the provider for its models and keep their names."""
    user = await sync_to_async(user_of)(request)
    found = await sync_to_async(selectors.provider_editable_for)(user=user, pk=pk)
    facts = await _probe(user, found)
    result = facts.get("result")
    if isinstance(result, ProbeResult) and result.names:
        await sync_to_async(services.provider_models_set)(
            actor=user, provider=found, names=result.names, refreshed=timezone.now()
        )
        facts["is_kept"] = True
    return await sync_to_async(_probed)(request, found, facts)


async def _probe(user: User, provider: Provider) -> dict[str, Any]:
    try:
        endpoint = await sync_to_async(selectors.endpoint_for)(user=user, provider=provider)
    except TeamError as problem:
        return {"refusal": problem.message}
    result = await services.provider_probe(endpoint=endpoint)
    return {"result": result, "names": result.names[:MODELS_SHOWN]}


def _probed(request: HttpRequest, provider: Provider, facts: dict[str, Any]) -> HttpResponse:
    """Answer htmx with the result alone, a browser without script with the page around it."""
    if not getattr(request, "htmx", False):
        return _page(request, provider, **facts)
    if facts.get("is_kept"):
        facts["form"] = ProviderForm(user=user_of(request), provider=provider)
    return render(request, "team/_probe.html", {"provider": provider, **facts})


def _page(request: HttpRequest, provider: Provider, *, status: int = 200, **more: Any) -> HttpResponse:
    user = user_of(request)
    is_editable = selectors.provider_is_editable(user=user, provider=provider)
    facts: dict[str, Any] = {
        "section": "providers",
        "provider": provider,
        "api_name": selectors.api_name(provider.api),
        "is_editable": is_editable,
        "key_state": selectors.key_state_for(user=user, provider=provider),
        "key_own": selectors.key_own(user=user, provider=provider) if provider.is_team else None,
        "key_of_team": selectors.key_of_team(provider=provider) if provider.is_team else None,
        "has_unbound_headers": selectors.has_unbound_headers(provider=provider),
        "key_form": KeyForm(),
    }
    if is_editable:
        facts["form"] = ProviderForm(user=user, provider=provider)
    return render(request, "team/provider.html", facts | more, status=status)
