"""The workbench: a conversation's page, and the small forms around it."""

from collections.abc import Sequence
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from conversations import selectors, services
from conversations.models import Column, Conversation
from playground.examples import examples_for
from playground.local_model import local_model
from playground.parameter_rows import ParameterGroups, parameter_groups
from playground.preview import preview_build
from playground.view_models import (
    ColumnView,
    ConversationView,
    LocalModelView,
    ProviderChoice,
    WorkbenchView,
)
from playground.views.columns import compare_view
from playground.views.desk import (
    NEWEST,
    api_id,
    column_asked,
    conversation_of,
    editable_conversation,
    is_foreign,
    models_of,
    own_conversation,
    provider_of,
    uuid_or_none,
)
from playground.views.history import list_view
from playground.views.inspector_link import inspector_view
from playground.views.messages import message_views
from playground.views.signed_in import PersonRequest, signed_in
from playground.views.visibility import rights_view
from playground.watching import conversation_changed
from team import selectors as team
from team.models import Provider, User
from team.selectors import pricing
from upstream import catalog


@require_GET
@signed_in
def home(request: PersonRequest) -> HttpResponse:
    """Lead to the newest conversation, or to a new one; `parameter` names a row to show there, `open` a dialog."""
    newest = selectors.conversation_newest(user=request.user) or _conversation_new(request.user)
    told = {name: request.GET[name] for name in ("parameter", "open") if request.GET.get(name)}
    query = "?" + urlencode(told) if told else ""
    return redirect(reverse("conversation", args=[newest.pk]) + query)


@require_POST
@signed_in
def conversation_create(request: PersonRequest) -> HttpResponse:
    """Make a conversation with the settings of the newest one and go there; an empty newest one is used again."""
    newest = selectors.conversation_newest(user=request.user)
    if newest is None or selectors.column_of(conversation=newest).leaf_id is not None:
        newest = _conversation_new(request.user)
    return redirect("conversation", newest.pk)


@require_GET
@signed_in
def conversation(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show a conversation: history, messages, parameters and inspector."""
    found = conversation_of(request.user, pk)
    services.conversation_seen(user=request.user, conversation=found)
    at = uuid_or_none(request.GET.get("at"))  # a link leads to this message
    branches = (
        selectors.columns_reaching(conversation=found, pk=at, newest=NEWEST)
        if at
        else selectors.columns_of(conversation=found, newest=NEWEST)
    )
    named = request.GET.get("column")
    branch = next((each for each in branches if str(each.column.pk) == named), branches[0])
    column, shown = branch.column, branch.messages
    providers = list(team.providers_for(user=request.user))
    provider = None if is_foreign(column, providers) else provider_of(column, providers)
    parameters = _parameters(column, provider)
    compare = compare_view(found, branches, column, providers) if len(branches) > 1 else None
    messages = message_views(shown) if compare is None else ()
    inspected = next((message.exchange for message in reversed(messages) if message.exchange), None)
    page = WorkbenchView(
        conversation=_conversation_view(found, request.user),
        conversations=list_view(request.user, {}, current=found.pk),
        column=_column_view(column, providers, provider, parameters),
        messages=messages,
        inspector=inspector_view(request, found, inspected),
        local_model=local_model_view(),
        examples=() if messages else examples_for(api_id(provider)),
        earlier_href=_earlier_href(found, shown),
        compare=compare,
    )
    preview = preview_build(
        api=catalog.api(api_id(provider)),
        base_url=provider.base_url if provider else "",
        model=page.column.model,
        messages=(),
        parameters=column.settings.get("parameters", {}),
    )
    context = {
        "page": page,
        "parameter_groups": parameters,
        "preview": preview,
        "is_priced": pricing.prices_exist(),
    }
    return render(request, "playground/workbench.html", context)


@require_GET
@signed_in
def messages_earlier(request: PersonRequest, pk: UUID, before: UUID) -> HttpResponse:
    """Return the messages that come before one of the shown branch."""
    found = conversation_of(request.user, pk)
    column = column_asked(found, request.GET)
    shown = selectors.branch_before(
        conversation_id=found.pk, leaf_id=column.leaf_id, before=before, newest=NEWEST
    )
    named = column.pk if "column" in request.GET else None
    earlier = _earlier_href(found, shown)
    if named and earlier:
        earlier += f"?column={named}"
    context = {"messages": message_views(shown, column=named), "earlier_href": earlier}
    return render(request, "playground/_messages.html", context)


@require_POST
@signed_in
def conversation_rename(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Give a conversation a title; answers with the title as kept."""
    found = editable_conversation(request.user, pk)
    services.conversation_rename(conversation=found, title=request.POST.get("title", ""))
    conversation_changed(found, by=request.user)
    return HttpResponse(found.title or _("New chat"), content_type="text/plain; charset=utf-8")


@require_POST
@signed_in
def conversation_delete(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Put one's own conversation into the trash and go on with the next one."""
    found = own_conversation(request.user, pk)
    try:
        services.conversations_trash(user=request.user, ids=[found.pk])
    except Conversation.DoesNotExist as error:  # it went there a moment ago
        raise Http404 from error
    conversation_changed(found, by=request.user)
    return HttpResponseClientRedirect(reverse("workbench")) if request.htmx else redirect("workbench")


def local_model_view() -> LocalModelView:
    """Return the state of the built-in model for the page."""
    status = local_model().status()
    return LocalModelView(state=status.state.value, name=_("Local model"))


def _conversation_new(user: User) -> Conversation:
    newest = selectors.conversation_newest(user=user)
    if newest is not None:
        settings = dict(selectors.column_of(conversation=newest).settings)
    else:
        provider = team.providers_for(user=user).first()
        settings = {
            "provider": str(provider.pk) if provider else "",
            "model": provider.models[0] if provider and provider.models else "",
            "system": "",
            "parameters": dict(catalog.api(api_id(provider)).initial),
        }
    return services.conversation_create(owner=user, settings=settings)


def _parameters(column: Column, provider: Provider | None) -> ParameterGroups:
    return parameter_groups(
        api=catalog.api(api_id(provider)),
        parameters=column.settings.get("parameters", {}),
        model=column.settings.get("model", ""),
    )


def _column_view(
    column: Column, providers: Sequence[Provider], provider: Provider | None, groups: ParameterGroups
) -> ColumnView:
    models = models_of(provider)
    kept_provider = provider is None or column.settings.get("provider", "") == str(provider.pk)
    model = column.settings.get("model", "") if kept_provider else ""
    return ColumnView(
        providers=tuple(
            ProviderChoice(id=each.pk, name=each.name, selected=each is provider) for each in providers
        ),
        model=model or (models[0] if models else ""),
        models=models,
        system=column.settings.get("system", ""),
        parameters=groups.json,
        foreign=provider is None and is_foreign(column, providers),
    )


def _conversation_view(found: Conversation, user: User) -> ConversationView:
    return ConversationView(
        id=found.pk,
        title=found.title,
        run_url=reverse("conversation", args=[found.pk]) + "runs/",
        rename_url=reverse("conversation-rename", args=[found.pk]),
        delete_url=reverse("conversation-delete", args=[found.pk]),
        settings_url=reverse("column-settings", args=[found.pk]),
        keeping_url=reverse("conversation-keeping", args=[found.pk]),
        rights=rights_view(found, user),
    )


def _earlier_href(found: Conversation, shown: Sequence[object]) -> str:
    first = next(iter(shown), None)
    if len(shown) < NEWEST or first is None or getattr(first, "parent_id", None) is None:
        return ""
    return reverse("messages-earlier", args=[found.pk, first.pk])  # type: ignore[attr-defined]  # a Message
