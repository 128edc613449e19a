"""Links of one's own: making, looking at what a reader gets before, updating, revoking; administrators see all."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from conversations import selectors
from conversations.models import Conversation, Share
from conversations.selectors import shares as reads
from conversations.services import share as writes
from conversations.sharing import Snapshot
from playground.share_findings import warnings_of
from playground.share_form import ShareForm
from playground.share_tabs import tab_context
from playground.share_view import TABS, Addresses, share_view
from playground.views.desk import conversation_of, own_conversation
from playground.views.signed_in import PersonRequest, signed_in
from team.adapters import public_url
from team.vault import VaultError

PAGE: Final = 50
"""Links on one page of the list."""


@dataclass(frozen=True, slots=True)
class ShareRow:
    """A link as lists show it. `url` is "" where it cannot be shown; `facts` are its bounds in few words."""

    id: UUID
    title: str
    state: str
    url: str
    facts: tuple[str, ...]
    views: int
    created: datetime
    updated: datetime
    viewed: datetime | None
    owner: str
    conversation_href: str

    @property
    def open(self) -> bool:
        """Whether it can be read."""
        return self.state == "open"

    @property
    def revocable(self) -> bool:
        """Whether there is something to revoke."""
        return self.state not in ("revoked", "deleted")


@require_GET
@signed_in
def share_dialog(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show the links of a conversation and the form for one more, or with `share` for one that there is."""
    found = conversation_of(request.user, pk)
    if found.owner_id != request.user.pk:
        return render(request, "share/_not_yours.html", {"owner": found.owner.get_full_name()})
    return _dialog(request, found, share=_share_asked(request, found))


@require_POST
@signed_in
def share_preview(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show exactly what a reader would get with these settings, and what to look at before.

    With `exchange`, a number, it is one tab of that exchange, `tab`, as the reader opens it.
    """
    found = own_conversation(request.user, pk)
    form = _form(found, request.POST)
    form.is_valid()  # what else is filled in wrongly is said when the link is made
    if "columns" in form.errors:
        return render(request, "share/_no_preview.html", {"errors": form.errors["columns"]})
    snapshot = writes.share_preview(conversation=found, settings=form.shown())
    if "exchange" in request.POST:
        return _preview_tab(request, snapshot)
    context = {
        "conversation": found.pk,
        "view": share_view(snapshot.document, Addresses()),
        "warnings": warnings_of(snapshot),
        "unfinished": snapshot.unfinished,
    }
    return render(request, "share/_preview.html", context)


def _preview_tab(request: PersonRequest, snapshot: Snapshot) -> HttpResponse:
    named, tab = request.POST["exchange"], request.POST.get("tab", "")
    number = int(named) if named.isdecimal() and len(named) < 5 else len(snapshot.exchanges)
    if tab not in TABS or number >= len(snapshot.exchanges):
        raise Http404
    context = tab_context(snapshot.exchanges[number], number=number, tab=tab)
    return render(request, "share/_tab.html", {"preview": True, **context})


@require_POST
@signed_in
def share_create(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Make a link and show it."""
    found = own_conversation(request.user, pk)
    form = _form(found, request.POST)
    if not form.is_valid():
        return _dialog(request, found, form=form, status=422)
    share, _token = writes.share_create(conversation=found, owner=request.user, settings=form.settings())
    return _dialog(request, found, made=share, said=_("The link is ready."))


@require_POST
@signed_in
def share_update(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Publish what the conversation shows now under the same link, with the settings of the form."""
    share = _own_share(request, pk)
    if share.conversation is None or share.revoked is not None:
        raise Http404
    found = own_conversation(request.user, share.conversation.pk)
    form = _form(found, request.POST, share)
    if not form.is_valid():
        return _dialog(request, found, form=form, share=share, status=422)
    try:
        writes.share_update(share=share, settings=form.settings())
    except Share.DoesNotExist as error:
        raise Http404 from error
    return _dialog(request, found, made=share, said=_("The link shows the newest state now."))


@require_POST
@signed_in
def share_revoke(request: PersonRequest, pk: UUID) -> HttpResponse:
    """End a link for good; answers with the dialog or goes back to the list, wherever it was asked for."""
    try:
        share = reads.share_revocable_for(user=request.user, pk=pk)
    except Share.DoesNotExist as error:
        raise Http404 from error
    writes.share_revoke(share=share, actor=request.user)
    in_dialog = request.htmx and request.GET.get("from") != "list"
    if in_dialog and share.conversation is not None and share.owner_id == request.user.pk:
        return _dialog(request, own_conversation(request.user, share.conversation.pk))
    messages.success(request, _("The link was revoked."))
    href = reverse("share-list") + ("" if share.owner_id == request.user.pk else "?of=all")
    return HttpResponseClientRedirect(href) if request.htmx else redirect(href)


@require_GET
@never_cache
@signed_in
def share_list(request: PersonRequest) -> HttpResponse:
    """List one's own links; for administrators everybody's, too."""
    everybody = request.user.is_administrator and request.GET.get("of") == "all"
    found = reads.shares_all() if everybody else reads.shares_for(user=request.user)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "rows": [_row(request, share) for share in page],
        "page": page,
        "everybody": everybody,
        "section": "shares",
    }
    return render(request, "share/list.html", context)


def _own_share(request: PersonRequest, pk: UUID) -> Share:
    try:
        return reads.share_for(user=request.user, pk=pk)
    except Share.DoesNotExist as error:
        raise Http404 from error


def _share_asked(request: PersonRequest, found: Conversation) -> Share | None:
    asked = request.GET.get("share", "")
    if not asked:
        return None
    try:
        share = _own_share(request, UUID(asked))
    except ValueError as error:
        raise Http404 from error
    if share.conversation_id != found.pk or share.revoked is not None:
        raise Http404
    return share


def _form(found: Conversation, data: Any = None, share: Share | None = None) -> ShareForm:
    columns = selectors.column_list(conversation=found)
    return ShareForm(data, title=found.title, columns=columns, share=share)


def _dialog(
    request: PersonRequest,
    found: Conversation,
    *,
    form: ShareForm | None = None,
    share: Share | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """Render the dialog's content; `made` and `said` in `more` tell of a link that was just made or updated."""
    made = more.pop("made", None)
    context = {
        "conversation": found.pk,
        "form": form or _form(found, share=share),
        "share": share,
        "rows": [_row(request, each) for each in reads.shares_of(user=request.user, conversation=found)],
        "made": _row(request, reads.share_for(user=request.user, pk=made.pk)) if made else None,
        **more,
    }
    return render(request, "share/_dialog.html", context, status=status)


def _row(request: HttpRequest, share: Share) -> ShareRow:
    mine = request.user.pk == share.owner_id
    conversation = share.conversation
    return ShareRow(
        id=share.pk,
        title=share.title,
        state=share.state(),
        url=_url(request, share) if mine else "",
        facts=tuple(_facts(share)),
        views=share.views,
        created=share.created,
        updated=share.updated,
        viewed=share.viewed,
        owner=share.owner.get_full_name(),
        conversation_href=reverse("conversation", args=[conversation.pk]) if mine and conversation else "",
    )


def _url(request: HttpRequest, share: Share) -> str:
    """Return a link as its owner passes it on; "" where the vault's key that sealed it is gone."""
    try:
        path = reverse("share", args=[reads.share_token(share)])
    except VaultError:
        return ""
    return public_url(request.build_absolute_uri(path))


def _facts(share: Share) -> list[str]:
    facts = [str(Share.Audience(share.audience).label)]
    if share.password:
        facts.append(_("with a password"))
    if share.expires is not None:
        facts.append(_("until %(day)s") % {"day": date_format(share.expires, "DATE_FORMAT")})
    if share.max_views is not None:
        facts.append(_("at most %(count)s views") % {"count": share.max_views})
    names = {
        "system": _("without system prompt"),
        "parameters": _("without parameters"),
        "images": _("without images"),
        "raw": _("without requests"),
    }
    included = share.options.get("included", {})
    return facts + [sentence for name, sentence in names.items() if not included.get(name)]
