"""What a reader makes of a snapshot: a copy to go on with, or another answer with their own key."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from conversations.selectors import shares as reads
from conversations.services import OpenedRun
from conversations.services import share_copy as writes
from playground import lifecycle
from playground.forms import MODEL_MAX
from playground.launch import run_launch
from playground.runtime import Runtime, runtime
from playground.share_view import ShareView, share_view
from playground.views.share_access import Reading, opened, shared, with_form
from team.errors import TeamError
from team.models import Provider, User
from team.selectors import providers_for
from upstream.wire.request import InvalidDraft


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that is committed and waits to be sent."""

    person: User
    run: OpenedRun
    provider: Provider


class RerunForm(forms.Form):
    """Where a reader sends what a snapshot shows."""

    run = forms.UUIDField(widget=forms.HiddenInput)
    column = forms.TypedChoiceField(label=gettext_lazy("Column"), coerce=int)
    provider: "forms.ModelChoiceField[Provider]" = forms.ModelChoiceField(
        None, label=gettext_lazy("Provider"), empty_label=None
    )
    model = forms.CharField(label=gettext_lazy("Model"), max_length=MODEL_MAX)

    def __init__(self, data: Any = None, *, view: ShareView, person: User, run_id: UUID) -> None:
        """`view` is what is sent again, `person` who sends it."""
        first = view.columns[0]
        providers = providers_for(user=person)
        knows = next((provider for provider in providers if first.model in provider.models), None)
        super().__init__(data, initial={"run": run_id, "column": 0, "model": first.model, "provider": knows})
        self.fields["provider"].queryset = providers  # type: ignore[attr-defined]  # a ModelChoiceField
        self.fields["column"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (at, f"{column.letter} · {column.model}" if column.letter else column.model)
            for at, column in enumerate(view.columns)
        ]
        if len(view.columns) == 1:
            self.fields["column"].widget = forms.HiddenInput()


@require_http_methods(["GET", "POST"])
@shared
@opened
def share_copy(request: HttpRequest, reading: Reading) -> HttpResponseBase:
    """Copy the snapshot into one's own account and go there; who is not signed in does that first."""
    if not isinstance(request.user, User):
        return redirect_to_login(reading.at.copy)
    if request.method == "GET":
        view = share_view(reads.share_document(reading.share), reading.at)
        return with_form(render(request, "share/copy.html", {"view": view, "at": reading.at}))
    return redirect("conversation", writes.share_copy(share=reading.share, person=request.user).pk)


async def share_rerun(request: HttpRequest, token: str) -> HttpResponseBase:
    """Ask where to send what the snapshot shows; POST copies it, sends it and leads to both answers side by side.

    The same form again leads to the same conversation. Once begun, a lost connection does not undo it.
    """
    parts = runtime()
    return await parts.unbroken(_rerun(parts, request, token))


async def _rerun(parts: Runtime, request: HttpRequest, token: str) -> HttpResponseBase:
    begun: list[Begun] = []
    answer: HttpResponseBase = await parts.in_database(_rerun_page, request, token, parts.process, begun)
    for each in begun:
        sendings = [(exchange, each.provider) for exchange in each.run.exchanges]
        run_launch(parts, person=each.person.pk, sendings=sendings)
    return answer


@require_http_methods(["GET", "POST"])
@shared
@opened
def _rerun_page(request: HttpRequest, reading: Reading, process: str, begun: list[Begun]) -> HttpResponseBase:
    """Answer a request; a run that it commits goes into `begun`."""
    if not isinstance(request.user, User):
        return redirect_to_login(reading.at.rerun)
    view = share_view(reads.share_document(reading.share), reading.at)
    data = request.POST if request.method == "POST" else None
    form = RerunForm(data, view=view, person=request.user, run_id=uuid4())
    if data is not None and form.is_valid():
        problem = _begin(request.user, reading, form, process, begun)
        if isinstance(problem, UUID):
            return redirect("conversation", problem)
        form.add_error(None, problem)
    context = {"form": form, "view": view, "at": reading.at, "share": reading.share}
    return with_form(render(request, "share/rerun.html", context, status=422 if form.errors else 200))


def _begin(person: User, reading: Reading, form: RerunForm, process: str, begun: list[Begun]) -> UUID | str:
    """Commit the run; return the conversation it is in, or why there is none."""
    if lifecycle.draining:
        return _("The server is restarting. Try again in a moment.")
    given = form.cleaned_data
    rerun = writes.Rerun(given["run"], given["column"], given["provider"], given["model"])
    try:
        copy, run = writes.share_rerun(share=reading.share, person=person, rerun=rerun, process=process)
    except writes.NothingToAnswer:
        return _("Nobody has said anything here that could be answered again.")
    except (TeamError, InvalidDraft) as error:
        return str(getattr(error, "message", error))
    begun.append(Begun(person, run, rerun.provider))
    return copy.pk
