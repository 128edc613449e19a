"""Run again: a kept request's bytes once more, and the two answers beside each other."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from conversations import selectors
from conversations.models import Exchange
from conversations.services import MessageMissing, OpenedRun, RunConflict
from conversations.services.again import BodyMasked, run_again
from playground import lifecycle
from playground.launch import run_launch
from playground.runtime import Runtime, runtime
from playground.view_models import MessageView
from playground.views.messages import message_views
from playground.views.run import Refused
from playground.views.signed_in import PersonRequest, problem, signed_in, signed_in_async
from playground.watching import conversation_changed
from team import selectors as team
from team.errors import TeamError
from team.models import Provider, User
from upstream.wire.capture import DOTS
from upstream.wire.request import InvalidDraft


@dataclass(frozen=True, slots=True)
class Side:
    """One of two exchanges: whom it asked, and what came back."""

    exchange: UUID
    provider: str
    model: str
    url: str
    size: int
    messages: tuple[MessageView, ...]


@dataclass(frozen=True, slots=True)
class AgainView:
    """The form: which providers may be asked, as (id, name, is the first one's).

    `masked` says that the bytes that were sent are not known any more.
    """

    href: str
    providers: tuple[tuple[str, str, bool], ...]
    masked: bool
    error: str = ""


@require_GET
@signed_in
def again(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show a kept exchange, and beside it the form that asks whom to send the same bytes to."""
    return _asking(request, editable_exchange(request.user, pk), uuid4())


def _asking(request: PersonRequest, exchange: Exchange, run_id: UUID, error: str = "") -> HttpResponse:
    form = AgainView(
        href=reverse("again-start", args=[exchange.pk, run_id]),
        providers=tuple(
            (str(provider.pk), provider.name, provider.pk == exchange.provider_id)
            for provider in team.providers_for(user=request.user)
        ),
        masked=DOTS in exchange.body,
        error=error,
    )
    context = {"sides": (_side(exchange),), "form": form, "conversation": exchange.run.conversation}
    return render(request, "playground/beside.html", context, status=422 if error else 200)


@require_POST
@signed_in_async
async def again_start(request: PersonRequest, pk: UUID, run_id: UUID) -> HttpResponse:
    """Send a kept body to the chosen provider and lead to both answers. The same POST again leads to the same ones."""
    if lifecycle.draining:
        return problem(503, _("The server is restarting. Try again in a moment."))
    chosen, language = request.POST.get("provider", ""), get_language() or "en"
    parts = runtime()
    try:
        opened = await parts.unbroken(_begin(parts, request.user, pk, run_id, chosen, language))
    except (Exchange.DoesNotExist, RunConflict) as error:
        raise Http404 from error
    except Refused as error:
        return await parts.in_database(_refused, request, pk, " ".join(error.messages))
    made = opened.exchanges[0].id if opened.exchanges else await parts.in_database(_exchange_of, opened)
    return redirect("beside", pk, made)


def _refused(request: PersonRequest, pk: UUID, sentence: str) -> HttpResponse:
    return _asking(request, editable_exchange(request.user, pk), uuid4(), sentence)


async def _begin(
    parts: Runtime, person: User, pk: UUID, run_id: UUID, chosen: str, language: str
) -> OpenedRun:
    opened, provider = await parts.in_database(_commit, parts, person, pk, run_id, chosen, language)
    run_launch(parts, person=person.pk, sendings=[(each, provider) for each in opened.exchanges])
    if opened.exchanges:
        conversation_changed(opened.run.conversation, tip=opened.exchanges[0].messages[0], by=person)
    return opened


def _commit(
    parts: Runtime, person: User, pk: UUID, run_id: UUID, chosen: str, language: str
) -> tuple[OpenedRun, Provider]:
    with translation.override(language):
        provider = next((each for each in team.providers_for(user=person) if str(each.pk) == chosen), None)
        if provider is None:
            raise Refused(_("Choose a provider."))
        try:
            endpoint = team.endpoint_for(user=person, provider=provider)
            opened = run_again(
                person=person,
                exchange_id=pk,
                run_id=run_id,
                process=parts.process,
                provider=provider,
                endpoint=endpoint,
            )
        except BodyMasked as error:
            raise Refused(
                _("The body held a secret that is masked now, so the same bytes cannot be sent.")
            ) from error
        except MessageMissing as error:
            raise Refused(_("The message that this answered is not there any more.")) from error
        except (TeamError, InvalidDraft) as error:
            raise Refused(getattr(error, "message", str(error))) from error
    return opened, provider


def _exchange_of(opened: OpenedRun) -> UUID:
    return selectors.exchanges_of_run(run=opened.run)[0].pk


@require_GET
@signed_in
def beside(request: PersonRequest, pk: UUID, other: UUID) -> HttpResponse:
    """Show two exchanges of one conversation beside each other."""
    first, second = _seen(request.user, pk), _seen(request.user, other)
    if first.run.conversation_id != second.run.conversation_id:
        raise Http404
    context = {
        "sides": (_side(first), _side(second)),
        "same": first.body == second.body,
        "conversation": first.run.conversation,
    }
    return render(request, "playground/beside.html", context)


def _side(exchange: Exchange) -> Side:
    return Side(
        exchange=exchange.pk,
        provider=exchange.provider_name,
        model=exchange.model,
        url=exchange.url,
        size=len(exchange.body.encode()),
        messages=message_views(selectors.choices_of(exchange=exchange)),
    )


def _seen(user: User, pk: UUID) -> Exchange:
    try:
        return selectors.exchange_for(user=user, pk=pk)
    except Exchange.DoesNotExist as error:
        raise Http404 from error


def editable_exchange(user: User, pk: UUID) -> Exchange:
    """Return an exchange of a conversation that this person may write into; else 404."""
    exchange = _seen(user, pk)
    if not selectors.may_edit(user=user, conversation=exchange.run.conversation):
        raise Http404
    return exchange
